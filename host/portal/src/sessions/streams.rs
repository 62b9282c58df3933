use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use riser_store::TokenHash;

/// Event streams that one session may hold open at the same time.
const STREAMS_PER_SESSION: usize = 10;

/// Counts the open event streams of each session.
#[derive(Clone, Debug, Default)]
pub(super) struct Streams {
    open: Arc<Mutex<HashMap<TokenHash, usize>>>,
}

/// The right to hold one event stream open. Dropping it frees the place for another stream.
#[derive(Debug)]
pub(crate) struct StreamPermit {
    streams: Streams,
    session: TokenHash,
}

impl Streams {
    /// Returns a permit for one more stream of the session; `None` if the session has reached its limit.
    pub(super) fn acquire(&self, session: TokenHash) -> Option<StreamPermit> {
        let mut open = self.open.lock();
        let count = open.entry(session).or_default();
        if *count >= STREAMS_PER_SESSION {
            return None;
        }
        *count += 1;
        Some(StreamPermit { streams: self.clone(), session })
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.streams.open.lock();
        if let Some(count) = open.get_mut(&self.session) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_ten_permits_and_can_reuse_a_dropped_one() {
        let streams = Streams::default();
        let mut permits: Vec<_> = (0..10).map(|_| streams.acquire([1; 32]).unwrap()).collect();
        assert!(streams.acquire([1; 32]).is_none());
        assert!(streams.acquire([2; 32]).is_some());
        permits.pop();
        assert!(streams.acquire([1; 32]).is_some());
        drop(permits);
        assert!(streams.open.lock().is_empty());
    }
}
