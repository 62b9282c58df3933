//! Responses that are pages.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A page struct as a response.
pub(crate) struct Page<T>(pub(crate) T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
            // A template fails only if formatting one of its values fails, and none of ours does.
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a page could not be rendered");
                (StatusCode::INTERNAL_SERVER_ERROR, "This page could not be rendered. Go back to /.")
                    .into_response()
            }
        }
    }
}
