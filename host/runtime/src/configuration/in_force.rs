//! The configuration in force, shared by all parts of the runtime.

use std::sync::Arc;

use arc_swap::ArcSwap;
use riser_domain::{ClassId, Connection, ConnectionId, ProcessorConfiguration, TreeOwner};
use riser_store::{Configuration, Store, StoreError};

/// The configuration in force.
#[derive(Debug)]
pub(crate) struct Configurations {
    current: ArcSwap<Configuration>,
}

impl Configurations {
    pub(crate) async fn load(store: &Store) -> Result<Self, StoreError> {
        Ok(Self { current: ArcSwap::from_pointee(store.load_configuration().await?) })
    }

    /// Returns all of it.
    pub(crate) fn now(&self) -> Arc<Configuration> {
        self.current.load_full()
    }

    /// Puts a committed configuration in force.
    pub(crate) fn replace(&self, after: Arc<Configuration>) {
        self.current.store(after);
    }

    pub(crate) fn connection(&self, id: ConnectionId) -> Option<Connection> {
        self.now().connections.iter().find(|connection| connection.id == id).cloned()
    }

    /// Returns the configuration of a class of the same plugin, for the same connection and EWS server.
    pub(crate) fn of_class(&self, owner: &TreeOwner, class: &str) -> Option<ProcessorConfiguration> {
        self.now()
            .processors
            .iter()
            .find(|processor| processor.class.class == class && owns(processor, owner))
            .cloned()
    }
}

fn owns(processor: &ProcessorConfiguration, owner: &TreeOwner) -> bool {
    processor.ews_server == owner.ews_server
        && processor.connection == owner.connection
        && processor.class.plugin == owner.plugin
}

/// Returns the owner of the tree that a configuration's class declares or writes.
pub(crate) fn owner_of(processor: &ProcessorConfiguration) -> TreeOwner {
    let ClassId { plugin, .. } = &processor.class;
    TreeOwner { ews_server: processor.ews_server, plugin: plugin.clone(), connection: processor.connection }
}
