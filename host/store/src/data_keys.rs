//! Data keys, wrapped by the root key, and which of them the stored secrets need.

use riser_domain::{Actor, Timestamp};

use crate::audit::{self, NewAuditEntry};
use crate::{Store, StoreError};

/// A data key as it lies in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// Its id.
    pub kid: String,
    /// The key, wrapped by the root key.
    pub wrapped: Vec<u8>,
}

/// Where a sealed value lies: what `riser doctor` lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    /// The table.
    pub table: String,
    /// The row's number.
    pub row: i64,
    /// The column, or the key of the setting.
    pub column: String,
    /// The data key it needs.
    pub kid: String,
}

impl Store {
    /// All data keys, oldest first.
    pub async fn list_data_keys(&self) -> Result<Vec<WrappedKey>, StoreError> {
        Ok(sqlx::query_as!(WrappedKey, "SELECT kid, wrapped FROM data_keys ORDER BY created_at, kid")
            .fetch_all(self.riser().read())
            .await?)
    }

    /// Keeps a new data key.
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

    /// Whether anything in the file can only be opened with the root key it was sealed under. While nothing
    /// can, a new root key may be made.
    pub async fn has_sealed_rows(&self) -> Result<bool, StoreError> {
        Ok(!self.list_sealed_rows().await?.is_empty() || !self.list_data_keys().await?.is_empty())
    }

    /// Every sealed value and the data key it needs.
    pub async fn list_sealed_rows(&self) -> Result<Vec<SealedRow>, StoreError> {
        Ok(sqlx::query_as!(
            SealedRow,
            r#"SELECT 'ews_accounts' AS "table!: String", id AS "row!: i64", 'password' AS "column!: String",
                      password_kid AS "kid!: String"
               FROM ews_accounts WHERE password_kid IS NOT NULL
               UNION ALL SELECT 'connection_secrets', connection_id, setting_key, kid FROM connection_secrets
               UNION ALL SELECT 'processor_secrets', configuration_id, setting_key, kid FROM processor_secrets"#
        )
        .fetch_all(self.riser().read())
        .await?)
    }
}
