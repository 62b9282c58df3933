//! The list of processors, and those that were deleted.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use riser_domain::ConfigurationId;
use riser_runtime::{ConfigurationDraft, Library};
use riser_store::{ProcessorVersion, Store, StoreError};
use serde::Deserialize;

use crate::current_user::CurrentUser;
use crate::form::{Form, NoFields, PathOf, QueryOf};
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::pages::processor::{reasons, restore_draft};
use crate::parts::{Icon, ProcessorLine, capitalised};
use crate::sessions::{Admin, Viewer};
use crate::state::PortalState;
use crate::system_status::SystemStatus;
use crate::wall_time::{Moment, WallTime};

/// Failed runs of this time are counted.
const ERRORS_COUNTED_FOR: std::time::Duration = std::time::Duration::from_hours(24);

/// The list of processors.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/processors.html")]
pub(crate) struct ProcessorsPage {
    pub(crate) layout: PageLayout,
    pub(crate) lines: Vec<ProcessorLine>,
    /// The wizard has just created some.
    pub(crate) is_added: bool,
    /// Deleted processors, for administrators.
    pub(crate) removed: Vec<RemovedLine>,
}

/// A deleted processor that can be restored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RemovedLine {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) by: String,
    pub(crate) at: Moment,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Added {
    #[serde(default)]
    added: bool,
}

type FailedRuns = HashMap<ConfigurationId, u64>;

/// `GET /processors`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(Added { added }): QueryOf<Added>,
) -> Result<Page<ProcessorsPage>, PageError> {
    let times = portal.times_of_page();
    let system = portal.system_status();
    let store = portal.runtime().store();
    let failed = failed_runs(store, &times).await?;
    let lines = lines(&system, (&portal.runtime().libraries(), &failed), &signed_in.context.user, &times);
    let removed = if signed_in.context.user.may_configure() {
        store.list_removed_processors().await?
    } else {
        Vec::new()
    };
    Ok(Page(ProcessorsPage {
        is_added: added && !lines.is_empty(),
        lines,
        removed: removed.iter().map(|version| RemovedLine::new(version, &times)).collect(),
        layout: PageLayout::new(
            MenuEntry::Processors,
            &portal.site_name(),
            signed_in.context,
            &system,
            &times,
        ),
    }))
}

/// `GET /events/processors`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
) -> Result<impl IntoResponse, PageError> {
    let page = LiveProcessors { user: signed_in.context.user.clone(), failed: FailedRuns::new() };
    live::follow(portal, &signed_in, Box::new(page))
}

/// `POST /processors/removed/{id}/restore`
pub(crate) async fn restore(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    _: Form<NoFields>,
) -> Result<Redirect, PageError> {
    let store = portal.runtime().store();
    let removed = store.list_removed_processors().await?;
    let version = removed.into_iter().find(|it| it.processor.id == ConfigurationId(id));
    let version = version.ok_or(PageError::NoSuchPage)?;
    let name = version.processor.name.clone();
    let processor = restore_draft(&portal, &version.processor, None);
    let draft = ConfigurationDraft { processors: vec![processor], ..ConfigurationDraft::default() };
    if let Err(error) = portal.runtime().configure(draft, signed_in.actor()).await {
        return Err(PageError::Refused(format!("{name} cannot be restored: {}", reasons(&error))));
    }
    store.forget_removed_processor(ConfigurationId(id)).await?;
    let restored = portal.runtime().processors().into_iter().find(|it| it.name == name);
    let address = restored.map_or_else(
        || MenuEntry::Processors.href().to_owned(),
        |restored| format!("/processors/{}?saved=restored", restored.configuration.0),
    );
    Ok(Redirect::to(&address))
}

struct LiveProcessors {
    user: CurrentUser,
    failed: FailedRuns,
}

impl LivePage for LiveProcessors {
    fn load<'a>(&'a mut self, update: &'a LiveUpdate<'_>) -> BoxFuture<'a, Result<(), ShapeChanged>> {
        async move {
            if update.system().is_some() {
                let store = update.portal.runtime().store();
                self.failed = failed_runs(store, &update.times).await.map_err(|_| ShapeChanged)?;
            }
            Ok(())
        }
        .boxed()
    }

    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        if let Some(system) = update.system() {
            let libraries = update.portal.runtime().libraries();
            for line in lines(system, (&libraries, &self.failed), &self.user, &update.times) {
                parts.add(format!("processor-line-{}", line.id), &line);
            }
        }
        Ok(())
    }
}

async fn failed_runs(store: &Store, times: &WallTime) -> Result<FailedRuns, StoreError> {
    store.count_failed_runs(times.now().minus(ERRORS_COUNTED_FOR)).await
}

fn lines(
    system: &SystemStatus,
    (libraries, failed): (&[Library], &FailedRuns),
    user: &CurrentUser,
    times: &WallTime,
) -> Vec<ProcessorLine> {
    let line = |status: &riser_runtime::ProcessorStatus| {
        let errors = failed.get(&status.configuration).copied().unwrap_or_default();
        ProcessorLine::new(status, system, (libraries, errors), user, times)
    };
    system.processors.iter().map(line).collect()
}

impl ProcessorsPage {
    fn count(&self) -> String {
        match self.lines.len() {
            1 => "1 processor".to_owned(),
            many => format!("{many} processors"),
        }
    }
}

impl RemovedLine {
    fn new(version: &ProcessorVersion, times: &WallTime) -> Self {
        Self {
            id: version.processor.id.0,
            name: version.processor.name.clone(),
            class: version.processor.class.to_string(),
            by: capitalised(&version.actor.to_string()),
            at: times.moment(version.at),
        }
    }
}
