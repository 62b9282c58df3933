//! Why a processor is not running. Pages and commands put the reason into their own words.

use riser_domain::{ProcessorConfiguration, RunMode, RunState, Timestamp};

use crate::{LastRun, ProcessorState, ProcessorStatus};

/// The reason why a processor is not running.
#[derive(Clone, Debug, PartialEq)]
pub enum NotRunning {
    /// It is switched off.
    Disabled,
    /// The sentence says for what; it has no full stop.
    Waiting { sentence: String },
    /// It failed and starts again.
    Retrying { attempt: u32, at: Timestamp, reason: String },
    /// It crashed too often, and a person has to release it.
    Quarantined { since: Timestamp, reason: String },
    /// Something that it needs is missing.
    Unable { reason: String },
    /// Its schedule starts it. `failure` is the last run, if that failed.
    Scheduled { at: Timestamp, is_due: bool, failure: Option<LastRun> },
    /// It has a schedule, which starts nothing.
    ScheduleOff,
    /// Its schedule has no further time.
    ScheduleEnded,
    /// It starts with Riser, and Riser is starting.
    StartsSoon,
    /// Nothing starts it but a person. `last_run` is its last run.
    NotStarted { last_run: Option<LastRun>, is_long_running: bool },
}

impl NotRunning {
    /// Returns the reason; `None` while the processor runs. Without its configuration, schedule and flags are not
    /// known.
    pub fn of(
        status: &ProcessorStatus,
        configuration: Option<&ProcessorConfiguration>,
        now: Timestamp,
    ) -> Option<Self> {
        Some(match status.state.clone() {
            ProcessorState::Running { .. } => return None,
            ProcessorState::Inactive => Self::Disabled,
            ProcessorState::WaitingFor { sentence, .. } => Self::Waiting { sentence },
            ProcessorState::Retrying { attempt, at, reason } => Self::Retrying { attempt, at, reason },
            ProcessorState::Quarantined { since, reason } => Self::Quarantined { since, reason },
            ProcessorState::Unable { reason } => Self::Unable { reason },
            ProcessorState::Idle => Self::of_idle(status, configuration, now),
        })
    }

    fn of_idle(
        status: &ProcessorStatus,
        configuration: Option<&ProcessorConfiguration>,
        now: Timestamp,
    ) -> Self {
        let last_run = status.last_run.clone().filter(|run| run.state.is_over());
        if let Some(at) = status.next_run_at {
            let failure =
                last_run.filter(|run| !matches!(run.state, RunState::Succeeded | RunState::Cancelled));
            return Self::Scheduled { at, is_due: at <= now, failure };
        }
        let flags = configuration.map(|configuration| configuration.flags);
        let has_schedule = configuration.is_some_and(|configuration| configuration.schedule.is_some());
        match last_run {
            _ if has_schedule && flags.is_some_and(|flags| !flags.runs_on_schedule) => Self::ScheduleOff,
            _ if has_schedule => Self::ScheduleEnded,
            None if flags.is_some_and(|flags| flags.runs_at_start) => Self::StartsSoon,
            last_run => {
                Self::NotStarted { last_run, is_long_running: status.mode == Some(RunMode::LongRunning) }
            }
        }
    }
}

impl LastRun {
    /// Returns how the run ended, such as `failed at 10:00 (login refused)`. `words` writes a time.
    pub fn outcome(&self, words: impl Fn(Timestamp) -> String) -> String {
        let at = self.ended_at.map(|at| format!(" at {}", words(at))).unwrap_or_default();
        match self.state {
            RunState::Succeeded => format!("succeeded{at}"),
            RunState::Failed => format!("failed{at} ({})", self.reason),
            // The reason begins with "stopped by".
            RunState::Cancelled => format!("was {}{at}", self.reason),
            RunState::TimedOut => format!("took too long and was ended{at}"),
            RunState::Interrupted => "ended together with Riser".to_owned(),
            RunState::Waiting
            | RunState::Running
            | RunState::Skipped
            | RunState::Merged
            | RunState::Missed => self.state.as_str().to_owned(),
        }
    }
}
