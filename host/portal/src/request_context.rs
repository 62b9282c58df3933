//! The facts about a request that pages need.

use axum::http::request::Parts;

use crate::current_user::CurrentUser;
use crate::theme::Theme;

/// Who requests a page, in which colours, and at which address.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext {
    pub(crate) user: CurrentUser,
    pub(crate) theme: Option<Theme>,
    /// Path and query.
    pub(crate) address: String,
}

impl RequestContext {
    pub(crate) fn new(parts: &Parts, user: CurrentUser) -> Self {
        let address = parts.uri.path_and_query().map_or("/", |address| address.as_str());
        Self { user, theme: Theme::of_request(&parts.headers), address: address.to_owned() }
    }
}
