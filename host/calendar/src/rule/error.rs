use std::time::Duration;

use super::span::span_text;
use crate::zone::UnknownZone;

/// Error of the text of a schedule rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("a schedule rule has at most {most} bytes, not {length}", most = super::LONGEST_TEXT)]
    TooLong { length: usize },
    #[error(
        "unknown kind of schedule {0:?}; write \"every 15 min\", \"weekly on Mon-Fri at 07:00\", \"monthly on 1, \
         last at 06:00\", or a cron expression such as \"0 6 * * 1-5\""
    )]
    UnknownKind(String),
    #[error("{0:?} is not a time span; use a number with ms, s, min, h or d, such as 15 min")]
    Span(String),
    #[error("a schedule runs once a second at most: make the time span 1 s or longer")]
    PeriodTooShort,
    #[error(
        "the time span of an interval is at most {}; for rarer runs write a date, such as 0 6 1 1 * for each 1 January",
        span_text(super::interval::LONGEST_PERIOD)
    )]
    PeriodTooLong,
    #[error(
        "a jitter of {} is too long, because two runs of the rule are {} apart; make it shorter than that",
        span_text(*jitter),
        span_text(*distance)
    )]
    JitterTooLong { jitter: Duration, distance: Duration },
    #[error(transparent)]
    UnknownZone(#[from] UnknownZone),
    #[error("the rule has no time zone; add \"; zone Europe/Paris\"")]
    MissingZone,
    /// A part of the rule that cannot be read, and how to write it.
    #[error("{text:?} cannot be read: {reason}")]
    Unreadable { text: String, reason: String },
    #[error(
        "a cron expression has 5 fields (minute hour day month weekday) or 6 with seconds first, not {0}{hint}",
        hint = if *.0 == 7 { "; for years, use the clauses from and until" } else { "" }
    )]
    FieldCount(usize),
    #[error("a cron expression names days of the month or days of the week, not both; leave one of them *")]
    BothDays,
    #[error("the clause \"{0}\" is given twice")]
    ClauseTwice(&'static str),
    /// The rule never runs.
    #[error("no such date: {0}")]
    NoSuchDate(String),
}

/// The longest part of a text that an error shows.
const LONGEST_EXCERPT: usize = 80;

impl RuleError {
    pub(super) fn unreadable(text: &str, reason: impl Into<String>) -> Self {
        Self::Unreadable { text: excerpt(text), reason: reason.into() }
    }
}

/// Returns the beginning of a text.
pub(super) fn excerpt(text: &str) -> String {
    if text.chars().count() <= LONGEST_EXCERPT {
        return text.to_owned();
    }
    text.chars().take(LONGEST_EXCERPT).chain(['…']).collect()
}
