//! Why a processor is not running, in one sentence.

use riser_domain::{ProcessorConfiguration, Timestamp};
use riser_runtime::{NotRunning, ProcessorStatus};

use super::moment::Moment;

/// Returns the reason; `None` while the processor runs.
pub(super) fn reason(
    status: &ProcessorStatus,
    configuration: Option<&ProcessorConfiguration>,
    now: Timestamp,
) -> Option<String> {
    let name = &status.name;
    let starts = if status.manually_startable {
        format!("`riser run {name:?}` starts it")
    } else {
        "it may not be started by hand".to_owned()
    };
    let words = |at| Moment(at).to_string();
    Some(match NotRunning::of(status, configuration, now)? {
        NotRunning::Disabled => "It is disabled: set active = true in its configuration.".to_owned(),
        NotRunning::Waiting { sentence } => format!("{sentence}."),
        NotRunning::Retrying { at, reason, .. } => {
            format!("It failed and starts again at {}: {reason}.", words(at))
        }
        NotRunning::Quarantined { since, reason } => format!(
            "It is quarantined since {} because it crashed too often, the last time: {reason}. `riser release \
             {name:?}` starts it again.",
            words(since)
        ),
        NotRunning::Unable { reason } => format!("It cannot run: {reason}."),
        NotRunning::Scheduled { at, is_due, failure } => {
            let begin = if is_due { "It is due by its schedule since" } else { "Its schedule starts it at" };
            let end = failure.map(|run| format!("; the last run {}", run.outcome(words)));
            format!("{begin} {}{}.", words(at), end.unwrap_or_default())
        }
        NotRunning::ScheduleOff => {
            format!("Its schedule is switched off (runs_on_schedule = false); {starts}.")
        }
        NotRunning::ScheduleEnded => format!("Its schedule has no further time; {starts}."),
        NotRunning::StartsSoon => "It starts in a moment, with Riser.".to_owned(),
        NotRunning::NotStarted { last_run: Some(run), is_long_running } => {
            let schedule = if is_long_running { "" } else { ", and it has no schedule" };
            format!("The last run {}{schedule}; {starts}.", run.outcome(words))
        }
        NotRunning::NotStarted { last_run: None, is_long_running: true } => {
            format!("It does not start with Riser (runs_at_start = false); {starts}.")
        }
        NotRunning::NotStarted { last_run: None, is_long_running: false } => {
            format!("It has no schedule and does not start with Riser; {starts}.")
        }
    })
}

#[cfg(test)]
mod tests {
    use riser_domain::{ClassId, ConfigurationId, EwsServerId, ProcessorFlags, RunId, RunState, ScheduleId};
    use riser_runtime::{LastRun, ProcessorState};

    use super::*;

    fn status(state: ProcessorState) -> ProcessorStatus {
        ProcessorStatus {
            configuration: ConfigurationId(1),
            name: "EVCE Setup".to_owned(),
            class: ClassId::parse("riser.evce/setup").unwrap(),
            mode: None,
            connection: None,
            ews_server: EwsServerId(1),
            state,
            last_run: None,
            schedule: None,
            next_run_at: None,
            progress: None,
            last_activity_at: None,
            manually_startable: true,
            manually_stoppable: true,
        }
    }

    fn configuration(schedule: Option<ScheduleId>, flags: ProcessorFlags) -> ProcessorConfiguration {
        ProcessorConfiguration {
            id: ConfigurationId(1),
            name: "EVCE Setup".to_owned(),
            class: ClassId::parse("riser.evce/setup").unwrap(),
            connection: None,
            ews_server: EwsServerId(1),
            schedule,
            flags,
            settings_json: "{}".to_owned(),
            secret_keys: Vec::new(),
            memory_limit_mib: 256,
        }
    }

    fn last(state: RunState, reason: &str) -> LastRun {
        LastRun { id: RunId(1), state, reason: reason.to_owned(), started_at: None, ended_at: None }
    }

    #[test]
    fn every_state_but_running_has_its_sentence() {
        let of = |state| reason(&status(state), None, Timestamp::EPOCH);
        assert_eq!(of(ProcessorState::Running { since: Timestamp::EPOCH }), None);
        for (state, expected) in [
            (ProcessorState::Inactive, "It is disabled"),
            (
                ProcessorState::WaitingFor {
                    configuration: None,
                    sentence: "Waiting for EVCE Setup, which has never succeeded".to_owned(),
                },
                "Waiting for EVCE Setup, which has never succeeded.",
            ),
            (
                ProcessorState::Retrying { attempt: 2, at: Timestamp::EPOCH, reason: "no route".to_owned() },
                "It failed and starts again at 19",
            ),
            (
                ProcessorState::Quarantined {
                    since: Timestamp::EPOCH,
                    reason: "ended with signal 11".to_owned(),
                },
                "It is quarantined since",
            ),
            (ProcessorState::Unable { reason: "no library".to_owned() }, "It cannot run: no library."),
        ] {
            let sentence = of(state).unwrap();
            assert!(sentence.starts_with(expected), "{sentence}");
        }
    }

    #[test]
    fn an_idle_processor_says_what_starts_it() {
        let plain = ProcessorFlags::default();
        let check = |schedule, flags, last_run, expected: &str| {
            let status = ProcessorStatus { last_run, ..status(ProcessorState::Idle) };
            let sentence = reason(&status, Some(&configuration(schedule, flags)), Timestamp::EPOCH).unwrap();
            assert_eq!(sentence, expected);
        };
        check(
            None,
            plain,
            None,
            "It has no schedule and does not start with Riser; `riser run \"EVCE Setup\"` starts it.",
        );
        check(
            None,
            ProcessorFlags { runs_at_start: true, ..plain },
            None,
            "It starts in a moment, with Riser.",
        );
        check(
            Some(ScheduleId(1)),
            ProcessorFlags { runs_on_schedule: false, ..plain },
            Some(last(RunState::Succeeded, "")),
            "Its schedule is switched off (runs_on_schedule = false); `riser run \"EVCE Setup\"` starts it.",
        );
        check(
            None,
            plain,
            Some(last(RunState::Cancelled, "stopped by anna")),
            "The last run was stopped by anna, and it has no schedule; `riser run \"EVCE Setup\"` starts it.",
        );
    }

    #[test]
    fn a_scheduled_processor_names_its_next_time_and_a_failure() {
        let second = Timestamp::from_unix_ms(1_000);
        let due = ProcessorStatus { next_run_at: Some(second), ..status(ProcessorState::Idle) };
        let sentence = reason(&due, None, Timestamp::EPOCH).unwrap();
        let shown = Moment(second).to_string();
        assert_eq!(sentence, format!("Its schedule starts it at {shown}."));
        let sentence = reason(&due, None, second).unwrap();
        assert_eq!(sentence, format!("It is due by its schedule since {shown}."));
        let failed = ProcessorStatus { last_run: Some(last(RunState::Failed, "login refused")), ..due };
        let sentence = reason(&failed, None, Timestamp::EPOCH).unwrap();
        assert!(sentence.ends_with("; the last run failed (login refused)."), "{sentence}");
    }
}
