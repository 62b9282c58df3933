use axum::http::request::Parts;
use riser_domain::Actor;
use riser_store::{TokenHash, UserId};

use super::AuthRejection;
use crate::current_user::CurrentUser;
use crate::request_context::RequestContext;
use crate::state::PortalState;

/// The person who sends a request. Handlers get it from a role extractor.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) context: RequestContext,
    pub(crate) user: UserId,
    /// The hash of the session's token.
    pub(crate) session: TokenHash,
}

impl SignedIn {
    pub(crate) async fn of_request(parts: &Parts, portal: &PortalState) -> Result<Self, AuthRejection> {
        let (token, session) =
            portal.sessions().of_request(&parts.headers).await?.ok_or(AuthRejection::NotSignedIn)?;
        let id = session.user.id;
        let user = CurrentUser { name: session.user.name, role: session.user.role, csrf: session.csrf_token };
        Ok(Self { context: RequestContext::new(parts, user), user: id, session: token })
    }

    /// Returns the person as named in the audit trail.
    pub(crate) fn actor(&self) -> Actor {
        Actor::Person(self.context.user.name.clone())
    }
}
