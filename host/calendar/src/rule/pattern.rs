//! The kinds of patterns.

use std::fmt;
use std::sync::Arc;

use super::error::{RuleError, excerpt};
use super::interval::Interval;
use super::span::parse_span;
use super::wall::WallPattern;
use super::{cron_expression, interval, monthly, weekly};

/// When a rule runs, before its clauses.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// At multiples of a span of real time.
    Elapsed(Interval),
    /// At local times.
    Wall(Arc<dyn WallPattern>),
}

type Parse = fn(&str) -> Result<Pattern, RuleError>;

/// The first word of each kind. A new kind is a row here and a file.
const KINDS: [(&str, Parse); 4] = [
    ("every", interval::parse),
    ("weekly", weekly::parse),
    ("monthly", monthly::parse),
    ("cron", cron_expression::parse),
];

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, RuleError> {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        if let Some((_, parse)) = KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
            return parse(rest.trim());
        }
        if parse_span(text).is_ok() {
            return Err(RuleError::unreadable(text, format!("write every {text}")));
        }
        // An expression begins with its minutes, other rules with a word.
        if text.starts_with(|first: char| !first.is_alphabetic()) {
            return cron_expression::parse(text);
        }
        Err(RuleError::UnknownKind(excerpt(text)))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elapsed(interval) => interval.fmt(f),
            Self::Wall(wall) => wall.fmt(f),
        }
    }
}

/// Splits `on DAYS at TIMES`.
pub(super) fn split_on_at(text: &str) -> Option<(&str, &str)> {
    let (on, rest) = text.split_once(char::is_whitespace)?;
    let lower = rest.to_ascii_lowercase();
    let at = lower.match_indices("at").map(|(at, _)| at).find(|at| {
        let is_apart = |character: Option<char>| character.is_none_or(char::is_whitespace);
        is_apart(lower[..*at].chars().next_back()) && is_apart(lower[at + 2..].chars().next())
    })?;
    on.eq_ignore_ascii_case("on").then(|| (rest[..at].trim(), rest[at + 2..].trim()))
}
