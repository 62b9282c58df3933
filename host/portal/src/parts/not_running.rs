//! Why a processor is not running, in one sentence.

use riser_domain::ProcessorConfiguration;
use riser_runtime::{NotRunning, ProcessorStatus};

use super::run_head::as_sentence;
use crate::wall_time::WallTime;

/// Returns the reason; `None` while the processor runs.
pub(crate) fn not_running(
    status: &ProcessorStatus,
    configuration: &ProcessorConfiguration,
    times: &WallTime,
) -> Option<String> {
    let starts = if status.manually_startable {
        "Run now starts it"
    } else {
        "it may not be started by hand (Manually Startable is off)"
    };
    Some(match NotRunning::of(status, Some(configuration), times.now())? {
        NotRunning::Disabled => "It is disabled. Enable it, so that it can run.".to_owned(),
        NotRunning::Waiting { sentence } => as_sentence(&sentence),
        NotRunning::Retrying { attempt, at, reason } => {
            format!("It failed and starts again at {} (attempt {attempt}): {reason}.", times.words(at))
        }
        NotRunning::Quarantined { since, reason } => format!(
            "It crashed too often and is quarantined since {}; the last reason: {reason}. Release starts it again.",
            times.words(since)
        ),
        NotRunning::Unable { reason } => format!("It cannot run: {reason}."),
        NotRunning::Scheduled { at, is_due, failure } => {
            let begin = if is_due { "It is due by its schedule since" } else { "Its schedule starts it at" };
            let end = failure.map(|run| format!("; the last run {}", run.outcome(|at| times.words(at))));
            format!("{begin} {}{}.", times.words(at), end.unwrap_or_default())
        }
        NotRunning::ScheduleOff => {
            format!("Runs On Schedule is off, so its schedule starts nothing; {starts}.")
        }
        NotRunning::ScheduleEnded => format!("Its schedule has no further time; {starts}."),
        NotRunning::StartsSoon => "It starts in a moment, with Riser.".to_owned(),
        NotRunning::NotStarted { last_run: Some(run), is_long_running } => {
            let schedule = if is_long_running { "" } else { ", and it has no schedule" };
            format!("The last run {}{schedule}; {starts}.", run.outcome(|at| times.words(at)))
        }
        NotRunning::NotStarted { last_run: None, is_long_running: true } => {
            format!("Runs On Start is off, so it does not start with Riser; {starts}.")
        }
        NotRunning::NotStarted { last_run: None, is_long_running: false } => {
            format!("It has no schedule and does not start with Riser; {starts}.")
        }
    })
}

#[cfg(test)]
mod tests {
    use riser_calendar::Zone;
    use riser_domain::{
        ClassId, ConfigurationId, EwsServerId, ProcessorFlags, RunId, RunMode, RunState, ScheduleId,
        Timestamp,
    };
    use riser_runtime::{LastRun, ProcessorState};

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
