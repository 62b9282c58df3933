//! Processor configurations and their secret settings.

use std::collections::{BTreeSet, HashMap};

use riser_domain::{
    ClassId, ConfigurationId, ConnectionId, EwsServerId, ProcessorConfiguration, ProcessorFlags, ScheduleId,
};
use sqlx::SqliteConnection;

use crate::sealed::{SealedSettings, SecretOrigin};
use crate::{ConfigurationTransaction, SealedValue, Store, StoreError, audit_words, tree_keys};

const A_PROCESSOR: &str = "a processor configuration";

impl Store {
    /// The secret settings of a configuration, sealed for table `processor_secrets`, the configuration's
    /// number, and the setting's key as the column.
    pub async fn list_processor_secrets(&self, id: ConfigurationId) -> Result<SealedSettings, StoreError> {
        let rows = sqlx::query!(
            "SELECT setting_key, kid, sealed FROM processor_secrets WHERE configuration_id = ? ORDER BY setting_key",
            id.0
        )
        .fetch_all(self.riser().read())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.setting_key, SealedValue { kid: row.kid, bytes: row.sealed }))
            .collect())
    }

    /// Returns who stored the secret settings of a configuration.
    pub async fn processor_secret_origins(
        &self,
        id: ConfigurationId,
    ) -> Result<Vec<SecretOrigin>, StoreError> {
        let rows = sqlx::query!(
            "SELECT setting_key, set_at, set_by FROM processor_secrets WHERE configuration_id = ? ORDER BY setting_key",
            id.0
        )
        .fetch_all(self.riser().read())
        .await?;
        Ok(rows.into_iter().map(|row| SecretOrigin::new(row.setting_key, row.set_at, row.set_by)).collect())
    }
}

impl ConfigurationTransaction {
    /// Adds a configuration without secrets; its id and secret keys are not looked at.
    pub async fn add_processor(
        &mut self,
        processor: &ProcessorConfiguration,
    ) -> Result<ConfigurationId, StoreError> {
        let (connection, schedule) = (processor.connection.map(|id| id.0), processor.schedule.map(|id| id.0));
        let id = sqlx::query_scalar!(
            r#"INSERT INTO processor_configurations
                 (name, plugin, class, connection_id, ews_server_id, schedule_id, active, runs_at_start,
                  runs_on_schedule, manually_startable, manually_stoppable, settings_json, memory_limit_mib)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id AS "id!: i64""#,
            processor.name,
            processor.class.plugin,
            processor.class.class,
            connection,
            processor.ews_server.0,
            schedule,
            processor.flags.active,
            processor.flags.runs_at_start,
            processor.flags.runs_on_schedule,
            processor.flags.manually_startable,
            processor.flags.manually_stoppable,
            processor.settings_json,
            processor.memory_limit_mib
        )
        .fetch_one(&mut *self.transaction)
        .await
        .map_err(StoreError::about(A_PROCESSOR))?;
        // Here and not at the first declaration, so that the same file gives the same ids on every machine.
        tree_keys::assign(&mut self.transaction, &processor.class.plugin, processor.connection).await?;
        let words = self.processor_words(processor).await?;
        self.audit("add", "processor", &processor.name, &words).await?;
        self.changed_processors.entry(ConfigurationId(id)).or_default();
        Ok(ConfigurationId(id))
    }

    /// Changes the configuration with the id in it; its secrets stay.
    pub async fn update_processor(&mut self, processor: &ProcessorConfiguration) -> Result<(), StoreError> {
        let (connection, schedule) = (processor.connection.map(|id| id.0), processor.schedule.map(|id| id.0));
        let old_name = self.processor_name(processor.id).await?;
        sqlx::query!(
            "UPDATE processor_configurations SET
                 name = ?, plugin = ?, class = ?, connection_id = ?, ews_server_id = ?, schedule_id = ?,
                 active = ?, runs_at_start = ?, runs_on_schedule = ?, manually_startable = ?,
                 manually_stoppable = ?, settings_json = ?, memory_limit_mib = ?
             WHERE id = ?",
            processor.name,
            processor.class.plugin,
            processor.class.class,
            connection,
            processor.ews_server.0,
            schedule,
            processor.flags.active,
            processor.flags.runs_at_start,
            processor.flags.runs_on_schedule,
            processor.flags.manually_startable,
            processor.flags.manually_stoppable,
            processor.settings_json,
            processor.memory_limit_mib,
            processor.id.0
        )
        .execute(&mut *self.transaction)
        .await
        .map_err(StoreError::about(A_PROCESSOR))?;
        tree_keys::assign(&mut self.transaction, &processor.class.plugin, processor.connection).await?;
        self.changed_processors.entry(processor.id).or_default();
        let words = self.processor_words(processor).await?;
        let detail = audit_words::with_old_name(&old_name, &processor.name, &words);
        self.audit("update", "processor", &processor.name, &detail).await
    }

    /// Sets a secret setting.
    pub async fn put_processor_secret(
        &mut self,
        id: ConfigurationId,
        key: &str,
        secret: &SealedValue,
    ) -> Result<(), StoreError> {
        let (now_ms, actor) = (self.now.unix_ms(), self.actor.to_string());
        sqlx::query!(
            "INSERT INTO processor_secrets (configuration_id, setting_key, kid, sealed, set_at, set_by)
             VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (configuration_id, setting_key) DO UPDATE SET
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
        .map_err(StoreError::about(A_PROCESSOR))?;
        self.changed_processors.entry(id).or_default().insert(key.to_owned());
        let name = self.processor_name(id).await?;
        self.audit("update", "processor", &name, &format!("new secret setting {key}")).await
    }

    /// Removes one secret setting.
    pub async fn remove_processor_secret(
        &mut self,
        id: ConfigurationId,
        key: &str,
    ) -> Result<(), StoreError> {
        let name = self.processor_name(id).await?;
        sqlx::query!(
            "DELETE FROM processor_secrets WHERE configuration_id = ? AND setting_key = ?",
            id.0,
            key
        )
        .execute(&mut *self.transaction)
        .await?;
        self.audit("update", "processor", &name, &format!("secret setting {key} removed")).await
    }

    /// Removes all secret settings.
    pub async fn remove_processor_secrets(&mut self, id: ConfigurationId) -> Result<(), StoreError> {
        let name = self.processor_name(id).await?;
        sqlx::query!("DELETE FROM processor_secrets WHERE configuration_id = ?", id.0)
            .execute(&mut *self.transaction)
            .await?;
        self.audit("update", "processor", &name, "secret settings removed").await
    }

    /// Removes a configuration with its secrets, runs and state. Its versions stay for a while. Its items stay: they belong to the plugin's
    /// tree on the connection.
    pub async fn remove_processor(&mut self, id: ConfigurationId) -> Result<(), StoreError> {
        self.changed_processors.remove(&id);
        self.add_processor_version(id, &BTreeSet::new(), true).await?;
        let name =
            sqlx::query_scalar!("DELETE FROM processor_configurations WHERE id = ? RETURNING name", id.0)
                .fetch_optional(&mut *self.transaction)
                .await?
                .ok_or(StoreError::Gone(A_PROCESSOR))?;
        self.audit("remove", "processor", &name, "with its secret settings and runs").await
    }
}

pub(crate) async fn list(
    connection: &mut SqliteConnection,
) -> Result<Vec<ProcessorConfiguration>, StoreError> {
    let secrets =
        sqlx::query!("SELECT configuration_id, setting_key FROM processor_secrets ORDER BY setting_key")
            .fetch_all(&mut *connection)
            .await?;
    let mut secret_keys: HashMap<i64, Vec<String>> = HashMap::new();
    for secret in secrets {
        secret_keys.entry(secret.configuration_id).or_default().push(secret.setting_key);
    }
    let rows = sqlx::query!(
        r#"SELECT id, name, plugin, class, connection_id, ews_server_id, schedule_id,
                  active AS "active: bool", runs_at_start AS "runs_at_start: bool",
                  runs_on_schedule AS "runs_on_schedule: bool",
                  manually_startable AS "manually_startable: bool",
                  manually_stoppable AS "manually_stoppable: bool", settings_json, memory_limit_mib
           FROM processor_configurations ORDER BY name"#
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(ProcessorConfiguration {
                id: ConfigurationId(row.id),
                name: row.name,
                class: ClassId { plugin: row.plugin, class: row.class },
                connection: row.connection_id.map(ConnectionId),
                ews_server: EwsServerId(row.ews_server_id),
                schedule: row.schedule_id.map(ScheduleId),
                flags: ProcessorFlags {
                    active: row.active,
                    runs_at_start: row.runs_at_start,
                    runs_on_schedule: row.runs_on_schedule,
                    manually_startable: row.manually_startable,
                    manually_stoppable: row.manually_stoppable,
                },
                settings_json: row.settings_json,
                secret_keys: secret_keys.remove(&row.id).unwrap_or_default(),
                memory_limit_mib: u32::try_from(row.memory_limit_mib).map_err(|_| {
                    StoreError::damaged("processor_configurations", "memory_limit_mib", &row.id)
                })?,
            })
        })
        .collect()
}
