//! The messages of the control socket, one JSON object per line.
//!
//! Both sides send a [`Hello`] first. The client then sends one [`Request`], and the host one [`Reply`], or several
//! for a log. The reports are also the output of the commands with `--json`: their keys are stable.

use riser_calendar::Zone;
use riser_domain::{LogLevel, Role, RunState, count_words};
use riser_runtime::{ConfigurationDraft, ConnectionDraft, FieldError, Plan, TestStage};
use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::time_zone_report::TimeZoneReport;
use super::words;

/// The version of these messages. A change that an older program misreads raises it.
pub(super) const PROTOCOL_VERSION: u32 = 1;

/// The first message of both sides.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hello {
    pub(super) riser_control: u32,
    /// The release of the program, for people.
    pub(super) release: String,
    /// The time zone of the site; `None` from a client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) time_zone: Option<String>,
}

impl Hello {
    pub(super) fn of_client() -> Self {
        Self {
            riser_control: PROTOCOL_VERSION,
            release: env!("CARGO_PKG_VERSION").to_owned(),
            time_zone: None,
        }
    }

    pub(super) fn of_host(zone: &Zone) -> Self {
        Self { time_zone: Some(zone.name().to_owned()), ..Self::of_client() }
    }
}

/// A request of a command.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub(crate) enum Request {
    Status,
    Problems,
    /// Starts a processor and waits until it runs.
    Run {
        processor: String,
    },
    /// Stops a processor and waits until it has stopped.
    Stop {
        processor: String,
    },
    /// Ends the quarantine of a processor.
    Release {
        processor: String,
    },
    /// The newest runs, of all processors or of one.
    Runs {
        processor: Option<String>,
        count: u32,
    },
    /// The log of a run; with `follow` also the lines to come, until the run has ended.
    Log {
        run: i64,
        follow: bool,
    },
    /// The newest entries of the audit trail.
    Audit {
        count: u32,
    },
    Users,
    /// The stored schedules, and the zone of the site.
    Schedules,
    /// Accepts the clock of the machine as it is set now.
    ConfirmClock,
    /// Returns the difference that a draft would make.
    Plan {
        draft: ConfigurationDraft,
    },
    /// Stores and applies a draft. Its secrets travel over this socket only, and print as `***`.
    Configure {
        draft: ConfigurationDraft,
    },
    /// Tests a connection, with settings that need not be stored. Changes nothing.
    TestConnection {
        connection: ConnectionDraft,
    },
    /// The configuration as a file, without its secrets.
    Export {
        with_disabled: bool,
    },
}

/// A reply of the host.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "reply", content = "content", rename_all = "snake_case")]
pub(crate) enum Reply {
    Status(StatusReport),
    Problems(Vec<ProblemReport>),
    Started(RunReport),
    Stopped(RunReport),
    Released,
    Runs(Vec<RunReport>),
    /// Lines of a log; more replies follow until [`Reply::LogEnd`].
    Log(Vec<LogLine>),
    /// The log has no more lines for now, and the run has this state.
    LogEnd(RunReport),
    Audit(Vec<AuditReport>),
    Users(Vec<UserReport>),
    Schedules(SchedulesReport),
    ClockConfirmed {
        now: Moment,
        /// Otherwise there was nothing to confirm.
        was_implausible: bool,
    },
    Plan(Plan),
    Configured(Configured),
    /// A stage of a test began or ended; more replies follow until [`Reply::ConnectionTested`].
    TestStage(TestStage),
    ConnectionTested {
        passed: bool,
    },
    Exported(String),
    Failed(Failure),
}

/// Why a request was not fulfilled, as a sentence for the person who made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "failure", rename_all = "snake_case")]
pub(crate) enum Failure {
    #[error("the host does not understand the request: {reason}")]
    BadRequest { reason: String },
    #[error("the host serves its own user and root only, and the request came from {user}")]
    NotAllowed { user: String },
    #[error("{}", unknown_processor(name, nearest.as_deref()))]
    UnknownProcessor { name: String, nearest: Option<String> },
    #[error("{processor} was not started: {reason}")]
    NotStarted { processor: String, reason: String },
    #[error("{processor} was not stopped: {reason}")]
    NotStopped { processor: String, reason: String },
    #[error("{processor} was not released: {reason}")]
    NotReleased { processor: String, reason: String },
    #[error("there is no run {run}; `riser runs` lists the runs")]
    UnknownRun { run: i64 },
    /// Everything that is wrong with a draft.
    #[error("the change has {}", count_words(errors.len(), "error"))]
    Fields { errors: Vec<FieldError> },
    #[error("the configuration changed meanwhile; read it again and repeat the change")]
    Stale,
    #[error("{sentence}")]
    Internal { sentence: String },
}

fn unknown_processor(name: &str, nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("there is no processor {name:?}; did you mean {nearest:?}?"),
        None => format!("there is no processor {name:?}; `riser status` lists the processors"),
    }
}

/// The whole host at one moment.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StatusReport {
    pub(crate) version: String,
    pub(crate) process_id: u32,
    pub(crate) started_at: Moment,
    pub(crate) data_directory: String,
    /// The zone of the machine when Riser started.
    pub(crate) time_zone: TimeZoneReport,
    pub(crate) connections: Vec<ConnectionReport>,
    pub(crate) processors: Vec<ProcessorReport>,
    pub(crate) ews_servers: Vec<EwsServerReport>,
    pub(crate) problems: Vec<ProblemReport>,
}

/// Whether data flows over a connection or an EWS server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Health {
    Ok,
    Degraded,
    Down,
    Unknown,
}

impl Health {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ConnectionReport {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) state: Health,
    pub(crate) detail: String,
    pub(crate) last_good_at: Option<Moment>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EwsServerReport {
    pub(crate) name: String,
    /// The address for the BMS.
    pub(crate) url: String,
    pub(crate) state: Health,
    pub(crate) detail: String,
    pub(crate) items: usize,
    pub(crate) requests: u64,
    pub(crate) last_request_at: Option<Moment>,
    pub(crate) last_client: Option<String>,
}

/// The state of a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Activity {
    Disabled,
    Idle,
    Waiting,
    Running,
    Retrying,
    Quarantined,
    Unable,
}

impl Activity {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Idle => "idle",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Quarantined => "quarantined",
            Self::Unable => "unable",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProcessorReport {
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) connection: Option<String>,
    pub(crate) ews_server: Option<String>,
    pub(crate) state: Activity,
    /// Why it is not running, in one sentence; `None` while it runs.
    pub(crate) not_running_because: Option<String>,
    /// The schedule that starts it, also one that is switched off.
    pub(crate) schedule: Option<ScheduleReport>,
    pub(crate) running_since: Option<Moment>,
    pub(crate) next_run_at: Option<Moment>,
    pub(crate) progress: Option<ProgressReport>,
    pub(crate) last_run: Option<LastRunReport>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProgressReport {
    pub(crate) step: String,
    pub(crate) done: u64,
    /// `None` when it is not known.
    pub(crate) of: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LastRunReport {
    pub(crate) run: i64,
    #[serde(with = "words::run_state")]
    pub(crate) state: RunState,
    pub(crate) reason: String,
    pub(crate) started_at: Option<Moment>,
    pub(crate) ended_at: Option<Moment>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProblemReport {
    pub(crate) code: String,
    /// The processor that raised it, or Riser.
    pub(crate) raised_by: String,
    pub(crate) since: Moment,
    pub(crate) what: String,
    pub(crate) effect: String,
    pub(crate) remedy: String,
    pub(crate) setting: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunReport {
    pub(crate) run: i64,
    /// `None` when the processor was removed.
    pub(crate) processor: Option<String>,
    #[serde(with = "words::run_state")]
    pub(crate) state: RunState,
    pub(crate) reason: String,
    pub(crate) started_by: String,
    /// The time of the schedule that the run is for; `None` for a run that started for another reason.
    pub(crate) due_at: Option<Moment>,
    pub(crate) queued_at: Moment,
    pub(crate) started_at: Option<Moment>,
    pub(crate) ended_at: Option<Moment>,
}

/// A stored schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScheduleReport {
    pub(crate) name: String,
    /// The rule as it is stored.
    pub(crate) rule: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SchedulesReport {
    pub(crate) time_zone: TimeZoneReport,
    pub(crate) schedules: Vec<ScheduleReport>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LogLine {
    pub(crate) at: Moment,
    #[serde(with = "words::log_level")]
    pub(crate) level: LogLevel,
    pub(crate) text: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AuditReport {
    pub(crate) entry: i64,
    pub(crate) at: Moment,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) name: String,
    pub(crate) detail: String,
}

/// A draft that was applied.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Configured {
    /// The changes.
    pub(crate) plan: Plan,
    /// Problems that prevent parts of it from taking effect now.
    pub(crate) problems: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct UserReport {
    pub(crate) name: String,
    #[serde(with = "words::role")]
    pub(crate) role: Role,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_processor_is_named_with_the_nearest_one() {
        let failure = |nearest: Option<&str>| {
            let nearest = nearest.map(str::to_owned);
            Failure::UnknownProcessor { name: "evce setup".to_owned(), nearest }.to_string()
        };
        assert_eq!(
            failure(Some("EVCE Setup")),
            r#"there is no processor "evce setup"; did you mean "EVCE Setup"?"#
        );
        assert_eq!(
            failure(None),
            r#"there is no processor "evce setup"; `riser status` lists the processors"#
        );
    }
}
