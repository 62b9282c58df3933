//! The clauses of a rule: `; zone Europe/Paris; except 2026-12-24..2027-01-06`.

use std::fmt;
use std::time::Duration;

use jiff::civil::Date;

use super::bound::{Bound, parse_date};
use super::error::{RuleError, excerpt};
use super::interval::LONGEST_PERIOD;
use super::span::{parse_span, span_text};
use super::wall::{DAY_S, wall_seconds};
use crate::zone::Zone;

const LONGEST_JITTER: Duration = Duration::from_hours(24);
const SHORTEST_LATENESS: Duration = Duration::from_secs(1);

/// What happens with runs whose time passed while Riser did not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MisfireRule {
    /// None of them runs.
    Skip,
    /// One run covers all of them.
    RunOnce {
        /// Not later than this after the last of them.
        max_lateness: Option<Duration>,
    },
    /// Each runs, at most [`MisfireRule::MOST_RUNS`].
    RunAll {
        /// Not later than this after its time.
        max_lateness: Option<Duration>,
    },
}

impl MisfireRule {
    /// The most runs that [`MisfireRule::RunAll`] makes up for, the latest ones.
    pub const MOST_RUNS: usize = 10;
}

impl Default for MisfireRule {
    fn default() -> Self {
        Self::RunOnce { max_lateness: None }
    }
}

/// What happens when a run is due while the one before is still under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OverlapRule {
    /// It does not run.
    #[default]
    Skip,
    /// It runs after the one before. One run waits at most.
    QueueOne,
    /// The one before is stopped, and it runs.
    StopPrevious,
}

/// Dates from the first to the last, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DateRange {
    first: Date,
    last: Date,
}

/// All clauses of a rule but its zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Clauses {
    pub(super) from: Option<Bound>,
    pub(super) until: Option<Bound>,
    /// In ascending order.
    pub(super) except: Vec<DateRange>,
    pub(super) jitter: Duration,
    pub(super) misfire: MisfireRule,
    pub(super) overlap: OverlapRule,
}

impl Clauses {
    /// Reads the clauses after the pattern. Returns the zone apart.
    pub(super) fn parse<'a>(
        clauses: impl Iterator<Item = &'a str>,
    ) -> Result<(Self, Option<Zone>), RuleError> {
        let (mut parsed, mut zone) = (Self::default(), None);
        let mut seen = Vec::new();
        for clause in clauses.map(str::trim) {
            let (word, rest) = clause.split_once(char::is_whitespace).unwrap_or((clause, ""));
            let rest = rest.trim();
            let name = NAMES.iter().find(|name| name.eq_ignore_ascii_case(word)).ok_or_else(|| {
                RuleError::unreadable(clause, format!("a clause begins with {}", NAMES.join(", ")))
            })?;
            if seen.contains(name) {
                return Err(RuleError::ClauseTwice(name));
            }
            seen.push(name);
            match *name {
                "zone" => zone = Some(rest.parse()?),
                "from" => parsed.from = Some(Bound::parse(rest)?),
                "until" => parsed.until = Some(Bound::parse(rest)?),
                "except" => parsed.except = parse_exceptions(rest)?,
                "jitter" => parsed.jitter = parse_jitter(rest)?,
                "misfire" => parsed.misfire = parse_misfire(rest)?,
                _ => parsed.overlap = parse_overlap(rest)?,
            }
        }
        Ok((parsed, zone))
    }

    /// Whether dates or local times in the clauses depend on a zone.
    pub(super) fn need_zone(&self) -> bool {
        let bounds = [self.from, self.until];
        !self.except.is_empty() || bounds.into_iter().flatten().any(Bound::needs_zone)
    }
}

const NAMES: [&str; 7] = ["zone", "from", "until", "except", "jitter", "misfire", "overlap"];

impl DateRange {
    /// Returns `2026-12-24` or `2026-12-24 to 2027-01-01`.
    pub(super) fn sentence(self) -> String {
        let Self { first, last } = self;
        if first == last { first.to_string() } else { format!("{first} to {last}") }
    }

    /// Returns the local seconds of its first midnight and of the midnight after it.
    pub(super) fn wall_range(self) -> (i64, i64) {
        (wall_seconds(self.first.into()), wall_seconds(self.last.into()) + DAY_S)
    }
}

fn parse_exceptions(text: &str) -> Result<Vec<DateRange>, RuleError> {
    let mut ranges = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (first, last) = part.split_once("..").unwrap_or((part, part));
        let range = DateRange { first: parse_date(first.trim())?, last: parse_date(last.trim())? };
        if range.first > range.last {
            return Err(RuleError::unreadable(part, "the range ends before it begins"));
        }
        ranges.push(range);
    }
    ranges.sort_unstable();
    ranges.dedup();
    Ok(ranges)
}

/// Reads the span over which runs are spread. More than a day would move runs to other dates.
fn parse_jitter(text: &str) -> Result<Duration, RuleError> {
    let span = parse_span(text)?;
    if span > LONGEST_JITTER {
        let most = span_text(LONGEST_JITTER);
        return Err(RuleError::unreadable(text, format!("jitter is {most} at most")));
    }
    Ok(span)
}

/// Reads how late a missed run may be.
fn parse_lateness(text: &str) -> Result<Duration, RuleError> {
    let span = parse_span(text)?;
    if span < SHORTEST_LATENESS {
        return Err(RuleError::unreadable(text, "it is too short for any missed run; write misfire skip"));
    }
    if span > LONGEST_PERIOD {
        let most = span_text(LONGEST_PERIOD);
        return Err(RuleError::unreadable(
            text,
            format!("a missed run is at most {most} late; leave \"within\" out for any age"),
        ));
    }
    Ok(span)
}

fn parse_misfire(text: &str) -> Result<MisfireRule, RuleError> {
    let wrong = || RuleError::unreadable(text, "write misfire skip, misfire once or misfire all within 2 h");
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let max_lateness = match rest.split_once(char::is_whitespace) {
        _ if rest.is_empty() => None,
        Some((within, span)) if within.eq_ignore_ascii_case("within") => Some(parse_lateness(span.trim())?),
        _ => return Err(wrong()),
    };
    match (word.to_ascii_lowercase().as_str(), max_lateness) {
        ("skip", None) => Ok(MisfireRule::Skip),
        ("once", max_lateness) => Ok(MisfireRule::RunOnce { max_lateness }),
        ("all", max_lateness) => Ok(MisfireRule::RunAll { max_lateness }),
        _ => Err(wrong()),
    }
}

fn parse_overlap(text: &str) -> Result<OverlapRule, RuleError> {
    match text.to_ascii_lowercase().as_str() {
        "skip" => Ok(OverlapRule::Skip),
        "queue" => Ok(OverlapRule::QueueOne),
        "stop" => Ok(OverlapRule::StopPrevious),
        _ => Err(RuleError::unreadable(
            &excerpt(text),
            "write overlap skip, overlap queue (run afterwards) or overlap stop (stop the run before)",
        )),
    }
}

/// The clauses that differ from the defaults, each with `; ` before it.
impl fmt::Display for Clauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(from) = self.from {
            write!(f, "; from {from}")?;
        }
        if let Some(until) = self.until {
            write!(f, "; until {until}")?;
        }
        for (index, DateRange { first, last }) in self.except.iter().enumerate() {
            f.write_str(if index == 0 { "; except " } else { ", " })?;
            write!(f, "{first}")?;
            if first != last {
                write!(f, "..{last}")?;
            }
        }
        if !self.jitter.is_zero() {
            write!(f, "; jitter {}", span_text(self.jitter))?;
        }
        let within = |max_lateness: Option<Duration>| {
            max_lateness.map(|span| format!(" within {}", span_text(span))).unwrap_or_default()
        };
        match self.misfire {
            MisfireRule::RunOnce { max_lateness: None } => {}
            MisfireRule::Skip => f.write_str("; misfire skip")?,
            MisfireRule::RunOnce { max_lateness } => write!(f, "; misfire once{}", within(max_lateness))?,
            MisfireRule::RunAll { max_lateness } => write!(f, "; misfire all{}", within(max_lateness))?,
        }
        match self.overlap {
            OverlapRule::Skip => Ok(()),
            OverlapRule::QueueOne => f.write_str("; overlap queue"),
            OverlapRule::StopPrevious => f.write_str("; overlap stop"),
        }
    }
}
