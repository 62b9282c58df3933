//! Extractors for forms, queries and path segments. Input that cannot be read becomes one of our error pages.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq;
use url::form_urlencoded::{self, Serializer};

use crate::pages::error::PageError;
use crate::sessions::{AuthRejection, SignedIn};
use crate::state::PortalState;

/// Time within which a form must arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(10);
/// The field of every form of a session that holds the session's token.
pub(crate) const TOKEN_FIELD: &str = "csrf";

/// A form sent by a page of a session. The session's token is read apart from the other fields, so `T` may hold
/// numbers and tick boxes.
///
/// A browser sends nothing for an empty tick box. Give the input `value="true"`, and the field
/// `#[serde(default)]` and the type `bool`.
pub(crate) struct Form<T>(pub(crate) T);

/// A form that needs no session: the login.
pub(crate) struct OpenForm<T>(pub(crate) T);

/// The query of the address. A query that cannot be read leads to the page "not found".
pub(crate) struct QueryOf<T>(pub(crate) T);

/// A segment of the path. A segment that cannot be read leads to the page "not found".
pub(crate) struct PathOf<T>(pub(crate) T);

/// A form that is only a button.
#[derive(Debug, Deserialize)]
pub(crate) struct NoFields {}

impl<T: DeserializeOwned> FromRequest<PortalState> for Form<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, portal: &PortalState) -> Result<Self, PageError> {
        let (parts, body) = request.into_parts();
        let signed_in = match SignedIn::of_request(&parts, portal).await {
            Ok(signed_in) => signed_in,
            Err(AuthRejection::StoreFailed) => return Err(PageError::StoreFailed),
            Err(_) => return Err(PageError::ForeignForm),
        };
        let bytes = read(Request::from_parts(parts, body), portal).await?;
        let (tokens, fields): (Vec<_>, Vec<_>) =
            form_urlencoded::parse(&bytes).partition(|(name, _)| name == TOKEN_FIELD);
        let expected = &signed_in.context.user.csrf;
        match tokens.as_slice() {
            [(_, token)] if bool::from(token.as_bytes().ct_eq(expected.as_bytes())) => {}
            _ => return Err(PageError::ForeignForm),
        }
        let fields = Serializer::new(String::new()).extend_pairs(fields).finish();
        deserialise(fields.as_bytes()).map(Self)
    }
}

impl<T: DeserializeOwned> FromRequest<PortalState> for OpenForm<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, portal: &PortalState) -> Result<Self, PageError> {
        deserialise(&read(request, portal).await?).map(Self)
    }
}

/// Reads a password so that it is never printed.
pub(crate) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn deserialise<T: DeserializeOwned>(fields: &[u8]) -> Result<T, PageError> {
    serde_urlencoded::from_bytes(fields).map_err(|_| PageError::UnreadableForm)
}

/// Reads the body of a form. Only URL-encoded bodies are accepted: our pages send no others.
async fn read(request: Request, portal: &PortalState) -> Result<Bytes, PageError> {
    let content_type =
        request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let media_type = content_type.split(';').next().unwrap_or("").trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(PageError::ForeignForm);
    }
    tokio::time::timeout(FORM_TIMEOUT, Bytes::from_request(request, portal))
        .await
        .map_err(|_| PageError::UnreadableForm)?
        .map_err(|_| PageError::UnreadableForm)
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryOf<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(query)) => Ok(Self(query)),
            Err(_) => Err(PageError::NoSuchPage),
        }
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathOf<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(segment)) => Ok(Self(segment)),
            Err(_) => Err(PageError::NoSuchPage),
        }
    }
}
