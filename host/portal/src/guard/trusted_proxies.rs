use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::extract::{Request, State};
use axum::http::header::{FORWARDED, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

use crate::server::PeerAddress;
use crate::state::PortalState;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// A network of reverse proxies, such as `127.0.0.1` or `10.1.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyNetwork(IpNet);

/// A text that is not a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give an address or a network, such as 127.0.0.1 or 10.1.0.0/16")]
pub struct NotANetwork;

impl FromStr for ProxyNetwork {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(|network| Self(network.trunc())).map_err(|_| NotANetwork)
    }
}

/// The reverse proxies whose headers count.
///
/// A client can send these headers, too. So the address that the nearest proxy has added counts, and of several proxies
/// the first address that is not a trusted one.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies(Vec<ProxyNetwork>);

impl TrustedProxies {
    pub(crate) fn new(networks: &[ProxyNetwork]) -> Self {
        Self(networks.to_vec())
    }

    fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|ProxyNetwork(network)| network.contains(&address))
    }

    /// Returns the address of the client behind a connection from `peer`.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.contain(peer) {
            return peer;
        }
        // A proxy that knows only one of the headers passes on the other one as the client sent it.
        let found = match (addresses_of(headers, &X_FORWARDED_FOR), addresses_of(headers, &FORWARDED)) {
            (Some(list), None) | (None, Some(list)) => self.last_untrusted(&list),
            (Some(one), Some(other)) => {
                self.last_untrusted(&one).filter(|found| self.last_untrusted(&other) == Some(*found))
            }
            (None, None) => None,
        };
        found.unwrap_or(peer)
    }

    /// Returns the last address that is not that of a trusted proxy; `None` if one after it cannot be read.
    fn last_untrusted(&self, list: &[Option<IpAddr>]) -> Option<IpAddr> {
        let last = list.iter().rev().find(|address| address.is_none_or(|address| !self.contain(address)));
        // All addresses are trusted: the first one is a client on the machine of a proxy.
        last.or(list.first()).copied().flatten()
    }
}

/// Returns the addresses in the lines of a header, in their order; `None` without the header.
fn addresses_of(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<Option<IpAddr>>> {
    let lines: Vec<&HeaderValue> = headers.get_all(name).iter().collect();
    let of_element =
        |element: &str| if *name == FORWARDED { of_forwarded(element) } else { address(element) };
    let addresses = lines.iter().flat_map(|line| match line.to_str() {
        Ok(text) => text.split(',').map(of_element).collect(),
        Err(_) => vec![None],
    });
    (!lines.is_empty()).then(|| addresses.collect())
}

/// Returns the address of `for="[2001:db8::1]:80";proto=https`.
fn of_forwarded(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| address(value.trim().trim_matches('"')))?
    })
}

/// Reads an address with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    bare.parse::<IpAddr>().or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

/// Replaces the address of a proxy by that of its client. A browser that reaches the proxy over TLS sends cookies over
/// TLS only.
pub(crate) async fn read_proxy_headers(
    State(portal): State<PortalState>,
    mut request: Request,
    next: Next,
) -> Response {
    let proxies = portal.trusted_proxies();
    let peer = request.extensions().get::<PeerAddress>().copied();
    let mut is_https = false;
    if let Some(PeerAddress(peer)) = peer.filter(|peer| proxies.contain(peer.0.ip())) {
        let client = proxies.client(peer.ip(), request.headers());
        if client != peer.ip() {
            request.extensions_mut().insert(PeerAddress(SocketAddr::new(client, 0)));
        }
        is_https = request.headers().get(X_FORWARDED_PROTO).is_some_and(|proto| proto == "https");
    }
    let mut response = next.run(request).await;
    if is_https {
        make_cookies_secure(response.headers_mut());
    }
    response
}

fn make_cookies_secure(headers: &mut HeaderMap) {
    let cookies: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    headers.remove(SET_COOKIE);
    for cookie in cookies {
        let text = cookie.to_str().unwrap_or_default();
        let secure = (!text.contains("; Secure")).then(|| format!("{text}; Secure").parse().ok()).flatten();
        headers.append(SET_COOKIE, secure.unwrap_or(cookie));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.1.0.1";

    fn client(peer: &str, lines: &[(&'static str, &str)]) -> String {
        let networks = ["10.1.0.0/16", "192.0.2.1", "2001:db8::/32"].map(|text| text.parse().unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        TrustedProxies::new(&networks).client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn headers_count_only_from_a_trusted_proxy() {
        assert_eq!(client("198.51.100.7", &[("x-forwarded-for", "203.0.113.9")]), "198.51.100.7");
        assert_eq!(client(PROXY, &[("x-forwarded-for", "203.0.113.9")]), "203.0.113.9");
        assert_eq!(client("::ffff:10.1.0.1", &[("x-forwarded-for", "203.0.113.9")]), "203.0.113.9");
        assert_eq!(client(PROXY, &[]), PROXY);
    }

    #[test]
    fn the_address_that_the_nearest_proxy_added_counts_and_not_one_that_the_client_invented() {
        assert_eq!(client(PROXY, &[("x-forwarded-for", "1.2.3.4, 203.0.113.9")]), "203.0.113.9");
        let two = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "203.0.113.9, 192.0.2.1")];
        assert_eq!(client(PROXY, &two), "203.0.113.9");
        assert_eq!(
            client(PROXY, &[("forwarded", "for=1.2.3.4, for=203.0.113.9;proto=https")]),
            "203.0.113.9"
        );
        assert_eq!(client(PROXY, &[("x-forwarded-for", "203.0.113.9, unknown")]), PROXY);
        assert_eq!(client(PROXY, &[("x-forwarded-for", "10.1.0.7")]), "10.1.0.7");
    }

    #[test]
    fn the_header_that_a_proxy_does_not_know_cannot_replace_the_other_one() {
        let both =
            |forwarded: &str| client(PROXY, &[("x-forwarded-for", "203.0.113.9"), ("forwarded", forwarded)]);
        assert_eq!(both("for=1.2.3.4"), PROXY);
        assert_eq!(both("for=203.0.113.9"), "203.0.113.9");
    }

    #[test]
    fn addresses_are_read_in_all_their_spellings() {
        for (name, value) in [
            ("forwarded", "For=\"[2001:db9::1]:4711\""),
            ("forwarded", "proto=http;for=\"[2001:db9::1]\""),
            ("x-forwarded-for", "2001:db9::1"),
            ("x-forwarded-for", "[2001:db9::1]:80"),
        ] {
            assert_eq!(client(PROXY, &[(name, value)]), "2001:db9::1", "{value}");
        }
        for (name, value) in
            [("forwarded", "for=_hidden"), ("forwarded", "by=1.2.3.4"), ("x-forwarded-for", "")]
        {
            assert_eq!(client(PROXY, &[(name, value)]), PROXY, "{value}");
        }
    }

    #[test]
    fn a_network_is_an_address_or_a_prefix() {
        for right in ["127.0.0.1", "10.1.2.3/16", "::1", "fd00::/8"] {
            assert!(right.parse::<ProxyNetwork>().is_ok(), "{right}");
        }
        for wrong in ["", "proxy.example", "10.1.0.0/33", "10.1"] {
            assert_eq!(wrong.parse::<ProxyNetwork>(), Err(NotANetwork), "{wrong}");
        }
    }
}
