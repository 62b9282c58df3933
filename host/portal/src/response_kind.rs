//! The kind of response that a request can use.

use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderValue};

/// Whether a person or a program reads the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResponseKind {
    /// The browser shows the response as a page. Otherwise a script, an event stream or a program reads it.
    pub(crate) is_navigation: bool,
    /// Errors are sent as HTML. Otherwise they are sent as JSON.
    pub(crate) is_html: bool,
}

impl ResponseKind {
    /// Reads `Accept`, and `Sec-Fetch-Mode` of browsers. Without both, the response is a page.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_ascii_lowercase();
        let accept = headers.get(ACCEPT).map(text).unwrap_or_default();
        let mode = headers.get("sec-fetch-mode").map(text);
        let accepts_html = accept.contains("text/html");
        let accepts_data = accept.contains("json") || accept.contains("text/event-stream");
        let is_navigation = match &mode {
            Some(mode) => mode == "navigate",
            None => accepts_html || !accepts_data,
        };
        Self { is_navigation, is_html: accepts_html || (is_navigation && !accepts_data) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(accept: &'static str, mode: &'static str) -> (bool, bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in [("accept", accept), ("sec-fetch-mode", mode)] {
            if !value.is_empty() {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
        let ResponseKind { is_navigation, is_html } = ResponseKind::of(&headers);
        (is_navigation, is_html)
    }

    #[test]
    fn a_navigation_gets_a_page_and_a_script_gets_json() {
        assert_eq!(kind("text/html,application/xhtml+xml,*/*;q=0.8", "navigate"), (true, true));
        assert_eq!(kind("*/*", "cors"), (false, false));
        assert_eq!(kind("text/html", "cors"), (false, true));
        assert_eq!(kind("text/event-stream", "cors"), (false, false));
    }

    #[test]
    fn a_client_without_fetch_headers_is_known_by_what_it_accepts() {
        assert_eq!(kind("", ""), (true, true));
        assert_eq!(kind("*/*", ""), (true, true));
        assert_eq!(kind("text/html, application/json;q=0.5", ""), (true, true));
        assert_eq!(kind("application/json", ""), (false, false));
        assert_eq!(kind("text/event-stream", ""), (false, false));
    }
}
