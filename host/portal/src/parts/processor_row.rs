use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{ConfigurationId, RunMode, RunState};
use riser_runtime::{LastRun, ProcessorState, ProcessorStatus, Progress};

use super::StateMark;
use super::problem_list::capitalised;
use crate::reader::Reader;
use crate::standing::Standing;
use crate::wall_time::{Age, Moment, WallTime, duration_words};

/// A processor in words, with what a person may do about it.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/processor_row.html")]
pub(crate) struct ProcessorRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// `Scheduled, riser.evce/setup`.
    pub(crate) kind: String,
    pub(crate) mark: StateMark,
    pub(crate) detail: String,
    /// Told after the detail: how long ago it last brought something.
    pub(crate) activity: Option<Age>,
    pub(crate) next_run: Option<Moment>,
    pub(crate) actions: Vec<Action>,
    pub(crate) csrf: String,
}

/// A button of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Action {
    pub(crate) target: i64,
    pub(crate) verb: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) label: String,
    /// The label with the name of the processor, for those who do not see the row.
    pub(crate) full_label: String,
}

impl HtmlSafe for ProcessorRow {}

impl ProcessorRow {
    pub(crate) fn new(
        status: &ProcessorStatus,
        standing: &Standing,
        reader: &Reader,
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
            next_run: status.next_run_at.filter(|_| !is_running).map(|at| times.moment(at)),
            actions: if reader.may_operate() { actions(status, standing) } else { Vec::new() },
            csrf: reader.csrf.clone(),
        }
    }
}

fn in_words(status: &ProcessorStatus, times: &WallTime) -> (StateMark, String) {
    match &status.state {
        ProcessorState::Inactive => {
            (StateMark::new("off", "disabled", "Disabled"), "Switched off, so it never runs.".to_owned())
        }
        ProcessorState::Idle => {
            status.last_run.as_ref().map_or_else(|| never_ran(status), |run| last_result(run, times))
        }
        ProcessorState::WaitingFor { sentence, .. } => {
            (StateMark::new("", "waiting", "Waiting"), capitalised(sentence))
        }
        ProcessorState::Running { since } => {
            let progress =
                status.progress.as_ref().map_or_else(String::new, |progress| progress_words(progress) + ", ");
            let since = format!("{progress}since {}", times.words(*since));
            (StateMark::new("run", "running", "Running"), capitalised(&since))
        }
        ProcessorState::Retrying { attempt, at, reason } => (
            StateMark::new("warn", "retrying", "Retrying"),
            format!("Attempt {attempt} at {}: {reason}", times.words(*at)),
        ),
        ProcessorState::Unable { reason } => {
            (StateMark::new("alarm", "failed", "Cannot run"), capitalised(reason))
        }
    }
}

fn never_ran(status: &ProcessorStatus) -> (StateMark, String) {
    let detail =
        if status.next_run_at.is_some() { "Has not run yet." } else { "Runs when someone starts it." };
    (StateMark::new("off", "none", "Never ran"), detail.to_owned())
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

/// `0.4 s` below a minute, in words above.
fn precise_duration(ms: u128) -> String {
    if ms < 60_000 {
        format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
    } else {
        duration_words(std::time::Duration::from_secs(u64::try_from(ms / 1_000).unwrap_or(u64::MAX)))
    }
}

fn progress_words(progress: &Progress) -> String {
    if progress.of == 0 {
        progress.step.clone()
    } else {
        format!("{}, {} of {}", progress.step, progress.done, progress.of)
    }
}

fn actions(status: &ProcessorStatus, standing: &Standing) -> Vec<Action> {
    match &status.state {
        ProcessorState::Inactive => Vec::new(),
        ProcessorState::Running { .. } | ProcessorState::Retrying { .. } => {
            status.manually_stoppable.then(|| stop(status)).into_iter().collect()
        }
        ProcessorState::WaitingFor { configuration, .. } => {
            configuration.and_then(|id| run_instead(id, standing)).into_iter().collect()
        }
        ProcessorState::Idle | ProcessorState::Unable { .. } => {
            status.manually_startable.then(|| run(status, "Run now")).into_iter().collect()
        }
    }
}

fn run(status: &ProcessorStatus, label: &str) -> Action {
    Action {
        target: status.configuration.0,
        verb: "run",
        icon: "play",
        label: label.to_owned(),
        full_label: format!("Run {} now", status.name),
    }
}

fn stop(status: &ProcessorStatus) -> Action {
    Action {
        target: status.configuration.0,
        verb: "stop",
        icon: "stop",
        label: "Stop".to_owned(),
        full_label: format!("Stop {}", status.name),
    }
}

/// The button that ends a wait: it runs what is waited for, unless that runs already.
fn run_instead(id: ConfigurationId, standing: &Standing) -> Option<Action> {
    let awaited = standing.processor(id)?;
    let can_start = awaited.manually_startable
        && matches!(awaited.state, ProcessorState::Idle | ProcessorState::Unable { .. });
    can_start.then(|| run(awaited, &format!("Run {} now", awaited.name)))
}
