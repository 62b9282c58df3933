//! Dates and moments of clauses.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use riser_domain::Timestamp;

use super::error::RuleError;
use super::times::{parse_time, time_text};
use super::wall::{DAY_S, wall_seconds};
use crate::zone::Zone;

const EXAMPLE: &str = "write a date such as 2026-12-01, a local time such as 2026-12-01T06:00, or a moment such as \
     2026-12-01T05:00:00Z";

/// A begin or end of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// A whole date in the zone of the rule.
    Date(Date),
    /// A local time in the zone of the rule.
    Local(DateTime),
    Moment(Timestamp),
}

impl Bound {
    pub(super) fn parse(text: &str) -> Result<Self, RuleError> {
        let wrong = || RuleError::unreadable(text, EXAMPLE);
        if text.len() <= 10 {
            return parse_date(text).map(Self::Date);
        }
        let (date, time) = text.split_at_checked(10).ok_or_else(wrong)?;
        let date = parse_date(date).map_err(|_| wrong())?;
        let time = time.strip_prefix(['T', 't', ' ']).ok_or_else(wrong)?;
        if time.contains(['Z', 'z', '+', '-']) {
            let moment = match text.parse::<jiff::Timestamp>() {
                Ok(moment) => Timestamp::from_unix_ms(moment.as_millisecond()),
                // The last hours of 9999 are beyond the moments of the calendar.
                Err(_) => text.replacen(' ', "T", 1).parse().map_err(|_| wrong())?,
            };
            return Ok(Self::Moment(moment));
        }
        let time = parse_time(time).map_err(|_| wrong())?;
        Ok(Self::Local(date.to_datetime(time_of_day(time).ok_or_else(wrong)?)))
    }

    /// Whether the zone decides which moment this is.
    pub(super) fn needs_zone(self) -> bool {
        !matches!(self, Self::Moment(_))
    }

    /// Returns the first moment of the date, or the moment.
    pub(super) fn first_moment(self, zone: &Zone) -> Timestamp {
        match self {
            Self::Date(date) => zone.timestamp(date.into()),
            Self::Local(local) => zone.timestamp(local),
            Self::Moment(moment) => moment,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => write!(f, "{date}"),
            Self::Local(local) => {
                let second = wall_seconds(*local).rem_euclid(DAY_S);
                write!(f, "{}T{}", local.date(), time_text(u32::try_from(second).unwrap_or_default()))
            }
            Self::Moment(moment) => {
                let text = moment.to_string();
                match text.strip_suffix(".000Z") {
                    Some(seconds) => write!(f, "{seconds}Z"),
                    None => f.write_str(&text),
                }
            }
        }
    }
}

/// Reads a moment as the clauses `from` and `until` have it: a date, which is its first moment, or a local time, both in
/// the zone, or a moment with `Z` or an offset.
///
/// # Errors
/// [`RuleError::Unreadable`].
pub fn parse_moment(text: &str, zone: &Zone) -> Result<Timestamp, RuleError> {
    Bound::parse(text.trim()).map(|bound| bound.first_moment(zone))
}

/// Reads `2026-12-01`.
pub(super) fn parse_date(text: &str) -> Result<Date, RuleError> {
    let wrong = || RuleError::unreadable(text, "write a date that exists, such as 2026-12-01");
    let is_formed = text.bytes().enumerate().all(|(index, byte)| match index {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if !is_formed || text.len() != 10 {
        return Err(wrong());
    }
    let number = |part: &str| part.parse::<i16>().map_err(|_| wrong());
    let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..])?);
    let small = |number: i16| i8::try_from(number).map_err(|_| wrong());
    Date::new(year, small(month)?, small(day)?).map_err(|_| wrong())
}

fn time_of_day(second: u32) -> Option<Time> {
    let part = |number: u32| i8::try_from(number).ok();
    Time::new(part(second / 3_600)?, part(second / 60 % 60)?, part(second % 60)?, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_date_or_local_time_of_the_zone_or_has_an_offset() {
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        for (text, moment) in [
            ("2026-12-15", "2026-12-14T23:00:00.000Z"),
            ("2026-12-15T07:00", "2026-12-15T06:00:00.000Z"),
            (" 2026-12-15 07:00:30 ", "2026-12-15T06:00:30.000Z"),
            ("2026-12-15T07:00:00Z", "2026-12-15T07:00:00.000Z"),
            ("2026-12-15T07:00:00-07:00", "2026-12-15T14:00:00.000Z"),
            // Beyond the calendar of the zone.
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
            ("9999-12-31 23:59:59-01:00", "9999-12-31T23:59:59.999Z"),
            ("9999-12-31", "9999-12-30T22:00:00.999Z"),
            // Skipped, and repeated: the moment of the change, and the first of two.
            ("2026-03-29T02:30", "2026-03-29T01:00:00.000Z"),
            ("2026-10-25T02:30", "2026-10-25T00:30:00.000Z"),
        ] {
            assert_eq!(parse_moment(text, &berlin).map(|at| at.to_string()).as_deref(), Ok(moment), "{text}");
        }
        for text in ["", "tomorrow", "2026-02-30", "2026-12-15T25:00", "2026-12-15Tééééé", "07:00"] {
            let error = parse_moment(text, &berlin).unwrap_err().to_string();
            assert!(error.contains("cannot be read: write a date"), "{error}");
        }
        assert!(parse_moment(&"2026-12-15T".repeat(1_000), &berlin).unwrap_err().to_string().len() < 400);
    }
}
