//! Light or dark, for who has no script.

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use crate::form::Form;
use crate::return_path::ReturnPath;
use crate::sessions::SignedIn;
use crate::theme::Theme;

/// Where the button was pressed.
#[derive(Debug, Deserialize)]
pub(crate) struct ThemeForm {
    #[serde(rename = "return", default)]
    return_to: ReturnPath,
}

/// `POST /theme`
pub(crate) async fn switch(_: SignedIn, headers: HeaderMap, form: Form<ThemeForm>) -> impl IntoResponse {
    let theme = Theme::other(Theme::of_request(&headers));
    ([(header::SET_COOKIE, theme.cookie())], Redirect::to(form.0.return_to.as_str()))
}
