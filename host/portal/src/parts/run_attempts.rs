use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{Run, RunId, RunState};

use super::StateMark;
use super::processor_row::precise_duration;
use super::run_head::as_sentence;
use crate::wall_time::{Age, Moment, WallTime};

/// The attempts at the same work, with the gaps between them. Empty for a run without retries.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/run_attempts.html")]
pub(crate) struct RunAttempts {
    pub(crate) rows: Vec<AttemptRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AttemptRow {
    /// The gap before it, such as `28.0 s`.
    pub(crate) gap: Option<String>,
    pub(crate) number: usize,
    pub(crate) run: i64,
    pub(crate) is_shown_run: bool,
    pub(crate) mark: StateMark,
    pub(crate) started: Option<Moment>,
    pub(crate) lasted: Option<String>,
    /// The time since its start, while it runs.
    pub(crate) running_for: Option<Age>,
    pub(crate) reason: String,
}

impl HtmlSafe for RunAttempts {}

impl RunAttempts {
    /// Shows attempts in their order. `shown` is the run of the page.
    pub(crate) fn new(attempts: &[Run], shown: RunId, times: &WallTime) -> Self {
        if attempts.len() < 2 {
            return Self { rows: Vec::new() };
        }
        let mut ended_before = None;
        let rows = attempts.iter().enumerate().map(|(index, run)| {
            let gap = ended_before.zip(run.started_at);
            ended_before = run.ended_at;
            let lasted = run.started_at.zip(run.ended_at);
            AttemptRow {
                gap: gap.map(|(end, start)| precise_duration(start.since(end).as_millis())),
                number: index + 1,
                run: run.id.0,
                is_shown_run: run.id == shown,
                mark: StateMark::of_run(run.state),
                started: run.started_at.map(|at| times.moment(at)),
                lasted: lasted.map(|(start, end)| precise_duration(end.since(start).as_millis())),
                running_for: run
                    .started_at
                    .filter(|_| run.state == RunState::Running)
                    .map(|at| times.age(at)),
                reason: as_sentence(&run.reason),
            }
        });
        Self { rows: rows.collect() }
    }
}
