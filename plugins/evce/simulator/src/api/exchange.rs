//! Processes one request: logs it, applies the active faults, and adds the common headers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderName, HeaderValue};
use axum::http::{Method, Request, Response};
use axum::response::IntoResponse;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use tower::ServiceExt;

use super::error::ApiError;
use super::{error_in, is_login, session_token};
use crate::clock::http_date;
use crate::controller::Controller;
use crate::faults::{FaultKind, Met};
use crate::field_change;
use crate::request_log::Arrival;

/// No request of the API is longer.
const LONGEST_BODY: usize = 64 * 1024;
/// The login page of a proxy in front of the device.
const LOGIN_PAGE: &str =
    "<!doctype html><html><head><title>Login</title></head><body><h1>Login</h1></body></html>";

/// Closes the connection without a response.
#[derive(Debug, thiserror::Error)]
#[error("a fault closes the connection")]
pub(crate) struct Dropped;

/// Processes one request, or drops its connection.
pub(crate) async fn respond(
    controller: Arc<Controller>,
    router: Router,
    request: Request<Incoming>,
    is_reused: bool,
) -> Result<Response<Full<Bytes>>, Dropped> {
    let (parts, body) = request.into_parts();
    let whole = Limited::new(body, LONGEST_BODY).collect().await.map(http_body_util::Collected::to_bytes);
    let is_too_large = whole.is_err();
    let request = Request::from_parts(parts, whole.unwrap_or_default());
    let sequence = controller.log().begin(arrival(&controller, &request));
    let now = controller.clock.now();
    let met = controller.faults().meet(
        request.method().as_str(),
        request.uri().path(),
        sequence,
        now.controller_ms,
    );
    controller.log().set_fault(sequence, met.shown());
    tokio::time::sleep(Duration::from_millis(met.latency_ms)).await;

    if met.kind == Some(FaultKind::CloseOnReuse) && is_reused {
        return Err(Dropped);
    }
    let response = match instead(&met, is_login(request.uri().path()))? {
        Some(response) => response,
        None if is_too_large => ApiError::new(413, "BODY_TOO_LARGE", "the body is too large").into_response(),
        None => routed(router, request.map(Body::from)).await,
    };
    let (mut parts, body) = response.into_parts();
    let mut body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    if parts.status.is_client_error() || parts.status.is_server_error() {
        let untranslated = Response::from_parts(parts.clone(), Body::empty());
        if let Some(response) = error_in(controller.dialect, &untranslated, &body) {
            let (translated, text) = response.into_parts();
            parts = translated;
            body = text.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        }
    }
    match met.kind {
        Some(FaultKind::ResponseLost) => return Err(Dropped),
        Some(FaultKind::TruncatedJson) => body.truncate(body.len() / 2),
        Some(FaultKind::EmptyList) => body = field_change::cut_list(&body, 0),
        Some(FaultKind::ShortList) => body = field_change::cut_list(&body, met.details.keep),
        _ => {}
    }
    if !met.changes.is_empty() {
        body = field_change::change_fields(&body, &met.changes);
    }
    // The length of the whole response is wrong after truncation; hyper sets it again.
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.extend(common_headers(&controller));
    controller.log().set_response(sequence, parts.status.as_u16(), body.len());
    Ok(Response::from_parts(parts, Full::new(body)))
}

async fn routed(router: Router, request: Request<Body>) -> Response<Body> {
    let result: Result<_, Infallible> = router.oneshot(request).await;
    result.unwrap_or_else(|never| match never {})
}

/// Returns the response of a fault, if it replaces the controller's.
fn instead(met: &Met, is_login: bool) -> Result<Option<Response<Body>>, Dropped> {
    let error =
        match met.kind {
            Some(FaultKind::Down) => return Err(Dropped),
            Some(FaultKind::Html) => {
                let headers = [(CONTENT_TYPE, "text/html; charset=utf-8")];
                return Ok(Some((headers, LOGIN_PAGE).into_response()));
            }
            Some(FaultKind::Unauthorized) if is_login => ApiError::bad_credentials(),
            Some(FaultKind::Unauthorized) => ApiError::token_expired(),
            Some(FaultKind::TooManyRequests) => ApiError::new(429, "TOO_MANY_REQUESTS", "too many requests")
                .with_retry_after(met.retry_after_s),
            Some(FaultKind::InternalError) => ApiError::new(500, "INTERNAL_ERROR", "something went wrong"),
            Some(FaultKind::Starting) => ApiError::new(503, "STARTING", "the controller is starting")
                .with_retry_after(met.retry_after_s),
            Some(FaultKind::Error) => {
                ApiError::new(met.details.status, met.details.code.clone(), "the controller refuses")
            }
            _ => return Ok(None),
        };
    Ok(Some(error.into_response()))
}

fn arrival(controller: &Controller, request: &Request<Bytes>) -> Arrival {
    let is_write = [Method::PUT, Method::POST, Method::DELETE, Method::PATCH].contains(request.method());
    let token = session_token(request.headers());
    Arrival {
        unix_ms: controller.clock.now().wall_ms,
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().map(str::to_owned),
        body: (is_write && !request.body().is_empty()).then(|| shown_body(request)),
        token_id: token.and_then(|token| controller.auth().token_id(token)),
    }
}

/// Returns a body for the log; of a login only the name.
fn shown_body(request: &Request<Bytes>) -> String {
    if is_login(request.uri().path()) {
        let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap_or_default();
        return serde_json::json!({ "login": body["login"].as_str() }).to_string();
    }
    String::from_utf8_lossy(request.body()).into_owned()
}

fn common_headers(controller: &Controller) -> Vec<(HeaderName, HeaderValue)> {
    let date = http_date(controller.clock.now().controller_ms);
    let version = controller.api_version.as_deref();
    let headers = [(DATE, Some(date.as_str())), (HeaderName::from_static("x-api-version"), version)];
    let sent =
        headers.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::from_str(value?).ok()?)));
    sent.collect()
}
