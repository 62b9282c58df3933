use std::fmt;

use crate::{ConnectionId, EwsServerId};

/// Database id of a processor configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigurationId(pub i64);

/// Database id of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScheduleId(pub i64);

/// Names a processor class: the plugin's id and the class within it, `riser.evce/status`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClassId {
    /// The plugin's id, such as `riser.evce`.
    pub plugin: String,
    /// The class within the plugin, such as `status`.
    pub class: String,
}

impl ClassId {
    /// The class named by `plugin/class`; `None` when the text has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let (plugin, class) = text.split_once('/')?;
        let fits = |part: &str| !part.is_empty() && !part.contains('/');
        (fits(plugin) && fits(class)).then(|| Self { plugin: plugin.to_owned(), class: class.to_owned() })
    }
}

impl fmt::Display for ClassId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.plugin, self.class)
    }
}

/// Run mode of a processor class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunMode {
    /// Each run ends by itself.
    Scheduled,
    /// Runs until it is stopped, and is restarted when it ends early.
    LongRunning,
}

/// Switches of a processor configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "five independent switches, each a tick box on a page")]
pub struct ProcessorFlags {
    /// When off, it never runs, and writes to its points are refused.
    pub active: bool,
    /// Runs when the host starts.
    pub runs_at_start: bool,
    /// Runs on its schedule.
    pub runs_on_schedule: bool,
    pub manually_startable: bool,
    pub manually_stoppable: bool,
}

impl Default for ProcessorFlags {
    fn default() -> Self {
        Self {
            active: true,
            runs_at_start: false,
            runs_on_schedule: true,
            manually_startable: true,
            manually_stoppable: true,
        }
    }
}

/// A named, saved set of settings for one processor class.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessorConfiguration {
    pub id: ConfigurationId,
    /// Unique on this host.
    pub name: String,
    pub class: ClassId,
    /// `None` for a class that needs no connection.
    pub connection: Option<ConnectionId>,
    pub ews_server: EwsServerId,
    pub schedule: Option<ScheduleId>,
    pub flags: ProcessorFlags,
    /// Settings that are not secret, as a JSON object by setting key.
    pub settings_json: String,
    /// Keys of the secret settings that are set.
    pub secret_keys: Vec<String>,
    pub memory_limit_mib: u32,
}

impl ProcessorConfiguration {
    /// Default memory limit of a run.
    pub const DEFAULT_MEMORY_LIMIT_MIB: u32 = 256;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_named_by_plugin_and_class() {
        let class = ClassId::parse("riser.evce/status").unwrap();
        assert_eq!((class.plugin.as_str(), class.class.as_str()), ("riser.evce", "status"));
        assert_eq!(class.to_string(), "riser.evce/status");
        for wrong in ["", "riser.evce", "/status", "a/", "a/b/c"] {
            assert_eq!(ClassId::parse(wrong), None, "{wrong}");
        }
    }
}
