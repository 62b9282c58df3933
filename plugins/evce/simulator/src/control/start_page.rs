//! The start page: purpose, invented parts, and the control interface.

use axum::response::Html;

use crate::controller::Controller;

/// Renders the page, which does not change while the simulator runs.
pub(super) fn page(controller: &Controller, api_url: &str) -> Html<String> {
    let page = include_str!("start_page.html")
        .replace("{api_url}", api_url)
        .replace("{fixture}", &controller.fixture)
        .replace("{seed}", &controller.seed.to_string());
    Html(page)
}
