//! `GET`, `PUT` and `DELETE /zones/{zoneId}/external-reduction`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ApiError;
use super::{ApiResult, Writer, json, parse, zone_mut};
use crate::auth::{Caller, Role};
use crate::clock::Moment;
use crate::controller::Controller;
use crate::site::{Reduction, Validity, Zone};
use crate::world::World;

const LONGEST_DESCRIPTION: usize = 200;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReductionJson<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    value: f64,
    validity_mode: &'static str,
    validity: ValidityJson<'a>,
    description: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ValidityJson<'a> {
    Time(&'a str),
    Seconds(u32),
}

impl<'a> From<&'a Reduction> for ReductionJson<'a> {
    fn from(reduction: &'a Reduction) -> Self {
        let (validity_mode, validity) = match &reduction.validity {
            Validity::Absolute { text, .. } => ("absolute", ValidityJson::Time(text)),
            Validity::Relative { seconds, .. } => ("relative", ValidityJson::Seconds(*seconds)),
        };
        let description = &reduction.description;
        Self { kind: "percentage", value: reduction.percent, validity_mode, validity, description }
    }
}

/// The request. Each field is checked separately, so that the response can name it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReductionRequest {
    #[serde(default, rename = "type")]
    kind: Value,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    validity_mode: Value,
    #[serde(default)]
    validity: Value,
    #[serde(default)]
    description: Value,
}

pub(crate) async fn show(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Path(zone): Path<String>,
) -> ApiResult {
    controller.with_world(|world, _| {
        let zone = zone_mut(world, &zone)?;
        let reduction = zone
            .reduction
            .as_ref()
            .ok_or_else(|| ApiError::new(404, "REDUCTION_NOT_FOUND", "the zone has no external reduction"))?;
        json(200, &ReductionJson::from(reduction))
    })
}

pub(crate) async fn save(
    Writer(caller): Writer,
    State(controller): State<Arc<Controller>>,
    Path(zone): Path<String>,
    body: Bytes,
) -> ApiResult {
    let request: ReductionRequest = parse(&body)?;
    controller.with_world(|world, now| {
        refuse_other_owner(zone_mut(world, &zone)?, caller)?;
        let reduction = request.check(caller.role, now.controller_ms)?;
        let stored = store(world, now, &zone, caller, Some(reduction.clone()))?;
        let reduction = stored.unwrap_or(reduction);
        json(200, &ReductionJson::from(&reduction))
    })
}

/// Sets or removes the reduction of a zone. Returns the new one, which may be rounded.
pub(super) fn store(
    world: &mut World,
    now: &Moment,
    zone: &str,
    caller: Caller,
    mut reduction: Option<Reduction>,
) -> Result<Option<Reduction>, ApiError> {
    let rounds = world.rounds_reductions;
    let found = zone_mut(world, zone)?;
    refuse_other_owner(found, caller)?;
    let until_ms = reduction.as_ref().map(|reduction| reduction.validity.until_ms());
    if until_ms.is_some_and(|until_ms| until_ms <= now.controller_ms) {
        return Err(validity_in_past());
    }
    if let Some(reduction) = reduction.as_mut().filter(|_| rounds) {
        reduction.percent = reduction.percent.round();
    }
    found.reduction.clone_from(&reduction);
    world.allocate(now.cars_ms);
    Ok(reduction)
}

fn validity_in_past() -> ApiError {
    ApiError::field("validity", "validity is in the past by the controller's clock")
        .with_code("VALIDITY_IN_PAST")
}

/// Returns 204 also if the zone has no reduction.
pub(crate) async fn delete(
    Writer(caller): Writer,
    State(controller): State<Arc<Controller>>,
    Path(zone): Path<String>,
) -> ApiResult {
    controller.with_world(|world, now| {
        store(world, now, &zone, caller, None)?;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
}

fn refuse_other_owner(zone: &Zone, caller: Caller) -> Result<(), ApiError> {
    let is_other = |reduction: &Reduction| caller.role != Role::Admin && reduction.owner != caller.role;
    if zone.reduction.as_ref().is_some_and(is_other) {
        return Err(ApiError::new(409, "OTHER_OWNER", "the reduction of this zone belongs to another role"));
    }
    Ok(())
}

impl ReductionRequest {
    fn check(&self, owner: Role, now_ms: i64) -> Result<Reduction, ApiError> {
        if self.kind != "percentage" {
            return Err(ApiError::field("type", "type must be percentage"));
        }
        let percent = self.value.as_f64().filter(|value| (0.0..=100.0).contains(value));
        let percent =
            percent.ok_or_else(|| ApiError::field("value", "value must be a number from 0 to 100"))?;
        let description = self.description.as_str().filter(|text| text.len() <= LONGEST_DESCRIPTION);
        let description = description.ok_or_else(|| {
            ApiError::field("description", "description must be a text of at most 200 bytes")
        })?;
        let validity = self.validity(now_ms)?;
        if validity.until_ms() <= now_ms {
            return Err(validity_in_past());
        }
        Ok(Reduction { percent, validity, description: description.to_owned(), owner })
    }

    fn validity(&self, now_ms: i64) -> Result<Validity, ApiError> {
        match self.validity_mode.as_str() {
            Some("absolute") => {
                let time = self
                    .validity
                    .as_str()
                    .and_then(|text| Some((text, DateTime::parse_from_rfc3339(text).ok()?)));
                let (text, time) = time.ok_or_else(|| {
                    ApiError::field("validity", "validity must be a time such as 2025-02-12T09:45:00Z")
                })?;
                Ok(Validity::Absolute { text: text.to_owned(), until_ms: time.timestamp_millis() })
            }
            Some("relative") => {
                let seconds = self.validity.as_u64().and_then(|seconds| u32::try_from(seconds).ok());
                let seconds = seconds.ok_or_else(|| {
                    ApiError::field("validity", "validity must be a whole number of seconds")
                })?;
                Ok(Validity::Relative { seconds, until_ms: now_ms + i64::from(seconds) * 1000 })
            }
            _ => Err(ApiError::field("validityMode", "validityMode must be absolute or relative")),
        }
    }
}
