//! `/_sim/script`: starts a time line of events.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::{Refused, reply};
use crate::controller::Controller;
use crate::script::Script;

pub(super) async fn start(
    State(controller): State<Arc<Controller>>,
    text: String,
) -> Result<Response, Refused> {
    let script: Script = text.parse().map_err(|error| Refused::new(400, error))?;
    let events = controller.with_world(|world, now| script.start(world, now));
    Ok(reply(201, &json!({ "events": events })))
}
