//! The button for light and dark, for browsers without scripts.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;

use crate::form::Form;
use crate::return_path::ReturnPath;
use crate::sessions::SignedIn;
use crate::theme::Theme;

#[derive(Debug, Deserialize)]
pub(crate) struct ThemeForm {
    #[serde(rename = "return", default)]
    return_to: ReturnPath,
}

/// `POST /theme`
pub(crate) async fn switch(_: SignedIn, headers: HeaderMap, form: Form<ThemeForm>) -> impl IntoResponse {
    let theme = Theme::other(Theme::of_request(&headers));
    (CookieJar::new().add(theme.cookie()), Redirect::to(form.0.return_to.as_str()))
}
