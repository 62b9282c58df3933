//! The whole configuration, read at once and changed in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use riser_calendar::Schedule;
use riser_domain::{Actor, ConfigurationId, Connection, EwsServer, ProcessorConfiguration, Timestamp};
use sqlx::SqliteConnection;

use crate::accounts::Account;
use crate::audit::{self, NewAuditEntry};
use crate::database::WriteTransaction;
use crate::site::{self, Site};
use crate::{Store, StoreError, accounts, connections, ews_servers, processors, schedules};

/// Everything an administrator has set up. Secrets are in it only sealed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configuration {
    /// Counts the commits of the configuration; see [`ConfigurationTransaction::require_version`].
    pub version: i64,
    pub site: Site,
    /// EWS servers, by name.
    pub ews_servers: Vec<EwsServer>,
    /// Their accounts, by server and name.
    pub accounts: Vec<Account>,
    /// Connections, by name.
    pub connections: Vec<Connection>,
    /// Schedules, by name.
    pub schedules: Vec<Schedule>,
    /// Processor configurations, by name.
    pub processors: Vec<ProcessorConfiguration>,
}

impl Store {
    /// Reads the configuration as it was at one moment.
    pub async fn load_configuration(&self) -> Result<Configuration, StoreError> {
        let mut transaction = self.riser().read().begin().await?;
        load(&mut transaction).await
    }

    /// Begins a change of the configuration by this actor. Nothing changes before
    /// [`ConfigurationTransaction::commit`]; other writers wait meanwhile.
    pub async fn begin_configuration(
        &self,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<ConfigurationTransaction, StoreError> {
        let transaction = self.riser().write().await?;
        Ok(ConfigurationTransaction {
            transaction,
            actor: actor.clone(),
            now,
            changed_processors: BTreeMap::new(),
        })
    }
}

/// Changes of the configuration that hold together; dropping it undoes them. The methods stand beside what
/// they change: EWS servers, accounts, connections, schedules, processor configurations.
#[derive(Debug)]
pub struct ConfigurationTransaction {
    pub(crate) transaction: WriteTransaction,
    pub(crate) actor: Actor,
    pub(crate) now: Timestamp,
    /// Processors that get a new version, with the keys of their new secrets.
    pub(crate) changed_processors: BTreeMap<ConfigurationId, BTreeSet<String>>,
}

impl ConfigurationTransaction {
    /// The configuration with the changes made so far.
    pub async fn load_configuration(&mut self) -> Result<Configuration, StoreError> {
        load(&mut self.transaction).await
    }

    /// Refuses to go on when somebody committed a configuration after this version was read.
    ///
    /// # Errors
    /// [`StoreError::Stale`].
    pub async fn require_version(&mut self, expected: i64) -> Result<(), StoreError> {
        if load_version(&mut self.transaction).await? == expected { Ok(()) } else { Err(StoreError::Stale) }
    }

    /// Raises the version of the configuration and makes all changes durable.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.add_processor_versions().await?;
        sqlx::query!("UPDATE instance SET configuration_version = configuration_version + 1")
            .execute(&mut *self.transaction)
            .await?;
        self.transaction.commit().await
    }

    /// Adds to the audit trail what was just changed.
    pub(crate) async fn audit(
        &mut self,
        action: &str,
        subject: &str,
        subject_name: &str,
        detail: &str,
    ) -> Result<(), StoreError> {
        let entry = NewAuditEntry { action, subject, subject_name, detail };
        audit::record(&mut self.transaction, &self.actor, self.now, entry).await
    }
}

async fn load(connection: &mut SqliteConnection) -> Result<Configuration, StoreError> {
    Ok(Configuration {
        version: load_version(connection).await?,
        site: site::load(connection).await?,
        ews_servers: ews_servers::list(connection).await?,
        accounts: accounts::list(connection).await?,
        connections: connections::list(connection).await?,
        schedules: schedules::list(connection).await?,
        processors: processors::list(connection).await?,
    })
}

async fn load_version(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!("SELECT configuration_version FROM instance").fetch_one(connection).await?)
}
