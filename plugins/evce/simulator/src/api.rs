//! The REST API in dialect `v2-a`: one file for each resource, each with its own JSON.
//!
//! It shares no code with the plugin, so that one mistake cannot hide in both. The real API has no public
//! description; the start page lists the invented parts.

mod availability;
mod connectors;
pub(crate) mod error;
pub(crate) mod exchange;
mod external_reduction;
mod login;
mod pages;
mod stations;
mod version;
mod zones;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, Uri, request::Parts};
use axum::routing::{get, post, put};
use axum::{Router, response::Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::auth::{Caller, Role};
use crate::controller::Controller;
use error::ApiError;

/// The result of a handler.
type ApiResult = Result<Response, ApiError>;

/// Returns all paths of the API.
pub(crate) fn router(controller: Arc<Controller>) -> Router {
    let paths = Router::new()
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
        .route("/stations/{station}/connectors/{connector}/availability", put(availability::save));
    Router::new()
        .nest("/api/v2", paths)
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .with_state(controller)
}

async fn unknown_path(uri: Uri) -> ApiError {
    ApiError::new(404, "NOT_FOUND", format!("no resource {}", uri.path()))
}

async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    ApiError::new(405, "METHOD_NOT_ALLOWED", format!("{} does not take {method}", uri.path()))
}

/// Returns the token of a request.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

impl FromRequestParts<Arc<Controller>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, controller: &Arc<Controller>) -> Result<Self, ApiError> {
        let now = controller.clock.now();
        let token = bearer_token(&parts.headers).ok_or_else(ApiError::token_expired)?;
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
