//! The tab of the addresses at which this host is reached.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::State;
use axum::response::IntoResponse;

use super::{Frame, Tab, layout};
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{Icon, StateMark, capitalised};
use crate::sessions::Viewer;
use crate::state::PortalState;

/// The problem of a control socket that cannot be opened.
const CONTROL_SOCKET_UNUSABLE: &str = "control-socket-unusable";

#[derive(Clone, Debug, Template)]
#[template(path = "pages/status/active_endpoints.html")]
pub(crate) struct ActiveEndpointsPage {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) endpoints: EndpointRows,
}

/// The endpoints: the rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/endpoint_rows.html")]
pub(crate) struct EndpointRows {
    pub(crate) rows: Vec<EndpointRow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndpointRow {
    pub(crate) name: String,
    /// Its page.
    pub(crate) href: Option<String>,
    pub(crate) kind: &'static str,
    pub(crate) address: String,
    pub(crate) mark: StateMark,
    pub(crate) detail: String,
    /// `None` if they are not counted.
    pub(crate) connections: Option<usize>,
}

impl HtmlSafe for EndpointRows {}

/// `GET /status/active-endpoints`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
) -> Page<ActiveEndpointsPage> {
    Page(ActiveEndpointsPage {
        frame: Tab::ActiveEndpoints.frame(),
        endpoints: EndpointRows::of(&portal),
        layout: layout(&portal, signed_in),
    })
}

/// `GET /events/status/active-endpoints`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
) -> Result<impl IntoResponse, PageError> {
    live::follow(portal, &signed_in, Box::new(LiveEndpoints))
}

struct LiveEndpoints;

impl LivePage for LiveEndpoints {
    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        if update.system().is_some() {
            parts.add("endpoints", &EndpointRows::of(update.portal));
        }
        Ok(())
    }
}

impl EndpointRows {
    fn of(portal: &PortalState) -> Self {
        let runtime = portal.runtime();
        let listening = || StateMark::new("good", Icon::Good, "Listening");
        let mut rows = Vec::new();
        if let Some((address, connections)) = portal.listener() {
            rows.push(EndpointRow {
                name: "Portal".to_owned(),
                href: None,
                kind: "Portal",
                address,
                mark: listening(),
                detail: String::new(),
                connections: Some(connections),
            });
        }
        let control_problem =
            runtime.problems().into_iter().find(|it| it.problem.code == CONTROL_SOCKET_UNUSABLE);
        rows.push(EndpointRow {
            name: "Commands on this machine".to_owned(),
            href: None,
            kind: "Control socket",
            address: format!("{}/control.sock", runtime.host_facts().data_dir),
            mark: match control_problem {
                None => listening(),
                Some(_) => StateMark::new("alarm", Icon::Failed, "Not open"),
            },
            detail: control_problem.map(|it| capitalised(&it.problem.what)).unwrap_or_default(),
            connections: None,
        });
        for status in runtime.ews_servers() {
            let connections = runtime.ews_connections(status.ews_server);
            rows.push(EndpointRow {
                href: Some(format!("/ews-servers/{}", status.ews_server.0)),
                kind: "EWS server",
                mark: StateMark::of_link(status.state),
                detail: capitalised(&status.sentence),
                name: status.name,
                address: status.address,
                connections,
            });
        }
        Self { rows }
    }
}
