//! Starting and stopping processors by hand.

use axum::extract::State;
use axum::response::Redirect;
use riser_domain::{Actor, ConfigurationId};

use crate::form::{Form, NoFields, PathOf};
use crate::pages::error::PageError;
use crate::sessions::SignedIn;
use crate::state::PortalState;

/// `POST /processors/{id}/run`
pub(crate) async fn run_now(
    State(portal): State<PortalState>,
    signed_in: SignedIn,
    PathOf(id): PathOf<i64>,
    _: Form<NoFields>,
) -> Result<Redirect, PageError> {
    let actor = operator(&signed_in, "start processors")?;
    portal
        .runtime()
        .start_by_hand(ConfigurationId(id), &actor)
        .await
        .map_err(|refusal| PageError::Refused(refusal.to_string()))?;
    Ok(Redirect::to("/#processors"))
}

/// `POST /processors/{id}/stop`
pub(crate) async fn stop(
    State(portal): State<PortalState>,
    signed_in: SignedIn,
    PathOf(id): PathOf<i64>,
    _: Form<NoFields>,
) -> Result<Redirect, PageError> {
    let actor = operator(&signed_in, "stop processors")?;
    portal
        .runtime()
        .stop_by_hand(ConfigurationId(id), &actor)
        .await
        .map_err(|refusal| PageError::Refused(refusal.to_string()))?;
    Ok(Redirect::to("/#processors"))
}

fn operator(signed_in: &SignedIn, act: &'static str) -> Result<Actor, PageError> {
    let reader = &signed_in.asked.reader;
    if reader.may_operate() {
        Ok(Actor::Person(reader.name.clone()))
    } else {
        Err(PageError::NotAllowed { act, role: reader.role_word() })
    }
}
