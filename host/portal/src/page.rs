//! Answering with a page.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A page struct as the answer to a request.
pub(crate) struct Page<T>(pub(crate) T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
            // Templates only fail when a value they print fails; no value of ours does.
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a page could not be written");
                (StatusCode::INTERNAL_SERVER_ERROR, "This page could not be written. Go back to /.")
                    .into_response()
            }
        }
    }
}
