use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{Run, RunMode, RunState, RunTrigger};
use riser_runtime::{ProcessorState, ProcessorStatus, Progress};
use riser_store::RunLogCounts;

use super::problem_list::capitalised;
use super::processor_row::precise_duration;
use super::{Icon, StateMark};
use crate::current_user::CurrentUser;
use crate::wall_time::{Age, Moment, WallTime};

/// The heading of a run: its outcome in words, and its buttons.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/run_head.html")]
pub(crate) struct RunHead {
    pub(crate) run: i64,
    pub(crate) processor: i64,
    pub(crate) processor_name: String,
    pub(crate) title: String,
    pub(crate) mark: StateMark,
    /// Why it is in this state.
    pub(crate) reason: String,
    /// The time since its start, while it runs.
    pub(crate) running_for: Option<Age>,
    pub(crate) may_cancel: bool,
    pub(crate) may_run_again: bool,
    /// The run that is under way instead of this one.
    pub(crate) current_run: Option<i64>,
    pub(crate) csrf: String,
}

/// The progress of a run.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/run_progress.html")]
pub(crate) struct RunProgress {
    pub(crate) progress: Option<ShownProgress>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShownProgress {
    pub(crate) words: String,
    /// How many of how many, with the percentage; `None` if the number is not known.
    pub(crate) bar: Option<(u64, u64, u64)>,
}

/// The facts about a run, and its counts.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/run_facts.html")]
pub(crate) struct RunFacts {
    pub(crate) trigger: String,
    /// The time of the schedule that it is for.
    pub(crate) due: Option<Moment>,
    pub(crate) queued: Moment,
    pub(crate) started: Option<Moment>,
    pub(crate) ended: Option<Moment>,
    pub(crate) duration: Option<String>,
    pub(crate) class: String,
    pub(crate) mode: &'static str,
    pub(crate) library_sha256: Option<String>,
    pub(crate) lines: u64,
    pub(crate) warnings: u64,
    pub(crate) errors: u64,
}

impl HtmlSafe for RunHead {}
impl HtmlSafe for RunProgress {}
impl HtmlSafe for RunFacts {}

impl RunHead {
    pub(crate) fn new(run: &Run, processor: &ProcessorStatus, user: &CurrentUser, times: &WallTime) -> Self {
        let is_running = run.state == RunState::Running;
        let is_idle = matches!(processor.state, ProcessorState::Idle | ProcessorState::Unable { .. });
        let current = processor.last_run.as_ref().filter(|last| !last.state.is_over() && last.id != run.id);
        Self {
            run: run.id.0,
            processor: processor.configuration.0,
            processor_name: processor.name.clone(),
            title: outcome(run),
            mark: StateMark::of_run(run.state),
            reason: as_sentence(&run.reason),
            running_for: run.started_at.filter(|_| is_running).map(|at| times.age(at)),
            may_cancel: !run.state.is_over() && user.may_operate() && processor.manually_stoppable,
            may_run_again: run.state.is_over()
                && is_idle
                && user.may_operate()
                && processor.manually_startable,
            current_run: current.map(|current| current.id.0),
            csrf: user.csrf.clone(),
        }
    }
}

/// Returns the outcome in words.
fn outcome(run: &Run) -> String {
    let took =
        run.started_at.zip(run.ended_at).map(|(start, end)| precise_duration(end.since(start).as_millis()));
    match (run.state, took) {
        (RunState::Waiting, _) => "Waiting to start".to_owned(),
        (RunState::Running, _) => "Running".to_owned(),
        (RunState::Succeeded, Some(took)) => format!("Succeeded in {took}"),
        (RunState::Failed, Some(took)) => format!("Failed after {took}"),
        (RunState::Cancelled, Some(took)) => format!("Cancelled after {took}"),
        (RunState::TimedOut, Some(took)) => format!("Stopped after {took}: it took too long"),
        (RunState::Interrupted, Some(took)) => format!("Interrupted after {took}, when Riser ended"),
        (RunState::Skipped | RunState::Merged | RunState::Missed, _) => {
            format!("{}: this time of the schedule had no run", capitalised(run.state.as_str()))
        }
        (state, None) => format!("{} before it began", capitalised(state.as_str())),
    }
}

/// Returns a reason as a sentence; nothing for an empty one.
pub(crate) fn as_sentence(reason: &str) -> String {
    let reason = reason.trim_end_matches('.');
    if reason.is_empty() { String::new() } else { format!("{}.", capitalised(reason)) }
}

impl RunProgress {
    pub(crate) fn new(run: &Run, processor: &ProcessorStatus) -> Self {
        let is_current = processor.last_run.as_ref().is_some_and(|last| last.id == run.id);
        let progress = processor.progress.as_ref().filter(|_| is_current && run.state == RunState::Running);
        Self { progress: progress.map(ShownProgress::new) }
    }
}

impl ShownProgress {
    fn new(progress: &Progress) -> Self {
        let Progress { step, done, of } = progress;
        let step = capitalised(step);
        if *of == 0 {
            return Self { words: step, bar: None };
        }
        let percent = done.saturating_mul(100) / of;
        Self { words: format!("{step}, {done} of {of}"), bar: Some((*done.min(of), *of, percent.min(100))) }
    }
}

impl RunFacts {
    pub(crate) fn new(
        run: &Run,
        processor: &ProcessorStatus,
        counts: RunLogCounts,
        times: &WallTime,
    ) -> Self {
        let due = match run.trigger {
            RunTrigger::Schedule(due) => Some(due),
            _ => None,
        };
        let duration = run.started_at.zip(run.ended_at);
        Self {
            trigger: trigger_words(&run.trigger),
            due: due.map(|at| times.moment(at)),
            queued: times.moment(run.queued_at),
            started: run.started_at.map(|at| times.moment(at)),
            ended: run.ended_at.map(|at| times.moment(at)),
            duration: duration.map(|(start, end)| precise_duration(end.since(start).as_millis())),
            class: processor.class.to_string(),
            mode: mode_words(processor.mode),
            library_sha256: run.library_sha256.clone(),
            lines: counts.kept(),
            warnings: counts.warn,
            errors: counts.error,
        }
    }
}

/// Returns what started a run, in words.
pub(crate) fn trigger_words(trigger: &RunTrigger) -> String {
    match trigger {
        RunTrigger::Schedule(_) => "Its schedule".to_owned(),
        RunTrigger::HostStart => "The start of Riser".to_owned(),
        RunTrigger::Person(name) => format!("{name}, by hand"),
        RunTrigger::SetPoint => "A set point write".to_owned(),
        RunTrigger::Processor(name) => format!("The processor {name}"),
        RunTrigger::Restart => "A restart".to_owned(),
    }
}

pub(crate) const fn mode_words(mode: Option<RunMode>) -> &'static str {
    match mode {
        Some(RunMode::Scheduled) => "Scheduled",
        Some(RunMode::LongRunning) => "Long running",
        None => "Library not loaded",
    }
}
