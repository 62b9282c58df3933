//! Buttons that start and stop processors.

use axum::extract::State;
use axum::response::Redirect;
use riser_domain::ConfigurationId;

use crate::form::{Form, NoFields, PathOf};
use crate::pages::error::PageError;
use crate::sessions::Operator;
use crate::state::PortalState;

/// The list to which both buttons return.
const PROCESSORS: &str = "/#processors";

/// `POST /processors/{id}/run`
pub(crate) async fn run_now(
    State(portal): State<PortalState>,
    Operator(signed_in): Operator,
    PathOf(id): PathOf<i64>,
    _: Form<NoFields>,
) -> Result<Redirect, PageError> {
    portal
        .runtime()
        .start_by_hand(ConfigurationId(id), &signed_in.actor())
        .await
        .map_err(|refusal| PageError::Refused(refusal.to_string()))?;
    Ok(Redirect::to(PROCESSORS))
}

/// `POST /processors/{id}/stop`
pub(crate) async fn stop(
    State(portal): State<PortalState>,
    Operator(signed_in): Operator,
    PathOf(id): PathOf<i64>,
    _: Form<NoFields>,
) -> Result<Redirect, PageError> {
    portal
        .runtime()
        .stop_by_hand(ConfigurationId(id), &signed_in.actor())
        .await
        .map_err(|refusal| PageError::Refused(refusal.to_string()))?;
    Ok(Redirect::to(PROCESSORS))
}
