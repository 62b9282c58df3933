//! What requests carry: forms, queries, path segments. Each answers our error page when it cannot be read.

use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq;

use crate::pages::error::PageError;
use crate::sessions::SignedIn;
use crate::state::PortalState;

/// Time a form may take to arrive.
const FORM_DEADLINE: Duration = Duration::from_secs(10);

/// A form of a signed-in person: it carries the token of their session.
pub(crate) struct Form<T>(pub(crate) T);

/// A form that is sent without a session: the log-in.
pub(crate) struct OpenForm<T>(pub(crate) T);

/// What stands after the question mark; what cannot be read counts as a page that does not exist.
pub(crate) struct QueryOf<T>(pub(crate) T);

/// A segment of the path.
pub(crate) struct PathOf<T>(pub(crate) T);

/// A form that is only a button.
#[derive(Debug, Deserialize)]
pub(crate) struct NoFields {}

/// What every form of a session has besides its own fields.
#[derive(Deserialize)]
struct SessionForm<T> {
    csrf: Option<String>,
    #[serde(flatten)]
    fields: T,
}

impl<T: DeserializeOwned> FromRequest<PortalState> for Form<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, portal: &PortalState) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        let signed_in = <SignedIn as FromRequestParts<_>>::from_request_parts(&mut parts, portal)
            .await
            .map_err(|_| PageError::ForeignForm)?;
        let sent: SessionForm<T> = read(Request::from_parts(parts, body), portal).await?;
        let token = signed_in.asked.reader.csrf;
        let is_ours = sent.csrf.is_some_and(|sent| sent.as_bytes().ct_eq(token.as_bytes()).into());
        if is_ours { Ok(Self(sent.fields)) } else { Err(PageError::ForeignForm) }
    }
}

impl<T: DeserializeOwned> FromRequest<PortalState> for OpenForm<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, portal: &PortalState) -> Result<Self, PageError> {
        read(request, portal).await.map(Self)
    }
}

/// Reads a form; another content type is no form of ours.
async fn read<T: DeserializeOwned>(request: Request, portal: &PortalState) -> Result<T, PageError> {
    let content_type =
        request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let media_type = content_type.split(';').next().unwrap_or("").trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(PageError::ForeignForm);
    }
    let axum::Form(form) = tokio::time::timeout(FORM_DEADLINE, axum::Form::from_request(request, portal))
        .await
        .map_err(|_| PageError::UnreadableForm)?
        .map_err(|_| PageError::UnreadableForm)?;
    Ok(form)
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
