//! Connections and their secret settings.

use std::collections::HashMap;

use riser_domain::{Connection, ConnectionId};
use sqlx::SqliteConnection;

use crate::sealed::{SealedSettings, SecretOrigin};
use crate::{ConfigurationTransaction, SealedValue, Store, StoreError, audit_words, stored_names};

const A_CONNECTION: &str = "a connection";

impl Store {
    /// The secret settings of a connection, sealed for table `connection_secrets`, the connection's number,
    /// and the setting's key as the column.
    pub async fn list_connection_secrets(&self, id: ConnectionId) -> Result<SealedSettings, StoreError> {
        let rows = sqlx::query!(
            "SELECT setting_key, kid, sealed FROM connection_secrets WHERE connection_id = ? ORDER BY setting_key",
            id.0
        )
        .fetch_all(self.riser().read())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.setting_key, SealedValue { kid: row.kid, bytes: row.sealed }))
            .collect())
    }

    /// Returns who stored the secret settings of a connection.
    pub async fn connection_secret_origins(&self, id: ConnectionId) -> Result<Vec<SecretOrigin>, StoreError> {
        let rows = sqlx::query!(
            "SELECT setting_key, set_at, set_by FROM connection_secrets WHERE connection_id = ? ORDER BY setting_key",
            id.0
        )
        .fetch_all(self.riser().read())
        .await?;
        Ok(rows.into_iter().map(|row| SecretOrigin::new(row.setting_key, row.set_at, row.set_by)).collect())
    }
}

impl ConfigurationTransaction {
    /// Adds a connection without secrets; its id, secret keys and secret version are not looked at.
    pub async fn add_connection(&mut self, connection: &Connection) -> Result<ConnectionId, StoreError> {
        let id = sqlx::query_scalar!(
            r#"INSERT INTO connections (name, kind, settings_json) VALUES (?, ?, ?) RETURNING id AS "id!: i64""#,
            connection.name,
            connection.kind,
            connection.settings_json
        )
        .fetch_one(&mut *self.transaction)
        .await
        .map_err(StoreError::about(A_CONNECTION))?;
        self.audit("add", "connection", &connection.name, &audit_words::connection(connection)).await?;
        Ok(ConnectionId(id))
    }

    /// Changes name, kind and open settings of the connection with the id in it. Its secrets stay: when the
    /// address changes, the caller demands them again and removes the old ones.
    pub async fn update_connection(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let old_name = stored_names::of_connection(&mut self.transaction, connection.id)
            .await?
            .ok_or(StoreError::Gone(A_CONNECTION))?;
        sqlx::query!(
            "UPDATE connections SET name = ?, kind = ?, settings_json = ? WHERE id = ?",
            connection.name,
            connection.kind,
            connection.settings_json,
            connection.id.0
        )
        .execute(&mut *self.transaction)
        .await
        .map_err(StoreError::about(A_CONNECTION))?;
        let words = audit_words::connection(connection);
        let detail = audit_words::with_old_name(&old_name, &connection.name, &words);
        self.audit("update", "connection", &connection.name, &detail).await
    }

    /// Sets a secret setting and counts the secret version up.
    pub async fn put_connection_secret(
        &mut self,
        id: ConnectionId,
        key: &str,
        secret: &SealedValue,
    ) -> Result<(), StoreError> {
        let name = self.count_secret_version(id).await?;
        let (now_ms, actor) = (self.now.unix_ms(), self.actor.to_string());
        sqlx::query!(
            "INSERT INTO connection_secrets (connection_id, setting_key, kid, sealed, set_at, set_by)
             VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (connection_id, setting_key) DO UPDATE SET
                 kid = excluded.kid, sealed = excluded.sealed, set_at = excluded.set_at, set_by = excluded.set_by",
            id.0,
            key,
            secret.kid,
            secret.bytes,
            now_ms,
            actor
        )
        .execute(&mut *self.transaction)
        .await
        .map_err(StoreError::about(A_CONNECTION))?;
        self.audit("update", "connection", &name, &format!("new secret setting {key}")).await
    }

    /// Removes one secret setting.
    pub async fn remove_connection_secret(&mut self, id: ConnectionId, key: &str) -> Result<(), StoreError> {
        let name = self.count_secret_version(id).await?;
        sqlx::query!("DELETE FROM connection_secrets WHERE connection_id = ? AND setting_key = ?", id.0, key)
            .execute(&mut *self.transaction)
            .await?;
        self.audit("update", "connection", &name, &format!("secret setting {key} removed")).await
    }

    /// Removes all secret settings, as a changed address demands, and counts the secret version up.
    pub async fn remove_connection_secrets(&mut self, id: ConnectionId) -> Result<(), StoreError> {
        let name = self.count_secret_version(id).await?;
        sqlx::query!("DELETE FROM connection_secrets WHERE connection_id = ?", id.0)
            .execute(&mut *self.transaction)
            .await?;
        self.audit("update", "connection", &name, "secret settings removed").await
    }

    /// Removes a connection with its secrets and items. Refused while a processor configuration uses it.
    pub async fn remove_connection(&mut self, id: ConnectionId) -> Result<(), StoreError> {
        let name = sqlx::query_scalar!("DELETE FROM connections WHERE id = ? RETURNING name", id.0)
            .fetch_optional(&mut *self.transaction)
            .await
            .map_err(StoreError::about("the connection"))?
            .ok_or(StoreError::Gone(A_CONNECTION))?;
        self.audit("remove", "connection", &name, "with its secret settings and items").await
    }

    async fn count_secret_version(&mut self, id: ConnectionId) -> Result<String, StoreError> {
        sqlx::query_scalar!(
            "UPDATE connections SET secret_version = secret_version + 1 WHERE id = ? RETURNING name",
            id.0
        )
        .fetch_optional(&mut *self.transaction)
        .await?
        .ok_or(StoreError::Gone(A_CONNECTION))
    }
}

pub(crate) async fn list(connection: &mut SqliteConnection) -> Result<Vec<Connection>, StoreError> {
    let secrets =
        sqlx::query!("SELECT connection_id, setting_key FROM connection_secrets ORDER BY setting_key")
            .fetch_all(&mut *connection)
            .await?;
    let mut secret_keys: HashMap<i64, Vec<String>> = HashMap::new();
    for secret in secrets {
        secret_keys.entry(secret.connection_id).or_default().push(secret.setting_key);
    }
    let rows =
        sqlx::query!("SELECT id, name, kind, settings_json, secret_version FROM connections ORDER BY name")
            .fetch_all(connection)
            .await?;
    Ok(rows
        .into_iter()
        .map(|row| Connection {
            id: ConnectionId(row.id),
            name: row.name,
            kind: row.kind,
            settings_json: row.settings_json,
            secret_keys: secret_keys.remove(&row.id).unwrap_or_default(),
            secret_version: row.secret_version,
        })
        .collect())
}
