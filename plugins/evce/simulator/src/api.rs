//! The REST API. The files of resources are dialect `v2-a`, each with its own JSON; `v2_b` and `v2_c` are the other
//! dialects, with their own paths and JSON.
//!
//! It shares no code with the plugin, so that one mistake cannot hide in both. The real API has no public
//! description; the start page lists the invented parts.

mod availability;
mod bent_body;
mod connectors;
pub(crate) mod error;
pub(crate) mod exchange;
mod external_reduction;
mod login;
mod pages;
mod stations;
mod v2_b;
mod v2_c;
mod version;
mod zones;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE, RETRY_AFTER};
use axum::http::{HeaderMap, Method, Uri, request::Parts};
use axum::routing::{get, post, put};
use axum::{Router, response::Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use crate::auth::{Caller, Role};
use crate::controller::Controller;
use crate::dialect::Dialect;
use crate::site::{Connector, Station, Zone};
use crate::world::World;
use error::ApiError;

/// The result of a handler.
type ApiResult = Result<Response, ApiError>;

/// Returns all paths of the API.
pub(crate) fn router(controller: Arc<Controller>) -> Router {
    let paths = match controller.dialect {
        Dialect::V2A => v2_a_paths(),
        Dialect::V2B => v2_b::paths(),
        Dialect::V2C => v2_c::paths(),
    };
    Router::new()
        .nest("/api/v2", paths)
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .with_state(controller)
}

fn v2_a_paths() -> Router<Arc<Controller>> {
    Router::new()
        .route("/login", post(login::log_in))
        .route("/logout", post(login::log_out))
        .route("/version", get(version::show))
        .route("/zones", get(zones::list))
        .route("/zones/{zone}", get(zones::show))
        .route(
            "/zones/{zone}/external-reduction",
            get(external_reduction::show).put(external_reduction::save).delete(external_reduction::delete),
        )
        .route("/stations", get(stations::list))
        .route("/stations/{station}", get(stations::show))
        .route("/stations/{station}/connectors", get(connectors::list))
        .route("/stations/{station}/connectors/{connector}", get(connectors::show))
        .route("/stations/{station}/connectors/{connector}/availability", put(availability::save))
}

/// Returns an error in the words of a dialect.
pub(crate) fn error_in(dialect: Dialect, response: &Response, body: &[u8]) -> Option<Response> {
    let parsed: serde_json::Value = serde_json::from_slice(body).ok()?;
    let (code, message) = (parsed["error"]["code"].as_str()?, parsed["error"]["message"].as_str()?);
    let status = response.status().as_u16();
    let mut translated = match dialect {
        Dialect::V2A => return None,
        Dialect::V2B => v2_b::error(status, code, message),
        Dialect::V2C => v2_c::error(status, code, message),
    };
    let retry_after = response.headers().get(RETRY_AFTER).cloned();
    translated.headers_mut().extend(retry_after.map(|value| (RETRY_AFTER, value)));
    Some(translated)
}

/// Returns whether a request has a password in its body.
pub(crate) fn is_login(path: &str) -> bool {
    ["/login", "/oauth/token", "/session"].iter().any(|login| path.ends_with(login))
}

async fn unknown_path(uri: Uri) -> ApiError {
    ApiError::new(404, "NOT_FOUND", format!("no resource {}", uri.path()))
}

async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    ApiError::new(405, "METHOD_NOT_ALLOWED", format!("{} does not take {method}", uri.path()))
}

/// Returns the token of a request, from its header or its cookie.
pub(crate) fn session_token(headers: &HeaderMap) -> Option<&str> {
    let bearer = || headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ");
    let cookie = || {
        let mut cookies = headers.get(COOKIE)?.to_str().ok()?.split("; ");
        cookies.find_map(|cookie| cookie.strip_prefix("EVCESESSION="))
    };
    bearer().or_else(cookie)
}

/// Returns a field of a form; an empty text without one.
fn form_field(body: &[u8], name: &str) -> String {
    let mut fields = form_urlencoded::parse(body);
    fields.find(|(known, _)| known == name).map_or_else(String::new, |(_, value)| value.into_owned())
}

impl FromRequestParts<Arc<Controller>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, controller: &Arc<Controller>) -> Result<Self, ApiError> {
        let now = controller.clock.now();
        let token = session_token(&parts.headers).ok_or_else(ApiError::token_expired)?;
        controller.auth().caller(token, now.controller_ms).ok_or_else(ApiError::token_expired)
    }
}

/// A caller that may set reductions and availability.
struct Writer(Caller);

impl FromRequestParts<Arc<Controller>> for Writer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, controller: &Arc<Controller>) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, controller).await?;
        if caller.role == Role::Viewer {
            return Err(ApiError::new(403, "FORBIDDEN", "this account may only read"));
        }
        Ok(Self(caller))
    }
}

fn json<T: Serialize>(status: u16, response: &T) -> ApiResult {
    let body = serde_json::to_vec(response)
        .map_err(|error| ApiError::new(500, "INTERNAL_ERROR", error.to_string()))?;
    Ok(error::json_response(status, body))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::new(400, "INVALID_JSON", error.to_string()))
}

/// Parses an id in a path; other text matches no object.
fn id(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// Returns the zone with this id in a path.
fn zone_mut<'w>(world: &'w mut World, zone: &str) -> Result<&'w mut Zone, ApiError> {
    id(zone).and_then(|zone| world.site.zone_mut(zone)).ok_or_else(ApiError::zone_not_found)
}

/// Returns the station with this id in a path.
fn station<'w>(world: &'w World, station: &str) -> Result<&'w Station, ApiError> {
    id(station).and_then(|station| world.site.station(station)).ok_or_else(ApiError::station_not_found)
}

/// Returns the connector with this number in a path.
fn connector<'s>(station: &'s Station, connector: &str) -> Result<&'s Connector, ApiError> {
    let number = id(connector);
    let found = station.connectors.iter().find(|found| Some(u64::from(found.number)) == number);
    found.ok_or_else(ApiError::connector_not_found)
}
