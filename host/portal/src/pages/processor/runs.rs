//! The tab Runs.

use askama::Template;
use axum::extract::State;
use riser_domain::{Run, RunId, RunTrigger};
use serde::Deserialize;

use super::{Frame, Shown, Tab};
use crate::form::{PathOf, QueryOf};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{Icon, StateMark, as_sentence, precise_duration, trigger_words};
use crate::sessions::Viewer;
use crate::state::PortalState;
use crate::wall_time::{Moment, WallTime};

/// Runs on one page.
const PAGE_RUNS: usize = 50;

/// The runs of a processor, newest first.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/processor/runs.html")]
pub(crate) struct RunsTab {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) runs: Vec<RunLine>,
    pub(crate) older: Option<String>,
    pub(crate) newest: Option<String>,
}

/// A run in a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunLine {
    pub(crate) run: i64,
    pub(crate) mark: StateMark,
    pub(crate) trigger: String,
    pub(crate) due: Option<Moment>,
    pub(crate) started: Option<Moment>,
    pub(crate) lasted: Option<String>,
    pub(crate) reason: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RunsAddress {
    before: Option<i64>,
}

/// `GET /processors/{id}/runs`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    PathOf(id): PathOf<i64>,
    QueryOf(address): QueryOf<RunsAddress>,
) -> Result<Page<RunsTab>, PageError> {
    let shown = Shown::find(&portal, id)?;
    let before = RunId(address.before.unwrap_or(i64::MAX));
    let wanted = u32::try_from(PAGE_RUNS + 1).unwrap_or(u32::MAX);
    let mut runs = portal.runtime().store().list_runs_before(shown.configuration.id, before, wanted).await?;
    let has_more = runs.len() > PAGE_RUNS;
    runs.truncate(PAGE_RUNS);
    let path = shown.address(Tab::Runs);
    let older = runs.last().filter(|_| has_more).map(|run| format!("{path}?before={}", run.id.0));
    Ok(Page(RunsTab {
        frame: shown.frame(Tab::Runs, &signed_in.context.user, None),
        runs: runs.iter().map(|run| RunLine::new(run, &shown.times)).collect(),
        older,
        newest: address.before.is_some().then_some(path),
        layout: shown.layout(signed_in),
    }))
}

impl RunLine {
    pub(super) fn new(run: &Run, times: &WallTime) -> Self {
        let due = match run.trigger {
            RunTrigger::Schedule(due) => Some(times.moment(due)),
            _ => None,
        };
        let lasted = run.started_at.zip(run.ended_at);
        Self {
            run: run.id.0,
            mark: StateMark::of_run(run.state),
            trigger: trigger_words(&run.trigger),
            due,
            started: run.started_at.map(|at| times.moment(at)),
            lasted: lasted.map(|(start, end)| precise_duration(end.since(start).as_millis())),
            reason: as_sentence(&run.reason),
        }
    }
}
