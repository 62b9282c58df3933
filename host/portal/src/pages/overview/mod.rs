//! The overview: shows whether data flows, and if not, where it stops. Its panels are beside this file.

mod latest_changes;
pub(crate) mod power;
mod upcoming_runs;

use std::time::Duration;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::State;
use axum::response::IntoResponse;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use riser_domain::RunMode;
use riser_runtime::{Change, EwsServerStatus, HostFacts, LinkState, ProcessorState};
use riser_store::AuditEntry;

use crate::current_user::CurrentUser;
use crate::form::QueryOf;
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{DataPath, Icon, ProblemList, ProcessorRow, SetPointList, capitalised};
use crate::sessions::{SignedIn, Viewer};
use crate::state::PortalState;
use crate::system_status::SystemStatus;
use crate::wall_time::{Moment, WallTime};

#[cfg(test)]
pub(crate) use self::latest_changes::LatestChange;
pub(crate) use self::latest_changes::LatestChanges;
use self::power::PowerAddress;
pub(crate) use self::power::PowerPanel;
#[cfg(test)]
pub(crate) use self::power::{PowerChoice, PowerValue};
use self::upcoming_runs::UpcomingRuns;

#[derive(Clone, Debug, Template)]
#[template(path = "pages/overview.html")]
pub(crate) struct OverviewPage {
    pub(crate) layout: PageLayout,
    pub(crate) headline: Headline,
    /// Shown while no processor is configured.
    pub(crate) first_steps: Option<FirstSteps>,
    pub(crate) path: DataPath,
    pub(crate) problems: ProblemList,
    pub(crate) processors: Vec<ProcessorRow>,
    pub(crate) upcoming: UpcomingRuns,
    pub(crate) panels: OverviewPanels,
    pub(crate) servers: Vec<ShownServer>,
    pub(crate) host: HostPanel,
}

/// The panels that need more than the status of the system.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OverviewPanels {
    /// `None` while no value has a unit of power.
    pub(crate) power: Option<PowerPanel>,
    pub(crate) set_points: SetPointList,
    pub(crate) changes: LatestChanges,
}

/// The heading: the state of the system in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/headline.html")]
pub(crate) struct Headline {
    pub(crate) title: String,
    pub(crate) detail: String,
}

/// The command that applies the first configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FirstSteps {
    pub(crate) file: &'static str,
    pub(crate) command: String,
    /// The person may add processors on pages.
    pub(crate) may_add: bool,
}

/// An EWS server with its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShownServer {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) address: String,
}

/// Facts about this host.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/host_panel.html")]
pub(crate) struct HostPanel {
    pub(crate) since: Moment,
    pub(crate) workers: usize,
    pub(crate) items: usize,
    pub(crate) version: &'static str,
    pub(crate) data_dir: String,
}

impl HtmlSafe for Headline {}
impl HtmlSafe for HostPanel {}

/// `GET /`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(address): QueryOf<PowerAddress>,
) -> Page<OverviewPage> {
    let times = portal.times_of_page();
    let system = portal.system_status();
    let panels = OverviewPanels {
        power: PowerPanel::new(&portal, &address, &times),
        set_points: portal.set_points(&times),
        changes: LatestChanges::new(LatestChanges::read(&portal).await.as_deref(), &times),
    };
    Page(OverviewPage::new(&portal.site_name(), signed_in, &system, panels, &times))
}

/// `GET /events/overview`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(power): QueryOf<PowerAddress>,
) -> Result<impl IntoResponse, PageError> {
    let page = LiveOverview { user: signed_in.context.user.clone(), power, changes: None };
    live::follow(portal, &signed_in, Box::new(page))
}

struct LiveOverview {
    user: CurrentUser,
    power: PowerAddress,
    changes: Option<Vec<AuditEntry>>,
}

impl LivePage for LiveOverview {
    fn is_reshaped_by(&self, change: &Change) -> bool {
        matches!(change, Change::Tree(_))
    }

    fn load<'a>(&'a mut self, update: &'a LiveUpdate<'_>) -> BoxFuture<'a, Result<(), ShapeChanged>> {
        async move {
            if update.system().is_some() {
                self.changes = LatestChanges::read(update.portal).await;
            }
            Ok(())
        }
        .boxed()
    }

    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        let times = &update.times;
        if let Some(system) = update.system() {
            parts.add("headline", &Headline::new(system, times));
            parts.add("path", &DataPath::new(system, times));
            parts.add("problems", &ProblemList::new(&system.problems, times));
            parts.add("host", &HostPanel::new(&system.facts, times));
            parts.add("upcoming-runs", &UpcomingRuns::new(system, times));
            parts.add("latest-changes", &LatestChanges::new(self.changes.as_deref(), times));
            for row in processor_rows(system, &self.user, times) {
                parts.add(format!("processor-{}", row.id), &row);
            }
        }
        if update.has_changed_writes() {
            parts.add("set-points", &update.portal.set_points(times));
        }
        let is_changed = |point| update.has_changed(point);
        for value in PowerPanel::present_values(update.portal, &self.power, times, is_changed) {
            parts.add(format!("power-{}", value.row.handle), &value);
        }
        Ok(())
    }
}

impl OverviewPage {
    pub(crate) fn new(
        site_name: &str,
        signed_in: SignedIn,
        system: &SystemStatus,
        panels: OverviewPanels,
        times: &WallTime,
    ) -> Self {
        let user = signed_in.context.user.clone();
        Self {
            headline: Headline::new(system, times),
            first_steps: system.is_empty().then(|| FirstSteps::new(&system.facts, &user)),
            path: DataPath::new(system, times),
            problems: ProblemList::new(&system.problems, times),
            processors: processor_rows(system, &user, times),
            upcoming: UpcomingRuns::new(system, times),
            panels,
            servers: system.servers.iter().map(ShownServer::new).collect(),
            host: HostPanel::new(&system.facts, times),
            layout: PageLayout::new(MenuEntry::Overview, site_name, signed_in.context, system, times),
        }
    }

    /// Returns the address of the page's events.
    fn events(&self) -> String {
        match &self.panels.power {
            Some(power) => format!("/events/overview?{}", power.query),
            None => "/events/overview".to_owned(),
        }
    }

    fn processor_count(&self) -> String {
        match self.processors.len() {
            1 => "1 processor".to_owned(),
            many => format!("{many} processors"),
        }
    }
}

fn processor_rows(system: &SystemStatus, user: &CurrentUser, times: &WallTime) -> Vec<ProcessorRow> {
    system.processors.iter().map(|status| ProcessorRow::new(status, system, user, times)).collect()
}

impl Headline {
    pub(crate) fn new(system: &SystemStatus, times: &WallTime) -> Self {
        let problems = match system.problems.len() {
            0 => String::new(),
            1 => " One problem needs attention.".to_owned(),
            many => format!(" {many} problems need attention."),
        };
        Self { title: format!("{}{problems}", data_flow(system)), detail: times.date() }
    }
}

/// Names the first obstacle on the way from the source to the BMS, or says that data flows.
fn data_flow(system: &SystemStatus) -> String {
    if system.is_empty() {
        return "Riser is ready. Nothing is set up yet.".to_owned();
    }
    let waiting = system.processors.iter().find_map(|processor| match &processor.state {
        ProcessorState::WaitingFor { sentence, .. } => Some(sentence),
        _ => None,
    });
    let stopped = system.stopped().next();
    let stopped = stopped.map(|it| format!("{} is not running. Its values are not updated.", it.name));
    let blocking = blocking_problem(system).map(|what| format!("{}.", capitalised(what)));
    match (system.source(), waiting, system.running().next()) {
        (LinkState::Down, ..) => format!("{} does not respond.", system.source_name()),
        (_, Some(waiting), _) => format!("{}.", capitalised(waiting)),
        (_, None, None) => "No processor is running.".to_owned(),
        (_, None, Some(_)) if stopped.is_some() => stopped.unwrap_or_default(),
        (LinkState::NotKnown, None, Some(_)) => format!("{} has not responded yet.", system.source_name()),
        (_, None, Some(_)) if blocking.is_some() => blocking.unwrap_or_default(),
        (LinkState::Good | LinkState::Degraded, None, Some(_)) => match system.bms() {
            LinkState::Down => "Data arrives, but the BMS cannot read it.".to_owned(),
            LinkState::NotKnown => "Data arrives. No BMS has read it yet.".to_owned(),
            LinkState::Good | LinkState::Degraded => "Data is flowing.".to_owned(),
        },
    }
}

/// A problem of a poll is raised a little later than the values of this poll are published.
const SAME_POLL: Duration = Duration::from_secs(1);

/// Returns what happened to a running processor that has published no value since: the source responds, but sends nothing
/// that can be used.
fn blocking_problem(system: &SystemStatus) -> Option<&str> {
    let mut problems = system.problems.iter().filter(|raised| {
        let processor = raised.configuration.and_then(|configuration| system.processor(configuration));
        processor.is_some_and(|it| {
            let runs =
                matches!(it.state, ProcessorState::Running { .. }) && it.mode == Some(RunMode::LongRunning);
            runs && it.last_activity_at.is_none_or(|at| at < raised.since.minus(SAME_POLL))
        })
    });
    problems.next().map(|raised| raised.problem.what.trim_end_matches('.'))
}

impl FirstSteps {
    fn new(facts: &HostFacts, user: &CurrentUser) -> Self {
        let file = "site.toml";
        let command = format!("riser apply --data-dir {} {file}", facts.data_dir);
        Self { file, command, may_add: user.may_configure() }
    }
}

impl ShownServer {
    fn new(server: &EwsServerStatus) -> Self {
        Self { id: server.ews_server.0, name: server.name.clone(), address: server.address.clone() }
    }
}

impl HostPanel {
    pub(crate) fn new(facts: &HostFacts, times: &WallTime) -> Self {
        Self {
            since: times.moment(facts.started_at),
            workers: facts.workers_running,
            items: facts.items,
            version: facts.version,
            data_dir: facts.data_dir.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use riser_domain::Problem;
    use riser_runtime::RaisedProblem;

    use super::*;
    use crate::testing::examples::{ago, flowing, times};

    #[test]
    fn a_source_that_responds_with_nothing_usable_is_named_instead_of_data_that_flows() {
        let mut system = flowing();
        let title = |system: &SystemStatus| Headline::new(system, &times()).title;
        assert_eq!(title(&system), "Data is flowing.");
        let status = system.processors[1].configuration;
        system.problems.push(RaisedProblem {
            problem: Problem {
                code: "not-understood".to_owned(),
                what: "the response to the zones is a web page".to_owned(),
                effect: String::new(),
                remedy: String::new(),
                setting: None,
            },
            configuration: Some(status),
            raised_by: "EVCE Status".to_owned(),
            since: ago(60),
        });
        // Values have come since, so the problem stops none.
        assert_eq!(title(&system), "Data is flowing. One problem needs attention.");
        system.processors[1].last_activity_at = Some(ago(75));
        assert_eq!(title(&system), "The response to the zones is a web page. One problem needs attention.");
    }
}
