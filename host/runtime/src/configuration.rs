//! The configuration in force: what the store held when it was last read, shared by all parts of the runtime.

use std::sync::Arc;

use arc_swap::ArcSwap;
use riser_domain::{
    ClassId, ConfigurationId, Connection, ConnectionId, EwsServer, EwsServerId, ProcessorConfiguration,
    Schedule, ScheduleId, TreeOwner,
};
use riser_store::{Configuration, Store, StoreError};

/// The configuration in force.
#[derive(Debug)]
pub(crate) struct Configurations {
    store: Store,
    loaded: ArcSwap<Configuration>,
}

impl Configurations {
    pub(crate) async fn load(store: Store) -> Result<Self, StoreError> {
        let loaded = ArcSwap::from_pointee(store.load_configuration().await?);
        Ok(Self { store, loaded })
    }

    /// All of it, as it is now.
    pub(crate) fn now(&self) -> Arc<Configuration> {
        self.loaded.load_full()
    }

    /// Reads the store again.
    pub(crate) async fn reload(&self) -> Result<(), StoreError> {
        self.loaded.store(Arc::new(self.store.load_configuration().await?));
        Ok(())
    }

    pub(crate) fn processor(&self, id: ConfigurationId) -> Option<ProcessorConfiguration> {
        self.now().processors.iter().find(|processor| processor.id == id).cloned()
    }

    pub(crate) fn connection(&self, id: ConnectionId) -> Option<Connection> {
        self.now().connections.iter().find(|connection| connection.id == id).cloned()
    }

    pub(crate) fn schedule(&self, id: ScheduleId) -> Option<Schedule> {
        self.now().schedules.iter().find(|schedule| schedule.id == id).cloned()
    }

    pub(crate) fn ews_server(&self, id: EwsServerId) -> Option<EwsServer> {
        self.now().ews_servers.iter().find(|server| server.id == id).cloned()
    }

    /// The configuration of a class of the same plugin, for the same connection and EWS server.
    pub(crate) fn of_class(&self, owner: &TreeOwner, class: &str) -> Option<ProcessorConfiguration> {
        self.now()
            .processors
            .iter()
            .find(|processor| owner_of(processor) == *owner && processor.class.class == class)
            .cloned()
    }

    /// The configurations that share a tree.
    pub(crate) fn siblings(&self, owner: &TreeOwner) -> Vec<ConfigurationId> {
        self.now()
            .processors
            .iter()
            .filter(|processor| owner_of(processor) == *owner)
            .map(|processor| processor.id)
            .collect()
    }
}

/// The tree that a configuration's class declares or writes.
pub(crate) fn owner_of(processor: &ProcessorConfiguration) -> TreeOwner {
    let ClassId { plugin, .. } = &processor.class;
    TreeOwner {
        ews_server: processor.ews_server,
        plugin: plugin.clone(),
        connection: processor.connection,
    }
}
