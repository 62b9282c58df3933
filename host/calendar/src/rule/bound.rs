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
            let moment: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
            return Ok(Self::Moment(Timestamp::from_unix_ms(moment.as_millisecond())));
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
