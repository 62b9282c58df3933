//! Nonces of HTTP Digest: issued by us, valid for a minute, each count accepted once.
//!
//! Nothing is stored for a nonce before a login with it succeeds. The store is bounded. An evicted nonce
//! counts as stale, never as new; otherwise a recorded request could be replayed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use riser_domain::Uptime;

use crate::signer::{Signer, TAG_BYTES};

/// How long a nonce is valid.
const LIFETIME: Duration = Duration::from_mins(1);
/// Nonces in use at once: enough for a client that logs in anew for each of 250 requests a second.
const CAPACITY: usize = 16_384;
/// Bytes of a nonce: time of issue, number, signature.
const NONCE_BYTES: usize = 16 + TAG_BYTES;

/// The nonces of one EWS server.
#[derive(Debug)]
pub(crate) struct Nonces {
    signer: Signer,
    next_number: AtomicU64,
    used: Mutex<UsedNonces>,
    capacity: usize,
}

/// Nonces with a successful login, by number, which is the order of issue.
#[derive(Debug, Default)]
struct UsedNonces {
    counts: BTreeMap<u64, UsedCounts>,
    /// A nonce up to this number that is not in `counts` may have been evicted.
    forgotten_up_to: Option<u64>,
}

/// Accepted counts of a nonce: the highest, and below it a window wide enough for parallel requests.
#[derive(Debug)]
struct UsedCounts {
    issued: Uptime,
    highest: u32,
    /// Bit n represents `highest - n`.
    window: u128,
}

impl Nonces {
    pub(crate) fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    fn with_capacity(capacity: usize) -> Self {
        Self { signer: Signer::new(), next_number: AtomicU64::new(0), used: Mutex::default(), capacity }
    }

    /// Issues a new nonce.
    pub(crate) fn issue(&self, now: Uptime) -> String {
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let issued = now.as_millis().to_be_bytes();
        let number = number.to_be_bytes();
        let tag = self.signer.sign(&[&issued, &number]);
        URL_SAFE_NO_PAD.encode([&issued[..], &number, &tag].concat())
    }

    /// Accepts a count of a nonce. Returns `false` if it is stale: not ours, too old, evicted, or the count
    /// was used.
    ///
    /// Call it only after the response has proved that the client knows the password.
    pub(crate) fn take(&self, nonce: &str, count: u32, now: Uptime) -> bool {
        let Some((issued, number)) = self.read(nonce) else { return false };
        let is_current = issued <= now && now.since(issued) < LIFETIME;
        if !is_current || count == 0 || count == u32::MAX {
            return false;
        }
        let mut used = self.used.lock();
        used.forget_until(self.capacity, now);
        if let Some(counts) = used.counts.get_mut(&number) {
            return counts.take(count);
        }
        if used.forgotten_up_to.is_some_and(|last| number <= last) {
            return false;
        }
        used.counts.insert(number, UsedCounts { issued, highest: count, window: 1 });
        true
    }

    /// Returns the time of issue and the number of one of our nonces.
    fn read(&self, nonce: &str) -> Option<(Uptime, u64)> {
        let mut bytes = [0; NONCE_BYTES];
        let len = URL_SAFE_NO_PAD.decode_slice(nonce, &mut bytes).ok()?;
        let (said, tag) = bytes.split_at(NONCE_BYTES - TAG_BYTES);
        if len != NONCE_BYTES || !self.signer.verify(&[said], tag) {
            return None;
        }
        let (issued, number) = said.split_at(8);
        Some((
            Uptime::from_start(Duration::from_millis(u64::from_be_bytes(issued.try_into().ok()?))),
            u64::from_be_bytes(number.try_into().ok()?),
        ))
    }
}

impl UsedNonces {
    /// Removes expired nonces, and the oldest ones while the table is full.
    fn forget_until(&mut self, capacity: usize, now: Uptime) {
        while let Some(oldest) = self.counts.first_entry() {
            let is_expired = now.since(oldest.get().issued) >= LIFETIME;
            if !is_expired && self.counts.len() < capacity {
                break;
            }
            let (number, _) = self.counts.pop_first().expect("there is an oldest one");
            self.forgotten_up_to = Some(number);
        }
    }
}

impl UsedCounts {
    fn take(&mut self, count: u32) -> bool {
        if count > self.highest {
            let ahead = count - self.highest;
            self.window = self.window.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let Some(bit) = 1_u128.checked_shl(self.highest - count) else { return false };
        let is_new = self.window & bit == 0;
        self.window |= bit;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Uptime = Uptime::from_start(Duration::from_hours(1));

    #[test]
    fn each_count_is_taken_once_in_any_order_within_the_window() {
        let nonces = Nonces::new();
        let nonce = nonces.issue(NOW);
        for count in [1, 2, 7, 3] {
            assert!(nonces.take(&nonce, count, NOW), "{count}");
        }
        for count in [1, 2, 7, 3, 0, u32::MAX] {
            assert!(!nonces.take(&nonce, count, NOW), "{count}");
        }
        assert!(nonces.take(&nonce, 200, NOW));
        assert!(nonces.take(&nonce, 200 - 127, NOW));
        assert!(!nonces.take(&nonce, 200 - 128, NOW), "below the window");
    }

    #[test]
    fn a_nonce_that_is_old_altered_or_foreign_is_stale() {
        let nonces = Nonces::new();
        let nonce = nonces.issue(NOW);
        assert!(!nonces.take(&nonce, 1, NOW.plus(LIFETIME)));
        assert!(!nonces.take(&nonce, 1, Uptime::START), "from the future");
        assert!(!Nonces::new().take(&nonce, 1, NOW), "of another process");
        assert!(!nonces.take(&nonce[1..], 1, NOW));
        assert!(!nonces.take(&format!("B{}", &nonce[1..]), 1, NOW));
        assert!(!nonces.take("", 1, NOW));
        assert!(nonces.take(&nonce, 1, NOW));
    }

    #[test]
    fn an_evicted_nonce_is_stale_and_not_new() {
        let nonces = Nonces::with_capacity(2);
        let issued: Vec<String> = (0..3).map(|_| nonces.issue(NOW)).collect();
        for nonce in &issued {
            assert!(nonces.take(nonce, 1, NOW));
        }
        assert!(!nonces.take(&issued[0], 1, NOW));
        assert!(!nonces.take(&issued[0], 2, NOW));
        assert!(nonces.take(&issued[2], 2, NOW));
    }
}
