//! Roles as extractors. Every handler takes one of them. Only they return a [`SignedIn`], so a handler without one has
//! no person to make its page for, and nobody to name in the audit trail.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use riser_domain::Role;

use super::{AuthRejection, SignedIn};
use crate::state::PortalState;

/// A signed-in person, whatever their role.
#[derive(Debug)]
pub(crate) struct Viewer(pub(crate) SignedIn);

/// A signed-in person who may start and stop processors and write set points.
#[derive(Debug)]
pub(crate) struct Operator(pub(crate) SignedIn);

/// A signed-in person who may change the configuration.
#[derive(Debug)]
pub(crate) struct Admin(pub(crate) SignedIn);

impl FromRequestParts<PortalState> for Viewer {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, portal: &PortalState) -> Result<Self, AuthRejection> {
        person_with(Role::Viewer, parts, portal).await.map(Self)
    }
}

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

/// For pages that people without a session can open, too.
impl OptionalFromRequestParts<PortalState> for Viewer {
    type Rejection = AuthRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        portal: &PortalState,
    ) -> Result<Option<Self>, AuthRejection> {
        match SignedIn::of_request(parts, portal).await {
            Ok(signed_in) => Ok(Some(Self(signed_in))),
            Err(AuthRejection::NotSignedIn) => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}

async fn person_with(needed: Role, parts: &Parts, portal: &PortalState) -> Result<SignedIn, AuthRejection> {
    let signed_in = SignedIn::of_request(parts, portal).await?;
    let role = signed_in.context.user.role;
    if role >= needed { Ok(signed_in) } else { Err(AuthRejection::RoleTooLow { role, needed }) }
}
