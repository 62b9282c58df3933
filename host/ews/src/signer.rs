//! Signs data with a keyed hash, so that this process can recognise it later.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Bytes of a signature.
pub(crate) const TAG_BYTES: usize = 16;

/// Signs and verifies with a key that lives as long as the process.
#[derive(Clone)]
pub(crate) struct Signer {
    keyed: Hmac<Sha256>,
}

impl Signer {
    /// Creates a signer with a random key.
    pub(crate) fn new() -> Self {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the operating system gives random bytes");
        Self { keyed: Hmac::new_from_slice(&key).expect("a key of any length is taken") }
    }

    /// Signs these parts. Parts of variable length must not follow one another.
    pub(crate) fn sign(&self, parts: &[&[u8]]) -> [u8; TAG_BYTES] {
        let mut mac = self.keyed.clone();
        for part in parts {
            mac.update(part);
        }
        let full = mac.finalize().into_bytes();
        full[..TAG_BYTES].try_into().expect("the hash is longer than the proof")
    }

    /// Verifies a signature in constant time.
    pub(crate) fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.sign(parts).ct_eq(tag).into()
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}
