//! Error responses: `{"error":{"code":…,"message":…,"field":…}}`.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A request that was not done.
pub(crate) struct ApiError {
    status: u16,
    code: Cow<'static, str>,
    message: String,
    field: Option<&'static str>,
    retry_after_s: Option<u64>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), field: None, retry_after_s: None }
    }

    /// Returns the error for a missing or wrong field of the request.
    pub(crate) fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self { field: Some(field), ..Self::new(400, "INVALID_FIELD", message) }
    }

    pub(crate) fn token_expired() -> Self {
        Self::new(401, "TOKEN_EXPIRED", "the token is missing, unknown or has ended")
    }

    pub(crate) fn bad_credentials() -> Self {
        Self::new(401, "BAD_CREDENTIALS", "login or password is wrong")
    }

    pub(crate) fn zone_not_found() -> Self {
        Self { field: Some("zoneId"), ..Self::new(404, "ZONE_NOT_FOUND", "no such zone") }
    }

    pub(crate) fn station_not_found() -> Self {
        Self { field: Some("stationId"), ..Self::new(404, "STATION_NOT_FOUND", "no such station") }
    }

    pub(crate) fn connector_not_found() -> Self {
        Self { field: Some("connectorId"), ..Self::new(404, "CONNECTOR_NOT_FOUND", "no such connector") }
    }

    pub(crate) fn with_code(self, code: &'static str) -> Self {
        Self { code: code.into(), ..self }
    }

    pub(crate) fn with_retry_after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = ErrorObject { code: &self.code, message: &self.message, field: self.field };
        let body = serde_json::to_vec(&ErrorBody { error }).unwrap_or_default();
        let mut response = json_response(self.status, body);
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Builds a JSON response.
pub(crate) fn json_response(status: u16, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
