//! The end of a run: its state, its reason in words, and the next step.

use std::time::Duration;

use riser_domain::{RunState, sanitize_line};
use riser_worker_host::ExitReason;
use riser_worker_protocol::frames::Outcome;
use riser_worker_protocol::messages::FailureMessage;

/// Longest run of a class that ends by itself.
pub(super) const LONGEST_SCHEDULED_RUN: Duration = Duration::from_mins(10);

/// The step after a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterRun {
    /// It succeeded.
    Succeeded,
    /// It failed, and trying again may help.
    TryAgain,
    /// It failed, and trying again changes nothing.
    GiveUp,
    /// A person, or its schedule, stopped it.
    Stopped,
    /// Its configuration changed: it starts anew when the configuration says so.
    StartAnew,
    /// Its configuration was removed, or Riser ends.
    End,
}

/// Why the host asked a run to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StopCause {
    Person(String),
    TimeLimit,
    /// Its next run by schedule is due, and stops the one before.
    Replaced,
    /// Its configuration changed.
    Changed,
    /// Another version of its plugin was installed.
    LibraryChanged,
    SwitchedOff,
    Removed,
    HostEnds,
}

/// Returns the result of the exit, the outcome and the cause of a stop.
pub(super) fn classify(
    stop_cause: Option<&StopCause>,
    outcome: Option<&Outcome>,
    exit: &ExitReason,
) -> (RunState, String, AfterRun) {
    let ended_well = matches!(exit, ExitReason::Finished);
    let cancelled = |reason: String, after| {
        let reason = if ended_well { reason } else { format!("{reason}; {exit}") };
        (RunState::Cancelled, reason, after)
    };
    match (stop_cause, outcome) {
        (Some(StopCause::HostEnds), _) => (RunState::Interrupted, "Riser ended".to_owned(), AfterRun::End),
        (Some(StopCause::TimeLimit), _) => (
            RunState::TimedOut,
            format!("did not finish within {} min", LONGEST_SCHEDULED_RUN.as_secs() / 60),
            AfterRun::GiveUp,
        ),
        (Some(StopCause::Person(name)), _) => cancelled(format!("stopped by {name}"), AfterRun::Stopped),
        (Some(StopCause::Replaced), _) => {
            cancelled("stopped because its next run by schedule was due".to_owned(), AfterRun::Stopped)
        }
        (Some(StopCause::Changed), _) => {
            cancelled("stopped because its configuration changed".to_owned(), AfterRun::StartAnew)
        }
        (Some(StopCause::LibraryChanged), _) => cancelled(
            "stopped because another version of its plugin was installed".to_owned(),
            AfterRun::StartAnew,
        ),
        (Some(StopCause::SwitchedOff), _) => {
            cancelled("stopped because it was switched off".to_owned(), AfterRun::StartAnew)
        }
        (Some(StopCause::Removed), _) => {
            cancelled("stopped because it was removed".to_owned(), AfterRun::End)
        }
        (None, Some(Outcome::Succeeded)) if ended_well => {
            (RunState::Succeeded, String::new(), AfterRun::Succeeded)
        }
        (None, Some(Outcome::Failed(failure))) if ended_well => {
            (RunState::Failed, failure_text(failure), after_failure(failure))
        }
        (None, Some(Outcome::Cancelled)) if ended_well => {
            (RunState::Failed, "it gave up without being asked to".to_owned(), AfterRun::TryAgain)
        }
        (None, _) => (RunState::Failed, exit.to_string(), AfterRun::TryAgain),
    }
}

/// Returns whether the plugin crashed, hung or exceeded a limit. A failure that it reports in good order is none: the
/// device may be off for hours, and the processor has to work again by itself when it is back.
pub(super) const fn is_crash(
    stop_cause: Option<&StopCause>,
    outcome: Option<&Outcome>,
    exit: &ExitReason,
) -> bool {
    match (stop_cause, outcome) {
        (Some(_), _) => false,
        (None, Some(Outcome::Failed(failure))) if failure.is_panic => true,
        (None, _) => !matches!(exit, ExitReason::Finished),
    }
}

fn failure_text(failure: &FailureMessage) -> String {
    let what = sanitize_line(&failure.what);
    if failure.is_panic { format!("panicked: {what}") } else { what }
}

fn after_failure(failure: &FailureMessage) -> AfterRun {
    if failure.is_retryable || failure.is_panic { AfterRun::TryAgain } else { AfterRun::GiveUp }
}

/// Returns an error and its causes in one sentence, for the run's reason.
pub(super) fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
