//! Rules in words, for people.

use super::ScheduleRule;
use super::months;
use super::pattern::Pattern;
use super::span::span_text;
use super::times::time_text;
use super::weekdays::LONG_NAMES;
use super::{MisfireRule, OverlapRule};

/// More times of a day are described by their fields.
const MOST_TIMES: usize = 6;

impl ScheduleRule {
    /// Returns when the rule runs, such as `Monday to Friday at 07:00, not on 2026-12-24`, without its zone.
    pub fn sentence(&self) -> String {
        let mut sentence = match &self.pattern {
            Pattern::Elapsed(interval) => interval.to_string(),
            Pattern::Wall(wall) => wall.sentence(),
        };
        if let Some(first) = sentence.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        if let Some(from) = self.clauses.from {
            sentence = format!("{sentence}, from {from}");
        }
        if let Some(until) = self.clauses.until {
            sentence = format!("{sentence}, until {until}");
        }
        if !self.clauses.except.is_empty() {
            let ranges: Vec<String> = self.clauses.except.iter().map(|range| range.sentence()).collect();
            sentence = format!("{sentence}, not on {}", listed(&ranges));
        }
        sentence
    }

    /// Returns the sentence about missed runs.
    pub fn misfire_sentence(&self) -> String {
        let within = |max_lateness: Option<std::time::Duration>| {
            max_lateness.map(|span| format!(", at most {} late", span_text(span))).unwrap_or_default()
        };
        match self.clauses.misfire {
            MisfireRule::Skip => "Missed runs are left out.".to_owned(),
            MisfireRule::RunOnce { max_lateness } => {
                format!("One run makes up for all missed ones{}.", within(max_lateness))
            }
            MisfireRule::RunAll { max_lateness } => {
                let most = MisfireRule::MOST_RUNS;
                format!("Missed runs are made up for, the latest {most}{}.", within(max_lateness))
            }
        }
    }

    /// Returns the sentence about a run that is due while the one before is under way.
    pub fn overlap_sentence(&self) -> &'static str {
        match self.clauses.overlap {
            OverlapRule::Skip => "A run that is due during the one before is left out.",
            OverlapRule::QueueOne => "A run that is due during the one before runs afterwards.",
            OverlapRule::StopPrevious => "A run that is due stops the one before.",
        }
    }
}

/// Returns `a, b and c`.
pub(super) fn listed(words: &[String]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// Returns `every day`, `Monday to Friday`, or `Monday, Wednesday and Sunday`. Bit 0 is Monday.
pub(super) fn weekdays_sentence(days: u8) -> String {
    if days & 0x7f == 0x7f {
        return "every day".to_owned();
    }
    let names: Vec<String> = runs_of(days.into(), 0..7)
        .into_iter()
        .flat_map(|(first, last)| {
            let name = |day: u32| LONG_NAMES[day as usize].to_owned();
            match last - first {
                0 => vec![name(first)],
                1 => vec![name(first), name(last)],
                _ => vec![format!("{} to {}", name(first), name(last))],
            }
        })
        .collect();
    listed(&names)
}

/// The fields of a cron expression, one bit for each value.
pub(super) struct CronFields {
    pub(super) seconds: u64,
    pub(super) minutes: u64,
    pub(super) hours: u32,
    /// Bit 0 is the first.
    pub(super) days: u32,
    /// Bit 1 is January.
    pub(super) months: u32,
    /// Bit 0 is Monday.
    pub(super) weekdays: u8,
}

const ALL_IN_SIXTY: u64 = (1 << 60) - 1;
const ALL_HOURS: u32 = (1 << 24) - 1;
const ALL_DAYS: u32 = u32::MAX >> 1;
const ALL_MONTHS: u32 = 0x1ffe;

pub(super) fn cron_sentence(fields: &CronFields) -> String {
    let mut days = Vec::new();
    if fields.days & ALL_DAYS != ALL_DAYS {
        let numbers = values(u64::from(fields.days) << 1, 1..32);
        let noun = match fields.days.count_ones() {
            1 => "day",
            _ => "days",
        };
        days.push(format!("on {noun} {numbers} of the month"));
    }
    if fields.weekdays & 0x7f != 0x7f {
        days.push(format!("on {}", weekdays_sentence(fields.weekdays)));
    }
    if fields.months & ALL_MONTHS != ALL_MONTHS {
        let names: Vec<String> = (1..13)
            .filter(|month| fields.months & (1 << month) != 0)
            .map(|month: u32| months::NAMES[month as usize - 1].to_owned())
            .collect();
        days.push(format!("in {}", listed(&names)));
    }
    let times = cron_times(fields);
    match (times.starts_with("every"), days.is_empty()) {
        (true, true) => times,
        (false, true) => format!("every day {times}"),
        (_, false) => format!("{times} {}", days.join(" ")),
    }
}

fn cron_times(fields: &CronFields) -> String {
    let CronFields { seconds, minutes, hours, .. } = *fields;
    let count = |bits: u64| bits.count_ones() as usize;
    let of_day = count(seconds) * count(minutes) * count(hours.into());
    if of_day <= MOST_TIMES {
        let mut times = Vec::new();
        for hour in (0..24).filter(|hour| hours & (1 << hour) != 0) {
            for minute in (0..60).filter(|minute| minutes & (1 << minute) != 0) {
                for second in (0..60).filter(|second| seconds & (1 << second) != 0) {
                    times.push(time_text(hour * 3_600 + minute * 60 + second));
                }
            }
        }
        return format!("at {}", listed(&times));
    }
    let within_hours = if hours == ALL_HOURS {
        String::new()
    } else {
        let noun = match hours.count_ones() {
            1 => "hour",
            _ => "hours",
        };
        format!(" of {noun} {}", values(hours.into(), 0..24))
    };
    let each_hour = if hours == ALL_HOURS { " of each hour" } else { "" };
    if seconds == 1 {
        return match step_of(minutes) {
            Some(1) => format!("every minute{within_hours}"),
            Some(step) => format!("every {step} minutes{within_hours}"),
            None if minutes == 1 && hours == ALL_HOURS => "every hour".to_owned(),
            None => {
                let noun = match minutes.count_ones() {
                    1 => "minute",
                    _ => "minutes",
                };
                format!("at {noun} {}{each_hour}{within_hours}", values(minutes, 0..60))
            }
        };
    }
    let of_minute = match step_of(seconds) {
        Some(1) => "every second".to_owned(),
        Some(step) => format!("every {step} seconds"),
        None => format!("at second {}", values(seconds, 0..60)),
    };
    if minutes == ALL_IN_SIXTY {
        format!("{of_minute}{within_hours}")
    } else {
        format!("{of_minute} of minute {}{each_hour}{within_hours}", values(minutes, 0..60))
    }
}

/// Returns the step of values that fill an hour evenly from 0 on; `None` for any others.
fn step_of(bits: u64) -> Option<u32> {
    let step = match bits & !1 {
        0 => return None,
        rest => rest.trailing_zeros(),
    };
    let even = (0..60).step_by(step as usize).fold(0_u64, |set, value| set | 1 << value);
    (60 % step == 0 && even == bits).then_some(step)
}

/// Returns the values of the set bits, such as `1, 5 to 9 and 30`.
fn values(bits: u64, range: std::ops::Range<u32>) -> String {
    let words: Vec<String> = runs_of(bits, range)
        .into_iter()
        .flat_map(|(first, last)| match last - first {
            0 => vec![first.to_string()],
            1 => vec![first.to_string(), last.to_string()],
            _ => vec![format!("{first} to {last}")],
        })
        .collect();
    listed(&words)
}

/// Returns the first and the last of each row of set bits.
fn runs_of(bits: u64, range: std::ops::Range<u32>) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for value in range.filter(|value| bits & (1 << value) != 0) {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == value => *last = value,
            _ => runs.push((value, value)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Zone;

    #[test]
    fn a_rule_is_a_sentence() {
        for (rule, expected) in [
            ("every 15 min", "Every 15 min"),
            ("weekly on Mon-Fri at 07:00", "Monday to Friday at 07:00"),
            ("weekly on Mon-Sun at 02:30, 14:30", "Every day at 02:30 and 14:30"),
            ("weekly on Mon, Wed, Sat, Sun at 07:00", "Monday, Wednesday, Saturday and Sunday at 07:00"),
            ("monthly on 1, 15, last at 06:00", "On day 1, day 15 and the last day of each month at 06:00"),
            (
                "monthly on 2nd Tue, last Fri at 06:00",
                "On the 2nd Tuesday and the last Friday of each month at 06:00",
            ),
            ("0 6 * * 1-5", "At 06:00 on Monday to Friday"),
            ("30 2 * * *", "Every day at 02:30"),
            ("*/15 * * * *", "Every 15 minutes"),
            ("0 * * * *", "Every hour"),
            ("* * * * *", "Every minute"),
            ("*/10 8-17 * * 1-5", "Every 10 minutes of hours 8 to 17 on Monday to Friday"),
            ("5,35 * * * *", "Every day at minutes 5 and 35 of each hour"),
            ("0 0 1,15 1,7 *", "At 00:00 on days 1 and 15 of the month in January and July"),
            ("*/10 * * * * *", "Every 10 seconds"),
            ("7 0-20 * * * *", "Every day at second 7 of minute 0 to 20 of each hour"),
            (
                "weekly on Sun at 02:30; from 2026-12-01; until 2027-03-31; except 2026-12-24..2027-01-01, 2027-02-01",
                "Sunday at 02:30, from 2026-12-01, until 2027-03-31, not on 2026-12-24 to 2027-01-01 and 2027-02-01",
            ),
        ] {
            assert_eq!(ScheduleRule::parse(rule, &Zone::utc()).unwrap().sentence(), expected, "{rule}");
        }
    }

    #[test]
    fn policies_are_sentences() {
        for (rule, misfire, overlap) in [
            (
                "every 15 min",
                "One run makes up for all missed ones.",
                "A run that is due during the one before is left out.",
            ),
            (
                "every 15 min; misfire all within 2 h; overlap stop",
                "Missed runs are made up for, the latest 10, at most 2 h late.",
                "A run that is due stops the one before.",
            ),
            (
                "every 15 min; misfire skip; overlap queue",
                "Missed runs are left out.",
                "A run that is due during the one before runs afterwards.",
            ),
        ] {
            let rule = ScheduleRule::parse(rule, &Zone::utc()).unwrap();
            assert_eq!((rule.misfire_sentence().as_str(), rule.overlap_sentence()), (misfire, overlap));
        }
    }
}
