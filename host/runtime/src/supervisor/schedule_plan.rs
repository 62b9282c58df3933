//! The next run by schedule, by a wall clock that may be set.

use std::time::Duration;

use riser_domain::Timestamp;

/// A clock that is set back by less repeats no run: a time server corrects seconds.
const SMALL_CORRECTION: Duration = Duration::from_mins(1);

/// The next run of one processor by schedule.
#[derive(Debug, Default)]
pub(crate) struct SchedulePlan {
    next: Option<Timestamp>,
    /// The time for which the last run was planned.
    last: Option<Timestamp>,
}

impl SchedulePlan {
    /// Plans the next run. Missed runs are made up for by one run.
    pub(crate) fn plan(
        &mut self,
        now: Timestamp,
        next_after: impl FnOnce(Timestamp) -> Option<Timestamp>,
    ) -> Option<Timestamp> {
        let is_repeated = |last: &Timestamp| *last > now && last.since(now) <= SMALL_CORRECTION;
        self.next = next_after(self.last.filter(is_repeated).unwrap_or(now));
        self.next
    }

    /// Plans again by a clock that was set. A run that became due is not lost.
    pub(crate) fn plan_after_step(
        &mut self,
        now: Timestamp,
        next_after: impl FnOnce(Timestamp) -> Option<Timestamp>,
    ) -> Option<Timestamp> {
        let is_due = self.next.is_some_and(|at| at <= now);
        if is_due { self.next } else { self.plan(now, next_after) }
    }

    /// Returns whether the planned run is due. It counts as run.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> bool {
        let is_due = self.next.is_some_and(|at| at <= now);
        if is_due {
            self.last = self.next.take();
        }
        is_due
    }

    /// Returns the time until the planned run.
    pub(crate) fn left(&self, now: Timestamp) -> Option<Duration> {
        self.next.map(|at| at.since(now))
    }
}
