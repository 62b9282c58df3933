//! `0 6 * * 1-5`: cron expressions. The `cron` crate reads them, except for days of the week.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use cron::TimeUnitSpec;

use super::error::{RuleError, excerpt};
use super::pattern::Pattern;
use super::wall::{Month, WallPattern};

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
/// Abbreviations of other tools, and the expressions they stand for.
const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// The values of an expression, one bit for each.
#[derive(Debug)]
struct CronExpression {
    /// The fields as written, with one space between them.
    text: String,
    seconds: u64,
    minutes: u64,
    hours: u32,
    /// Bit 0 is the first.
    days: u32,
    /// Bit 1 is January.
    months: u32,
    /// Bit 0 is Monday.
    weekdays: u8,
    runs_in_real_time: bool,
}

/// Reads five fields (minute, hour, day of month, month, day of week), or six with seconds first.
pub(super) fn parse(text: &str) -> Result<Pattern, RuleError> {
    if let Some((_, meant)) = NICKNAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Err(RuleError::unreadable(text, format!("write {meant}")));
    }
    let mut fields: Vec<&str> = text.split_whitespace().collect();
    let text = fields.join(" ");
    if fields.len() == 5 {
        fields.insert(0, "0");
    }
    let [second, minute, hour, day, month, weekday] = fields[..] else {
        return Err(RuleError::FieldCount(fields.len()));
    };
    refuse_extensions(day, weekday)?;
    if !is_any(day) && !is_any(weekday) {
        return Err(RuleError::BothDays);
    }
    for (field, names) in [(second, &[][..]), (minute, &[]), (hour, &[]), (day, &[]), (month, &MONTHS)] {
        refuse_backward_ranges(field, names)?;
    }
    let weekdays = parse_weekdays(weekday)?;
    let wall_times = cron::Schedule::from_str(&format!("{second} {minute} {hour} {day} {month} *"))
        .map_err(|error| RuleError::unreadable(&text, reason_in(&error.to_string())))?;
    let expression = CronExpression {
        seconds: bits(wall_times.seconds()),
        minutes: bits(wall_times.minutes()),
        hours: low_half(bits(wall_times.hours())),
        days: low_half(bits(wall_times.days_of_month()) >> 1),
        months: low_half(bits(wall_times.months())),
        weekdays,
        runs_in_real_time: [second, minute, hour].iter().any(|field| field.starts_with('*')),
        text,
    };
    Ok(Pattern::Wall(Arc::new(expression)))
}

fn is_any(field: &str) -> bool {
    field == "*" || field == "?"
}

/// Returns a bit for each value of a field.
fn bits(values: &impl TimeUnitSpec) -> u64 {
    values.iter().fold(0, |bits, value| bits | 1 << value)
}

/// Returns the 32 lowest bits. Hours, days and months have no others.
fn low_half(bits: u64) -> u32 {
    u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default()
}

/// Refuses `L`, `W` and `#`, which the `cron` crate does not read.
fn refuse_extensions(day: &str, weekday: &str) -> Result<(), RuleError> {
    let is_near = day.contains(['W', 'w']);
    if is_near || day.contains(['L', 'l']) {
        let reason = if is_near {
            "W is not supported; name a weekday, as in \"monthly on 1st Mon at 06:00\""
        } else {
            "L is not supported; write \"monthly on last at 06:00\""
        };
        return Err(RuleError::unreadable(day, reason));
    }
    for part in weekday.split(',') {
        if part.contains('#') {
            return Err(RuleError::unreadable(
                part,
                "# is not supported; write \"monthly on 2nd Tue at 06:00\"",
            ));
        }
        if part.ends_with(['L', 'l']) {
            return Err(RuleError::unreadable(
                part,
                "L is not supported; write \"monthly on last Fri at 06:00\"",
            ));
        }
    }
    Ok(())
}

/// Refuses `17-8`, with the two ranges that it means.
fn refuse_backward_ranges(field: &str, names: &[&str]) -> Result<(), RuleError> {
    let value = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text)).map(|index| index + 1);
        named.or_else(|| text.parse().ok())
    };
    for part in field.split(',') {
        let range = part.split_once('/').map_or(part, |(range, _)| range);
        let Some((first, last)) = range.split_once('-') else { continue };
        if matches!((value(first), value(last)), (Some(from), Some(to)) if from > to) {
            return Err(RuleError::unreadable(part, "the range runs backwards; write two ranges"));
        }
    }
    Ok(())
}

/// Reads a field with days of the week as in crontab: 0 and 7 are Sunday. Bit 0 of the set is Monday.
fn parse_weekdays(field: &str) -> Result<u8, RuleError> {
    let day = |text: &str| {
        let long = |name: &str| {
            let abbreviation = text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(name));
            abbreviation && (text.len() == 3 || super::weekdays::parse_weekday(text).is_some())
        };
        let named = WEEKDAYS.iter().position(|name| long(name));
        let number = || text.parse().ok().filter(|day| *day <= 7 && text.len() == 1);
        named.or_else(number).ok_or_else(|| {
            RuleError::unreadable(text, "a day of the week is 0 to 7 (0 and 7 are Sunday) or SUN to SAT")
        })
    };
    let mut days = 0_u8;
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let step = match step {
            None => 1,
            Some(text) => text
                .parse::<usize>()
                .ok()
                .filter(|step| (1..=7).contains(step))
                .ok_or_else(|| RuleError::unreadable(part, "the step is a number from 1 to 7"))?,
        };
        let (first, last) = match range.split_once('-') {
            _ if is_any(range) => (0, 6),
            Some((first, last)) => (day(first)?, sunday_at_end(day(last)?, last)),
            // A step without an end counts to the end of the week, as 5/15 does in minutes.
            None if part.contains('/') => (day(range)?, 7),
            None => (day(range)?, day(range)?),
        };
        if first > last {
            let meant = match last {
                0 => format!("{first}-7"),
                1 => format!("{first}-7,1"),
                _ => format!("{first}-7,1-{last}"),
            };
            return Err(RuleError::unreadable(
                part,
                format!("the range runs backwards over the end of the week; write {meant}"),
            ));
        }
        for day in (first..=last).step_by(step) {
            // Sunday is 0 and 7 in crontab, and 6 in the set.
            days |= 1 << ((day + 6) % 7);
        }
    }
    Ok(days)
}

/// Returns 7 for a Sunday by name at the end of a range: `SAT-SUN`.
fn sunday_at_end(day: usize, text: &str) -> usize {
    if day == 0 && !text.starts_with('0') { 7 } else { day }
}

/// Returns the reason in an error text of the `cron` crate, which begins with the expression and a marker.
fn reason_in(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).rev();
    excerpt(lines.find(|line| line.chars().any(char::is_alphabetic)).unwrap_or("it is not a cron expression"))
}

impl WallPattern for CronExpression {
    fn days(&self, month: &Month) -> u32 {
        if self.months & (1 << month.number()) == 0 {
            return 0;
        }
        self.days & month.weekdays(self.weekdays)
    }

    fn time_from(&self, second: u32) -> Option<u32> {
        let (mut hour, mut minute) = (second / 3_600, second / 60 % 60);
        let mut in_minute = bit_from(self.seconds, second % 60);
        if self.minutes & (1 << minute) == 0 || in_minute.is_none() {
            in_minute = None;
        }
        if self.hours & (1 << hour) != 0 {
            if let Some(second) = in_minute {
                return Some(hour * 3_600 + minute * 60 + second);
            }
            if let Some(later) = bit_from(self.minutes, minute + 1) {
                return Some(hour * 3_600 + later * 60 + self.seconds.trailing_zeros());
            }
        }
        hour = bit_from(self.hours.into(), hour + 1)?;
        minute = self.minutes.trailing_zeros();
        Some(hour * 3_600 + minute * 60 + self.seconds.trailing_zeros())
    }

    fn runs_in_real_time(&self) -> bool {
        self.runs_in_real_time
    }
}

/// Returns the lowest bit at or after a position.
fn bit_from(bits: u64, position: u32) -> Option<u32> {
    let rest = bits.checked_shr(position)?;
    (rest != 0).then(|| position + rest.trailing_zeros())
}

impl fmt::Display for CronExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
