use axum::extract::Request;
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;

use super::host_name::requested_host;
use crate::pages::error::PageError;

/// Refuses forms that another site makes a browser send. The token in each form is a second protection.
pub(crate) async fn check_same_origin(request: Request, next: Next) -> Result<Response, PageError> {
    let is_read_only = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read_only && !is_same_origin(request.headers()) {
        return Err(PageError::ForeignForm);
    }
    Ok(next.run(request).await)
}

/// Returns whether a request comes from a page of this site, or from a client that is not a browser.
///
/// Browsers name the origin in `Sec-Fetch-Site`, older ones in `Origin`. A request with neither header does not
/// come from a browser, so another site cannot have caused it.
fn is_same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let origin = origin.to_str().unwrap_or_default();
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    host.is_some() && host == requested_host(headers)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn check(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("127.0.0.1:8082"));
        for (name, value) in pairs {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        is_same_origin(&headers)
    }

    #[test]
    fn only_this_site_and_clients_other_than_browsers_may_send_forms() {
        assert!(check(&[("sec-fetch-site", "same-origin")]));
        assert!(check(&[("origin", "http://127.0.0.1:8082")]));
        assert!(check(&[]));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!check(&[("sec-fetch-site", site)]), "{site}");
        }
        for origin in
            ["null", "http://evil.example", "http://127.0.0.1:8083", "http://127.0.0.1", "127.0.0.1:8082"]
        {
            assert!(!check(&[("origin", origin)]), "{origin}");
        }
        assert!(!check(&[("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:8082")]));
    }
}
