use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::middleware::Next;
use axum::response::Response;

use crate::pages::error::PageError;
use crate::state::PortalState;

/// The names by which browsers may request this portal.
///
/// With DNS rebinding another web site can make a browser send requests to this host under the site's own name.
/// It cannot do so under an IP address or under a name listed here.
#[derive(Clone, Debug)]
pub(crate) struct KnownNames {
    names: Vec<String>,
}

impl KnownNames {
    pub(crate) fn new(names: &[String]) -> Self {
        let listed = names.iter().map(|name| name.trim_end_matches('.').to_ascii_lowercase());
        Self { names: listed.chain(["localhost".to_owned()]).collect() }
    }

    /// Returns whether a `Host` header, with or without a port, names this host.
    pub(crate) fn contain(&self, host: &str) -> bool {
        let name = name_of(host);
        let address = name.trim_start_matches('[').trim_end_matches(']');
        address.parse::<IpAddr>().is_ok()
            || self.names.contains(&name.trim_end_matches('.').to_ascii_lowercase())
    }
}

/// Returns the name or address in a `Host` header, without the port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

/// Returns the `Host` header of a request, unless it is missing or given twice.
pub(crate) fn requested_host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then_some(host)
}

pub(crate) async fn check_host_name(
    State(portal): State<PortalState>,
    request: Request,
    next: Next,
) -> Result<Response, PageError> {
    let host = requested_host(request.headers()).unwrap_or_default();
    if !portal.known_names().contain(host) {
        let shown: String = host.chars().take(100).collect();
        return Err(PageError::UnknownHostName(shown));
    }
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_localhost_and_listed_names_are_known() {
        let known = KnownNames::new(&["Riser.Example".to_owned()]);
        for host in [
            "localhost",
            "LOCALHOST:8082",
            "127.0.0.1:8082",
            "[::1]:8082",
            "192.0.2.7",
            "riser.example.",
            "riser.example:443",
        ] {
            assert!(known.contain(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8082",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "riser.example@evil",
        ] {
            assert!(!known.contain(host), "{host}");
        }
    }
}
