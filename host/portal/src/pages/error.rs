use std::borrow::Cow;

use askama::Template;
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use riser_domain::{Problem, Role};
use riser_store::StoreError;
use serde::Serialize;

use crate::current_user::role_name;
use crate::page::Page;
use crate::page_layout::TABS;
use crate::parts::{Icon, capitalised};
use crate::response_kind::ResponseKind;
use crate::sessions::SignInError;
use crate::theme::Theme;

/// A request that ends with an error page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PageError {
    NoSuchPage,
    /// A script or an event stream without a session. A page leads to the login instead.
    NotSignedIn,
    /// The address does not accept this method.
    WrongMethod,
    /// The form was not sent by a page of this session.
    ForeignForm,
    UnreadableForm,
    NotAllowed {
        role: Role,
        needed: Role,
    },
    /// The `Host` header contains a name that is not configured.
    UnknownHostName(String),
    /// The action is not possible now, with the reason.
    Refused(String),
    TooManyStreams,
    /// The database returned an error. The log has the cause.
    StoreFailed,
    /// A handler failed. The log has the cause.
    Broken,
}

/// The page of an error. It depends on the request alone, so it works even if everything else has failed.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/error.html")]
pub(crate) struct ErrorPage {
    pub(crate) site_name: String,
    pub(crate) theme: Option<Theme>,
    pub(crate) status: u16,
    pub(crate) text: ErrorText,
    /// Whether there are pages to go to.
    pub(crate) has_pages: bool,
}

/// The text of an error page.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ErrorText {
    pub(crate) title: &'static str,
    pub(crate) what: String,
    pub(crate) effect: Cow<'static, str>,
    pub(crate) remedy: Cow<'static, str>,
}

impl PageError {
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPage => StatusCode::NOT_FOUND,
            Self::NotSignedIn => StatusCode::UNAUTHORIZED,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::ForeignForm | Self::NotAllowed { .. } => StatusCode::FORBIDDEN,
            Self::UnreadableForm => StatusCode::UNPROCESSABLE_ENTITY,
            Self::UnknownHostName(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::Refused(_) => StatusCode::CONFLICT,
            Self::TooManyStreams => StatusCode::TOO_MANY_REQUESTS,
            Self::StoreFailed => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn text(&self) -> ErrorText {
        match self {
            Self::NoSuchPage => ErrorText {
                title: "Page not found",
                what: "There is no page at this address.".to_owned(),
                effect: "".into(),
                remedy: "Go to the overview or to the items.".into(),
            },
            Self::NotSignedIn => ErrorText {
                title: "Not signed in",
                what: "The session has ended, or there is none.".to_owned(),
                effect: "Nothing was read or changed.".into(),
                remedy: "Sign in at /login.".into(),
            },
            Self::WrongMethod => ErrorText {
                title: "This address does not accept the request",
                what: "The address is either a page to read or the target of a form, not both.".to_owned(),
                effect: "Nothing was changed.".into(),
                remedy: "Use the buttons on the pages.".into(),
            },
            Self::ForeignForm => ErrorText {
                title: "The form was not sent by this session",
                what: "The form comes from another site, or from a page of an earlier session.".to_owned(),
                effect: "Nothing was changed.".into(),
                remedy: "Reload the page and press the button again.".into(),
            },
            Self::UnreadableForm => ErrorText {
                title: "The form cannot be read",
                what: "A field is missing, occurs twice or has an invalid value.".to_owned(),
                effect: "Nothing was changed.".into(),
                remedy: "Reload the page and send the form again.".into(),
            },
            Self::NotAllowed { role, needed } => ErrorText {
                title: "Your role does not allow this",
                what: format!("Your role is {}. This needs {}.", role_name(*role), or_higher(*needed)),
                effect: "Nothing was changed.".into(),
                remedy: "Ask an administrator of this host to give you this role.".into(),
            },
            Self::UnknownHostName(name) => ErrorText {
                title: "Unknown host name",
                what: format!(
                    "The request names this host {name:?}. Riser refuses names that are not configured, so that other \
                     web sites cannot reach it through a browser."
                ),
                effect: "Only access by this name.".into(),
                remedy: "Use the address that Riser printed at its start, or start it with --portal-hostname and this name.".into(),
            },
            Self::Refused(reason) => ErrorText {
                title: "Not possible now",
                what: format!("{}.", capitalised(reason.trim_end_matches('.'))),
                effect: "Nothing was changed.".into(),
                remedy: "Go back and reload the page. It shows the present state.".into(),
            },
            Self::TooManyStreams => ErrorText {
                title: "Too many pages are open",
                what: "This session already follows live values in the largest possible number of windows."
                    .to_owned(),
                effect: "This window does not show new values by itself.".into(),
                remedy: "Close other windows, or reload this one to see new values.".into(),
            },
            Self::StoreFailed => ErrorText {
                title: "The database does not respond",
                what: "The page could not read or store its data. The log of this host has the cause."
                    .to_owned(),
                effect: "Only this page. Live values are kept in memory and still reach the BMS.".into(),
                remedy: "Wait a minute and reload the page. If the error remains, check whether the disk of the data \
                         directory is full.".into(),
            },
            Self::Broken => ErrorText {
                title: "This page failed",
                what: "An error in Riser stopped this page. The log of this host has the cause.".to_owned(),
                effect: "Only this page. Processors and EWS servers keep running.".into(),
                remedy: "Reload the page. If it fails again, report it with the log lines of this moment.".into(),
            },
        }
    }

    pub(crate) fn into_page_or_json(self, site_name: &str, headers: &HeaderMap) -> Response {
        if ResponseKind::of(headers).is_html {
            (self.status(), Page(ErrorPage::new(&self, site_name, headers))).into_response()
        } else {
            self.into_json()
        }
    }

    pub(crate) fn into_json(self) -> Response {
        (self.status(), Json(self.text())).into_response()
    }
}

/// Names the roles that are sufficient.
fn or_higher(needed: Role) -> String {
    match needed {
        Role::Admin => role_name(needed).to_owned(),
        Role::Operator => format!("{} or {}", role_name(needed), role_name(Role::Admin)),
        Role::Viewer => "any role".to_owned(),
    }
}

impl ErrorPage {
    pub(crate) fn new(error: &PageError, site_name: &str, headers: &HeaderMap) -> Self {
        let status = error.status().as_u16();
        let theme = Theme::of_request(headers);
        Self { site_name: site_name.to_owned(), theme, status, text: error.text(), has_pages: true }
    }

    /// Returns the page of a host that could not start.
    pub(crate) fn of_failed_start(problem: &Problem, machine_name: &str, headers: &HeaderMap) -> Self {
        let sentence = |text: &str| format!("{}.", capitalised(text.trim_end_matches('.')));
        let text = ErrorText {
            title: "Riser could not start",
            what: sentence(&problem.what),
            effect: sentence(&problem.effect).into(),
            remedy: sentence(&problem.remedy).into(),
        };
        Self {
            site_name: machine_name.to_owned(),
            theme: Theme::of_request(headers),
            status: StatusCode::SERVICE_UNAVAILABLE.as_u16(),
            text,
            has_pages: false,
        }
    }
}

/// The response holds only the status and the error. `routes::error_pages` renders the page, because it knows the
/// request.
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the portal could not use the database");
        Self::StoreFailed
    }
}

impl From<SignInError> for PageError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Store(error) => error.into(),
            SignInError::NoRandomness(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a login failed");
                Self::Broken
            }
        }
    }
}
