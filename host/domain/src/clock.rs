use std::fmt;

use crate::Timestamp;

/// Source of wall time. The process has one; tests use a [`FakeClock`].
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
}

/// A clock that moves only when a test advances it.
#[cfg(feature = "testing")]
#[derive(Debug, Default)]
pub struct FakeClock {
    unix_ms: std::sync::atomic::AtomicI64,
}

#[cfg(feature = "testing")]
impl FakeClock {
    /// Returns a clock that shows `start`.
    pub fn at(start: Timestamp) -> Self {
        Self { unix_ms: start.unix_ms().into() }
    }

    /// Advances the clock.
    pub fn advance(&self, by: std::time::Duration) {
        let next = self.now().plus(by);
        self.unix_ms.store(next.unix_ms(), std::sync::atomic::Ordering::SeqCst);
    }
}

#[cfg(feature = "testing")]
impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.unix_ms.load(std::sync::atomic::Ordering::SeqCst))
    }
}
