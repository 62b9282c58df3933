use std::time::Duration;

/// Time since the process started. Nobody can set it; it is not comparable with that of another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Uptime {
    since_start: Duration,
}

impl Uptime {
    /// The start of the process.
    pub const START: Self = Self { since_start: Duration::ZERO };

    /// Returns the uptime at this time after the start.
    pub const fn from_start(since_start: Duration) -> Self {
        Self { since_start }
    }

    /// Returns whole milliseconds since the start.
    pub fn as_millis(self) -> u64 {
        u64::try_from(self.since_start.as_millis()).unwrap_or(u64::MAX)
    }

    /// Returns the uptime `duration` later, at most the latest representable one.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self { since_start: self.since_start.saturating_add(duration) }
    }

    /// Returns the time since `earlier`; zero when `earlier` is in the future.
    pub const fn since(self, earlier: Self) -> Duration {
        self.since_start.saturating_sub(earlier.since_start)
    }
}
