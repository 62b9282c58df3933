//! Processes one request: logs it, applies the active faults, and adds the common headers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST, HeaderName, HeaderValue, LOCATION};
use axum::http::response::Parts;
use axum::http::{Method, Request, Response, StatusCode};
use axum::response::IntoResponse;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tower::ServiceExt;

use super::bent_body::{self, BentBody, Dropped};
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

/// Processes one request, or drops its connection.
pub(crate) async fn respond(
    controller: Arc<Controller>,
    router: Router,
    request: Request<Incoming>,
    is_reused: bool,
) -> Result<Response<BentBody>, Dropped> {
    let (parts, body) = request.into_parts();
    let whole = Limited::new(body, LONGEST_BODY).collect().await.map(http_body_util::Collected::to_bytes);
    let is_too_large = whole.is_err();
    let request = Request::from_parts(parts, whole.unwrap_or_default());
    // Faults of a script begin with their time, not with the next look at the site.
    controller.catch_up();
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
    match met.kind {
        Some(FaultKind::CloseOnReuse) if is_reused => return Err(Dropped),
        Some(FaultKind::BlackHole) => std::future::pending().await,
        _ => {}
    }
    let response = match instead(&met, &request)? {
        Some(response) => response,
        None if is_too_large => ApiError::new(413, "BODY_TOO_LARGE", "the body is too large").into_response(),
        None => routed_with_faults(&controller, router, request, &met).await,
    };
    let (mut parts, body) = in_dialect(&controller, response).await;
    if met.kind == Some(FaultKind::ResponseLost) {
        return Err(Dropped);
    }
    let body = if met.changes.is_empty() { body } else { field_change::change_fields(&body, &met.changes) };
    // The length of the unchanged response; hyper sets that of the changed one.
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.extend(common_headers(&controller));
    let body = bent_body::bend(&met, &mut parts.headers, body);
    controller.log().set_response(sequence, parts.status.as_u16(), body.bytes());
    Ok(Response::from_parts(parts, body))
}

/// Lets the controller respond; faults of writes change their effect.
async fn routed_with_faults(
    controller: &Controller,
    router: Router,
    request: Request<Bytes>,
    met: &Met,
) -> Response<Body> {
    let is_write_fault =
        matches!(met.kind, Some(FaultKind::WriteIgnored | FaultKind::WriteLate | FaultKind::Overwritten));
    let before = is_write_fault.then(|| controller.with_world(|world, _| world.settings()));
    let response = routed(router, request.map(Body::from)).await;
    let Some(before) = before else { return response };
    controller.with_world(|world, now| match met.kind {
        Some(FaultKind::WriteLate) => {
            let due_ms = now.cars_ms + i64::try_from(met.span_ms).unwrap_or(i64::MAX / 2);
            world.make_late(&before, due_ms, now.cars_ms);
        }
        Some(FaultKind::Overwritten) => world.overwrite_changed(&before, now),
        _ => world.restore(&before, now.cars_ms),
    });
    response
}

/// Returns a response, an error in the words of the dialect.
async fn in_dialect(controller: &Controller, response: Response<Body>) -> (Parts, Bytes) {
    let (parts, body) = response.into_parts();
    let body = whole(body).await;
    if parts.status.is_client_error() || parts.status.is_server_error() {
        let untranslated = Response::from_parts(parts.clone(), Body::empty());
        if let Some(response) = error_in(controller.dialect, &untranslated, &body) {
            let (parts, body) = response.into_parts();
            return (parts, whole(body).await);
        }
    }
    (parts, body)
}

async fn whole(body: Body) -> Bytes {
    body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default()
}

async fn routed(router: Router, request: Request<Body>) -> Response<Body> {
    let result: Result<_, Infallible> = router.oneshot(request).await;
    result.unwrap_or_else(|never| match never {})
}

/// Returns the response of a fault, if it replaces the controller's.
fn instead(met: &Met, request: &Request<Bytes>) -> Result<Option<Response<Body>>, Dropped> {
    let is_login = is_login(request.uri().path());
    let error =
        match met.kind {
            Some(FaultKind::Down) => return Err(Dropped),
            Some(FaultKind::Html) => {
                let headers = [(CONTENT_TYPE, "text/html; charset=utf-8")];
                return Ok(Some((headers, LOGIN_PAGE).into_response()));
            }
            Some(FaultKind::Redirect) => return Ok(Some(redirect(request))),
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

/// Returns a response that leads to the same path without TLS.
fn redirect(request: &Request<Bytes>) -> Response<Body> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    (StatusCode::MOVED_PERMANENTLY, [(LOCATION, format!("http://{host}{}", request.uri()))]).into_response()
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
    let version = controller.api_version();
    let headers =
        [(DATE, Some(date.as_str())), (HeaderName::from_static("x-api-version"), version.as_deref())];
    let sent =
        headers.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::from_str(value?).ok()?)));
    sent.collect()
}
