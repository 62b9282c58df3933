//! `monthly on 1, 15, last at 06:00` and `monthly on 2nd Tue, last Fri at 06:00`.

use std::fmt;
use std::sync::Arc;

use super::error::RuleError;
use super::pattern::{Pattern, split_on_at};
use super::sentence::listed;
use super::times::Times;
use super::wall::{Month, WallPattern};
use super::weekdays::{LONG_NAMES, NAMES, parse_weekday};

pub(super) const ORDINALS: [&str; 5] = ["1st", "2nd", "3rd", "4th", "5th"];
const EXAMPLE: &str = "write a day from 1 to 31, last, or a weekday such as 2nd Tue or last Fri";

#[derive(Debug)]
struct Monthly {
    /// In ascending order, each once.
    dates: Vec<MonthDay>,
    times: Times,
}

/// A day of each month that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum MonthDay {
    /// From 1 to 31.
    Day(u32),
    Last,
    /// The week from 0 to 4 and the weekday; Monday is 0.
    NthWeekday(u32, u32),
    LastWeekday(u32),
}

pub(super) fn parse(text: &str) -> Result<Pattern, RuleError> {
    let (dates, times) = split_on_at(text)
        .ok_or_else(|| RuleError::unreadable(text, "write \"monthly on 1, last, 2nd Tue at 06:00\""))?;
    let mut dates =
        dates.split(',').map(|date| MonthDay::parse(date.trim())).collect::<Result<Vec<_>, _>>()?;
    dates.sort_unstable();
    dates.dedup();
    Ok(Pattern::Wall(Arc::new(Monthly { dates, times: Times::parse(times)? })))
}

impl MonthDay {
    fn parse(text: &str) -> Result<Self, RuleError> {
        let wrong = || RuleError::unreadable(text, EXAMPLE);
        let mut words = text.split_whitespace();
        let (which, weekday) = (words.next().ok_or_else(wrong)?, words.next());
        if words.next().is_some() {
            return Err(wrong());
        }
        let is_last = which.eq_ignore_ascii_case("last");
        let Some(weekday) = weekday else {
            let is_number = which.bytes().all(|byte| byte.is_ascii_digit());
            let day = which.parse().ok().filter(|day| is_number && (1..=31).contains(day));
            return if is_last { Ok(Self::Last) } else { day.map(Self::Day).ok_or_else(wrong) };
        };
        let weekday = parse_weekday(weekday).ok_or_else(wrong)?;
        if is_last {
            return Ok(Self::LastWeekday(weekday));
        }
        let week = ORDINALS.iter().position(|ordinal| ordinal.eq_ignore_ascii_case(which));
        let week = week.and_then(|week| u32::try_from(week).ok()).ok_or_else(wrong)?;
        Ok(Self::NthWeekday(week, weekday))
    }

    fn bits(self, month: &Month) -> u32 {
        match self {
            Self::Day(day) => month.all_days() & (1 << (day - 1)),
            Self::Last => 1 << (month.length() - 1),
            Self::NthWeekday(week, weekday) => month.weekdays(1 << weekday) & (0x7f << (7 * week)),
            Self::LastWeekday(weekday) => month.weekdays(1 << weekday) & (0x7f << (month.length() - 7)),
        }
    }
}

impl WallPattern for Monthly {
    fn days(&self, month: &Month) -> u32 {
        self.dates.iter().fold(0, |days, date| days | date.bits(month))
    }

    fn time_from(&self, second: u32) -> Option<u32> {
        self.times.at_or_after(second)
    }

    fn sentence(&self) -> String {
        let long = |day: u32| LONG_NAMES[day as usize];
        let date = |date: &MonthDay| match *date {
            MonthDay::Day(day) => format!("day {day}"),
            MonthDay::Last => "the last day".to_owned(),
            MonthDay::NthWeekday(week, day) => format!("the {} {}", ORDINALS[week as usize], long(day)),
            MonthDay::LastWeekday(day) => format!("the last {}", long(day)),
        };
        let dates: Vec<String> = self.dates.iter().map(date).collect();
        format!("on {} of each month at {}", listed(&dates), self.times.sentence())
    }
}

impl fmt::Display for Monthly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("monthly on ")?;
        for (index, date) in self.dates.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            match date {
                MonthDay::Day(day) => write!(f, "{day}")?,
                MonthDay::Last => f.write_str("last")?,
                MonthDay::NthWeekday(week, day) => {
                    write!(f, "{} {}", ORDINALS[*week as usize], NAMES[*day as usize])?;
                }
                MonthDay::LastWeekday(day) => write!(f, "last {}", NAMES[*day as usize])?,
            }
        }
        write!(f, " at {}", self.times)
    }
}
