//! Times of day: `07:00, 12:30`.

use std::fmt;

use super::error::RuleError;
use super::sentence::listed;

/// Times of day in ascending order, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Times(Vec<u32>);

impl Times {
    pub(super) fn parse(text: &str) -> Result<Self, RuleError> {
        let mut times = text.split(',').map(|time| parse_time(time.trim())).collect::<Result<Vec<_>, _>>()?;
        times.sort_unstable();
        times.dedup();
        Ok(Self(times))
    }

    /// Returns `07:00, 12:30 and 18:00`.
    pub(super) fn sentence(&self) -> String {
        let times: Vec<String> = self.0.iter().map(|time| time_text(*time)).collect();
        listed(&times)
    }

    pub(super) fn at_or_after(&self, second: u32) -> Option<u32> {
        self.0.iter().copied().find(|time| *time >= second)
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, time) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{}", time_text(*time))?;
        }
        Ok(())
    }
}

/// Reads `7:00`, `07:00` or `07:00:30` as a second of the day.
pub(super) fn parse_time(text: &str) -> Result<u32, RuleError> {
    let wrong = || RuleError::unreadable(text, "write a time of day from 00:00 to 23:59, such as 07:00");
    let mut seconds = 0;
    let mut parts = 0;
    for (part, most) in text.split(':').zip([23, 59, 59]) {
        let is_number = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        let number: u32 =
            part.parse().ok().filter(|number| is_number && *number <= most).ok_or_else(wrong)?;
        seconds = seconds * 60 + number;
        parts += 1;
    }
    match (parts, text.split(':').count()) {
        (2, 2) => Ok(seconds * 60),
        (3, 3) => Ok(seconds),
        _ => Err(wrong()),
    }
}

pub(super) fn time_text(second: u32) -> String {
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    if second == 0 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") }
}
