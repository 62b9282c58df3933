use crate::{ConfigurationId, Timestamp};

/// The database's number of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub i64);

/// What started a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunTrigger {
    /// Its schedule.
    Schedule,
    /// The start of the host.
    HostStart,
    /// A person, by name, or the command line.
    Person(String),
    /// A set point for a point that its class carries.
    SetPoint,
    /// Another processor configuration asked for it, by name.
    Processor(String),
    /// A long-running class that ended early and is started again.
    Restart,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunState {
    /// Admitted; it waits for a worker or for another class to succeed.
    Waiting,
    /// A worker executes it.
    Running,
    /// Ended by itself, without fault.
    Succeeded,
    /// Ended with a fault; the reason says which.
    Failed,
    /// Ended because someone asked for it.
    Cancelled,
    /// The host ended before the run did.
    Interrupted,
    /// Ended because it took longer than it may.
    TimedOut,
}

impl RunState {
    /// The word shown and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::TimedOut => "timed out",
        }
    }

    /// The state with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Waiting,
            Self::Running,
            Self::Succeeded,
            Self::Failed,
            Self::Cancelled,
            Self::Interrupted,
            Self::TimedOut,
        ]
        .into_iter()
        .find(|state| state.as_str() == word)
    }

    /// Whether the run is over.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }
}

/// One execution of a processor configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// What was executed.
    pub configuration: ConfigurationId,
    /// What started it.
    pub trigger: RunTrigger,
    /// Where it stands.
    pub state: RunState,
    /// Why it stands there, in words; empty when the state says it all.
    pub reason: String,
    /// SHA-256 of the library that ran, in hexadecimal; `None` before a worker was started.
    pub library_sha256: Option<String>,
    /// When it was admitted.
    pub queued_at: Timestamp,
    /// When its worker was started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// How important a line of a run's log is.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For a hunt.
    Debug,
    /// The life of the run.
    Info,
    /// It carried on worse.
    Warn,
    /// Someone should act.
    Error,
}

impl LogLevel {
    /// The word shown and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The level with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Debug, Self::Info, Self::Warn, Self::Error].into_iter().find(|level| level.as_str() == word)
    }
}
