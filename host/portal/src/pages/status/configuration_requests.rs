//! The tab of starts by people, waiting runs, and changes of the configuration.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::State;
use axum::response::IntoResponse;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use riser_domain::{Run, RunState, RunTrigger, Timestamp};
use riser_store::{AuditEntry, AuditFilter, Configuration, StoreError};

use super::{Frame, Tab, layout};
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{Icon, StateMark, capitalised, trigger_words};
use crate::sessions::Viewer;
use crate::state::PortalState;
use crate::wall_time::{Moment, WallTime};

/// Requests on the page.
const MOST_REQUESTS: usize = 100;
/// Runs among which starts by people are searched.
const SEARCHED_RUNS: u32 = 300;
/// Changes shown of each kind of object.
const CHANGES_OF_A_KIND: u32 = 30;
/// Kinds of objects of the configuration, as the audit trail names them.
const KINDS: [&str; 8] =
    ["processor", "connection", "schedule", "EWS server", "EWS account", "site", "user", "quarantine"];

#[derive(Clone, Debug, Template)]
#[template(path = "pages/status/configuration_requests.html")]
pub(crate) struct ConfigurationRequestsPage {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) requests: ConfigurationRequestRows,
}

/// The requests: the rows of a table, newest first.
#[derive(Clone, Debug, Default, PartialEq, Template)]
#[template(path = "parts/configuration_request_rows.html")]
pub(crate) struct ConfigurationRequestRows {
    pub(crate) rows: Vec<ConfigurationRequest>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ConfigurationRequest {
    pub(crate) at: Moment,
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) who: String,
    pub(crate) mark: StateMark,
    pub(crate) detail: String,
}

impl HtmlSafe for ConfigurationRequestRows {}

/// `GET /status/configuration-requests`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
) -> Result<Page<ConfigurationRequestsPage>, PageError> {
    Ok(Page(ConfigurationRequestsPage {
        frame: Tab::ConfigurationRequests.frame(),
        requests: rows(&portal, &portal.times_of_page()).await?,
        layout: layout(&portal, signed_in),
    }))
}

/// `GET /events/status/configuration-requests`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
) -> Result<impl IntoResponse, PageError> {
    live::follow(portal, &signed_in, Box::new(LiveRequests::default()))
}

#[derive(Default)]
struct LiveRequests {
    rows: ConfigurationRequestRows,
}

impl LivePage for LiveRequests {
    fn load<'a>(&'a mut self, update: &'a LiveUpdate<'_>) -> BoxFuture<'a, Result<(), ShapeChanged>> {
        async move {
            if update.is_full() {
                self.rows = rows(update.portal, &update.times).await.map_err(|_| ShapeChanged)?;
            }
            Ok(())
        }
        .boxed()
    }

    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        if update.is_full() {
            parts.add("configuration-requests", &self.rows);
        }
        Ok(())
    }
}

async fn rows(portal: &PortalState, times: &WallTime) -> Result<ConfigurationRequestRows, StoreError> {
    let store = portal.runtime().store();
    let whole = portal.runtime().configuration();
    let mut found: Vec<(Timestamp, ConfigurationRequest)> = Vec::new();
    let is_shown =
        |run: &&Run| run.state == RunState::Waiting || matches!(run.trigger, RunTrigger::Person(_));
    for run in store.list_recent_runs(SEARCHED_RUNS).await?.iter().filter(is_shown) {
        found.push((run.queued_at, ConfigurationRequest::of_run(run, &whole, times)));
    }
    for kind in KINDS {
        let filter = AuditFilter { subject: kind.to_owned(), ..AuditFilter::default() };
        for change in store.search_audit(&filter, i64::MAX, CHANGES_OF_A_KIND).await? {
            found.push((change.entry.at, ConfigurationRequest::of_change(&change.entry, times)));
        }
    }
    found.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    found.truncate(MOST_REQUESTS);
    Ok(ConfigurationRequestRows { rows: found.into_iter().map(|(_, request)| request).collect() })
}

impl ConfigurationRequest {
    pub(crate) fn of_run(run: &Run, whole: &Configuration, times: &WallTime) -> Self {
        let processor = whole.processors.iter().find(|it| it.id == run.configuration);
        Self {
            at: times.moment(run.queued_at),
            name: format!("Start {}", processor.map_or("a deleted processor", |it| it.name.as_str())),
            href: format!("/runs/{}", run.id.0),
            who: trigger_words(&run.trigger),
            mark: StateMark::of_run(run.state),
            detail: capitalised(&run.reason),
        }
    }

    pub(crate) fn of_change(entry: &AuditEntry, times: &WallTime) -> Self {
        Self {
            at: times.moment(entry.at),
            name: format!("{} {} {}", capitalised(&entry.action), entry.subject, entry.subject_name),
            href: format!("/audit?before={}", entry.id + 1),
            who: entry.actor.to_string(),
            mark: StateMark::new("good", Icon::Done, "Done"),
            detail: entry.detail.clone(),
        }
    }
}
