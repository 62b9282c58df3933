//! Rules of schedules: one text, a pattern and clauses.

mod bound;
mod clauses;
mod cron_expression;
mod cron_extension;
mod cron_field;
mod error;
mod interval;
mod monthly;
mod months;
mod occurrences;
mod pattern;
mod sentence;
mod span;
#[cfg(test)]
mod tests;
mod times;
mod wall;
mod weekdays;
mod weekly;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use riser_domain::Timestamp;

pub use bound::parse_moment;
pub use clauses::{MisfireRule, OverlapRule};
pub use error::RuleError;
pub use occurrences::Occurrences;

use clauses::Clauses;
use error::excerpt;
use pattern::Pattern;

use crate::zone::Zone;

/// The most bytes in the text of a rule.
const LONGEST_TEXT: usize = 1_024;

/// When something runs: a pattern (`weekly on Mon-Fri at 07:00`) and clauses (`; except 2026-12-24`).
///
/// A local time that a clock change skips runs once, directly after the change. A local time that a clock change
/// repeats runs once, at its first moment. Cron expressions whose hour, minute or second begins with `*` follow
/// real time instead: they run in both passes and have no run for a skipped time. Dates in clauses are those of
/// the local time of a run.
#[derive(Clone, Debug)]
pub struct ScheduleRule {
    pattern: Pattern,
    zone: Zone,
    /// Whether the zone is part of the text: it decides when the rule runs, or a person named it.
    names_zone: bool,
    /// Whether a person named it.
    has_zone_clause: bool,
    clauses: Clauses,
}

impl ScheduleRule {
    /// Parses a rule. One without a zone takes the zone of the site.
    ///
    /// # Errors
    /// A [`RuleError`] for a text that cannot be read, and for a rule that never runs.
    pub fn parse(text: &str, site_zone: &Zone) -> Result<Self, RuleError> {
        Self::parse_with(text, Some(site_zone))
    }

    fn parse_with(text: &str, default_zone: Option<&Zone>) -> Result<Self, RuleError> {
        if text.len() > LONGEST_TEXT {
            return Err(RuleError::TooLong { length: text.len() });
        }
        let mut parts = text.split(';');
        let pattern = Pattern::parse(parts.next().unwrap_or_default().trim())?;
        let (clauses, zone) = Clauses::parse(parts)?;
        let depends_on_zone = matches!(pattern, Pattern::Wall(_)) || clauses.need_zone();
        let has_zone_clause = zone.is_some();
        let names_zone = depends_on_zone || has_zone_clause;
        let zone = match (zone, default_zone) {
            (Some(zone), _) => zone,
            (None, Some(default)) => default.clone(),
            (None, None) if depends_on_zone => return Err(RuleError::MissingZone),
            (None, None) => Zone::utc(),
        };
        let rule = Self { pattern, zone, names_zone, has_zone_clause, clauses };
        rule.refuse_unless_it_runs()?;
        rule.refuse_long_jitter()?;
        Ok(rule)
    }

    /// Refuses a jitter with which a run could begin after the next one is due.
    fn refuse_long_jitter(&self) -> Result<(), RuleError> {
        let jitter = self.clauses.jitter;
        if jitter.is_zero() {
            return Ok(());
        }
        // Without a zone no clock change brings two runs closer together.
        let rule = Self { zone: Zone::utc(), ..self.clone() };
        let begin = rule.clauses.from.map_or(Timestamp::EPOCH, |from| from.first_moment(&rule.zone));
        let times = rule.next_times(begin.minus(Duration::from_millis(1)), Self::TIMES_FOR_JITTER);
        let distance = times.windows(2).map(|pair| pair[1].since(pair[0])).min();
        match distance {
            Some(distance) if jitter >= distance => Err(RuleError::JitterTooLong { jitter, distance }),
            _ => Ok(()),
        }
    }

    /// More than the times of most rules in a day.
    const TIMES_FOR_JITTER: usize = 100;

    fn refuse_unless_it_runs(&self) -> Result<(), RuleError> {
        let moment = |bound: Option<bound::Bound>| bound.map(|bound| bound.first_moment(&self.zone));
        let (from, until) = (moment(self.clauses.from), moment(self.clauses.until));
        if matches!((from, until), (Some(from), Some(until)) if until < from) {
            return Err(RuleError::NoSuchDate("the rule ends before it begins".to_owned()));
        }
        let begin = from.unwrap_or(Timestamp::EPOCH).minus(Duration::from_millis(1));
        match self.next_after(begin) {
            Some(_) => Ok(()),
            None => Err(RuleError::NoSuchDate(format!("{:?} never runs", excerpt(&self.to_string())))),
        }
    }

    /// Returns the zone of local times and dates.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Returns whether the parsed text names the zone.
    pub fn has_zone_clause(&self) -> bool {
        self.has_zone_clause
    }

    /// Returns whether the rule names its last date or moment.
    pub fn has_end(&self) -> bool {
        self.clauses.until.is_some()
    }

    /// Returns the times after a moment, in ascending order.
    pub fn occurrences(&self, after: Timestamp) -> Occurrences<'_> {
        Occurrences::new(self, after)
    }

    /// Returns the first time after a moment; `None` when the rule has ended.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        self.occurrences(after).next()
    }

    /// Returns at most `count` times after a moment.
    pub fn next_times(&self, after: Timestamp, count: usize) -> Vec<Timestamp> {
        self.occurrences(after).take(count).collect()
    }

    /// Returns how much later than its time a run begins: less than the jitter, always the same for one time and
    /// key.
    pub fn delay(&self, time: Timestamp, key: u64) -> Duration {
        let jitter_ms = self.clauses.jitter.as_millis();
        let spread = u128::from(mix(mix(time.unix_ms().cast_unsigned()) ^ key));
        Duration::from_millis(u64::try_from((spread * jitter_ms) >> 64).unwrap_or_default())
    }

    /// Returns the rule for runs whose time passed while Riser did not run.
    pub fn misfire(&self) -> MisfireRule {
        self.clauses.misfire
    }

    /// Returns the rule for a run that is due while the one before is under way.
    pub fn overlap(&self) -> OverlapRule {
        self.clauses.overlap
    }

    /// Returns the span over which runs of many processors are spread.
    pub fn jitter(&self) -> Duration {
        self.clauses.jitter
    }
}

/// Spreads the bits of a number, the finalizer of `SplitMix64`: equal on every machine and in every release.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

/// Reads a stored text: local times without a zone are refused.
impl FromStr for ScheduleRule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        Self::parse_with(text, None)
    }
}

/// The text from which the same rule is parsed on any machine.
impl fmt::Display for ScheduleRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pattern.fmt(f)?;
        if self.names_zone {
            write!(f, "; zone {}", self.zone)?;
        }
        self.clauses.fmt(f)
    }
}

/// Equal texts.
impl PartialEq for ScheduleRule {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for ScheduleRule {}
