//! The start page: what this is, what of it is invented, and how to steer it.

use axum::response::Html;

use crate::controller::Controller;

/// The page as it is served; nothing in it changes while the simulator runs.
pub(super) fn page(controller: &Controller, api_url: &str) -> Html<String> {
    let page = include_str!("start_page.html")
        .replace("{api_url}", api_url)
        .replace("{fixture}", &controller.fixture)
        .replace("{seed}", &controller.seed.to_string());
    Html(page)
}
