//! `GET /version`: needs no token.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;

use super::{ApiResult, json};
use crate::clock::rfc3339;
use crate::controller::Controller;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Product<'a> {
    #[serde(rename = "product")]
    name: &'a str,
    reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_version: Option<&'a str>,
    software_version: &'a str,
    serial_number: &'a str,
    time: String,
}

pub(crate) async fn show(State(controller): State<Arc<Controller>>) -> ApiResult {
    let api_version = controller.api_version();
    let response = Product {
        name: "EcoStruxure EV Charging Expert",
        reference: "HMIBSCEA53D1EDM",
        api_version: api_version.as_deref(),
        software_version: "6.1.0.2",
        serial_number: "EVCE-0001",
        time: rfc3339(controller.clock.now().controller_ms),
    };
    json(200, &response)
}
