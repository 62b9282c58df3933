//! `/_sim/clock`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refused, parse, reply};
use crate::clock::{Moment, rfc3339};
use crate::controller::Controller;
use crate::speed::Speed;
use crate::time_span::TimeSpan;

/// Longer steps take too long to compute.
const LONGEST_ADVANCE_MS: i64 = 7 * 86_400_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockChange {
    /// Moves both clocks forward.
    advance: Option<TimeSpan>,
    /// Sets the controller's clock this far from wall time.
    offset: Option<TimeSpan>,
    /// Sets how fast cars and meters move.
    speed: Option<Speed>,
}

pub(super) async fn show(State(controller): State<Arc<Controller>>) -> Response {
    reply(200, &clock_json(&controller.clock.now()))
}

pub(super) async fn change(
    State(controller): State<Arc<Controller>>,
    body: Bytes,
) -> Result<Response, Refused> {
    let change: ClockChange = parse(&body)?;
    let advance_ms = change.advance.map_or(0, TimeSpan::ms);
    if !(0..=LONGEST_ADVANCE_MS).contains(&advance_ms) {
        return Err(Refused::new(400, "advance must be between 0 and 7 days"));
    }
    // Events until now happen at the old time and speed.
    controller.catch_up();
    if let Some(speed) = change.speed {
        controller.clock.set_speed(speed.milli());
    }
    if let Some(offset) = change.offset {
        controller.clock.set_offset(offset.ms());
    }
    controller.clock.advance(advance_ms);
    controller.catch_up();
    Ok(reply(200, &clock_json(&controller.clock.now())))
}

pub(super) fn clock_json(now: &Moment) -> Value {
    json!({
        "controller": rfc3339(now.controller_ms),
        "controller_unix_ms": now.controller_ms,
        "offset_ms": now.controller_ms - now.wall_ms,
        "cars_ms": now.cars_ms,
        "speed_milli": now.speed_milli,
    })
}
