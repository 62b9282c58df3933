//! `weekly on Mon-Fri, Sun at 07:00, 12:30`.

use std::fmt;
use std::sync::Arc;

use super::error::RuleError;
use super::pattern::{Pattern, split_on_at};
use super::sentence::weekdays_sentence;
use super::times::Times;
use super::wall::{Month, WallPattern};
use super::weekdays::{parse_weekdays, weekdays_text};

#[derive(Debug)]
struct Weekly {
    /// Bit 0 is Monday.
    days: u8,
    times: Times,
}

pub(super) fn parse(text: &str) -> Result<Pattern, RuleError> {
    let (days, times) = split_on_at(text)
        .ok_or_else(|| RuleError::unreadable(text, "write \"weekly on Mon-Fri at 07:00\""))?;
    let weekly = Weekly { days: parse_weekdays(days)?, times: Times::parse(times)? };
    Ok(Pattern::Wall(Arc::new(weekly)))
}

impl WallPattern for Weekly {
    fn days(&self, month: &Month) -> u32 {
        month.weekdays(self.days)
    }

    fn time_from(&self, second: u32) -> Option<u32> {
        self.times.at_or_after(second)
    }

    fn sentence(&self) -> String {
        format!("{} at {}", weekdays_sentence(self.days), self.times.sentence())
    }
}

impl fmt::Display for Weekly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "weekly on {} at {}", weekdays_text(self.days), self.times)
    }
}
