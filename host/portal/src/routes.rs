//! All addresses of the portal.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::FutureExt as _;

use crate::guard::{add_security_headers, check_host_name, check_same_origin};
use crate::live;
use crate::pages::error::PageError;
use crate::pages::{items, login, overview, processors, theme};
use crate::state::PortalState;
use crate::static_files;

/// Largest body of a request: forms are small.
const BODY_LIMIT: usize = 64 * 1024;

pub(crate) fn router(portal: PortalState) -> Router {
    Router::new()
        .route("/", get(overview::show))
        .route("/items", get(items::show))
        .route("/events", get(live::follow))
        .route("/login", get(login::show).post(login::sign_in))
        .route("/logout", post(login::sign_out))
        .route("/theme", post(theme::switch))
        .route("/processors/{id}/run", post(processors::run_now))
        .route("/processors/{id}/stop", post(processors::stop))
        .route("/static/{*path}", get(static_files::serve))
        .route("/healthz", get(|| async { "ok" }))
        .fallback(|| async { PageError::NoSuchPage })
        .method_not_allowed_fallback(|| async { PageError::WrongMethod })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(check_same_origin))
        .layer(from_fn_with_state(portal.clone(), check_host_name))
        .layer(from_fn_with_state(portal.clone(), error_pages))
        .layer(from_fn(add_security_headers))
        .with_state(portal)
}

/// Makes the page of an error that a handler or a guard answered, or of a handler that panicked.
async fn error_pages(State(portal): State<PortalState>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    // What handlers share keeps no half-made change: a poisoned lock is taken over, all else is in the store.
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| PageError::Broken.into_response());
    match response.extensions_mut().remove::<PageError>() {
        Some(error) => error.into_page(portal.site_name(), &headers),
        None => response,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::front_door::TestPortal;

    async fn broken() -> &'static str {
        panic!("an inner word")
    }

    #[tokio::test]
    async fn a_handler_that_panics_answers_a_page() {
        let portal = TestPortal::new().await.state();
        let router = Router::new()
            .route("/", get(broken))
            .layer(from_fn_with_state(portal.clone(), error_pages))
            .with_state(portal);
        let answer = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let page = answer.into_body().collect().await.unwrap().to_bytes();
        let page = std::str::from_utf8(&page).unwrap();
        assert!(page.contains("This page broke") && !page.contains("an inner word"), "{page}");
    }
}
