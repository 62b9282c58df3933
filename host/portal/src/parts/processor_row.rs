use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{ConfigurationId, RunMode, RunState, Timestamp};
use riser_runtime::{LastRun, ProcessorState, ProcessorStatus, Progress};

use super::problem_list::capitalised;
use super::{Icon, StateMark};
use crate::current_user::CurrentUser;
use crate::system_status::SystemStatus;
use crate::wall_time::{Age, Moment, WallTime, duration_words};

/// A processor with its state and the buttons that the current user may press.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/processor_row.html")]
pub(crate) struct ProcessorRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// Mode and class, such as `Scheduled, riser.evce/setup`.
    pub(crate) kind: String,
    pub(crate) mark: StateMark,
    pub(crate) detail: String,
    /// The age of the last values, shown after the detail.
    pub(crate) activity: Option<Age>,
    /// The current run, or the last one.
    pub(crate) run: Option<i64>,
    pub(crate) next_run: Option<NextRun>,
    /// The name and the rule of its schedule, such as `Night: 0 2 * * *; zone Europe/Paris`.
    pub(crate) schedule: Option<String>,
    pub(crate) actions: Vec<Action>,
    pub(crate) csrf: String,
}

/// The next run by schedule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NextRun {
    /// In lower case.
    pub(crate) label: &'static str,
    pub(crate) at: Moment,
}

impl NextRun {
    /// A time that has been reached is not one to come: the run is about to begin, or cannot begin yet.
    pub(crate) fn new(at: Timestamp, times: &WallTime) -> Self {
        Self { label: if at <= times.now() { "due since" } else { "next run" }, at: times.moment(at) }
    }

    fn capitalised_label(&self) -> String {
        capitalised(self.label)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Action {
    pub(crate) target: i64,
    pub(crate) verb: &'static str,
    pub(crate) icon: Icon,
    pub(crate) label: String,
    /// The label with the name of the processor, for screen readers.
    pub(crate) full_label: String,
}

impl HtmlSafe for ProcessorRow {}

impl ProcessorRow {
    pub(crate) fn new(
        status: &ProcessorStatus,
        system: &SystemStatus,
        user: &CurrentUser,
        times: &WallTime,
    ) -> Self {
        let mode = match status.mode {
            Some(RunMode::Scheduled) => "Scheduled",
            Some(RunMode::LongRunning) => "Long running",
            None => "Library not loaded",
        };
        let (mark, detail) = in_words(status, times);
        let is_running = matches!(status.state, ProcessorState::Running { .. });
        Self {
            id: status.configuration.0,
            name: status.name.clone(),
            kind: format!("{mode}, {}", status.class),
            mark,
            detail,
            activity: status.last_activity_at.filter(|_| is_running).map(|at| times.age(at)),
            run: status.last_run.as_ref().map(|run| run.id.0),
            next_run: status.next_run_at.filter(|_| !is_running).map(|at| NextRun::new(at, times)),
            schedule: status
                .schedule
                .as_ref()
                .map(|schedule| format!("{}: {}", schedule.name, schedule.rule)),
            actions: if user.may_operate() { actions(status, system) } else { Vec::new() },
            csrf: user.csrf.clone(),
        }
    }
}

pub(crate) fn in_words(status: &ProcessorStatus, times: &WallTime) -> (StateMark, String) {
    match &status.state {
        ProcessorState::Inactive => {
            (StateMark::new("off", Icon::Disabled, "Disabled"), "Disabled, so it never runs.".to_owned())
        }
        ProcessorState::Idle => {
            status.last_run.as_ref().map_or_else(|| never_ran(status), |run| last_result(run, times))
        }
        ProcessorState::WaitingFor { sentence, .. } => {
            (StateMark::new("", Icon::Waiting, "Waiting"), capitalised(sentence))
        }
        ProcessorState::Running { since } => {
            let progress =
                status.progress.as_ref().map_or_else(String::new, |progress| progress_words(progress) + ", ");
            let since = format!("{progress}since {}", times.words(*since));
            (StateMark::new("run", Icon::Running, "Running"), capitalised(&since))
        }
        ProcessorState::Retrying { attempt, at, reason } => (
            StateMark::new("warn", Icon::Retrying, "Retrying"),
            format!("Attempt {attempt} at {}: {reason}", times.words(*at)),
        ),
        ProcessorState::Quarantined { since, reason } => (
            StateMark::new("alarm", Icon::Failed, "Quarantined"),
            format!("Crashed too often, not started since {}. Last reason: {reason}", times.words(*since)),
        ),
        ProcessorState::Unable { reason } => {
            (StateMark::new("alarm", Icon::Failed, "Cannot run"), capitalised(reason))
        }
    }
}

fn never_ran(status: &ProcessorStatus) -> (StateMark, String) {
    let detail =
        if status.next_run_at.is_some() { "Has not run yet." } else { "Runs only when started by hand." };
    (StateMark::new("off", Icon::None, "Never ran"), detail.to_owned())
}

fn last_result(run: &LastRun, times: &WallTime) -> (StateMark, String) {
    let ended = run.ended_at.or(run.started_at).map_or_else(String::new, |at| times.words(at));
    let took = match (run.started_at, run.ended_at, run.state) {
        (Some(start), Some(end), RunState::Succeeded) => {
            format!(", took {}", precise_duration(end.since(start).as_millis()))
        }
        _ => String::new(),
    };
    let reason = if run.reason.is_empty() { String::new() } else { format!(": {}", run.reason) };
    (StateMark::of_run(run.state), format!("{ended}{took}{reason}"))
}

/// Returns tenths of a second below a minute, such as `0.4 s`, and whole units above.
pub(crate) fn precise_duration(ms: u128) -> String {
    if ms < 60_000 {
        format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
    } else {
        duration_words(std::time::Duration::from_secs(u64::try_from(ms / 1_000).unwrap_or(u64::MAX)))
    }
}

pub(crate) fn progress_words(progress: &Progress) -> String {
    if progress.of == 0 {
        progress.step.clone()
    } else {
        format!("{}, {} of {}", progress.step, progress.done, progress.of)
    }
}

pub(crate) fn actions(status: &ProcessorStatus, system: &SystemStatus) -> Vec<Action> {
    match &status.state {
        ProcessorState::Inactive => Vec::new(),
        ProcessorState::Running { .. } | ProcessorState::Retrying { .. } => {
            status.manually_stoppable.then(|| stop(status)).into_iter().collect()
        }
        ProcessorState::WaitingFor { configuration, .. } => {
            configuration.and_then(|id| run_instead(id, system)).into_iter().collect()
        }
        ProcessorState::Quarantined { .. } => vec![release(status)],
        ProcessorState::Idle | ProcessorState::Unable { .. } => {
            status.manually_startable.then(|| run(status)).into_iter().collect()
        }
    }
}

fn run(status: &ProcessorStatus) -> Action {
    Action {
        target: status.configuration.0,
        verb: "run",
        icon: Icon::Play,
        label: "Run now".to_owned(),
        // A person who speaks to the browser says the visible words.
        full_label: format!("Run now: {}", status.name),
    }
}

fn stop(status: &ProcessorStatus) -> Action {
    Action {
        target: status.configuration.0,
        verb: "stop",
        icon: Icon::Stop,
        label: "Stop".to_owned(),
        full_label: format!("Stop {}", status.name),
    }
}

fn release(status: &ProcessorStatus) -> Action {
    Action {
        target: status.configuration.0,
        verb: "release",
        icon: Icon::Play,
        label: "Release".to_owned(),
        full_label: format!("Release {} and start it", status.name),
    }
}

/// Returns the button that ends a wait: it runs the awaited processor, unless that is running already.
fn run_instead(id: ConfigurationId, system: &SystemStatus) -> Option<Action> {
    let awaited = system.processor(id)?;
    let can_start = awaited.manually_startable
        && matches!(awaited.state, ProcessorState::Idle | ProcessorState::Unable { .. });
    let label = format!("Run {} now", awaited.name);
    can_start.then(|| Action { full_label: label.clone(), label, ..run(awaited) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use riser_calendar::Zone;

    use super::*;

    #[test]
    fn a_time_that_is_reached_is_due_and_not_to_come() {
        let now = Timestamp::from_unix_ms(1_805_972_400_000);
        let times = WallTime::for_page(Zone::utc(), now);
        let label = |at| NextRun::new(at, &times).label;
        assert_eq!(label(now.plus(Duration::from_millis(1))), "next run");
        assert_eq!((label(now), label(now.minus(Duration::from_hours(1)))), ("due since", "due since"));
    }
}
