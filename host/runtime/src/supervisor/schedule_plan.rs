//! The next run by schedule, by a wall clock that may be set, and the times of a schedule that have no run.

use std::collections::VecDeque;
use std::time::Duration;

use riser_calendar::{MisfireRule, OverlapRule, ScheduleRule};
use riser_domain::{RunState, Timestamp};
use riser_store::UnstartedRun;

/// A clock that is set back by less repeats no run: a time server corrects seconds.
const SMALL_CORRECTION: Duration = Duration::from_mins(1);
/// A run that begins later than this after its time is one that was missed.
const ON_TIME: Duration = Duration::from_mins(1);
/// The most rows for one gap. A first one stands for all times before them.
const MOST_ROWS: usize = 100;

/// The rule of one processor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnRule<'a> {
    pub(crate) rule: &'a ScheduleRule,
    /// Differs between processors, so that the jitter spreads their runs.
    pub(crate) key: u64,
}

impl OwnRule<'_> {
    /// Returns when the run for a time begins.
    fn start_of(&self, due: Timestamp) -> Timestamp {
        due.plus(self.rule.delay(due, self.key))
    }

    /// Returns when the first run after a moment begins.
    pub(crate) fn next_start_after(&self, now: Timestamp) -> Option<Timestamp> {
        let from = now.minus(self.rule.jitter());
        self.rule.occurrences(from).map(|due| self.start_of(due)).find(|start| *start > now)
    }
}

/// The plan of one processor.
#[derive(Debug, Default)]
pub(crate) struct SchedulePlan {
    /// Each time up to this one is done: it had its run, or a row says why not.
    done: Option<Timestamp>,
    /// When the next run begins.
    next_start: Option<Timestamp>,
    /// Missed times that still get their runs, in ascending order.
    backlog: VecDeque<Timestamp>,
}

/// What follows from the times that passed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Due {
    /// The time whose run begins now.
    pub(crate) run: Option<Timestamp>,
    pub(crate) unstarted: Vec<UnstartedRun>,
}

impl SchedulePlan {
    /// Lets a rule count from a time on.
    pub(crate) fn begin(&mut self, from: Timestamp) {
        *self = Self { done: Some(from), ..Self::default() };
    }

    /// Plans the next run, and returns when it begins. A plan that is further ahead than a small correction of the
    /// clock was made by a wrong clock.
    pub(crate) fn plan(&mut self, now: Timestamp, own: Option<OwnRule<'_>>) -> Option<Timestamp> {
        let Some(own) = own else {
            *self = Self::default();
            return None;
        };
        let is_plausible = |done: &Timestamp| done.since(now) <= SMALL_CORRECTION;
        let done = self.done.filter(is_plausible).unwrap_or(now);
        self.done = Some(done);
        self.next_start = own.rule.next_after(done).map(|due| own.start_of(due));
        self.next_start.into_iter().chain(self.backlog.front().map(|_| now)).min()
    }

    /// Returns the time until the next run begins.
    pub(crate) fn left(&self, now: Timestamp) -> Option<Duration> {
        if self.backlog.is_empty() { self.next_start.map(|at| at.since(now)) } else { Some(Duration::ZERO) }
    }

    /// Finishes the times that passed while nothing ran. Those that passed long ago were missed.
    pub(crate) fn take_due(&mut self, now: Timestamp, own: Option<OwnRule<'_>>) -> Due {
        if let Some(due) = self.backlog.pop_front() {
            return Due { run: Some(due), unstarted: Vec::new() };
        }
        let Some((own, passed)) = self.take_passed(now, own) else { return Due::default() };
        let latest = passed.latest;
        let lateness = |due| now.since(own.start_of(due));
        let is_within = |due, most: Option<Duration>| most.is_none_or(|most| lateness(due) <= most);
        let is_on_time = lateness(latest) <= ON_TIME;
        match own.rule.misfire() {
            MisfireRule::Skip if is_on_time => {
                passed.run_latest(|due| if lateness(due) <= ON_TIME { merged_into(latest) } else { missed() })
            }
            MisfireRule::Skip => passed.run_none(missed),
            MisfireRule::RunOnce { max_lateness } if is_on_time || is_within(latest, max_lateness) => {
                passed.run_latest(|_| merged_into(latest))
            }
            MisfireRule::RunOnce { .. } => passed.run_none(too_late),
            MisfireRule::RunAll { max_lateness } => {
                let (late, mut runs): (Vec<_>, Vec<_>) =
                    passed.times.iter().partition(|due| !is_within(**due, max_lateness));
                let too_many = runs.len().saturating_sub(MisfireRule::MOST_RUNS);
                let mut unstarted = passed.earlier(too_late());
                unstarted.extend(late.into_iter().map(|due| row(due, too_late())));
                unstarted.extend(runs.drain(..too_many).map(|due| row(due, beyond_the_most())));
                self.backlog.extend(runs);
                Due { run: self.backlog.pop_front(), unstarted }
            }
        }
    }

    /// Finishes the times that passed while a run was under way.
    pub(crate) fn take_overlapped(&mut self, now: Timestamp, own: Option<OwnRule<'_>>) -> Due {
        let Some((own, passed)) = self.take_passed(now, own) else { return Due::default() };
        match own.rule.overlap() {
            OverlapRule::Skip => {
                passed.run_none(|| (RunState::Skipped, "the run before was still under way".to_owned()))
            }
            OverlapRule::QueueOne | OverlapRule::StopPrevious => {
                let latest = passed.latest;
                passed.run_latest(|_| merged_into(latest))
            }
        }
    }

    fn take_passed<'a>(&mut self, now: Timestamp, own: Option<OwnRule<'a>>) -> Option<(OwnRule<'a>, Passed)> {
        let own = own?;
        if self.next_start.is_none_or(|start| start > now) {
            return None;
        }
        let passed = Passed::between(self.done?, now, own)?;
        self.done = Some(passed.latest);
        self.next_start = None;
        Some((own, passed))
    }
}

/// Times whose runs should have begun, at least one.
#[derive(Debug)]
struct Passed {
    /// The latest ones, in ascending order.
    times: Vec<Timestamp>,
    latest: Timestamp,
    /// The first of those before them.
    first: Option<Timestamp>,
}

impl Passed {
    /// Looks back from now in growing steps: a clock that is set ahead by years passes millions of times.
    fn between(done: Timestamp, now: Timestamp, own: OwnRule<'_>) -> Option<Self> {
        let mut span = Duration::from_mins(1);
        loop {
            let from = now.minus(span).max(done);
            let mut times: Vec<_> =
                own.rule.occurrences(from).take_while(|due| own.start_of(*due) <= now).collect();
            if from == done || times.len() > MOST_ROWS {
                times.drain(..times.len().saturating_sub(MOST_ROWS));
                let latest = *times.last()?;
                let first = own.rule.next_after(done).filter(|first| *first < times[0]);
                return Some(Self { times, latest, first });
            }
            span = span.saturating_mul(2);
        }
    }

    fn run_latest(self, why_not: impl Fn(Timestamp) -> Reason) -> Due {
        let mut unstarted = self.first.map(|first| self.earlier(why_not(first))).unwrap_or_default();
        let others = self.times.iter().filter(|due| **due != self.latest);
        unstarted.extend(others.map(|due| row(*due, why_not(*due))));
        Due { run: Some(self.latest), unstarted }
    }

    fn run_none(self, why_not: impl Fn() -> Reason) -> Due {
        let mut unstarted = self.earlier(why_not());
        unstarted.extend(self.times.iter().map(|due| row(*due, why_not())));
        Due { run: None, unstarted }
    }

    /// Returns one row for all times before those that have a row each.
    fn earlier(&self, (state, reason): Reason) -> Vec<UnstartedRun> {
        let reason = format!("{reason}; the same holds for all times before {}", self.times[0]);
        self.first.into_iter().map(|due| row(due, (state, reason.clone()))).collect()
    }
}

type Reason = (RunState, String);

fn row(due: Timestamp, (state, reason): Reason) -> UnstartedRun {
    UnstartedRun { due, state, reason }
}

/// Why a time has no run of its own.
pub(crate) fn merged_into(other: Timestamp) -> Reason {
    (RunState::Merged, format!("the run for {other} stands for it"))
}

fn missed() -> Reason {
    (RunState::Missed, "Riser did not run, or its clock was set past this time".to_owned())
}

fn too_late() -> Reason {
    (RunState::Missed, "its run would have begun later than the misfire rule allows".to_owned())
}

fn beyond_the_most() -> Reason {
    (RunState::Missed, format!("the latest {} missed times have a run", MisfireRule::MOST_RUNS))
}

#[cfg(test)]
mod tests;
