use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::DateTime;

/// The calendar begins and ends with whole years, other than the moments of the calendar library: .NET writes
/// `9999-12-31T23:59:59.9999999` for a time without an end.
const EPOCH_UTC: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

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

    /// Returns the same time in UTC, limited to the range of the calendar: years -9999 to 9999.
    pub fn to_utc(self) -> DateTime {
        EPOCH_UTC.saturating_add(SignedDuration::from_millis(self.unix_ms))
    }

    /// Returns the moment at which a clock with an offset from UTC shows a time, cut to milliseconds.
    pub fn from_local(local: DateTime, offset_s: i64) -> Self {
        let local_ms = local.duration_since(EPOCH_UTC).as_nanos().div_euclid(1_000_000);
        // The calendar has less than 2^53 ms.
        let local_ms = i64::try_from(local_ms).unwrap_or_default();
        Self::from_unix_ms(local_ms.saturating_sub(offset_s.saturating_mul(1_000)))
    }
}

/// Error of a text that is not a date, a time and an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a moment has a date, a time and an offset, such as 2026-11-23T09:30:00Z")]
pub struct NotAMoment;

/// RFC 3339, with any offset.
impl FromStr for Timestamp {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        let (local, offset) = split_offset(text).ok_or(NotAMoment)?;
        let local = local.parse().map_err(|_| NotAMoment)?;
        Ok(Self::from_local(local, offset_seconds(offset).ok_or(NotAMoment)?))
    }
}

/// Splits a text of the form `2026-11-23T09:30:00.5+01:00` before the offset. The parser of the calendar also reads
/// shorter forms.
fn split_offset(text: &str) -> Option<(&str, &str)> {
    const DATE_TIME: &str = "0000-00-00T00:00:00";
    let has_form = |text: &str, form: &str| {
        text.len() == form.len()
            && text.bytes().zip(form.bytes()).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                wanted => byte.eq_ignore_ascii_case(&wanted),
            })
    };
    let (date_time, rest) = text.split_at_checked(DATE_TIME.len())?;
    let offset = match rest.strip_prefix('.') {
        None => rest,
        Some(rest) => {
            let offset = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
            if offset.len() == rest.len() {
                return None;
            }
            offset
        }
    };
    let is_right =
        has_form(date_time, DATE_TIME) && ["Z", "+00:00", "-00:00"].iter().any(|form| has_form(offset, form));
    if is_right { text.split_at_checked(text.len() - offset.len()) } else { None }
}

/// Returns the seconds of `Z`, `+01:00` or `-06:30`.
fn offset_seconds(offset: &str) -> Option<i64> {
    let Some((hour, minute)) = offset.split_once(':') else { return Some(0) };
    let (sign, hour) = hour.split_at_checked(1)?;
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
    let seconds = hour * 3_600 + minute * 60;
    let is_in_range = hour < 24 && minute < 60;
    is_in_range.then_some(if sign == "-" { -seconds } else { seconds })
}

/// RFC 3339 in UTC with milliseconds: `2026-11-23T09:30:15.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}Z", self.to_utc())
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
    fn a_moment_is_read_with_any_offset() {
        let moment = Timestamp::from_unix_ms(1_763_890_215_123);
        for text in
            ["2025-11-23T09:30:15.123Z", "2025-11-23t10:30:15.1239+01:00", "2025-11-23T03:00:15.123-06:30"]
        {
            assert_eq!(text.parse(), Ok(moment), "{text}");
        }
        for text in [
            "",
            "2025-11-23",
            "2025-11-23T09:30:15",
            "2025-11-23T09:30Z",
            "2025-11-23 09:30:15Z",
            "2025-11-23T09:30:15.Z",
            "2025-11-23T09:30:15Z[UTC]",
            "2025-11-23T09:30:15+01",
            "2025-02-29T09:30:15Z",
            "2025-11-23T24:30:15Z",
            "2025-11-23T09:30:15+24:00",
            "2025-11-23T09:30:15+01:60",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(NotAMoment), "{text}");
        }
    }

    #[test]
    fn the_first_and_the_last_moment_of_four_digits_are_read_and_written() {
        for text in ["9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z"] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        let end: Timestamp = "9999-12-31T23:59:59.9999999+00:00".parse().unwrap();
        assert_eq!(end.unix_ms(), 253_402_300_799_999);
    }

    #[test]
    fn moments_beyond_the_calendar_do_not_panic() {
        let last = Timestamp::from_unix_ms(i64::MAX);
        assert_eq!(last.plus(Duration::from_secs(1)), last);
        assert!(!last.to_string().is_empty());
        assert_eq!(Timestamp::EPOCH.since(last), Duration::ZERO);
    }
}
