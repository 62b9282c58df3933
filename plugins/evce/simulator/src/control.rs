//! The control interface: plain HTTP on loopback, for tests and demonstrations. No real device has it.

mod event;
mod faults;
mod metrics;
mod origin;
mod page;
mod requests;
mod script;
mod state;
mod time;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::api::error::json_response;
use crate::controller::Controller;

/// Returns all paths of the control interface; `api_url` is shown on its pages.
pub(crate) fn router(controller: Arc<Controller>, api_url: &str) -> Router {
    Router::new()
        .merge(page::routes(&controller, api_url))
        .route("/_sim/state", get(state::show))
        .route("/_sim/clock", get(time::show).post(time::change))
        .route("/_sim/event", post(event::apply_event))
        .route("/_sim/metrics", get(metrics::show))
        .route("/_sim/script", post(script::start))
        .route("/_sim/faults", get(faults::list).post(faults::add).delete(faults::clear))
        .route("/_sim/faults/{fault}", delete(faults::remove))
        .route("/_sim/requests", get(requests::list).delete(requests::clear))
        .route("/_sim/auth/revoke", post(revoke))
        .route("/_sim/stop", post(stop))
        .layer(from_fn(origin::refuse_other_pages))
        .with_state(controller)
}

/// Ends all tokens.
async fn revoke(State(controller): State<Arc<Controller>>) -> Response {
    let revoked = controller.auth().revoke_all();
    reply(200, &json!({ "revoked": revoked }))
}

async fn stop(State(controller): State<Arc<Controller>>) -> Response {
    controller.stop.send_replace(true);
    StatusCode::NO_CONTENT.into_response()
}

fn reply(status: u16, value: &serde_json::Value) -> Response {
    json_response(status, value.to_string().into_bytes())
}

/// A rejected control request.
struct Refused {
    status: u16,
    error: String,
}

impl Refused {
    fn new(status: u16, error: impl std::fmt::Display) -> Self {
        Self { status, error: error.to_string() }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        reply(self.status, &json!({ "error": self.error }))
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused::new(400, error))
}
