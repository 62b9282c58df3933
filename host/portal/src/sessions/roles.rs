//! Roles as extractors. A handler that changes something takes one of them, so a missing check does not compile:
//! the handler has no one to name in the audit trail.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use riser_domain::{Actor, Role};

use super::{AuthRejection, SignedIn};
use crate::state::PortalState;

/// A signed-in person who may start and stop processors, as named in the audit trail.
#[derive(Debug)]
pub(crate) struct Operator(pub(crate) Actor);

/// A signed-in person who may change the configuration, as named in the audit trail.
#[derive(Debug)]
#[cfg_attr(not(test), expect(dead_code, reason = "no page changes the configuration yet"))]
pub(crate) struct Admin(pub(crate) Actor);

impl FromRequestParts<PortalState> for Operator {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, portal: &PortalState) -> Result<Self, AuthRejection> {
        person_with(Role::Operator, parts, portal).await.map(Self)
    }
}

impl FromRequestParts<PortalState> for Admin {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, portal: &PortalState) -> Result<Self, AuthRejection> {
        person_with(Role::Admin, parts, portal).await.map(Self)
    }
}

async fn person_with(needed: Role, parts: &mut Parts, portal: &PortalState) -> Result<Actor, AuthRejection> {
    let signed_in = <SignedIn as FromRequestParts<_>>::from_request_parts(parts, portal).await?;
    let user = signed_in.context.user;
    if user.role >= needed {
        Ok(Actor::Person(user.name))
    } else {
        Err(AuthRejection::RoleTooLow { role: user.role, needed })
    }
}
