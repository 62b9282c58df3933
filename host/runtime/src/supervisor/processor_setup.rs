//! All that the task of a processor depends on, as one value: two of them tell what a change means to it.

use riser_domain::{Connection, ProcessorConfiguration, ScheduleRule, Timestamp, TreeOwner};
use riser_store::Configuration;

use crate::configuration::owner_of;

/// A processor configuration with what it refers to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProcessorSetup {
    pub(crate) configuration: ProcessorConfiguration,
    /// `None` for a class without a connection.
    pub(crate) connection: Option<Connection>,
    /// The rule of its schedule.
    pub(crate) schedule: Option<ScheduleRule>,
    /// Counts the changes of its secrets, which the configuration does not show.
    pub(crate) secrets_version: u64,
}

impl ProcessorSetup {
    pub(crate) fn new(
        processor: &ProcessorConfiguration,
        configuration: &Configuration,
        secrets_version: u64,
    ) -> Self {
        let connection = processor
            .connection
            .and_then(|id| configuration.connections.iter().find(|connection| connection.id == id));
        let schedule = processor
            .schedule
            .and_then(|id| configuration.schedules.iter().find(|schedule| schedule.id == id));
        Self {
            configuration: processor.clone(),
            connection: connection.cloned(),
            schedule: schedule.map(|schedule| schedule.rule.clone()),
            secrets_version,
        }
    }

    pub(crate) fn owner(&self) -> TreeOwner {
        owner_of(&self.configuration)
    }

    pub(crate) const fn is_active(&self) -> bool {
        self.configuration.flags.active
    }

    /// Returns when its schedule starts it next.
    pub(crate) fn next_run_after(&self, now: Timestamp) -> Option<Timestamp> {
        let flags = self.configuration.flags;
        let rule = self.schedule.as_ref().filter(|_| flags.active && flags.runs_on_schedule);
        rule.and_then(|rule| rule.next_after(now))
    }

    /// Whether a run that was started with this setup serves the other one as well. Names, flags and schedules
    /// make no difference to a run.
    pub(crate) fn runs_like(&self, other: &Self) -> bool {
        let (own, others) = (&self.configuration, &other.configuration);
        self.has_tree_of(other)
            && own.settings_json == others.settings_json
            && own.secret_keys == others.secret_keys
            && own.memory_limit_mib == others.memory_limit_mib
            && self.secrets_version == other.secrets_version
            && match (&self.connection, &other.connection) {
                (None, None) => true,
                (Some(own), Some(others)) => {
                    own.kind == others.kind
                        && own.settings_json == others.settings_json
                        && own.secret_keys == others.secret_keys
                        && own.secret_version == others.secret_version
                }
                _ => false,
            }
    }

    /// Whether both setups run the same class for the same tree.
    pub(crate) fn has_tree_of(&self, other: &Self) -> bool {
        self.configuration.class == other.configuration.class && self.owner() == other.owner()
    }
}
