use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::page::Page;
use crate::theme::Theme;

/// A request that ends in no page of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PageError {
    /// There is no such page.
    NoSuchPage,
    /// The page does not do this: it is only looked at, or only posted to.
    WrongMethod,
    /// The form did not come from a page of this session.
    ForeignForm,
    /// The form cannot be read.
    UnreadableForm,
    /// The role does not allow it.
    NotAllowed { act: &'static str, role: &'static str },
    /// The request names this host by a name it does not know.
    UnknownHostName(String),
    /// What was asked for cannot be done now, in words.
    Refused(String),
    /// Too many streams of one session are open.
    TooManyStreams,
    /// The store does not answer; the log says why.
    StoreFailed,
    /// A fault in Riser itself; the log says where.
    Broken,
}

/// The page of an error. It needs nothing but the request, so that it comes even when all else is broken.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/error.html")]
pub(crate) struct ErrorPage {
    pub(crate) site_name: String,
    pub(crate) theme: Option<Theme>,
    pub(crate) status: u16,
    pub(crate) title: String,
    pub(crate) what: String,
    pub(crate) effect: &'static str,
    pub(crate) remedy: String,
}

impl PageError {
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPage => StatusCode::NOT_FOUND,
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

    /// What happened, what it affects, what to do.
    fn words(&self) -> (String, String, &'static str, String) {
        let texts = |title: &str, what: &str, effect, remedy: &str| {
            (title.to_owned(), what.to_owned(), effect, remedy.to_owned())
        };
        match self {
            Self::NoSuchPage => texts(
                "There is no such page",
                "Nothing is served at this address.",
                "",
                "Go to the overview or to the items.",
            ),
            Self::WrongMethod => texts(
                "This address takes another request",
                "It is only looked at, or only posted to by a form.",
                "Nothing was changed.",
                "Use the buttons of the pages.",
            ),
            Self::ForeignForm => texts(
                "The form came from elsewhere",
                "It was not sent by a page of your present session.",
                "Nothing was changed.",
                "Load the page again and press the button there.",
            ),
            Self::UnreadableForm => texts(
                "The form cannot be read",
                "A field is missing, stands twice or has another form than the page gives it.",
                "Nothing was changed.",
                "Load the page again and press the button there.",
            ),
            Self::NotAllowed { act, role } => (
                format!("You may look, but not {act}"),
                format!("Your role is {role}. It needs Operator."),
                "Nothing was changed.",
                "An administrator of this machine can change your role with riser user.".to_owned(),
            ),
            Self::UnknownHostName(name) => (
                "This is not the name of this host".to_owned(),
                format!("The request asked for {name:?}. Names that Riser does not know are refused, so that foreign web pages cannot reach it."),
                "Only access by this name.",
                "Use the address that Riser printed when it started, or start it with --portal-hostname and this name.".to_owned(),
            ),
            Self::Refused(reason) => (
                "This cannot be done now".to_owned(),
                crate::parts::capitalised(reason),
                "Nothing was changed.",
                "Go back to the overview: it shows how the processor stands.".to_owned(),
            ),
            Self::TooManyStreams => texts(
                "Too many pages are open",
                "This session already follows live values in its largest number of windows.",
                "This window does not show new values by itself.",
                "Close other windows, or load this one again to see new values.",
            ),
            Self::StoreFailed => texts(
                "The database does not answer",
                "What this page shows could not be read or stored. The log of this host says why.",
                "Only this page. Live values are kept in memory and still flow to the BMS.",
                "Wait a minute and load it again. If it stays, look whether the disk of the data folder is full.",
            ),
            Self::Broken => texts(
                "This page broke",
                "Riser made a mistake of its own while it wrote this page. The log of this host says where.",
                "Only this page. Processors and EWS servers go on.",
                "Load it again. If it breaks again, report it with the lines that the log has of this moment.",
            ),
        }
    }

    pub(crate) fn into_page(self, site_name: &str, headers: &HeaderMap) -> Response {
        (self.status(), Page(ErrorPage::new(&self, site_name, headers))).into_response()
    }
}

impl ErrorPage {
    pub(crate) fn new(error: &PageError, site_name: &str, headers: &HeaderMap) -> Self {
        let (title, what, effect, remedy) = error.words();
        let status = error.status().as_u16();
        let theme = Theme::of_request(headers);
        Self { site_name: site_name.to_owned(), theme, status, title, what, effect, remedy }
    }
}

/// Handlers answer errors; `routes::error_pages` makes the page, because only it knows the request.
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<riser_store::StoreError> for PageError {
    fn from(error: riser_store::StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the portal could not use the store");
        Self::StoreFailed
    }
}
