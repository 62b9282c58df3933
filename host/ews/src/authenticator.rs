//! The server side of HTTP Digest (RFC 7616, qop `auth`): issues challenges and checks responses.

use std::sync::Arc;

use riser_domain::{Clock, DigestAlgorithm};
use subtle::ConstantTimeEq;

use crate::auth_header::{DigestParameters, push_quoted};
use crate::digest::{DigestRequest, Ha1};
use crate::nonces::Nonces;
use crate::source::{AccountSource, EwsAccount};

/// Authenticates clients of one EWS server.
pub(crate) struct DigestAuthenticator {
    realm: String,
    algorithms: Vec<DigestAlgorithm>,
    accounts: Arc<dyn AccountSource>,
    clock: Arc<dyn Clock>,
    nonces: Arc<Nonces>,
    /// Stands in for an unknown account's hash, so that both checks take the same time.
    dummy_ha1: Ha1,
}

/// Result of a login.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Login {
    Accepted(EwsAccount),
    /// The password is right, but the client must respond to a new challenge.
    Stale,
    /// No response or a wrong one. `user_name` is the name that the client sent, if any.
    Refused {
        user_name: Option<String>,
    },
}

impl DigestAuthenticator {
    pub(crate) fn new(
        realm: String,
        algorithms: Vec<DigestAlgorithm>,
        accounts: Arc<dyn AccountSource>,
        clock: Arc<dyn Clock>,
        nonces: Arc<Nonces>,
    ) -> Self {
        let dummy_ha1 = Ha1::derive(DigestAlgorithm::Sha256, "", &realm, &String::new().into());
        Self { realm, algorithms, accounts, clock, nonces, dummy_ha1 }
    }

    /// Checks an `Authorization` header for a request with this method and target.
    pub(crate) fn check(&self, header: Option<&str>, method: &str, target: &str) -> Login {
        let Some(parameters) = header.and_then(DigestParameters::parse) else {
            return Login::Refused { user_name: None };
        };
        let user_name = parameters.get("username").unwrap_or_default();
        let refused = || Login::Refused { user_name: Some(user_name.to_owned()) };
        let Some((algorithm, request, response)) = self.read(&parameters, method, target) else {
            return refused();
        };
        let found = self.accounts.find(user_name, algorithm);
        let ha1 = found.as_ref().map_or(&self.dummy_ha1, |found| &found.ha1);
        let expected = ha1.response(&request);
        let is_right: bool = expected.as_str().as_bytes().ct_eq(response.as_bytes()).into();
        let Some(found) = found.filter(|_| is_right) else { return refused() };
        let count = u32::from_str_radix(request.nonce_count, 16).unwrap_or(0);
        if self.nonces.take(request.nonce, count, self.clock.uptime()) {
            Login::Accepted(found.account)
        } else {
            Login::Stale
        }
    }

    /// Returns the parts of a digest response if they fit this server and request.
    fn read<'a>(
        &self,
        parameters: &'a DigestParameters<'_>,
        method: &'a str,
        target: &'a str,
    ) -> Option<(DigestAlgorithm, DigestRequest<'a>, &'a str)> {
        let algorithm = parameters.get("algorithm").unwrap_or("MD5").parse::<DigestAlgorithm>().ok()?;
        let nonce_count = parameters.get("nc")?;
        let client_nonce = parameters.get("cnonce")?;
        let fits = self.algorithms.contains(&algorithm)
            && parameters.get("realm") == Some(self.realm.as_str())
            && parameters.get("uri") == Some(target)
            && parameters.get("qop").is_some_and(|qop| qop.eq_ignore_ascii_case("auth"))
            && parameters.get("userhash").is_none_or(|userhash| userhash.eq_ignore_ascii_case("false"))
            && nonce_count.len() == 8
            && nonce_count.bytes().all(|digit| digit.is_ascii_hexdigit())
            && !client_nonce.is_empty();
        let request =
            DigestRequest { method, uri: target, nonce: parameters.get("nonce")?, nonce_count, client_nonce };
        fits.then_some((algorithm, request, parameters.get("response")?))
    }

    /// Returns the values of the `WWW-Authenticate` lines, in the order of the server's setting.
    ///
    /// Some clients merge all challenges into one map, so all have the same nonce and name their
    /// algorithm.
    pub(crate) fn challenges(&self, is_stale: bool) -> Vec<String> {
        let nonce = self.nonces.issue(self.clock.uptime());
        self.algorithms
            .iter()
            .map(|algorithm| {
                let mut line = String::from("Digest realm=");
                push_quoted(&mut line, &self.realm);
                line.push_str(", nonce=");
                push_quoted(&mut line, &nonce);
                line.push_str(", opaque=\"riser\", qop=\"auth\", algorithm=");
                line.push_str(algorithm.as_str());
                line.push_str(if is_stale { ", stale=true" } else { "" });
                line
            })
            .collect()
    }
}

impl std::fmt::Debug for DigestAuthenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DigestAuthenticator").field("realm", &self.realm).finish_non_exhaustive()
    }
}
