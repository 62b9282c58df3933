use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The last heartbeat of a worker.
#[derive(Debug)]
pub(crate) struct LastHeartbeat {
    started: Instant,
    /// Milliseconds since the start, plus one; zero before the first heartbeat.
    received: AtomicU64,
    resident_bytes: AtomicU64,
}

impl LastHeartbeat {
    pub(crate) fn none(now: Instant) -> Self {
        Self { started: now, received: AtomicU64::new(0), resident_bytes: AtomicU64::new(0) }
    }

    pub(crate) fn record(&self, now: Instant, resident_bytes: u64) {
        let ms = now.saturating_duration_since(self.started).as_millis();
        self.resident_bytes.store(resident_bytes, Ordering::Relaxed);
        self.received.store(u64::try_from(ms).unwrap_or(u64::MAX - 1) + 1, Ordering::Relaxed);
    }

    /// Returns the memory in use then; 0 before the first one.
    pub(crate) fn resident_bytes(&self) -> u64 {
        self.resident_bytes.load(Ordering::Relaxed)
    }

    /// Returns the time since then; `None` before the first one.
    pub(crate) fn age(&self, now: Instant) -> Option<Duration> {
        let ms = self.received.load(Ordering::Relaxed).checked_sub(1)?;
        Some(now.saturating_duration_since(self.started + Duration::from_millis(ms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_has_an_age_from_the_first_one_on() {
        let start = Instant::now();
        let heartbeat = LastHeartbeat::none(start);
        assert_eq!((heartbeat.age(start), heartbeat.resident_bytes()), (None, 0));
        heartbeat.record(start, 5);
        let later = start + Duration::from_secs(2);
        assert_eq!((heartbeat.age(later), heartbeat.resident_bytes()), (Some(Duration::from_secs(2)), 5));
    }
}
