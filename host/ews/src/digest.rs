//! The arithmetic of HTTP Digest (RFC 7616), the same for server and client: hashes of credentials and of
//! requests, and the fields of an `Authorization` or `WWW-Authenticate` header.

use std::fmt;

use md5::Md5;
use riser_domain::DigestAlgorithm;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Characters of the longest hash written in hexadecimal.
const LONGEST_HEX: usize = 64;

/// The hash of user name, realm and password. It is as good as the password for that realm, so it is stored
/// and printed like one.
pub struct Ha1 {
    algorithm: DigestAlgorithm,
    hex: SecretString,
}

impl Ha1 {
    /// Derives it from a password.
    pub fn derive(algorithm: DigestAlgorithm, user_name: &str, realm: &str, password: &SecretString) -> Self {
        let parts = [user_name.as_bytes(), realm.as_bytes(), password.expose_secret().as_bytes()];
        let hash = HexDigest::of(algorithm, &parts);
        Self { algorithm, hex: SecretString::from(hash.as_str()) }
    }

    /// Returns the response that proves knowledge of the hash for one request.
    pub(crate) fn response(&self, request: &DigestRequest<'_>) -> HexDigest {
        let ha2 = HexDigest::of(self.algorithm, &[request.method.as_bytes(), request.uri.as_bytes()]);
        HexDigest::of(
            self.algorithm,
            &[
                self.hex.expose_secret().as_bytes(),
                request.nonce.as_bytes(),
                request.nonce_count.as_bytes(),
                request.client_nonce.as_bytes(),
                b"auth",
                ha2.as_str().as_bytes(),
            ],
        )
    }
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ha1").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// Input of a response besides the secret.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DigestRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) uri: &'a str,
    pub(crate) nonce: &'a str,
    /// Eight hexadecimal digits, as sent.
    pub(crate) nonce_count: &'a str,
    pub(crate) client_nonce: &'a str,
}

/// A hash in hexadecimal, without heap allocation.
pub(crate) struct HexDigest {
    digits: [u8; LONGEST_HEX],
    len: usize,
}

impl HexDigest {
    /// The hash of the parts joined by colons.
    fn of(algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Self {
        let mut digits = [0; LONGEST_HEX];
        let len = match algorithm {
            DigestAlgorithm::Sha256 => write_hex(&hash_parts::<Sha256>(parts), &mut digits),
            DigestAlgorithm::Md5 => write_hex(&hash_parts::<Md5>(parts), &mut digits),
        };
        Self { digits, len }
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..self.len]).expect("hexadecimal digits are ASCII")
    }
}

fn hash_parts<D: Digest>(parts: &[&[u8]]) -> impl AsRef<[u8]> + use<D> {
    let mut hash = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    hash.finalize()
}

fn write_hex(hash: &impl AsRef<[u8]>, digits: &mut [u8; LONGEST_HEX]) -> usize {
    let len = hash.as_ref().len() * 2;
    hex::encode_to_slice(hash, &mut digits[..len]).expect("the longest hash fits");
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7616, section 3.9.1.
    fn response(algorithm: DigestAlgorithm) -> String {
        let ha1 = Ha1::derive(algorithm, "Mufasa", "http-auth@example.org", &"Circle of Life".into());
        let request = DigestRequest {
            method: "GET",
            uri: "/dir/index.html",
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            nonce_count: "00000001",
            client_nonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        };
        ha1.response(&request).as_str().to_owned()
    }

    #[test]
    fn responses_equal_the_examples_of_rfc_7616() {
        assert_eq!(response(DigestAlgorithm::Md5), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(
            response(DigestAlgorithm::Sha256),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    #[test]
    fn debug_output_does_not_contain_the_hash() {
        let ha1 = Ha1::derive(DigestAlgorithm::Md5, "bms", "Riser", &"s3cret".into());
        assert!(!format!("{ha1:?}").contains(ha1.hex.expose_secret()));
    }
}
