//! XChaCha20-Poly1305. A random nonce of 192 bits, long enough to be unique, precedes the ciphertext.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use zeroize::Zeroizing;

use crate::SecretError;
use crate::random::random_bytes;

/// A key of 256 bits, erased when dropped.
pub(crate) type Key = Zeroizing<[u8; 32]>;

const NONCE_BYTES: usize = 24;

/// Returns nonce and ciphertext.
pub(crate) fn encrypt(key: &Key, plain: &[u8], associated_data: &[u8]) -> Result<Vec<u8>, SecretError> {
    let nonce = *random_bytes::<NONCE_BYTES>()?;
    let ciphertext = XChaCha20Poly1305::new((&**key).into())
        .encrypt(&nonce.into(), Payload { msg: plain, aad: associated_data })
        .expect("a secret is far shorter than the cipher's limit of 256 GiB");
    Ok([nonce.as_slice(), &ciphertext].concat())
}

/// Returns the plain bytes; `None` if any bit of the ciphertext, the key or the associated data differs.
pub(crate) fn decrypt(key: &Key, sealed: &[u8], associated_data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    XChaCha20Poly1305::new((&**key).into())
        .decrypt(&(*nonce).into(), Payload { msg: ciphertext, aad: associated_data })
        .ok()
        .map(Zeroizing::new)
}
