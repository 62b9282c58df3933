use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::State;
use riser_runtime::{EwsServerStatus, HostFacts, LinkState, ProcessorState};

use crate::page::Page;
use crate::parts::{DataPath, ProblemList, ProcessorRow, SetPointList, capitalised};
use crate::reader::Reader;
use crate::sessions::SignedIn;
use crate::shell::{Place, Shell};
use crate::standing::Standing;
use crate::state::PortalState;
use crate::wall_time::{Moment, WallTime};

/// The overview: is all well, and if not, which hop.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/overview.html")]
pub(crate) struct OverviewPage {
    pub(crate) shell: Shell,
    pub(crate) headline: Headline,
    /// Told while nothing is set up.
    pub(crate) first_steps: Option<FirstSteps>,
    pub(crate) path: DataPath,
    pub(crate) problems: ProblemList,
    pub(crate) processors: Vec<ProcessorRow>,
    pub(crate) set_points: SetPointList,
    pub(crate) servers: Vec<ShownServer>,
    pub(crate) host: HostPanel,
}

/// The heading says what is.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/headline.html")]
pub(crate) struct Headline {
    pub(crate) title: String,
    pub(crate) detail: String,
}

/// The commands that lead to the first value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FirstSteps {
    pub(crate) file: &'static str,
    pub(crate) command: String,
}

/// The address of an EWS server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShownServer {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) items: String,
}

/// Facts about this machine's Riser.
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
pub(crate) async fn show(State(portal): State<PortalState>, signed_in: SignedIn) -> Page<OverviewPage> {
    let times = portal.times_of_page();
    let standing = portal.standing();
    let set_points = portal.set_points(&times);
    Page(OverviewPage::new(portal.site_name(), signed_in, &standing, set_points, &times))
}

impl OverviewPage {
    pub(crate) fn new(
        site_name: &str,
        signed_in: SignedIn,
        standing: &Standing,
        set_points: SetPointList,
        times: &WallTime,
    ) -> Self {
        let reader = signed_in.asked.reader.clone();
        Self {
            headline: Headline::new(standing, times),
            first_steps: standing.is_empty().then(|| FirstSteps::new(&standing.facts)),
            path: DataPath::new(standing, times),
            problems: ProblemList::new(&standing.problems, times),
            processors: processor_rows(standing, &reader, times),
            set_points,
            servers: standing.servers.iter().map(ShownServer::new).collect(),
            host: HostPanel::new(&standing.facts, times),
            shell: Shell::new(Place::Overview, site_name, signed_in.asked, standing, times),
        }
    }

    fn processor_count(&self) -> String {
        match self.processors.len() {
            1 => "1 processor".to_owned(),
            many => format!("{many} processors"),
        }
    }
}

/// All processors, each in a row.
pub(crate) fn processor_rows(standing: &Standing, reader: &Reader, times: &WallTime) -> Vec<ProcessorRow> {
    standing.processors.iter().map(|status| ProcessorRow::new(status, standing, reader, times)).collect()
}

impl Headline {
    pub(crate) fn new(standing: &Standing, times: &WallTime) -> Self {
        let problems = match standing.problems.len() {
            0 => String::new(),
            1 => " One problem needs attention.".to_owned(),
            many => format!(" {many} problems need attention."),
        };
        Self { title: format!("{}{problems}", state_of_things(standing)), detail: times.date() }
    }
}

/// The first thing that keeps data from flowing, from the source to the BMS; else that it flows.
fn state_of_things(standing: &Standing) -> String {
    if standing.is_empty() {
        return "Riser is ready. Nothing is set up yet.".to_owned();
    }
    let waiting = standing.processors.iter().find_map(|processor| match &processor.state {
        ProcessorState::WaitingFor { sentence, .. } => Some(sentence),
        _ => None,
    });
    match (standing.source(), waiting, standing.running().next()) {
        (LinkState::Down, ..) => format!("{} does not answer.", standing.source_name()),
        (_, Some(waiting), _) => format!("{}.", capitalised(waiting)),
        (_, None, None) => "No processor is running.".to_owned(),
        (LinkState::NotKnown, None, Some(_)) => format!("{} has not answered yet.", standing.source_name()),
        (LinkState::Good | LinkState::Degraded, None, Some(_)) => match standing.bms() {
            LinkState::Down => "Data arrives, but the BMS cannot read it.".to_owned(),
            LinkState::NotKnown => "Data arrives. No BMS has read it yet.".to_owned(),
            LinkState::Good | LinkState::Degraded => "Data is flowing.".to_owned(),
        },
    }
}

impl FirstSteps {
    fn new(facts: &HostFacts) -> Self {
        let file = "site.toml";
        Self { file, command: format!("riser apply --data-dir {} {file}", facts.data_dir) }
    }
}

impl ShownServer {
    fn new(server: &EwsServerStatus) -> Self {
        Self {
            id: server.ews_server.0,
            name: server.name.clone(),
            address: server.address.clone(),
            items: format!("/items?server={}", server.ews_server.0),
        }
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
