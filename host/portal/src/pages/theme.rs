//! The button for light and dark, for browsers without scripts.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;

use crate::form::Form;
use crate::return_path::ReturnPath;
use crate::sessions::Viewer;
use crate::theme::Theme;

#[derive(Debug, Deserialize)]
pub(crate) struct ThemeForm {
    #[serde(default)]
    next: ReturnPath,
}

/// `POST /theme`
pub(crate) async fn switch(_: Viewer, headers: HeaderMap, form: Form<ThemeForm>) -> impl IntoResponse {
    let theme = Theme::other(Theme::of_request(&headers));
    (CookieJar::new().add(theme.cookie()), Redirect::to(form.0.next.as_str()))
}
