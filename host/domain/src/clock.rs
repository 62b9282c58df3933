use std::fmt;

use crate::Timestamp;

/// Where wall time comes from. The process has one; tests have one that they move.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// A clock that stands still until a test moves it.
#[cfg(feature = "testing")]
#[derive(Debug, Default)]
pub struct FakeClock {
    unix_ms: std::sync::atomic::AtomicI64,
}

#[cfg(feature = "testing")]
impl FakeClock {
    /// A clock that shows `start`.
    pub fn at(start: Timestamp) -> Self {
        Self { unix_ms: start.unix_ms().into() }
    }

    /// Moves the clock forward.
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
