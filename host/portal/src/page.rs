//! Responses that are pages.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Room for a page in bytes. Most pages are smaller, so their text is not copied while it grows.
const PAGE_BYTES: usize = 32 * 1024;

/// A page struct as a response.
pub(crate) struct Page<T>(pub(crate) T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        let mut html = String::with_capacity(PAGE_BYTES);
        match self.0.render_into(&mut html) {
            Ok(()) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
            // A template fails only if formatting one of its values fails, and none of ours does.
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a page could not be rendered");
                (StatusCode::INTERNAL_SERVER_ERROR, "This page could not be rendered. Go back to /.")
                    .into_response()
            }
        }
    }
}
