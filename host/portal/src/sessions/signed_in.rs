use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use riser_store::TokenHash;

use crate::page::Page;
use crate::pages::error::PageError;
use crate::pages::login::LoginPage;
use crate::reader::Reader;
use crate::return_path::ReturnPath;
use crate::shell::Asked;
use crate::state::PortalState;
use crate::theme::Theme;

/// The person who sends a request. A handler that takes it is closed to everyone else.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) asked: Asked,
    /// The hash of the session's token.
    pub(crate) session: TokenHash,
}

/// Who asks without a session gets the log-in page in place of the page, and comes back to it.
pub(crate) enum NotSignedIn {
    Unknown(Box<LoginPage>),
    Failed(PageError),
}

impl FromRequestParts<PortalState> for SignedIn {
    type Rejection = NotSignedIn;

    async fn from_request_parts(parts: &mut Parts, portal: &PortalState) -> Result<Self, NotSignedIn> {
        let session = portal.sessions().of_request(&parts.headers).await;
        let address = parts.uri.path_and_query().map_or("/", |address| address.as_str());
        match session {
            Ok(Some((token, session))) => Ok(Self {
                asked: Asked {
                    reader: Reader {
                        name: session.user.name,
                        role: session.user.role,
                        csrf: session.csrf_token,
                    },
                    theme: Theme::of_request(&parts.headers),
                    address: address.to_owned(),
                },
                session: token,
            }),
            Ok(None) => {
                let page = LoginPage::new(portal, &parts.headers, &ReturnPath::parse(address));
                Err(NotSignedIn::Unknown(Box::new(page)))
            }
            Err(error) => Err(NotSignedIn::Failed(error.into())),
        }
    }
}

impl OptionalFromRequestParts<PortalState> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, portal: &PortalState) -> Result<Option<Self>, PageError> {
        match <Self as FromRequestParts<PortalState>>::from_request_parts(parts, portal).await {
            Ok(signed_in) => Ok(Some(signed_in)),
            Err(NotSignedIn::Unknown(_)) => Ok(None),
            Err(NotSignedIn::Failed(error)) => Err(error),
        }
    }
}

impl IntoResponse for NotSignedIn {
    fn into_response(self) -> Response {
        match self {
            Self::Unknown(page) => (StatusCode::UNAUTHORIZED, Page(*page)).into_response(),
            Self::Failed(error) => error.into_response(),
        }
    }
}
