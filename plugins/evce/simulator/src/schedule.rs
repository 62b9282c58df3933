//! Events that happen later, by the cars' clock.

use crate::events::Event;

/// Events in order of their time; those of one time in the order of their entry.
#[derive(Default)]
pub(crate) struct Schedule {
    entries: Vec<(i64, Event)>,
}

impl Schedule {
    pub(crate) fn add(&mut self, at_ms: i64, event: Event) {
        let index = self.entries.partition_point(|(known_ms, _)| *known_ms <= at_ms);
        self.entries.insert(index, (at_ms, event));
    }

    /// Takes the earliest event that is due.
    pub(crate) fn take_due(&mut self, now_ms: i64) -> Option<(i64, Event)> {
        let is_due = self.entries.first().is_some_and(|(at_ms, _)| *at_ms <= now_ms);
        is_due.then(|| self.entries.remove(0))
    }

    /// Returns the number of events to come.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}
