//! Stored points, gathered for a plugin.

use serde::{Deserialize, Serialize};

use super::records::{NO_POINT, PointBatch, PointRecord, TextSpan};
use crate::Kind;

/// Points with their texts in one buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointTable {
    /// The records.
    pub records: Vec<PointRecord>,
    /// Their texts.
    pub texts: String,
}

/// A point to be added to a table.
#[derive(Clone, Copy, Debug)]
pub struct PointEntry<'a> {
    /// Its handle.
    pub handle: u32,
    /// Its id.
    pub id: &'a str,
    /// Its kind.
    pub kind: Kind,
    /// The class that publishes or records it.
    pub published_by: &'a str,
    /// Whether it is a history instead of a value.
    pub is_history: bool,
    /// For a history, the handle of the value it records.
    pub recorded: Option<u32>,
}

impl PointTable {
    /// Adds a point. Neighbours of one class share its text.
    pub fn push(&mut self, point: PointEntry<'_>) {
        let before = self.records.last().map(|record| record.published_by);
        let published_by = before
            .filter(|span| span.of(&self.texts) == point.published_by)
            .unwrap_or_else(|| self.add_text(point.published_by));
        let id = self.add_text(point.id);
        self.records.push(PointRecord {
            handle: point.handle,
            recorded: point.recorded.unwrap_or(NO_POINT),
            id,
            published_by,
            kind: point.kind.tag(),
            is_history: point.is_history,
        });
    }

    fn add_text(&mut self, text: &str) -> TextSpan {
        let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let span = TextSpan { offset: number(self.texts.len()), length: number(text.len()) };
        self.texts.push_str(text);
        span
    }
}

impl From<PointTable> for PointBatch {
    fn from(table: PointTable) -> Self {
        Self { records: table.records.into(), texts: table.texts.into() }
    }
}
