//! Data keys, wrapped by the root key, and the secrets that need them.

use riser_domain::{Actor, Timestamp};

use crate::audit::{self, NewAuditEntry};
use crate::{Store, StoreError};

/// A data key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    pub kid: String,
    /// Ciphertext under the root key.
    pub wrapped: Vec<u8>,
}

/// The location of a sealed value. `riser doctor` lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    pub table: String,
    pub row: i64,
    /// The column, or the key of a setting.
    pub column: String,
    /// Id of the data key that opens it.
    pub kid: String,
}

impl Store {
    /// Returns all data keys, oldest first.
    pub async fn list_data_keys(&self) -> Result<Vec<WrappedKey>, StoreError> {
        Ok(sqlx::query_as!(WrappedKey, "SELECT kid, wrapped FROM data_keys ORDER BY created_at, kid")
            .fetch_all(self.riser().read())
            .await?)
    }

    /// Stores a new data key.
    pub async fn add_data_key(
        &self,
        key: &WrappedKey,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let now_ms = now.unix_ms();
        sqlx::query!(
            "INSERT INTO data_keys (kid, wrapped, created_at) VALUES (?, ?, ?)",
            key.kid,
            key.wrapped,
            now_ms
        )
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::about("a data key"))?;
        let entry = NewAuditEntry { action: "add", subject: "data key", subject_name: &key.kid, detail: "" };
        audit::record(&mut transaction, actor, now, entry).await?;
        transaction.commit().await
    }

    /// Whether the file contains anything that needs its root key. If it does not, a new root key may be
    /// created.
    pub async fn has_sealed_rows(&self) -> Result<bool, StoreError> {
        Ok(!self.list_sealed_rows().await?.is_empty() || !self.list_data_keys().await?.is_empty())
    }

    /// Returns the location of every sealed value, and the data key that opens it.
    pub async fn list_sealed_rows(&self) -> Result<Vec<SealedRow>, StoreError> {
        Ok(sqlx::query_as!(
            SealedRow,
            r#"SELECT 'ews_accounts' AS "table!: String", id AS "row!: i64", 'password' AS "column!: String",
                      password_kid AS "kid!: String"
               FROM ews_accounts WHERE password_kid IS NOT NULL
               UNION ALL SELECT 'connection_secrets', connection_id, setting_key, kid FROM connection_secrets
               UNION ALL SELECT 'processor_secrets', configuration_id, setting_key, kid FROM processor_secrets
               UNION ALL SELECT 'form_drafts', id, 'input', kid FROM form_drafts"#
        )
        .fetch_all(self.riser().read())
        .await?)
    }
}
