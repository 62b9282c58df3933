//! `offset` and `limit` of lists. A list is a plain array; without them it is whole.

use serde::Deserialize;

/// The requested part of a list.
#[derive(Deserialize, Clone, Copy)]
pub(crate) struct Page {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

impl Page {
    pub(crate) fn new(offset: usize, limit: Option<usize>) -> Self {
        Self { offset, limit }
    }

    /// That part of a list.
    pub(crate) fn of<T>(self, list: impl Iterator<Item = T>) -> Vec<T> {
        list.skip(self.offset).take(self.limit.unwrap_or(usize::MAX)).collect()
    }
}
