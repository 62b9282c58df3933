use axum::extract::Request;
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;

use super::host_name::asked_host;
use crate::pages::error::PageError;

/// Refuses what another site's page makes a browser send. The token in each form is the second lock.
pub(crate) async fn check_same_origin(request: Request, next: Next) -> Result<Response, PageError> {
    let only_looks = matches!(*request.method(), Method::GET | Method::HEAD);
    if !only_looks && !is_from_here(request.headers()) {
        return Err(PageError::ForeignForm);
    }
    Ok(next.run(request).await)
}

/// Browsers say where a request comes from in `Sec-Fetch-Site`, older ones in `Origin`; what says neither is
/// no browser, and no foreign page can send it.
fn is_from_here(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let origin = origin.to_str().unwrap_or_default();
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    host.is_some() && host == asked_host(headers)
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
        is_from_here(&headers)
    }

    #[test]
    fn only_this_site_and_what_is_no_browser_may_send_forms() {
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
