//! Versions of processor configurations: one for each change, written in the transaction of the change.

use std::collections::BTreeSet;

use riser_domain::{
    Actor, ClassId, ConfigurationId, ConnectionId, EwsServerId, ProcessorConfiguration, ProcessorFlags,
    ScheduleId, Timestamp,
};

use crate::actor_columns::ActorColumns;
use crate::{ConfigurationTransaction, Store, StoreError};

/// Versions kept of one processor.
const VERSIONS_KEPT: i64 = 100;

/// A processor configuration as a change left it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessorVersion {
    /// Counts the versions of one processor from 1.
    pub version: i64,
    pub at: Timestamp,
    pub actor: Actor,
    /// The last version, of a processor that was removed.
    pub is_removal: bool,
    /// Keys of the secret settings that the change set. The secrets are not kept.
    pub new_secrets: Vec<String>,
    /// Without the keys of secret settings.
    pub processor: ProcessorConfiguration,
}

impl Store {
    /// Returns the versions of a processor, newest first.
    pub async fn list_processor_versions(
        &self,
        id: ConfigurationId,
    ) -> Result<Vec<ProcessorVersion>, StoreError> {
        sqlx::query_as!(
            VersionRow,
            "SELECT * FROM processor_versions WHERE configuration_id = ? ORDER BY version DESC",
            id.0
        )
        .fetch_all(self.riser().read())
        .await?
        .into_iter()
        .map(ProcessorVersion::try_from)
        .collect()
    }

    /// Returns the last version of each removed processor that can be restored, newest first.
    pub async fn list_removed_processors(&self) -> Result<Vec<ProcessorVersion>, StoreError> {
        let rows = sqlx::query_as!(VersionRow, "SELECT * FROM processor_versions WHERE is_removal = 1");
        let mut removed = rows
            .fetch_all(self.riser().read())
            .await?
            .into_iter()
            .map(ProcessorVersion::try_from)
            .collect::<Result<Vec<_>, _>>()?;
        removed.sort_by_key(|version| std::cmp::Reverse((version.at, version.processor.id)));
        Ok(removed)
    }

    /// Removes the versions of a removed processor, such as one that was restored.
    pub async fn forget_removed_processor(&self, id: ConfigurationId) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        sqlx::query!(
            "DELETE FROM processor_versions WHERE configuration_id = ?1 AND EXISTS
                 (SELECT 1 FROM processor_versions WHERE configuration_id = ?1 AND is_removal = 1)",
            id.0
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }

    /// Removes the versions of processors that were removed before a time.
    pub async fn forget_removed_processors(&self, before: Timestamp) -> Result<(), StoreError> {
        let before_ms = before.unix_ms();
        let mut transaction = self.riser().write().await?;
        sqlx::query!(
            "DELETE FROM processor_versions WHERE configuration_id IN
                 (SELECT configuration_id FROM processor_versions WHERE is_removal = 1 AND at < ?)",
            before_ms
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }
}

impl ConfigurationTransaction {
    /// Adds a version of each processor that changed and is still there.
    pub(crate) async fn add_processor_versions(&mut self) -> Result<(), StoreError> {
        for (id, new_secrets) in std::mem::take(&mut self.changed_processors) {
            self.add_processor_version(id, &new_secrets, false).await?;
        }
        Ok(())
    }

    /// Adds a version with the row of a processor, unless it has no row.
    pub(crate) async fn add_processor_version(
        &mut self,
        id: ConfigurationId,
        new_secrets: &BTreeSet<String>,
        is_removal: bool,
    ) -> Result<(), StoreError> {
        let actor = ActorColumns::from(&self.actor);
        let now_ms = self.now.unix_ms();
        let new_secrets = new_secrets.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
        let version = sqlx::query_scalar!(
            r#"INSERT INTO processor_versions
                 (configuration_id, version, at, actor_kind, actor_name, actor_server, is_removal, new_secrets, name,
                  plugin, class, connection_id, ews_server_id, schedule_id, active, runs_at_start, runs_on_schedule,
                  manually_startable, manually_stoppable, settings_json, memory_limit_mib)
             SELECT id, 1 + coalesce((SELECT max(version) FROM processor_versions WHERE configuration_id = ?1), 0),
                  ?2, ?3, ?4, ?5, ?6, ?7, name, plugin, class, connection_id, ews_server_id, schedule_id, active,
                  runs_at_start, runs_on_schedule, manually_startable, manually_stoppable, settings_json,
                  memory_limit_mib
             FROM processor_configurations WHERE id = ?1 RETURNING version AS "version!: i64""#,
            id.0,
            now_ms,
            actor.kind,
            actor.name,
            actor.server,
            is_removal,
            new_secrets
        )
        .fetch_optional(&mut *self.transaction)
        .await?;
        let oldest = version.unwrap_or_default() - VERSIONS_KEPT;
        sqlx::query!(
            "DELETE FROM processor_versions WHERE configuration_id = ? AND version <= ?",
            id.0,
            oldest
        )
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }
}

struct VersionRow {
    configuration_id: i64,
    version: i64,
    at: i64,
    actor_kind: String,
    actor_name: Option<String>,
    actor_server: Option<String>,
    is_removal: i64,
    new_secrets: String,
    name: String,
    plugin: String,
    class: String,
    connection_id: Option<i64>,
    ews_server_id: i64,
    schedule_id: Option<i64>,
    active: i64,
    runs_at_start: i64,
    runs_on_schedule: i64,
    manually_startable: i64,
    manually_stoppable: i64,
    settings_json: String,
    memory_limit_mib: i64,
}

impl TryFrom<VersionRow> for ProcessorVersion {
    type Error = StoreError;

    fn try_from(row: VersionRow) -> Result<Self, StoreError> {
        let actor = ActorColumns { kind: row.actor_kind, name: row.actor_name, server: row.actor_server };
        let damaged = || StoreError::damaged("processor_versions", "memory_limit_mib", &row.configuration_id);
        Ok(Self {
            version: row.version,
            at: Timestamp::from_unix_ms(row.at),
            actor: actor.into_actor("processor_versions", row.configuration_id)?,
            is_removal: row.is_removal != 0,
            new_secrets: row.new_secrets.lines().map(ToOwned::to_owned).collect(),
            processor: ProcessorConfiguration {
                id: ConfigurationId(row.configuration_id),
                name: row.name,
                class: ClassId { plugin: row.plugin, class: row.class },
                connection: row.connection_id.map(ConnectionId),
                ews_server: EwsServerId(row.ews_server_id),
                schedule: row.schedule_id.map(ScheduleId),
                flags: ProcessorFlags {
                    active: row.active != 0,
                    runs_at_start: row.runs_at_start != 0,
                    runs_on_schedule: row.runs_on_schedule != 0,
                    manually_startable: row.manually_startable != 0,
                    manually_stoppable: row.manually_stoppable != 0,
                },
                settings_json: row.settings_json,
                secret_keys: Vec::new(),
                memory_limit_mib: u32::try_from(row.memory_limit_mib).map_err(|_| damaged())?,
            },
        })
    }
}
