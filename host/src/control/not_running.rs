//! Why a processor is not running, in one sentence.

use riser_domain::{ProcessorConfiguration, RunState, Timestamp};
use riser_runtime::{LastRun, ProcessorState, ProcessorStatus};

use super::moment::Moment;

/// Returns the reason; `None` while the processor runs.
pub(super) fn reason(
    status: &ProcessorStatus,
    configuration: Option<&ProcessorConfiguration>,
    now: Timestamp,
) -> Option<String> {
    Some(match &status.state {
        ProcessorState::Running { .. } => return None,
        ProcessorState::Inactive => "It is disabled: set active = true in its configuration.".to_owned(),
        ProcessorState::WaitingFor { sentence, .. } => format!("{sentence}."),
        ProcessorState::Retrying { at, reason, .. } => {
            format!("It failed and starts again at {}: {reason}.", Moment(*at))
        }
        ProcessorState::Quarantined { since, reason } => format!(
            "It is quarantined since {} because it crashed too often, the last time: {reason}. `riser release {:?}` \
             starts it again.",
            Moment(*since),
            status.name
        ),
        ProcessorState::Unable { reason } => format!("It cannot run: {reason}."),
        ProcessorState::Idle => idle(status, configuration, now),
    })
}

fn idle(status: &ProcessorStatus, configuration: Option<&ProcessorConfiguration>, now: Timestamp) -> String {
    let last_run = status.last_run.as_ref().filter(|run| run.state.is_over());
    if let Some(at) = status.next_run_at {
        let failed = last_run.filter(|run| !matches!(run.state, RunState::Succeeded | RunState::Cancelled));
        let next = if at <= now {
            format!("It is due by its schedule since {}", Moment(at))
        } else {
            format!("Its schedule starts it at {}", Moment(at))
        };
        return match failed {
            Some(run) => format!("{next}; the last run {}.", outcome(run)),
            None => format!("{next}."),
        };
    }
    let starts = if status.manually_startable {
        format!("`riser run {:?}` starts it", status.name)
    } else {
        "it may not be started by hand".to_owned()
    };
    let flags = configuration.map(|configuration| configuration.flags);
    let has_schedule = configuration.is_some_and(|configuration| configuration.schedule.is_some());
    match last_run {
        _ if has_schedule && flags.is_some_and(|flags| !flags.runs_on_schedule) => {
            format!("Its schedule is switched off (runs_on_schedule = false); {starts}.")
        }
        _ if has_schedule => format!("Its schedule has no further time; {starts}."),
        Some(run) => format!("The last run {}, and it has no schedule; {starts}.", outcome(run)),
        None if flags.is_some_and(|flags| flags.runs_at_start) => {
            "It starts in a moment, with Riser.".to_owned()
        }
        None => format!("It has no schedule and does not start with Riser; {starts}."),
    }
}

fn outcome(run: &LastRun) -> String {
    let at = run.ended_at.map(|at| format!(" at {}", Moment(at))).unwrap_or_default();
    match run.state {
        RunState::Succeeded => format!("succeeded{at}"),
        RunState::Failed => format!("failed{at} ({})", run.reason),
        // The reason begins with "stopped by".
        RunState::Cancelled => format!("was {}{at}", run.reason),
        RunState::TimedOut => format!("took too long and was ended{at}"),
        RunState::Interrupted => "ended together with Riser".to_owned(),
        RunState::Waiting | RunState::Running | RunState::Skipped | RunState::Merged | RunState::Missed => {
            run.state.as_str().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use riser_domain::{ClassId, ConfigurationId, EwsServerId, ProcessorFlags, RunId, ScheduleId};

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
