//! Times that passed.

use std::collections::VecDeque;
use std::time::Duration;

use riser_domain::Timestamp;
use riser_store::UnstartedRun;

use super::{OwnRule, Reason, row};

/// The most rows for one gap. One more covers all times before them.
const MOST_ROWS: usize = 100;

/// Wall times, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

impl Span {
    fn contains(self, time: Timestamp) -> bool {
        self.from <= time && time <= self.to
    }
}

/// Times whose runs should have begun, at least one.
#[derive(Debug)]
pub(super) struct Passed {
    /// The latest ones, in ascending order.
    times: Vec<Timestamp>,
    /// The first of those before them.
    first: Option<Timestamp>,
    /// Those before this one are not listed.
    listed_from: Timestamp,
}

impl Passed {
    /// Looks back from a moment in growing steps: a clock that is set ahead by years passes millions of times.
    pub(super) fn between(done: Timestamp, until: Timestamp, own: &OwnRule) -> Option<Self> {
        let mut span = Duration::from_mins(1);
        loop {
            let from = until.minus(span).max(done);
            let mut times: Vec<_> =
                own.rule.occurrences(from).take_while(|due| own.start_of(*due) <= until).collect();
            if from == done || times.len() > MOST_ROWS {
                times.drain(..times.len().saturating_sub(MOST_ROWS));
                let listed_from = *times.first()?;
                let first = own.rule.next_after(done).filter(|first| *first < listed_from);
                return Some(Self { times, first, listed_from });
            }
            span = span.saturating_mul(2);
        }
    }

    pub(super) fn latest(&self) -> Timestamp {
        self.times[self.times.len() - 1]
    }

    /// Returns the latest time that was not left out.
    pub(super) fn latest_left(&self) -> Option<Timestamp> {
        self.times.last().copied()
    }

    /// Leaves out the times whose runs would have begun in one of the spans.
    pub(super) fn leave_out(&mut self, own: &OwnRule, spans: &VecDeque<Span>) {
        let span_of = |due: Timestamp| {
            let start = own.start_of(due);
            spans.iter().find(|span| span.contains(start))
        };
        self.times.retain(|due| span_of(*due).is_none());
        while let Some(first) = self.first
            && let Some(span) = span_of(first)
        {
            // Those whose runs begin in the span are not looked at one by one: there may be millions.
            let next = own.rule.next_after(span.to.minus(own.rule.jitter()).max(first));
            self.first = next.filter(|next| *next < self.listed_from);
        }
    }

    /// Returns one row for all times before those that are listed.
    pub(super) fn others(
        &self,
        own: &OwnRule,
        why_not: impl Fn(Timestamp) -> Reason,
    ) -> Option<UnstartedRun> {
        let first = self.first?;
        let (state, reason) = why_not(first);
        let until = own.text(self.listed_from);
        Some(row(
            first,
            (state, format!("{reason}; the same holds for all times from this one until {until}")),
        ))
    }

    /// Takes the listed times.
    pub(super) fn take_times(&mut self) -> Vec<Timestamp> {
        std::mem::take(&mut self.times)
    }
}
