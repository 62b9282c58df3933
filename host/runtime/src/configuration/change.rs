use std::collections::BTreeSet;
use std::sync::Arc;

use riser_domain::{Actor, ConfigurationId};
use riser_store::Configuration;

/// The difference between two committed configurations.
#[derive(Clone, Debug)]
pub struct ConfigurationChange {
    /// Who made the change.
    pub actor: Actor,
    pub before: Arc<Configuration>,
    pub after: Arc<Configuration>,
    /// Processor configurations whose secrets changed while their rows stayed equal.
    pub changed_processor_secrets: BTreeSet<ConfigurationId>,
}
