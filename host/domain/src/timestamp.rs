use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

/// Wall time in milliseconds since 1970-01-01T00:00:00Z.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp {
    unix_ms: i64,
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z, also the value of a date that was never known.
    pub const EPOCH: Self = Self { unix_ms: 0 };

    /// Returns the time at these milliseconds since 1970.
    pub const fn from_unix_ms(unix_ms: i64) -> Self {
        Self { unix_ms }
    }

    /// Returns the time at these nanoseconds since 1970, cut to milliseconds.
    pub const fn from_unix_ns(unix_ns: i64) -> Self {
        Self { unix_ms: unix_ns.div_euclid(1_000_000) }
    }

    /// Returns milliseconds since 1970.
    pub const fn unix_ms(self) -> i64 {
        self.unix_ms
    }

    /// Returns the time `duration` later, at most the latest representable time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self { unix_ms: self.unix_ms.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)) }
    }

    /// Returns the time `duration` earlier, at least the earliest representable time.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self { unix_ms: self.unix_ms.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)) }
    }

    /// Returns the time since `earlier`; zero when `earlier` is in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.unix_ms.saturating_sub(earlier.unix_ms)).unwrap_or(0))
    }

    /// Returns the same time in the calendar, limited to the range of the calendar.
    pub fn to_calendar(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.unix_ms).unwrap_or(if self.unix_ms < 0 {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        })
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self { unix_ms: time.timestamp_millis() }
    }
}

/// RFC 3339 in UTC with milliseconds: `2026-11-23T09:30:15.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_calendar().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_prints_as_rfc_3339_in_utc() {
        assert_eq!(Timestamp::from_unix_ms(1_763_890_215_123).to_string(), "2025-11-23T09:30:15.123Z");
        assert_eq!(Timestamp::EPOCH.to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn moments_beyond_the_calendar_do_not_panic() {
        let last = Timestamp::from_unix_ms(i64::MAX);
        assert_eq!(last.plus(Duration::from_secs(1)), last);
        assert!(!last.to_string().is_empty());
        assert_eq!(Timestamp::EPOCH.since(last), Duration::ZERO);
    }
}
