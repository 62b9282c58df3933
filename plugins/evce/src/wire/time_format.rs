//! Times in the forms of controllers, in both directions.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, FixedOffset, NaiveDateTime, SecondsFormat, TimeZone as _, Utc};
use serde::Deserialize;
use serde_json::{Number, Value};

use super::scalar::Scalar;

/// The form of a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum TimeFormat {
    /// Read: RFC 3339, or seconds or milliseconds since 1970, distinguished by their size. Written: RFC 3339.
    #[default]
    Auto,
    Rfc3339,
    EpochS,
    EpochMs,
    /// A span from now, in units of this many seconds.
    Remaining {
        unit_s: u32,
    },
    /// A pattern such as `%d.%m.%Y %H:%M:%S`, with the offset from UTC of the times without one.
    Pattern {
        pattern: String,
        offset: FixedOffset,
    },
}

impl TryFrom<String> for TimeFormat {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Ok(match text.as_str() {
            "auto" => Self::Auto,
            "rfc3339" => Self::Rfc3339,
            "epoch_s" => Self::EpochS,
            "epoch_ms" => Self::EpochMs,
            "remaining_s" => Self::Remaining { unit_s: 1 },
            "remaining_min" => Self::Remaining { unit_s: 60 },
            pattern if pattern.contains('%') => return Self::pattern(pattern),
            other => {
                return Err(format!(
                    "{other:?} is not a form of times; use auto, rfc3339, epoch_s, epoch_ms, remaining_s, \
                     remaining_min, or a pattern such as \"%Y-%m-%d %H:%M:%S +01:00\""
                ));
            }
        })
    }
}

impl TimeFormat {
    /// Parses a pattern, after which the offset of its times may stand: `%Y-%m-%d %H:%M:%S +01:00`.
    fn pattern(text: &str) -> Result<Self, String> {
        let (pattern, offset) = match text.rsplit_once(' ') {
            Some((pattern, offset)) if offset.starts_with(['+', '-']) => {
                let offset =
                    offset.parse().map_err(|_| format!("{offset:?} is not an offset such as +01:00"))?;
                (pattern, offset)
            }
            _ => (text, FixedOffset::east_opt(0).expect("0 is an offset")),
        };
        let is_unknown = chrono::format::StrftimeItems::new(pattern)
            .any(|item| matches!(item, chrono::format::Item::Error));
        if is_unknown {
            return Err(format!("{pattern:?} is not a pattern of times such as \"%Y-%m-%d %H:%M:%S\""));
        }
        Ok(Self::Pattern { pattern: pattern.to_owned(), offset })
    }

    /// Reads a time. `now` is the controller's clock.
    pub(super) fn read(&self, scalar: &Scalar<'_>, now: SystemTime) -> Option<SystemTime> {
        let seconds = |scale: f64| {
            let span = Duration::try_from_secs_f64(scalar.number()? * scale).ok()?;
            UNIX_EPOCH.checked_add(span)
        };
        match self {
            Self::Auto => scalar.moment(),
            Self::Rfc3339 => {
                let text = scalar.enum_value()?;
                DateTime::parse_from_rfc3339(text.trim()).ok().map(Into::into)
            }
            Self::EpochS => seconds(1.0),
            Self::EpochMs => seconds(0.001),
            Self::Remaining { unit_s } => {
                let span = Duration::try_from_secs_f64(scalar.number()? * f64::from(*unit_s)).ok()?;
                now.checked_add(span)
            }
            Self::Pattern { pattern, offset } => {
                let text = scalar.text();
                if let Ok(moment) = DateTime::parse_from_str(text.trim(), pattern) {
                    return Some(moment.into());
                }
                let local = NaiveDateTime::parse_from_str(text.trim(), pattern).ok()?;
                Some(offset.from_local_datetime(&local).single()?.into())
            }
        }
    }

    /// Returns a time as it is written. A span is rounded up, so that it does not end before the time.
    pub(super) fn write(&self, moment: SystemTime, now: SystemTime) -> Value {
        let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
        match self {
            Self::Auto | Self::Rfc3339 => {
                DateTime::<Utc>::from(moment).to_rfc3339_opts(SecondsFormat::Secs, true).into()
            }
            Self::EpochS => since.as_secs().into(),
            Self::EpochMs => Value::Number(Number::from(since.as_secs() * 1000)),
            Self::Remaining { unit_s } => {
                let span = moment.duration_since(now).unwrap_or_default();
                let whole_s = span.as_secs() + u64::from(span.subsec_nanos() > 0);
                whole_s.div_ceil(u64::from(*unit_s)).into()
            }
            Self::Pattern { pattern, offset } => {
                DateTime::<Utc>::from(moment).with_timezone(offset).format(pattern).to_string().into()
            }
        }
    }

    /// Returns the largest difference between a written time and the same time read back.
    pub(super) fn tolerance(&self) -> Duration {
        match self {
            // One second for the Date header, one for the time between a write and a read.
            Self::Remaining { unit_s } => Duration::from_secs(u64::from(*unit_s) + 2),
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: u64 = 1_739_352_610;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn each_form_is_read_as_it_is_written() {
        let moment = at(NOW_S + 890);
        for (form, written) in [
            ("auto", Value::from("2025-02-12T09:45:00Z")),
            ("rfc3339", "2025-02-12T09:45:00Z".into()),
            ("epoch_s", 1_739_353_500.into()),
            ("epoch_ms", 1_739_353_500_000_u64.into()),
            ("remaining_s", 890.into()),
            ("%d.%m.%Y %H:%M:%S +01:00", "12.02.2025 10:45:00".into()),
            ("%Y%m%d%H%M%S", "20250212094500".into()),
        ] {
            let format = TimeFormat::try_from(form.to_owned()).unwrap();
            assert_eq!(format.write(moment, at(NOW_S)), written, "{form}");
            let text = written.to_string();
            let scalar = Scalar::Text(text.trim_matches('"').into());
            assert_eq!(format.read(&scalar, at(NOW_S)), Some(moment), "{form}");
        }
        let minutes = TimeFormat::try_from("remaining_min".to_owned()).unwrap();
        assert_eq!(minutes.write(moment, at(NOW_S)), 15);
    }

    #[test]
    fn unknown_forms_are_refused_with_the_known_ones() {
        let refused = TimeFormat::try_from("epoch".to_owned()).unwrap_err();
        assert!(refused.contains("epoch_ms"), "{refused}");
        assert!(TimeFormat::try_from("%Y-%Q".to_owned()).is_err());
        assert!(TimeFormat::try_from("%Y +1".to_owned()).is_err());
    }
}
