//! Why a processor is not running, in one sentence.

use riser_domain::{ProcessorConfiguration, RunMode, RunState};
use riser_runtime::{LastRun, ProcessorState, ProcessorStatus};

use super::run_head::as_sentence;
use crate::wall_time::WallTime;

/// Returns the reason; `None` while the processor runs.
pub(crate) fn not_running(
    status: &ProcessorStatus,
    configuration: &ProcessorConfiguration,
    times: &WallTime,
) -> Option<String> {
    Some(match &status.state {
        ProcessorState::Running { .. } => return None,
        ProcessorState::Inactive => "It is disabled. Enable it, so that it can run.".to_owned(),
        ProcessorState::WaitingFor { sentence, .. } => as_sentence(sentence),
        ProcessorState::Retrying { attempt, at, reason } => {
            format!("It failed and starts again at {} (attempt {attempt}): {reason}.", times.words(*at))
        }
        ProcessorState::Quarantined { since, reason } => format!(
            "It crashed too often and is quarantined since {}; the last reason: {reason}. Release starts it again.",
            times.words(*since)
        ),
        ProcessorState::Unable { reason } => format!("It cannot run: {reason}."),
        ProcessorState::Idle => idle(status, configuration, times),
    })
}

fn idle(status: &ProcessorStatus, configuration: &ProcessorConfiguration, times: &WallTime) -> String {
    let last_run = status.last_run.as_ref().filter(|run| run.state.is_over());
    if let Some(at) = status.next_run_at {
        let failed = last_run.filter(|run| !matches!(run.state, RunState::Succeeded | RunState::Cancelled));
        let next = if at <= times.now() {
            format!("It is due by its schedule since {}", times.words(at))
        } else {
            format!("Its schedule starts it at {}", times.words(at))
        };
        return match failed {
            Some(run) => format!("{next}; the last run {}.", outcome(run, times)),
            None => format!("{next}."),
        };
    }
    let starts = if status.manually_startable {
        "Run now starts it"
    } else {
        "it may not be started by hand (Manually Startable is off)"
    };
    let flags = configuration.flags;
    let is_scheduled = configuration.schedule.is_some();
    match last_run {
        _ if is_scheduled && !flags.runs_on_schedule => {
            format!("Runs On Schedule is off, so its schedule starts nothing; {starts}.")
        }
        _ if is_scheduled => format!("Its schedule has no further time; {starts}."),
        Some(run) if status.mode == Some(RunMode::LongRunning) => {
            format!("The last run {}; {starts}.", outcome(run, times))
        }
        Some(run) => format!("The last run {}, and it has no schedule; {starts}.", outcome(run, times)),
        None if flags.runs_at_start => "It starts in a moment, with Riser.".to_owned(),
        None if status.mode == Some(RunMode::LongRunning) => {
            format!("Runs On Start is off, so it does not start with Riser; {starts}.")
        }
        None => format!("It has no schedule and does not start with Riser; {starts}."),
    }
}

fn outcome(run: &LastRun, times: &WallTime) -> String {
    let at = run.ended_at.map(|at| format!(" at {}", times.words(at))).unwrap_or_default();
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
    use riser_calendar::Zone;
    use riser_domain::{ClassId, ConfigurationId, EwsServerId, ProcessorFlags, RunId, ScheduleId, Timestamp};

    use super::*;

    fn status(state: ProcessorState) -> ProcessorStatus {
        ProcessorStatus {
            configuration: ConfigurationId(1),
            name: "EVCE Setup".to_owned(),
            class: ClassId::parse("riser.evce/setup").unwrap(),
            mode: Some(RunMode::Scheduled),
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

    fn sentence(status: &ProcessorStatus, configuration: &ProcessorConfiguration) -> Option<String> {
        let now = Timestamp::from_unix_ms(1_805_972_400_000);
        not_running(status, configuration, &WallTime::for_page(Zone::utc(), now))
    }

    #[test]
    fn every_state_but_running_has_its_sentence() {
        let flags = ProcessorFlags::default();
        let of = |state| sentence(&status(state), &configuration(None, flags));
        let at = Timestamp::from_unix_ms(1_805_972_408_000);
        assert_eq!(of(ProcessorState::Running { since: Timestamp::EPOCH }), None);
        let waiting = "waiting for EVCE Setup, which has never succeeded".to_owned();
        for (state, expected) in [
            (ProcessorState::Inactive, "It is disabled. Enable it, so that it can run."),
            (
                ProcessorState::WaitingFor { configuration: None, sentence: waiting },
                "Waiting for EVCE Setup, which has never succeeded.",
            ),
            (
                ProcessorState::Retrying { attempt: 2, at, reason: "no route".to_owned() },
                "It failed and starts again at 11:00:08 (attempt 2): no route.",
            ),
            (ProcessorState::Unable { reason: "no library".to_owned() }, "It cannot run: no library."),
            (ProcessorState::Idle, "It has no schedule and does not start with Riser; Run now starts it."),
        ] {
            assert_eq!(of(state).unwrap(), expected);
        }
    }

    #[test]
    fn an_idle_processor_names_the_flag_or_the_time_that_decides() {
        let plain = ProcessorFlags::default();
        let off = ProcessorFlags { runs_on_schedule: false, ..plain };
        let idle = status(ProcessorState::Idle);
        assert_eq!(
            sentence(&idle, &configuration(Some(ScheduleId(1)), off)).unwrap(),
            "Runs On Schedule is off, so its schedule starts nothing; Run now starts it."
        );
        let by_hand = ProcessorStatus { manually_startable: false, ..idle.clone() };
        assert_eq!(
            sentence(&by_hand, &configuration(Some(ScheduleId(1)), plain)).unwrap(),
            "Its schedule has no further time; it may not be started by hand (Manually Startable is off)."
        );
        let last_run = Some(LastRun {
            id: RunId(1),
            state: RunState::Failed,
            reason: "login refused".to_owned(),
            started_at: None,
            ended_at: None,
        });
        let next_run_at = Some(Timestamp::from_unix_ms(1_805_972_460_000));
        let due = ProcessorStatus { last_run, next_run_at, ..idle };
        assert_eq!(
            sentence(&due, &configuration(Some(ScheduleId(1)), plain)).unwrap(),
            "Its schedule starts it at 11:01:00; the last run failed (login refused)."
        );
    }
}
