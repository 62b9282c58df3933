use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Streams one session may hold open at once.
const STREAMS_OF_A_SESSION: usize = 10;

/// Counts the open streams of each session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams {
    open: Arc<Mutex<HashMap<[u8; 32], usize>>>,
}

/// A stream's place; dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct StreamPlace {
    streams: Streams,
    session: [u8; 32],
}

impl Streams {
    /// A place for one more stream of this session; `None` when all are taken.
    pub(crate) fn take(&self, session: [u8; 32]) -> Option<StreamPlace> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(session).or_default();
        if *count >= STREAMS_OF_A_SESSION {
            return None;
        }
        *count += 1;
        Some(StreamPlace { streams: self.clone(), session })
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = self.streams.open.lock().unwrap_or_else(PoisonError::into_inner);
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
    fn a_session_holds_ten_streams_and_gives_their_places_back() {
        let streams = Streams::default();
        let mut places: Vec<_> = (0..10).map(|_| streams.take([1; 32]).unwrap()).collect();
        assert!(streams.take([1; 32]).is_none());
        assert!(streams.take([2; 32]).is_some());
        places.pop();
        assert!(streams.take([1; 32]).is_some());
        drop(places);
        assert!(streams.open.lock().unwrap().is_empty());
    }
}
