use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::Timestamp;

/// Database id of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScheduleId(pub i64);

/// A named rule for the start of processor configurations.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    pub id: ScheduleId,
    /// Unique on this host.
    pub name: String,
    pub rule: ScheduleRule,
}

/// The rule of a schedule.
#[derive(Clone, Debug, PartialEq)]
pub enum ScheduleRule {
    /// Every `period` of real time from `starting`.
    Every {
        /// Time between two runs, at least one second.
        period: Duration,
        /// Time of the first run.
        starting: Timestamp,
    },
    /// At the local times of a cron expression.
    Cron(CronRule),
}

/// A cron expression in a time zone.
///
/// Five fields (minute, hour, day of month, month, day of week), or six with seconds first. Days of the week are
/// those of crontab: 0 and 7 are Sunday. A local time that a clock change skips runs once, directly after the
/// change. A local time that a clock change repeats runs once, unless the hour is `*` or `*/n`: such a rule runs
/// in real time.
#[derive(Clone, Debug)]
pub struct CronRule {
    expression: String,
    zone: Tz,
    wall_times: Box<cron::Schedule>,
    runs_in_real_time: bool,
}

/// Returns the reason in an error text of the `cron` crate, which begins with the expression and a marker.
fn reason_in(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).rev();
    lines
        .find(|line| line.chars().any(char::is_alphabetic))
        .unwrap_or("it is not a cron expression")
        .to_owned()
}

/// Error of a schedule rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    #[error("a schedule runs once a second at most: make the time span 1 s or longer")]
    PeriodTooShort(Duration),
    #[error("unknown time zone {0:?}; use a name such as Europe/Paris or UTC")]
    UnknownZone(String),
    #[error(
        "a cron expression has 5 fields (minute hour day month weekday) or 6 with seconds first, not {0}"
    )]
    FieldCount(usize),
    #[error("a cron expression names days of the month or days of the week, not both; leave one of them *")]
    BothDays,
    #[error("the cron expression {expression:?} cannot be read: {reason}")]
    Unreadable { expression: String, reason: String },
}

impl ScheduleRule {
    /// Returns an interval that begins at `starting`.
    ///
    /// # Errors
    /// [`ScheduleError::PeriodTooShort`] below one second.
    pub fn every(period: Duration, starting: Timestamp) -> Result<Self, ScheduleError> {
        if period < Duration::from_secs(1) {
            return Err(ScheduleError::PeriodTooShort(period));
        }
        Ok(Self::Every { period, starting })
    }

    /// Parses a cron expression in a zone of the IANA database.
    ///
    /// # Errors
    /// A [`ScheduleError`] for the zone or the expression.
    pub fn cron(expression: &str, zone: &str) -> Result<Self, ScheduleError> {
        CronRule::parse(expression, zone).map(Self::Cron)
    }

    /// Returns the first due time after `after`; `None` when there is none.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every { period, starting } => {
                if after < *starting {
                    return Some(*starting);
                }
                let period_ms = i64::try_from(period.as_millis()).ok()?;
                let past_ms = after.unix_ms().checked_sub(starting.unix_ms())?;
                let steps = past_ms / period_ms + 1;
                Some(Timestamp::from_unix_ms(starting.unix_ms().checked_add(steps.checked_mul(period_ms)?)?))
            }
            Self::Cron(rule) => rule.next_after(after),
        }
    }

    /// Returns at most `count` due times after `after`.
    pub fn next_times(&self, after: Timestamp, count: usize) -> Vec<Timestamp> {
        std::iter::successors(self.next_after(after), |last| self.next_after(*last)).take(count).collect()
    }
}

impl PartialEq for CronRule {
    fn eq(&self, other: &Self) -> bool {
        self.expression == other.expression && self.zone == other.zone
    }
}

impl CronRule {
    /// Returns the expression as written.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// Returns the name of the time zone.
    pub fn zone(&self) -> &'static str {
        self.zone.name()
    }

    fn parse(expression: &str, zone: &str) -> Result<Self, ScheduleError> {
        let zone = Tz::from_str(zone).map_err(|_| ScheduleError::UnknownZone(zone.to_owned()))?;
        let unreadable =
            |reason: String| ScheduleError::Unreadable { expression: expression.to_owned(), reason };
        let mut fields: Vec<&str> = expression.split_whitespace().collect();
        match fields.len() {
            5 => fields.insert(0, "0"),
            6 => {}
            count => return Err(ScheduleError::FieldCount(count)),
        }
        let [second, minute, hour, day, month, weekday] = fields[..] else {
            return Err(ScheduleError::FieldCount(fields.len()));
        };
        if day != "*" && day != "?" && weekday != "*" && weekday != "?" {
            return Err(ScheduleError::BothDays);
        }
        let weekday = quartz_weekdays(weekday).map_err(&unreadable)?;
        let wall_times =
            cron::Schedule::from_str(&format!("{second} {minute} {hour} {day} {month} {weekday}"))
                .map_err(|error| unreadable(reason_in(&error.to_string())))?;
        Ok(Self {
            expression: expression.to_owned(),
            zone,
            wall_times: Box::new(wall_times),
            runs_in_real_time: hour.starts_with('*'),
        })
    }

    /// Walks the periods of constant offset from UTC. Within one, local time is UTC plus the offset, so the `cron`
    /// crate sees plain local times and its own conversion is never used.
    fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let mut from = after.to_calendar();
        let mut wall_from = self.wall_time(from);
        loop {
            let offset = self.offset(from);
            let wall_next = self.next_wall_time(wall_from)?;
            let candidate = (wall_next - offset).and_utc();
            let Some(change) = self.first_change(from, candidate) else {
                return Some(candidate.into());
            };
            let wall_before_change = change.naive_utc() + offset;
            let wall_after_change = self.wall_time(change);
            if wall_next < wall_after_change {
                // The clock change skips this local time: run directly after the change.
                return Some(change.into());
            }
            let repeated = wall_after_change < wall_before_change;
            let resume =
                if repeated && !self.runs_in_real_time { wall_before_change } else { wall_after_change };
            // The change itself is a candidate, so the search starts one second before.
            wall_from = resume - TimeDelta::seconds(1);
            from = change;
        }
    }

    fn next_wall_time(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        self.wall_times.after(&Utc.from_utc_datetime(&after)).next().map(|time| time.naive_utc())
    }

    fn offset(&self, at: DateTime<Utc>) -> TimeDelta {
        TimeDelta::seconds(i64::from(
            self.zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc(),
        ))
    }

    fn wall_time(&self, at: DateTime<Utc>) -> NaiveDateTime {
        at.naive_utc() + self.offset(at)
    }

    /// Returns the first time in `(from, to]` whose offset differs from that of `from`.
    fn first_change(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let offset = self.offset(from);
        let mut before = from;
        while before < to {
            let probe = before.checked_add_days(Days::new(1)).map_or(to, |next| next.min(to));
            if self.offset(probe) != offset {
                return Some(self.narrow(before, probe));
            }
            before = probe;
        }
        None
    }

    fn narrow(&self, mut before: DateTime<Utc>, mut changed: DateTime<Utc>) -> DateTime<Utc> {
        let offset = self.offset(before);
        while changed - before > TimeDelta::seconds(1) {
            let middle = before + (changed - before) / 2;
            if self.offset(middle) == offset {
                before = middle;
            } else {
                changed = middle;
            }
        }
        DateTime::from_timestamp(changed.timestamp(), 0).unwrap_or(changed)
    }
}

/// Converts days of the week from crontab (Sunday is 0 and 7) to the `cron` crate (Sunday is 1).
fn quartz_weekdays(field: &str) -> Result<String, String> {
    if !field.bytes().any(|byte| byte.is_ascii_digit()) || field.starts_with("*/") {
        return Ok(field.to_owned());
    }
    let mut days = Vec::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let number = |text: &str| {
            text.parse::<u8>()
                .ok()
                .filter(|day| *day <= 7)
                .ok_or_else(|| format!("{text:?} is not a day of the week; use 0 to 7, or names only"))
        };
        let step =
            usize::from(step.parse::<u8>().ok().filter(|step| *step > 0).ok_or("the step is not a number")?);
        days.extend((number(first)?..=number(last)?).step_by(step).map(|day| (day % 7 + 1).to_string()));
    }
    Ok(days.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc().into()
    }

    fn check(expression: &str, after: &str, expected: &[&str]) {
        let rule = ScheduleRule::cron(expression, "Europe/Berlin").unwrap();
        let expected: Vec<Timestamp> = expected.iter().map(|text| at(text)).collect();
        assert_eq!(rule.next_times(at(after), expected.len()), expected, "{expression} after {after}");
    }

    #[test]
    fn an_interval_counts_from_its_start() {
        let rule = ScheduleRule::every(Duration::from_mins(15), at("2026-01-01T00:05:00Z")).unwrap();
        assert_eq!(rule.next_after(at("2025-12-31T00:00:00Z")), Some(at("2026-01-01T00:05:00Z")));
        assert_eq!(rule.next_after(at("2026-01-01T00:05:00Z")), Some(at("2026-01-01T00:20:00Z")));
        assert_eq!(rule.next_after(at("2026-01-01T00:19:59Z")), Some(at("2026-01-01T00:20:00Z")));
    }

    #[test]
    fn a_wall_time_in_the_spring_gap_runs_at_the_jump() {
        check(
            "30 2 * * *",
            "2026-03-28T12:00:00Z",
            &["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
        );
    }

    #[test]
    fn a_wall_time_in_the_autumn_fold_runs_once() {
        check(
            "30 2 * * *",
            "2026-10-24T12:00:00Z",
            &["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"],
        );
    }

    #[test]
    fn quarter_hours_run_in_real_time_through_the_fold() {
        check(
            "*/15 * * * *",
            "2026-10-25T02:30:00+02:00",
            &[
                "2026-10-25T02:45:00+02:00",
                "2026-10-25T02:00:00+01:00",
                "2026-10-25T02:15:00+01:00",
                "2026-10-25T02:30:00+01:00",
                "2026-10-25T02:45:00+01:00",
                "2026-10-25T03:00:00+01:00",
            ],
        );
    }

    #[test]
    fn weekdays_count_as_in_crontab() {
        check("0 3 * * 1", "2026-11-24T00:00:00Z", &["2026-11-30T03:00:00+01:00"]);
        check("0 3 * * 7", "2026-11-24T00:00:00Z", &["2026-11-29T03:00:00+01:00"]);
        check("0 3 * * MON-FRI", "2026-11-27T12:00:00Z", &["2026-11-30T03:00:00+01:00"]);
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_the_reason() {
        let refuse = |expression: &str, zone: &str| ScheduleRule::cron(expression, zone).unwrap_err();
        assert_eq!(refuse("* * *", "UTC"), ScheduleError::FieldCount(3));
        assert_eq!(refuse("0 0 1 * 1", "UTC"), ScheduleError::BothDays);
        assert!(matches!(refuse("0 99 * * *", "UTC"), ScheduleError::Unreadable { .. }));
        assert!(matches!(refuse("0 0 * * *", "Mars/Base"), ScheduleError::UnknownZone(_)));
        assert!(matches!(refuse("0 0 * * 1-9", "UTC"), ScheduleError::Unreadable { .. }));
    }

    /// Compares with a library that shares no code with this one.
    #[test]
    fn a_year_of_runs_equals_the_oracle() {
        for zone in ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/New_York", "UTC"] {
            let tz: Tz = zone.parse().unwrap();
            for expression in ["*/15 * * * *", "30 2 * * *", "0 0 1 * *", "15 1 * * 0", "0 */6 * * *"] {
                let rule = ScheduleRule::cron(expression, zone).unwrap();
                let oracle = croner::Cron::from_str(expression).unwrap();
                let start = at("2026-01-01T00:00:00Z");
                let expected: Vec<Timestamp> = oracle
                    .iter_after(start.to_calendar().with_timezone(&tz))
                    .take_while(|time| *time < at("2027-01-01T00:00:00Z").to_calendar().with_timezone(&tz))
                    .map(|time| Timestamp::from(time.to_utc()))
                    .collect();
                assert_eq!(rule.next_times(start, expected.len()), expected, "{expression} in {zone}");
            }
        }
    }
}
