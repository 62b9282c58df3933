//! The connection test: DNS, TCP, TLS, version, login and a read.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use riser_plugin::http::HttpError;
use riser_plugin::prelude::*;

use crate::api_version::ApiSupport;
use crate::client::{EvceClient, EvceError, SiteSnapshot};
use crate::connection::EvceConnection;

/// Limit for the TCP connection in a test.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

impl EvceConnection {
    /// Tests the connection stage by stage.
    pub(crate) fn test(&self, test: &TestHost) -> Outcome {
        let addresses = test.stage("DNS", || self.resolve())?;
        test.stage("TCP", || reach(&addresses))?;
        let mut client = EvceClient::new(test.host(), self)
            .map_err(|error| error.as_failure("the connection cannot be used"))?;
        let version = test.stage("TLS", || match client.version() {
            Err(error @ EvceError::Http(_)) => Err(advice_for(&error)),
            version => Ok((version, self.secrecy().to_owned())),
        })?;
        test.stage("Version", || match version {
            Ok(version) => Ok(((), describe(version.api_version, client.supported_versions()))),
            Err(error) => Err(advice_for(&error)),
        })?;
        test.stage("Login", || match client.test_credentials() {
            Ok(()) => Ok(((), format!("logged in as {}", self.login))),
            Err(error) => Err(advice_for(&error)),
        })?;
        let read = test.stage("Read", || match client.poll() {
            Ok(SiteSnapshot { site, .. }) => Ok(((), site.counts())),
            Err(error) => Err(advice_for(&error)),
        });
        client.log_out();
        read
    }

    fn secrecy(&self) -> &'static str {
        if self.base_url.starts_with("http://") {
            "plain HTTP: everybody on the network can read the password"
        } else {
            "the certificate is trusted"
        }
    }

    fn resolve(&self) -> Result<(Vec<std::net::SocketAddr>, String), (String, String)> {
        let wrong = |what: String| (what, "enter an address such as https://10.141.208.28/api/v2".to_owned());
        let (host, port) = host_and_port(&self.base_url).ok_or_else(|| {
            wrong(format!("{:?} is not the address of an API", without_credentials(&self.base_url)))
        })?;
        let found: Vec<_> = (host.as_str(), port)
            .to_socket_addrs()
            .map_err(|error| (format!("cannot resolve {host}: {error}"), "check the host name".to_owned()))?
            .collect();
        let shown = found.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ");
        Ok((found, format!("{host} resolves to {shown}")))
    }
}

fn host_and_port(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let usual = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let host = rest.split(['/', '?', '#']).next()?;
    let bare = |host: &str| host.trim_start_matches('[').trim_end_matches(']').to_owned();
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => Some((bare(name), port.parse().ok()?)),
        _ => (!host.is_empty()).then(|| (bare(host), usual)),
    }
}

fn without_credentials(url: &str) -> &str {
    url.rsplit_once('@').map_or(url, |(_, host)| host)
}

fn reach(addresses: &[std::net::SocketAddr]) -> Result<((), String), (String, String)> {
    let mut last = None;
    for address in addresses {
        match TcpStream::connect_timeout(address, CONNECT_TIMEOUT) {
            Ok(_) => return Ok(((), format!("connected to {address}"))),
            Err(error) => last = Some(format!("{address}: {error}")),
        }
    }
    let what = last.unwrap_or_else(|| "the name has no address".to_owned());
    Err((what, "check address, port and firewall, and whether the controller is on".to_owned()))
}

/// Describes the API version and its consequences.
fn describe(version: Option<String>, supported: &[String]) -> String {
    match version {
        None => "the controller does not report the version of its API".to_owned(),
        Some(version) if ApiSupport::of(Some(&version), supported) == ApiSupport::Supported => {
            format!("API version {version}")
        }
        Some(version) => {
            format!("API version {version} is not supported: values would be Uncertain, set points refused")
        }
    }
}

/// Returns finding and advice for a failed stage.
fn advice_for(error: &EvceError) -> (String, String) {
    let problem = error.problem();
    let advice = match error {
        EvceError::Http(HttpError::Certificate { fingerprint, .. }) => {
            format!("compare it with the controller's own display, then enter {fingerprint} as fingerprint")
        }
        _ => problem.1.to_owned(),
    };
    (error.to_string(), advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_an_address_is_optional() {
        let of = |url: &str| host_and_port(url);
        assert_eq!(of("https://10.0.0.5/api/v2"), Some(("10.0.0.5".to_owned(), 443)));
        assert_eq!(of("https://evce.local:8443/api/v2"), Some(("evce.local".to_owned(), 8443)));
        assert_eq!(of("https://[::1]:8443/api/v2"), Some(("::1".to_owned(), 8443)));
        assert_eq!(of("https://[::1]/api/v2"), Some(("::1".to_owned(), 443)));
        assert_eq!(of("ftp://10.0.0.5/"), None);
        assert_eq!(of("10.0.0.5"), None);
    }
}
