//! What is wrong with a file, and where.

use std::fmt;
use std::ops::Range;

use super::ApplyError;

/// A fault of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What is wrong and what to do.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.what)
    }
}

/// Collects all faults of one text.
pub(super) struct Faults<'a> {
    text: &'a str,
    found: Vec<(usize, String)>,
}

impl<'a> Faults<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, found: Vec::new() }
    }

    /// Notes a fault at a place of the text.
    pub(super) fn add(&mut self, place: Range<usize>, what: impl Into<String>) {
        self.found.push((place.start, what.into()));
    }

    /// Goes on when there is none.
    pub(super) fn none(mut self) -> Result<(), ApplyError> {
        if self.found.is_empty() {
            return Ok(());
        }
        self.found.sort_by_key(|(place, _)| *place);
        let text = self.text;
        let faults = self.found.into_iter().map(|(place, what)| {
            let before = text.get(..place).unwrap_or(text);
            let line_begin = before.rfind('\n').map_or(0, |end| end + 1);
            Fault {
                line: before.matches('\n').count() + 1,
                column: before[line_begin..].chars().count() + 1,
                what,
            }
        });
        Err(ApplyError::Faults(faults.collect()))
    }
}
