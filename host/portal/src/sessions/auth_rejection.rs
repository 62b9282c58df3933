use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use riser_domain::Role;
use riser_store::StoreError;

/// The reason why a request is not allowed to reach its handler.
///
/// The response holds only the status and this value. `routes::error_pages` turns it into a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthRejection {
    NotSignedIn,
    RoleTooLow {
        role: Role,
        needed: Role,
    },
    /// The session could not be read. The log has the cause.
    StoreFailed,
}

impl AuthRejection {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::NotSignedIn => StatusCode::UNAUTHORIZED,
            Self::RoleTooLow { .. } => StatusCode::FORBIDDEN,
            Self::StoreFailed => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for AuthRejection {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for AuthRejection {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a login session could not be read");
        Self::StoreFailed
    }
}
