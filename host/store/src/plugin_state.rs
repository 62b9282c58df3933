//! State of processors between their runs.

use riser_domain::ConfigurationId;

use crate::{Store, StoreError};

/// Limit for the state of one processor configuration, keys and values together.
const STATE_LIMIT_BYTES: i64 = 1024 * 1024;

impl Store {
    /// Returns the value of a key.
    pub async fn find_plugin_state(
        &self,
        configuration: ConfigurationId,
        key: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(sqlx::query_scalar!(
            "SELECT state_value FROM plugin_state WHERE configuration_id = ? AND state_key = ?",
            configuration.0,
            key
        )
        .fetch_optional(self.riser().read())
        .await?)
    }

    /// Stores a value under a key. Replaces an earlier one.
    ///
    /// # Errors
    /// [`StoreError::PluginStateFull`] if all keys and values of the configuration would exceed 1 MiB.
    pub async fn put_plugin_state(
        &self,
        configuration: ConfigurationId,
        key: &str,
        value: &[u8],
    ) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        sqlx::query!(
            "INSERT INTO plugin_state (configuration_id, state_key, state_value) VALUES (?, ?, ?)
             ON CONFLICT (configuration_id, state_key) DO UPDATE SET state_value = excluded.state_value",
            configuration.0,
            key,
            value
        )
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::about("the processor configuration of the state"))?;
        let bytes = sqlx::query_scalar!(
            r#"SELECT ifnull(sum(length(CAST(state_key AS BLOB)) + length(state_value)), 0) AS "bytes!: i64"
               FROM plugin_state WHERE configuration_id = ?"#,
            configuration.0
        )
        .fetch_one(&mut *transaction)
        .await?;
        if bytes > STATE_LIMIT_BYTES {
            return Err(StoreError::PluginStateFull);
        }
        transaction.commit().await
    }

    /// Removes a key and its value.
    pub async fn remove_plugin_state(
        &self,
        configuration: ConfigurationId,
        key: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        sqlx::query!(
            "DELETE FROM plugin_state WHERE configuration_id = ? AND state_key = ?",
            configuration.0,
            key
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }
}
