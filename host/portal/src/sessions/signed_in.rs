use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use riser_store::TokenHash;

use super::AuthRejection;
use crate::current_user::CurrentUser;
use crate::request_context::RequestContext;
use crate::state::PortalState;

/// The person who sends a request. A handler that takes this argument is closed to everyone else.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) context: RequestContext,
    /// The hash of the session's token.
    pub(crate) session: TokenHash,
}

impl FromRequestParts<PortalState> for SignedIn {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, portal: &PortalState) -> Result<Self, AuthRejection> {
        let (token, session) =
            portal.sessions().of_request(&parts.headers).await?.ok_or(AuthRejection::NotSignedIn)?;
        let user = CurrentUser { name: session.user.name, role: session.user.role, csrf: session.csrf_token };
        Ok(Self { context: RequestContext::new(parts, user), session: token })
    }
}

impl OptionalFromRequestParts<PortalState> for SignedIn {
    type Rejection = AuthRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        portal: &PortalState,
    ) -> Result<Option<Self>, AuthRejection> {
        match <Self as FromRequestParts<PortalState>>::from_request_parts(parts, portal).await {
            Ok(signed_in) => Ok(Some(signed_in)),
            Err(AuthRejection::NotSignedIn) => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}
