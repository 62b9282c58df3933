//! The configuration: drafts of changes, their rules, what is stored, and what is in force.
//!
//! A change is a [`ConfigurationDraft`]. Files, the command line and forms only make drafts and map
//! [`FieldError`]s back to their own places. `check` holds every rule; `commit` stores a checked draft in one
//! transaction and returns the [`ConfigurationChange`] that the running system follows.

mod change;
mod check;
mod commit;
mod configure;
mod current;
mod draft;
mod error;
mod export;
mod field_path;
mod file;
mod inputs;
mod markers;
mod migration;
mod passwords;
mod plan;
mod running;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arc_swap::ArcSwap;
use riser_domain::{ClassId, Connection, ConnectionId, ProcessorConfiguration, TreeOwner};
use riser_store::{Configuration, Store, StoreError};

pub use change::ConfigurationChange;
pub use check::CheckedDraft;
pub use commit::commit;
pub use configure::{OfflineConfiguration, check_draft};
pub use draft::{
    AccountDraft, ConfigurationDraft, ConnectionDraft, EwsServerDraft, Identity, ProcessorDraft,
    ScheduleDraft, UserDraft,
};
pub use error::ConfigureError;
pub use export::{ExportScope, export};
pub use field_path::{FieldError, FieldPath};
pub use file::{ConfigurationFile, FileError, SecretSources};
pub use inputs::{SecretInput, SettingInput, SettingInputs};
pub use passwords::{PasswordError, hash_new_password};
pub use plan::{Plan, PlanLine};

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
