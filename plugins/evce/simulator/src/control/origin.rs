//! Refuses requests of other web pages: the control interface has no login, and a browser reaches loopback.

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Refused;

/// Passes a request on, unless a browser sends it for another page or for another name of this machine.
pub(super) async fn refuse_other_pages(request: Request, next: Next) -> Response {
    if is_own(request.headers()) {
        next.run(request).await
    } else {
        Refused::new(403, "the control interface takes requests of its own pages only").into_response()
    }
}

fn is_own(headers: &HeaderMap) -> bool {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = header(HOST).unwrap_or_default();
    is_loopback(host) && header(ORIGIN).is_none_or(|origin| origin == format!("http://{host}"))
}

/// Returns whether a `Host` header names loopback. A foreign name here is one that was bound to this address.
fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_loopback_are_taken() {
        for host in ["127.0.0.1:8080", "localhost:1", "localhost", "[::1]:80", "[::1]", "127.0.0.9"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "example.org:80", "10.0.0.1:80", "127.0.0.1.example.org"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
