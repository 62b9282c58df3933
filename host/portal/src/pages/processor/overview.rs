//! The tab Processor: the state, the parts that it depends on, its problems and its latest runs.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::State;
use riser_domain::RunMode;
use riser_runtime::{ProcessorState, RaisedProblem};

use super::runs::RunLine;
use super::{Done, Frame, Shown, Tab};
use crate::form::{PathOf, QueryOf};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{Icon, ProblemList, StateMark, mode_words, progress_words};
use crate::sessions::Viewer;
use crate::state::PortalState;
use crate::wall_time::{Age, Moment};

/// Runs on the page.
const LATEST_RUNS: u32 = 5;

/// The state of a processor.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/processor/overview.html")]
pub(crate) struct OverviewTab {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) now: Now,
    pub(crate) about: About,
    pub(crate) runs: Vec<RunLine>,
}

/// The live part: figures, dependencies and problems.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/processor_now.html")]
pub(crate) struct Now {
    pub(crate) running_for: Option<Age>,
    pub(crate) progress: Option<String>,
    pub(crate) last_values: Option<Age>,
    pub(crate) next_run: Option<Moment>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) problems: Option<ProblemList>,
}

/// Something that the processor needs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) kind: String,
    pub(crate) mark: StateMark,
}

/// Facts that change only with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) class: String,
    pub(crate) purpose: String,
    pub(crate) mode: &'static str,
    pub(crate) library: String,
    pub(crate) ews_server: String,
    pub(crate) schedule: String,
    pub(crate) memory_limit_mib: u32,
}

impl HtmlSafe for Now {}

/// `GET /processors/{id}`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    PathOf(id): PathOf<i64>,
    QueryOf(done): QueryOf<Done>,
) -> Result<Page<OverviewTab>, PageError> {
    let shown = Shown::find(&portal, id)?;
    let runs = portal.runtime().store().list_runs_of(shown.configuration.id, LATEST_RUNS).await?;
    Ok(Page(OverviewTab {
        frame: shown.frame(Tab::Processor, &signed_in.context.user, done.notice()),
        now: Now::new(&shown),
        about: About::new(&shown),
        runs: runs.iter().map(|run| RunLine::new(run, &shown.times)).collect(),
        layout: shown.layout(signed_in),
    }))
}

impl Now {
    pub(super) fn new(shown: &Shown<'_>) -> Self {
        let Shown { status, times, system, configuration, .. } = shown;
        let is_running = matches!(status.state, ProcessorState::Running { .. });
        let own = |problem: &&RaisedProblem| problem.configuration == Some(configuration.id);
        let problems: Vec<RaisedProblem> = system.problems.iter().filter(own).cloned().collect();
        Self {
            running_for: match status.state {
                ProcessorState::Running { since } => Some(times.age(since)),
                _ => None,
            },
            progress: status.progress.as_ref().map(progress_words),
            last_values: status.last_activity_at.map(|at| times.age(at)),
            next_run: status.next_run_at.filter(|_| !is_running).map(|at| times.moment(at)),
            dependencies: dependencies(shown),
            problems: (!problems.is_empty()).then(|| ProblemList::new(&problems, times)),
        }
    }
}

fn dependencies(shown: &Shown<'_>) -> Vec<Dependency> {
    let Shown { system, configuration, .. } = shown;
    let mut dependencies = Vec::new();
    if let Some(connection) =
        system.connections.iter().find(|it| Some(it.connection) == configuration.connection)
    {
        dependencies.push(Dependency {
            name: connection.name.clone(),
            href: "/connections".to_owned(),
            kind: format!("Connection, {}", connection.sentence),
            mark: StateMark::of_link(connection.state),
        });
    }
    let required = shown.class().and_then(|class| class.requires.clone());
    let of_class = |class: &str| {
        shown.whole.processors.iter().find(|it| {
            it.class.class == class
                && it.class.plugin == configuration.class.plugin
                && it.ews_server == configuration.ews_server
                && it.connection == configuration.connection
        })
    };
    if let Some(required) = required.as_deref().and_then(of_class) {
        let is_waiting = matches!(shown.status.state, ProcessorState::WaitingFor { .. });
        dependencies.push(Dependency {
            name: required.name.clone(),
            href: format!("/processors/{}", required.id.0),
            kind: "Must have succeeded once".to_owned(),
            mark: if is_waiting {
                StateMark::new("", Icon::Waiting, "Not yet")
            } else {
                StateMark::new("good", Icon::Good, "Met")
            },
        });
    }
    dependencies
}

impl About {
    fn new(shown: &Shown<'_>) -> Self {
        let Shown { configuration, whole, library, status, .. } = shown;
        let class = shown.class();
        let server = whole.ews_servers.iter().find(|it| it.id == configuration.ews_server);
        let schedule = whole.schedules.iter().find(|it| Some(it.id) == configuration.schedule);
        Self {
            class: class.map_or_else(|| configuration.class.to_string(), |class| class.name.clone()),
            purpose: class.map(|class| class.about.clone()).unwrap_or_default(),
            mode: mode_words(status.mode),
            library: library
                .as_ref()
                .map(|it| format!("{} {}", it.description.name, it.description.version))
                .unwrap_or_default(),
            ews_server: server.map(|server| server.name.clone()).unwrap_or_default(),
            schedule: match (schedule, status.mode) {
                (Some(schedule), _) => schedule.name.clone(),
                (None, Some(RunMode::LongRunning)) => "needs none".to_owned(),
                (None, _) => "—".to_owned(),
            },
            memory_limit_mib: configuration.memory_limit_mib,
        }
    }
}
