//! `POST /login` and `POST /logout`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::{ApiResult, json, parse, session_token};
use crate::auth::{Caller, Issued, LoginRefused};
use crate::controller::Controller;

#[derive(Deserialize)]
struct Login {
    login: Option<String>,
    password: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LoginReply<'a> {
    token: &'a str,
    token_type: &'a str,
    expires_in: i64,
}

pub(crate) async fn log_in(State(controller): State<Arc<Controller>>, body: Bytes) -> ApiResult {
    let Login { login, password } = parse(&body)?;
    let login = login.ok_or_else(|| ApiError::field("login", "login is missing"))?;
    let password = password.ok_or_else(|| ApiError::field("password", "password is missing"))?;
    let issued = issue(&controller, &login, &password)?;
    json(200, &LoginReply { token: &issued.token, token_type: "Bearer", expires_in: issued.expires_in_s })
}

/// Checks a password and issues a token.
pub(super) fn issue(controller: &Controller, login: &str, password: &str) -> Result<Issued, ApiError> {
    let token = crate::secrets::random_hex().map_err(|error| {
        ApiError::new(500, "INTERNAL_ERROR", format!("no random numbers for a token: {error}"))
    })?;
    let now_ms = controller.clock.now().controller_ms;
    controller.auth().log_in(login, password, token, now_ms).map_err(|refused| match refused {
        LoginRefused::BadCredentials => ApiError::bad_credentials(),
        LoginRefused::TooManySessions => {
            ApiError::new(403, "TOO_MANY_SESSIONS", "the account has too many sessions")
        }
        LoginRefused::Locked { retry_after_s } => {
            ApiError::new(423, "ACCOUNT_LOCKED", "too many wrong logins; the account is locked for a while")
                .with_retry_after(u64::try_from(retry_after_s).unwrap_or(0))
        }
    })
}

pub(crate) async fn log_out(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    headers: HeaderMap,
) -> ApiResult {
    if let Some(token) = session_token(&headers) {
        controller.auth().log_out(token);
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
