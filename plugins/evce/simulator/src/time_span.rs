//! Spans of time as the control interface and the command line write them: `500ms`, `30s`, `15m`, `2h`,
//! `1d`, `-3h`.

use std::str::FromStr;

use serde::Deserialize;

/// A span of time in milliseconds; may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TimeSpan(i64);

/// The text is not a time span.
#[derive(Debug, thiserror::Error)]
#[error("'{text}' is not a time span; write a whole number and ms, s, m, h or d, such as 15m")]
pub struct InvalidTimeSpan {
    text: String,
}

/// Longer spans are refused; ten years.
const LONGEST_MS: i64 = 10 * 366 * 86_400_000;

impl TimeSpan {
    pub(crate) const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Returns its length in milliseconds.
    pub fn ms(self) -> i64 {
        self.0
    }
}

impl FromStr for TimeSpan {
    type Err = InvalidTimeSpan;

    fn from_str(text: &str) -> Result<Self, InvalidTimeSpan> {
        let invalid = || InvalidTimeSpan { text: text.to_owned() };
        let digits = text.find(|letter: char| letter.is_ascii_alphabetic()).ok_or_else(invalid)?;
        let (number, unit) = text.split_at(digits);
        let unit_ms = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(invalid()),
        };
        let number: i64 = number.trim().parse().map_err(|_| invalid())?;
        let ms = number.checked_mul(unit_ms).filter(|ms| ms.abs() <= LONGEST_MS).ok_or_else(invalid)?;
        Ok(Self(ms))
    }
}

impl TryFrom<String> for TimeSpan {
    type Error = InvalidTimeSpan;

    fn try_from(text: String) -> Result<Self, InvalidTimeSpan> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_their_unit() {
        let read = |text: &str| text.parse::<TimeSpan>().ok().map(TimeSpan::ms);
        assert_eq!(read("15m"), Some(900_000));
        assert_eq!(read("-3h"), Some(-10_800_000));
        assert_eq!(read("250ms"), Some(250));
        for wrong in ["", "15", "m", "15 minutes", "1.5h", "9999999d"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
