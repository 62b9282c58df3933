//! `/_sim/event`: things that happen at the site now.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::{Refused, parse, reply};
use crate::controller::Controller;
use crate::events::{self, Event};

pub(super) async fn apply_event(
    State(controller): State<Arc<Controller>>,
    body: Bytes,
) -> Result<Response, Refused> {
    let event: Event = parse(&body)?;
    let happened = controller.with_world(|world, now| events::apply(world, event, now));
    let added = happened.map_err(|error| Refused::new(409, error))?;
    Ok(reply(200, &added.map_or_else(|| json!({}), |station| json!({ "station": station }))))
}
