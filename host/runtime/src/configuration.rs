//! The configuration in force: what the store held when Riser started, shared by all parts of the runtime.

use std::sync::Arc;

use riser_domain::{
    ClassId, Connection, ConnectionId, ProcessorConfiguration, Schedule, ScheduleId, TreeOwner,
};
use riser_store::{Configuration, Store, StoreError};

/// The configuration in force.
#[derive(Debug)]
pub(crate) struct Configurations {
    loaded: Arc<Configuration>,
}

impl Configurations {
    pub(crate) async fn load(store: &Store) -> Result<Self, StoreError> {
        Ok(Self { loaded: Arc::new(store.load_configuration().await?) })
    }

    /// All of it.
    pub(crate) fn now(&self) -> Arc<Configuration> {
        Arc::clone(&self.loaded)
    }

    pub(crate) fn connection(&self, id: ConnectionId) -> Option<Connection> {
        self.now().connections.iter().find(|connection| connection.id == id).cloned()
    }

    pub(crate) fn schedule(&self, id: ScheduleId) -> Option<Schedule> {
        self.now().schedules.iter().find(|schedule| schedule.id == id).cloned()
    }

    /// The configuration of a class of the same plugin, for the same connection and EWS server.
    pub(crate) fn of_class(&self, owner: &TreeOwner, class: &str) -> Option<ProcessorConfiguration> {
        self.now()
            .processors
            .iter()
            .find(|processor| owner_of(processor) == *owner && processor.class.class == class)
            .cloned()
    }
}

/// The tree that a configuration's class declares or writes.
pub(crate) fn owner_of(processor: &ProcessorConfiguration) -> TreeOwner {
    let ClassId { plugin, .. } = &processor.class;
    TreeOwner { ews_server: processor.ews_server, plugin: plugin.clone(), connection: processor.connection }
}
