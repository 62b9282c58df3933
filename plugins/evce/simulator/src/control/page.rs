//! The pages for people: the live board, and the reference with everything that is invented.
//!
//! All files are in the program. The board's script uses the control interface alone.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::controller::Controller;

/// Only our own files; no script or style in the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Returns the paths of the pages; `api_url` is shown on them.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(controller: &Controller, api_url: &str) -> Router<S> {
    let html = "text/html; charset=utf-8";
    let board = filled(include_str!("page/board.html"), controller, api_url);
    let reference = filled(include_str!("page/reference.html"), controller, api_url);
    Router::new()
        .route("/", get(async move || file(html, board.clone())))
        .route("/reference", get(async move || file(html, reference.clone())))
        .route("/board.css", get(async || file("text/css; charset=utf-8", include_str!("page/board.css"))))
        .route(
            "/board.js",
            get(async || file("text/javascript; charset=utf-8", include_str!("page/board.js"))),
        )
        .route(
            "/drawings.js",
            get(async || file("text/javascript; charset=utf-8", include_str!("page/drawings.js"))),
        )
}

fn file(kind: &'static str, text: impl IntoResponse) -> Response {
    let headers = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        // Another version of the program may use the same port soon.
        (CACHE_CONTROL, "no-store"),
    ];
    // This replaces the content type of a text; extending the headers would add a second one.
    (headers, text).into_response()
}

/// Fills in what does not change while the simulator runs.
fn filled(page: &str, controller: &Controller, api_url: &str) -> String {
    page.replace("{api_url}", api_url)
        .replace("{fixture}", &controller.fixture)
        .replace("{dialect}", &controller.dialect.to_string())
        .replace("{seed}", &controller.seed.to_string())
}
