//! `MoreDataRef`: the way to the next page. Opaque to clients, signed, bound to the account it was given to,
//! good for five minutes and for any number of reads.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use riser_domain::{AccountId, Timestamp};

use crate::seal::{Seal, TAG_BYTES};

/// How long a reference is good.
pub(crate) const LIFETIME: Duration = Duration::from_mins(5);

/// Makes and reads references.
#[derive(Debug)]
pub(crate) struct MoreDataRefs {
    seal: Seal,
}

impl MoreDataRefs {
    pub(crate) fn new() -> Self {
        Self { seal: Seal::new() }
    }

    /// A reference to `place`, the meaning of which is the operation's. `purpose` tells operations apart.
    pub(crate) fn write(&self, purpose: u8, account: AccountId, place: &[u8], now: Timestamp) -> String {
        let issued = now.unix_ms().to_be_bytes();
        let tag = self.seal.tag(&[&[purpose], &account.0.to_be_bytes(), &issued, place]);
        URL_SAFE_NO_PAD.encode([&issued[..], place, &tag].concat())
    }

    /// The place a reference of ours leads to; `None` for any other text.
    pub(crate) fn read<const PLACE_BYTES: usize>(
        &self,
        purpose: u8,
        account: AccountId,
        text: &str,
        now: Timestamp,
    ) -> Option<[u8; PLACE_BYTES]> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        if bytes.len() != 8 + PLACE_BYTES + TAG_BYTES {
            return None;
        }
        let (issued, rest) = bytes.split_at(8);
        let (place, tag) = rest.split_at(PLACE_BYTES);
        let is_ours = self.seal.proves(&[&[purpose], &account.0.to_be_bytes(), issued, place], tag);
        let issued = Timestamp::from_unix_ms(i64::from_be_bytes(issued.try_into().ok()?));
        if is_ours && now.since(issued) < LIFETIME { place.try_into().ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unaltered_recent_reference_of_the_same_account_and_purpose_is_read() {
        let (now, account, refs) = (Timestamp::from_unix_ms(1_000_000), AccountId(1), MoreDataRefs::new());
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
