//! `/_sim/faults`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Refused, parse, reply};
use crate::controller::Controller;
use crate::faults::FaultSpec;

pub(super) async fn list(State(controller): State<Arc<Controller>>) -> Response {
    let now_ms = controller.clock.now().controller_ms;
    reply(200, &json!(controller.faults().in_force(now_ms)))
}

pub(super) async fn add(State(controller): State<Arc<Controller>>, body: Bytes) -> Result<Response, Refused> {
    let order: FaultSpec = parse(&body)?;
    let now_ms = controller.clock.now().controller_ms;
    let id = controller.add_fault(order, now_ms).map_err(|error| Refused::new(400, error))?;
    Ok(reply(201, &json!({ "id": id })))
}

pub(super) async fn clear(State(controller): State<Arc<Controller>>) -> Response {
    controller.faults().clear();
    StatusCode::NO_CONTENT.into_response()
}

pub(super) async fn remove(
    State(controller): State<Arc<Controller>>,
    Path(fault): Path<u64>,
) -> Result<Response, Refused> {
    if controller.faults().remove(fault) {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(Refused::new(404, "no such fault"))
    }
}
