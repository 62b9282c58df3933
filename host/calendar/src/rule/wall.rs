//! Rules in local time, and the search for their next local time.

use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

pub(super) const DAY_S: i64 = 86_400;
/// The longest wait for a day of any rule: from 29 February 2096 to 2104, in months.
const MOST_MONTHS: usize = 8 * 12 + 1;

/// Runs at times of days. A local time is a count of seconds as if the zone were UTC.
pub(super) trait WallPattern: fmt::Display + fmt::Debug + Send + Sync {
    /// Returns the days on which the rule runs; bit 0 is the first of the month.
    fn days(&self, month: &Month) -> u32;

    /// Returns the first second of the day, at or after one, at which the rule runs.
    fn time_from(&self, second: u32) -> Option<u32>;

    /// Returns when the rule runs, in words that follow a full stop or a comma.
    fn sentence(&self) -> String;

    /// Whether the rule follows real time over clock changes: it runs in both passes of a repeated hour, and
    /// has no run for a skipped one.
    fn runs_in_real_time(&self) -> bool {
        false
    }
}

/// A month of the calendar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Month {
    first: Date,
    /// Local seconds of its first midnight.
    start_s: i64,
}

impl Month {
    fn around(wall_s: i64) -> Option<Self> {
        let date = Offset::UTC.to_datetime(jiff::Timestamp::from_second(wall_s).ok()?).date();
        Some(Self::beginning(date.first_of_month()))
    }

    fn beginning(first: Date) -> Self {
        Self { first, start_s: wall_seconds(first.into()) }
    }

    fn next(&self) -> Option<Self> {
        self.first.last_of_month().tomorrow().ok().map(Self::beginning)
    }

    pub(super) fn number(&self) -> u32 {
        u32::from(self.first.month().unsigned_abs())
    }

    pub(super) fn length(&self) -> u32 {
        u32::from(self.first.days_in_month().unsigned_abs())
    }

    /// Returns a bit for each day of the month.
    pub(super) fn all_days(&self) -> u32 {
        u32::MAX >> (32 - self.length())
    }

    /// Returns the days whose weekday is in a set; bit 0 of the set is Monday.
    pub(super) fn weekdays(&self, weekdays: u8) -> u32 {
        let first = u32::from(self.first.weekday().to_monday_zero_offset().unsigned_abs());
        let week = u64::from(weekdays & 0x7f);
        // Five weeks from the Monday at or before the first.
        let weeks = week | week << 7 | week << 14 | week << 21 | week << 28 | week << 35;
        u32::try_from((weeks >> first) & u64::from(self.all_days())).unwrap_or_default()
    }
}

/// Returns local seconds, limited to the range of the calendar.
pub(super) fn wall_seconds(local: DateTime) -> i64 {
    let limit = if local.year() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    Offset::UTC.to_timestamp(local).unwrap_or(limit).as_second()
}

/// Searches the local times of a rule. Consecutive searches in one month are fast.
#[derive(Debug)]
pub(super) struct WallSearch<'a> {
    pattern: &'a dyn WallPattern,
    month: Option<(Month, u32)>,
}

impl<'a> WallSearch<'a> {
    pub(super) fn new(pattern: &'a dyn WallPattern) -> Self {
        Self { pattern, month: None }
    }

    /// Returns the first local second, at or after one, at which the rule runs.
    pub(super) fn at_or_after(&mut self, wall_s: i64) -> Option<i64> {
        let (mut month, mut days) = self.month_around(wall_s)?;
        let into_month_s = wall_s - month.start_s;
        let day = u32::try_from(into_month_s / DAY_S).ok()?;
        let second = u32::try_from(into_month_s % DAY_S).ok()?;
        if days & (1 << day) != 0
            && let Some(time) = self.pattern.time_from(second)
        {
            return Some(month.start_s + i64::from(day) * DAY_S + i64::from(time));
        }
        let first_time = self.pattern.time_from(0)?;
        let mut later = days & !(u32::MAX >> (31 - day));
        for _ in 0..MOST_MONTHS {
            if later != 0 {
                self.month = Some((month, days));
                return Some(
                    month.start_s + i64::from(later.trailing_zeros()) * DAY_S + i64::from(first_time),
                );
            }
            month = month.next()?;
            days = self.pattern.days(&month);
            later = days;
        }
        None
    }

    fn month_around(&mut self, wall_s: i64) -> Option<(Month, u32)> {
        if let Some((month, days)) = self.month
            && (month.start_s..month.start_s + i64::from(month.length()) * DAY_S).contains(&wall_s)
        {
            return Some((month, days));
        }
        let month = Month::around(wall_s)?;
        let days = self.pattern.days(&month);
        self.month = Some((month, days));
        Some((month, days))
    }
}
