//! `MoreDataRef`: the reference to the next page. It is opaque to clients, signed, bound to its account, valid for
//! five minutes and readable any number of times.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use riser_domain::{AccountId, Uptime};

use crate::signer::{Signer, TAG_BYTES};

/// How long a reference is valid.
pub(crate) const LIFETIME: Duration = Duration::from_mins(5);

/// Creates and reads references.
#[derive(Debug)]
pub(crate) struct MoreDataRefs {
    signer: Signer,
}

impl MoreDataRefs {
    pub(crate) fn new() -> Self {
        Self { signer: Signer::new() }
    }

    /// Creates a reference to `position`, which only the operation interprets. `purpose` tells operations
    /// apart.
    pub(crate) fn write(&self, purpose: u8, account: AccountId, position: &[u8], now: Uptime) -> String {
        let issued = now.as_millis().to_be_bytes();
        let tag = self.signer.sign(&[&[purpose], &account.0.to_be_bytes(), &issued, position]);
        URL_SAFE_NO_PAD.encode([&issued[..], position, &tag].concat())
    }

    /// Returns the position of one of our references; `None` for any other text.
    pub(crate) fn read<const POSITION_BYTES: usize>(
        &self,
        purpose: u8,
        account: AccountId,
        text: &str,
        now: Uptime,
    ) -> Option<[u8; POSITION_BYTES]> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        if bytes.len() != 8 + POSITION_BYTES + TAG_BYTES {
            return None;
        }
        let (issued, rest) = bytes.split_at(8);
        let (position, tag) = rest.split_at(POSITION_BYTES);
        let is_ours = self.signer.verify(&[&[purpose], &account.0.to_be_bytes(), issued, position], tag);
        let issued = Uptime::from_start(Duration::from_millis(u64::from_be_bytes(issued.try_into().ok()?)));
        if is_ours && now.since(issued) < LIFETIME { position.try_into().ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unaltered_recent_reference_of_the_same_account_and_purpose_is_read() {
        let (now, account, refs) =
            (Uptime::from_start(Duration::from_secs(1_000)), AccountId(1), MoreDataRefs::new());
        let text = refs.write(1, account, b"here", now);
        let read = |text: &str, purpose, account, now| refs.read::<4>(purpose, account, text, now);
        assert_eq!(read(&text, 1, account, now), Some(*b"here"));
        assert_eq!(read(&text, 1, account, now.plus(LIFETIME)), None);
        assert_eq!(read(&text, 2, account, now), None);
        assert_eq!(read(&text, 1, AccountId(2), now), None);
        assert_eq!(read(&text[1..], 1, account, now), None);
        assert_eq!(MoreDataRefs::new().read::<4>(1, account, &text, now), None);
        assert_eq!(refs.read::<5>(1, account, &text, now), None);
    }
}
