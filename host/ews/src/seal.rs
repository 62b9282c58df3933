//! Proof that a text came from this process: a keyed hash over what it says.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Bytes of a proof.
pub(crate) const TAG_BYTES: usize = 16;

/// Makes and checks proofs with a key that lives as long as the process.
#[derive(Clone)]
pub(crate) struct Seal {
    keyed: Hmac<Sha256>,
}

impl Seal {
    /// A seal with a new random key.
    pub(crate) fn new() -> Self {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the operating system gives random bytes");
        Self { keyed: Hmac::new_from_slice(&key).expect("a key of any length is taken") }
    }

    /// The proof for these parts. Parts of varying length must not follow one another.
    pub(crate) fn tag(&self, parts: &[&[u8]]) -> [u8; TAG_BYTES] {
        let mut mac = self.keyed.clone();
        for part in parts {
            mac.update(part);
        }
        let full = mac.finalize().into_bytes();
        full[..TAG_BYTES].try_into().expect("the hash is longer than the proof")
    }

    /// Whether `tag` is the proof for these parts, in constant time.
    pub(crate) fn proves(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.tag(parts).ct_eq(tag).into()
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seal").finish_non_exhaustive()
    }
}
