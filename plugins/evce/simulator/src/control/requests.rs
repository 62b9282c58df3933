//! `/_sim/requests`: every call of the API, oldest first.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Refused, reply};
use crate::controller::Controller;
use crate::request_log::RequestFilter;

pub(super) async fn list(
    State(controller): State<Arc<Controller>>,
    filter: Result<Query<RequestFilter>, QueryRejection>,
) -> Result<Response, Refused> {
    let Query(filter) = filter.map_err(|error| Refused::new(400, error))?;
    Ok(reply(200, &json!(controller.log().list(&filter))))
}

pub(super) async fn clear(State(controller): State<Arc<Controller>>) -> Response {
    controller.log().clear();
    StatusCode::NO_CONTENT.into_response()
}
