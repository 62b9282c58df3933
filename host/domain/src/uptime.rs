use std::time::Duration;

/// Time since the process started. Nobody can set it; it is not comparable with that of another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Uptime {
    /// Eight bytes for 584 years: each point in memory has one.
    since_start_ns: u64,
}

impl Uptime {
    /// The start of the process.
    pub const START: Self = Self { since_start_ns: 0 };

    /// Returns the uptime at this time after the start, at most the latest representable one.
    pub const fn from_start(since_start: Duration) -> Self {
        let whole_seconds_ns = since_start.as_secs().saturating_mul(1_000_000_000);
        Self { since_start_ns: whole_seconds_ns.saturating_add(since_start.subsec_nanos() as u64) }
    }

    /// Returns whole milliseconds since the start.
    pub const fn as_millis(self) -> u64 {
        self.since_start_ns / 1_000_000
    }

    /// Returns the uptime `duration` later, at most the latest representable one.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self { since_start_ns: self.since_start_ns.saturating_add(Self::from_start(duration).since_start_ns) }
    }

    /// Returns the time since `earlier`; zero when `earlier` is in the future.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.since_start_ns.saturating_sub(earlier.since_start_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_beyond_what_it_can_hold_is_the_latest_uptime() {
        let latest = Uptime::from_start(Duration::MAX);
        assert_eq!(Uptime::START.plus(Duration::MAX), latest);
        assert_eq!(latest.plus(Duration::from_secs(1)), latest);
        assert_eq!(Uptime::START.since(latest), Duration::ZERO);
        assert_eq!(Uptime::from_start(Duration::from_millis(1_500)).as_millis(), 1_500);
    }
}
