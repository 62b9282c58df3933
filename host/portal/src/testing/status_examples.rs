//! Examples of the pages of the status.

use std::time::Duration;

use askama::Template;
use riser_domain::{Actor, ConfigurationId, Role, Run, RunId, RunState, RunTrigger};
use riser_runtime::{LinkState, WorkerStatus};
use riser_store::{AuditEntry, Configuration};

use super::HOSTILE;
use super::ews_server_examples::traffic;
use super::examples::{ago, broken, flowing, signed_in, times};
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::status::Tab;
use crate::pages::status::active_endpoints::{ActiveEndpointsPage, EndpointRow, EndpointRows};
use crate::pages::status::configuration_requests::{
    ConfigurationRequest, ConfigurationRequestRows, ConfigurationRequestsPage,
};
use crate::pages::status::ews_server_requests::{EwsServerRequestsPage, RequestsQuery};
use crate::pages::status::processor_threads::{ProcessorThreadsPage, ThreadRows};
use crate::parts::{RequestRow, RequestRows, StateMark};

fn layout() -> PageLayout {
    let context = signed_in(Role::Viewer, "Anna Keller", "/status").context;
    PageLayout::new(MenuEntry::Status, "Office Park North", context, &flowing(), &times())
}

fn threads() -> Vec<(String, String)> {
    let worker = |configuration, resident_bytes, last_heartbeat_at, processor_time| WorkerStatus {
        configuration: ConfigurationId(configuration),
        run: RunId(7 + configuration),
        since: ago(40_000),
        process_id: 48_213,
        resident_bytes,
        last_heartbeat_at,
        processor_time,
    };
    let workers =
        [worker(1, 0, None, None), worker(3, 25 << 20, Some(ago(1)), Some(Duration::from_secs(99)))];
    let page = |workers: &[WorkerStatus], system: crate::system_status::SystemStatus| ProcessorThreadsPage {
        layout: layout(),
        frame: Tab::ProcessorThreads.frame(),
        threads: ThreadRows::new(workers, &system.processors, &times()),
    };
    vec![
        ("threads".to_owned(), page(&workers, flowing()).render().unwrap()),
        ("threads-hostile".to_owned(), page(&workers, broken()).render().unwrap()),
        ("threads-none".to_owned(), page(&[], flowing()).render().unwrap()),
    ]
}

fn endpoints() -> (String, String) {
    let row = |name: &str, href: Option<&str>, state, connections| EndpointRow {
        name: name.to_owned(),
        href: href.map(str::to_owned),
        kind: "EWS server",
        address: format!("http://{name}/EcoStruxure/DataExchange"),
        mark: StateMark::of_link(state),
        detail: name.to_owned(),
        connections,
    };
    let rows = vec![
        row("Portal", None, LinkState::Good, Some(3)),
        row(HOSTILE, Some("/ews-servers/1"), LinkState::Down, None),
    ];
    let page = ActiveEndpointsPage {
        layout: layout(),
        frame: Tab::ActiveEndpoints.frame(),
        endpoints: EndpointRows { rows },
    };
    ("endpoints".to_owned(), page.render().unwrap())
}

fn configuration_requests() -> Vec<(String, String)> {
    let run = Run {
        id: RunId(7),
        configuration: ConfigurationId(99),
        trigger: RunTrigger::Person(HOSTILE.to_owned()),
        state: RunState::Waiting,
        reason: HOSTILE.to_owned(),
        library_sha256: None,
        queued_at: ago(3),
        started_at: None,
        ended_at: None,
    };
    let entry = AuditEntry {
        id: 12,
        at: ago(90_000),
        actor: Actor::Person(HOSTILE.to_owned()),
        action: "update".to_owned(),
        subject: "EWS server".to_owned(),
        subject_name: HOSTILE.to_owned(),
        detail: HOSTILE.to_owned(),
    };
    let whole = Configuration::default();
    let rows = vec![
        ConfigurationRequest::of_run(&run, &whole, &times()),
        ConfigurationRequest::of_change(&entry, &times()),
    ];
    let page = |rows| ConfigurationRequestsPage {
        layout: layout(),
        frame: Tab::ConfigurationRequests.frame(),
        requests: ConfigurationRequestRows { rows },
    };
    vec![
        ("configuration-requests".to_owned(), page(rows).render().unwrap()),
        ("configuration-requests-none".to_owned(), page(Vec::new()).render().unwrap()),
    ]
}

fn ews_server_requests() -> (String, String) {
    let traffic = traffic();
    let row = |request| RequestRow::new(request, (1, HOSTILE), &times());
    let page = EwsServerRequestsPage {
        layout: layout(),
        frame: Tab::EwsServerRequests.frame(),
        query: RequestsQuery { server: "1".to_owned(), result: HOSTILE.to_owned() },
        servers: vec![(1, HOSTILE.to_owned())],
        requests: RequestRows { has_servers: true, rows: traffic.requests.iter().map(row).collect() },
    };
    ("ews-server-requests".to_owned(), page.render().unwrap())
}

pub(super) fn all() -> Vec<(String, String)> {
    let pages = [threads(), configuration_requests(), vec![endpoints(), ews_server_requests()]].concat();
    pages.into_iter().map(|(name, html)| (format!("status-{name}"), html)).collect()
}
