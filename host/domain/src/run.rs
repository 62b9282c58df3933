use strum::{EnumString, IntoStaticStr};

use crate::{ConfigurationId, Timestamp};

/// Database id of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub i64);

/// What started a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunTrigger {
    /// A schedule, for this time.
    Schedule(Timestamp),
    /// The start of the host.
    HostStart,
    /// A person by name, or the command line.
    Person(String),
    /// A write to a point whose writes its class executes.
    SetPoint,
    /// A request of another processor configuration, by name.
    Processor(String),
    /// The restart of a long-running class that ended early.
    Restart,
}

/// State of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum RunState {
    /// Admitted, waiting for a worker or for another class to succeed.
    Waiting,
    /// Executed by a worker.
    Running,
    /// Ended without an error.
    Succeeded,
    /// Ended with an error, which the reason names.
    Failed,
    /// Stopped by a person.
    Cancelled,
    /// Ended together with the host.
    Interrupted,
    /// Ended at its time limit.
    #[strum(serialize = "timed out")]
    TimedOut,
    /// Never began: the run before was still under way at its time.
    Skipped,
    /// Never began: another run covers it.
    Merged,
    /// Never began: Riser did not run at its time.
    Missed,
}

impl RunState {
    /// Returns the name shown on pages and stored.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// Returns whether the run has ended.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }

    /// Returns whether this is a time of a schedule that had no run.
    pub const fn never_began(self) -> bool {
        matches!(self, Self::Skipped | Self::Merged | Self::Missed)
    }
}

/// One execution of a processor configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub id: RunId,
    pub configuration: ConfigurationId,
    pub trigger: RunTrigger,
    pub state: RunState,
    /// Why the write or run is in this state; empty when the state is enough.
    pub reason: String,
    /// SHA-256 of the library that ran, in hexadecimal; `None` before a worker was started.
    pub library_sha256: Option<String>,
    pub queued_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// Level of a line in the log of a run.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum LogLevel {
    /// Details for fault finding.
    Debug,
    /// Normal progress.
    Info,
    /// The run continues with a restriction.
    Warn,
    /// An administrator should act.
    Error,
}

impl LogLevel {
    /// Returns the name shown on pages and stored.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}
