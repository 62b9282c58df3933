//! Buttons that start and stop processors.

use std::time::Duration;

use axum::extract::State;
use axum::response::Redirect;
use riser_domain::{ConfigurationId, RunId};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;

use crate::form::{Form, PathOf};
use crate::pages::error::PageError;
use crate::return_path::ReturnPath;
use crate::sessions::{Operator, Viewer};
use crate::state::PortalState;

/// The list to which both buttons return, unless the form names another page.
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
