//! Buttons that start, stop, release, enable and disable processors, and the file with the configuration of one.

use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use riser_domain::{ConfigurationId, RunId};
use riser_runtime::{ConfigurationDraft, ExportScope, Identity, ProcessorDraft};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;

use super::change::reasons;
use super::{Shown, Tab};
use crate::form::{Form, NoFields, PathOf};
use crate::pages::error::PageError;
use crate::return_path::ReturnPath;
use crate::sessions::{Admin, Operator, SignedIn, Viewer};
use crate::state::PortalState;

/// The list to which the buttons return, unless the form names another page.
const PROCESSORS: &str = "/#processors";

/// Longest wait for a run that was just started.
const START_TIMEOUT: Duration = Duration::from_secs(2);

/// A form that is only a button.
#[derive(Debug, Deserialize)]
pub(crate) struct ButtonForm {
    next: Option<ReturnPath>,
}

impl ButtonForm {
    fn redirect(&self) -> Redirect {
        Redirect::to(self.next.as_ref().map_or(PROCESSORS, ReturnPath::as_str))
    }
}

/// `POST /processors/{id}/run`
pub(crate) async fn run_now(
    State(portal): State<PortalState>,
    Operator(signed_in): Operator,
    PathOf(id): PathOf<i64>,
    Form(form): Form<ButtonForm>,
) -> Result<Redirect, PageError> {
    let id = ConfigurationId(id);
    let runtime = portal.runtime();
    let mut changes = runtime.changes();
    let before = last_run(&portal, id);
    runtime
        .start_by_hand(id, &signed_in.actor())
        .await
        .map_err(|refusal| PageError::Refused(refusal.to_string()))?;
    // The next page shows the new run.
    let begun = async {
        while last_run(&portal, id) == before {
            if matches!(changes.recv().await, Err(RecvError::Closed)) {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(START_TIMEOUT, begun).await;
    Ok(form.redirect())
}

fn last_run(portal: &PortalState, id: ConfigurationId) -> Option<RunId> {
    let status = portal.runtime().processors().into_iter().find(|status| status.configuration == id)?;
    status.last_run.map(|run| run.id)
}

/// `POST /processors/{id}/stop`
pub(crate) async fn stop(
    State(portal): State<PortalState>,
    Operator(signed_in): Operator,
    PathOf(id): PathOf<i64>,
    Form(form): Form<ButtonForm>,
) -> Result<Redirect, PageError> {
    portal
        .runtime()
        .stop_by_hand(ConfigurationId(id), &signed_in.actor())
        .await
        .map_err(|refusal| PageError::Refused(refusal.to_string()))?;
    Ok(form.redirect())
}

/// `POST /processors/{id}/release`
pub(crate) async fn release(
    State(portal): State<PortalState>,
    Operator(signed_in): Operator,
    PathOf(id): PathOf<i64>,
    Form(form): Form<ButtonForm>,
) -> Result<Redirect, PageError> {
    portal
        .runtime()
        .release(ConfigurationId(id), &signed_in.actor())
        .await
        .map_err(|refusal| PageError::Refused(refusal.to_string()))?;
    Ok(form.redirect())
}

/// `POST /processors/{id}/enable`
pub(crate) async fn enable(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    _: Form<NoFields>,
) -> Result<Redirect, PageError> {
    switch(&portal, &signed_in, id, true).await
}

/// `POST /processors/{id}/disable`
pub(crate) async fn disable(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    PathOf(id): PathOf<i64>,
    _: Form<NoFields>,
) -> Result<Redirect, PageError> {
    switch(&portal, &signed_in, id, false).await
}

async fn switch(
    portal: &PortalState,
    signed_in: &SignedIn,
    id: i64,
    active: bool,
) -> Result<Redirect, PageError> {
    let shown = Shown::find(portal, id)?;
    let name = shown.configuration.name.clone();
    let processor = ProcessorDraft {
        identity: Identity::named(&name),
        active: Some(active),
        ..ProcessorDraft::default()
    };
    let draft = ConfigurationDraft { processors: vec![processor], ..ConfigurationDraft::default() };
    if let Err(error) = portal.runtime().configure(draft, signed_in.actor()).await {
        return Err(PageError::Refused(format!("{name} was not changed: {}", reasons(&error))));
    }
    let done = if active { "enabled" } else { "disabled" };
    Ok(Redirect::to(&format!("{}?saved={done}", shown.address(Tab::Processor))))
}

/// `GET /processors/{id}/export.toml`
pub(crate) async fn export(
    State(portal): State<PortalState>,
    _: Admin,
    PathOf(id): PathOf<i64>,
) -> Result<impl IntoResponse, PageError> {
    let shown = Shown::find(&portal, id)?;
    let text = portal.runtime().export(ExportScope::Processor(shown.configuration.id));
    let headers = [
        (header::CONTENT_TYPE, "application/toml; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"riser-processor-{id}.toml\"")),
    ];
    Ok((headers, text))
}

/// `GET /processors/{id}/latest-run`
pub(crate) async fn latest_run(
    State(portal): State<PortalState>,
    _: Viewer,
    PathOf(id): PathOf<i64>,
) -> Result<Redirect, PageError> {
    let latest = portal.runtime().store().latest_run_of(ConfigurationId(id)).await?;
    let latest = latest.ok_or(PageError::NoSuchPage)?;
    Ok(Redirect::to(&format!("/runs/{}", latest.id.0)))
}
