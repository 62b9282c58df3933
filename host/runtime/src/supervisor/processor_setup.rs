//! All inputs of a processor's task as one value. Comparing two of them shows the effect of a change.

use std::sync::Arc;

use riser_calendar::{Schedule, ScheduleRule, StoredRule};
use riser_domain::{Connection, ProcessorConfiguration, RunTrigger, TreeOwner};
use riser_store::Configuration;

use super::schedule_plan::OwnRule;
use crate::configuration::owner_of;

/// A processor configuration with the objects it refers to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProcessorSetup {
    pub(crate) configuration: ProcessorConfiguration,
    /// `None` for a class without a connection.
    pub(crate) connection: Option<Connection>,
    /// The rule of its schedule.
    pub(crate) schedule: Option<Arc<ScheduleRule>>,
    /// Why its schedule has no rule: the text of its rule cannot be read.
    pub(crate) unreadable_schedule: Option<String>,
    /// Counts the changes of its secrets, which the configuration does not show.
    pub(crate) secrets_version: u64,
    /// Counts the installations of its plugin through Riser, each of which needs another run.
    pub(crate) library_version: u64,
    /// The trigger of the run that this setup begins with: the start of the host, or who changed the configuration.
    pub(crate) first_trigger: RunTrigger,
}

impl ProcessorSetup {
    pub(crate) fn new(
        processor: &ProcessorConfiguration,
        configuration: &Configuration,
        secrets_version: u64,
        first_trigger: RunTrigger,
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
            schedule: schedule.and_then(|schedule| schedule.rule.known().cloned()).map(Arc::new),
            unreadable_schedule: schedule.and_then(unreadable),
            secrets_version,
            library_version: 0,
            first_trigger,
        }
    }

    pub(crate) fn owner(&self) -> TreeOwner {
        owner_of(&self.configuration)
    }

    pub(crate) const fn is_active(&self) -> bool {
        self.configuration.flags.active
    }

    /// Returns the rule by which it runs now.
    pub(crate) fn rule(&self) -> Option<OwnRule> {
        let flags = self.configuration.flags;
        let rule = self.schedule.as_ref().filter(|_| flags.active && flags.runs_on_schedule)?;
        Some(OwnRule { rule: Arc::clone(rule), key: self.configuration.id.0.cast_unsigned() })
    }

    /// Returns whether a run with this setup is also right for the other one. Names, flags and schedules
    /// do not affect a run.
    pub(crate) fn runs_like(&self, other: &Self) -> bool {
        let (own, others) = (&self.configuration, &other.configuration);
        self.has_tree_of(other)
            && own.settings_json == others.settings_json
            && own.secret_keys == others.secret_keys
            && own.memory_limit_mib == others.memory_limit_mib
            && self.secrets_version == other.secrets_version
            && self.library_version == other.library_version
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

    /// Returns whether both setups run the same class for the same tree.
    pub(crate) fn has_tree_of(&self, other: &Self) -> bool {
        self.configuration.class == other.configuration.class && self.owner() == other.owner()
    }
}

fn unreadable(schedule: &Schedule) -> Option<String> {
    match &schedule.rule {
        StoredRule::Known(_) => None,
        StoredRule::Unreadable { text, reason } => {
            Some(format!("the rule {text:?} of the schedule {:?} cannot be read: {reason}", schedule.name))
        }
    }
}
