//! The times of one processor's schedule, by a wall clock that may be set: which of them have a run, and why the
//! others have none.

mod passed;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use riser_calendar::{MisfireRule, OverlapRule, ScheduleRule};
use riser_domain::{ClockReading, ClockStep, RunState, Timestamp};
use riser_store::UnstartedRun;

use self::passed::{Passed, Span};

/// A clock that is set by less repeats no time and misses none: a time server corrects seconds.
const SMALL_CORRECTION: Duration = Duration::from_mins(1);
/// The most spans that are kept of the times before the clock was set.
const MOST_SPANS: usize = 8;

/// The rule of one processor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OwnRule {
    pub(crate) rule: Arc<ScheduleRule>,
    /// Differs between processors, so that the jitter spreads their runs.
    pub(crate) key: u64,
}

impl OwnRule {
    /// Returns when the run for a time begins.
    fn start_of(&self, due: Timestamp) -> Timestamp {
        due.plus(self.rule.delay(due, self.key))
    }

    /// Returns the latest moment up to which all runs have begun.
    fn all_begun(&self, now: Timestamp) -> Timestamp {
        let from = now.minus(self.rule.jitter());
        let has_begun = |due: &Timestamp| self.start_of(*due) <= now;
        let waiting = self.rule.occurrences(from).take_while(|due| *due <= now).find(|due| !has_begun(due));
        waiting.map_or(now, |due| due.minus(Duration::from_millis(1)))
    }

    /// Returns a time for people, by the zone of the rule.
    fn text(&self, time: Timestamp) -> String {
        self.rule.zone().rfc_3339(time)
    }
}

/// Whether a run of the processor is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    Idle,
    Running,
}

/// The plan of one processor.
#[derive(Debug, Default)]
pub(crate) struct SchedulePlan {
    own: Option<OwnRule>,
    /// Each time up to this one had its run, waits for it, or has a row that says why not.
    done: Timestamp,
    /// When the run for the first time after `done` begins.
    next_start: Option<Timestamp>,
    /// The clocks when the plan was looked at last.
    seen: ClockReading,
    /// Nothing has watched the time between `done` and `seen`.
    is_resumed: bool,
    /// The wall time since which the clock was not set.
    steady_since: Timestamp,
    /// Wall times that were met before the clock was set. They are not missed when it is set past them again.
    met: VecDeque<Span>,
    /// Missed times that still get their runs, in ascending order.
    backlog: VecDeque<Timestamp>,
    /// The time that passed during a run, and whose run begins after it.
    queued: Option<Timestamp>,
}

impl SchedulePlan {
    /// Lets a rule count from now on. Runs that wait are kept.
    pub(crate) fn begin(&mut self, own: OwnRule, now: ClockReading) {
        self.done = now.wall;
        self.start(own, now);
    }

    /// Goes on with a rule of which all times up to `done` are done. Those since then were missed.
    pub(crate) fn resume(&mut self, own: OwnRule, done: Timestamp, now: ClockReading) {
        self.is_resumed = true;
        self.done = done;
        if done.since(now.wall) > SMALL_CORRECTION {
            // One of the clocks was wrong, that of the process before or this one.
            self.remember(Span { from: Timestamp::EPOCH, to: done });
            self.done = own.all_begun(now.wall);
        }
        self.start(own, now);
    }

    fn start(&mut self, own: OwnRule, now: ClockReading) {
        self.seen = now;
        self.steady_since = now.wall;
        self.own = Some(own);
        self.plan_next();
    }

    /// Ends the rule. Returns a row for each time whose run still waited.
    pub(crate) fn end(&mut self, reason: &str) -> Vec<UnstartedRun> {
        let ended = std::mem::take(self);
        let waiting = ended.backlog.into_iter().chain(ended.queued);
        waiting.map(|due| row(due, (RunState::Skipped, reason.to_owned()))).collect()
    }

    pub(crate) fn rule(&self) -> Option<&OwnRule> {
        self.own.as_ref()
    }

    /// Returns up to when no time waits for its run.
    pub(crate) fn done(&self) -> Timestamp {
        let first_waiting = self.backlog.front().copied().into_iter().chain(self.queued).min();
        first_waiting.map_or(self.done, |due| self.done.min(due.minus(Duration::from_millis(1))))
    }

    /// Returns when the next time passes.
    pub(crate) fn next_start(&self) -> Option<Timestamp> {
        self.next_start
    }

    /// Returns whether the run under way has to make room for the next one.
    pub(crate) fn stops_run(&self) -> bool {
        self.queued.is_some()
            && self.own.as_ref().is_some_and(|own| own.rule.overlap() == OverlapRule::StopPrevious)
    }

    /// Takes the time whose run begins now, if nothing runs.
    pub(crate) fn take_run(&mut self) -> Option<Timestamp> {
        self.backlog.pop_front().or_else(|| self.queued.take())
    }

    /// Passes on to now. Returns a row for each time that passed and gets no run.
    pub(crate) fn pass(&mut self, now: ClockReading, activity: Activity) -> Vec<UnstartedRun> {
        let seen = std::mem::replace(&mut self.seen, now);
        let is_resumed = std::mem::take(&mut self.is_resumed);
        let step = now.step_since(seen).filter(|step| step.size() > SMALL_CORRECTION);
        if step.is_none() && self.next_start.is_none_or(|start| start > now.wall) {
            return Vec::new();
        }
        let Some(own) = self.own.clone() else { return Vec::new() };
        let expected = seen.wall.plus(now.uptime.since(seen.uptime));
        let watched_until = match step {
            _ if is_resumed => self.done,
            Some(_) => expected,
            None => now.wall,
        };
        let mut met = self.take_passed(&own, watched_until);
        let mut missed = None;
        if step.is_some() {
            self.remember(Span { from: self.steady_since, to: expected });
            self.steady_since = now.wall;
        }
        match step {
            Some(ClockStep::Back(_)) => self.done = own.all_begun(now.wall),
            Some(ClockStep::Ahead(_)) => missed = self.take_passed(&own, now.wall),
            None if is_resumed => missed = self.take_passed(&own, now.wall),
            None => {}
        }
        if let Some(missed) = &mut missed {
            missed.leave_out(&own, &self.met);
        }
        self.plan_next();
        let mut rows = Vec::new();
        let mut runs = missed.map(|missed| misfire(&own, missed, now.wall, &mut rows)).unwrap_or_default();
        if let Some(met) = &mut met {
            rows.extend(met.others(&own, |_| merged_with(&own, met.latest())));
            runs.splice(0..0, met.take_times());
        }
        match activity {
            Activity::Idle => self.wait_idle(&own, runs, &mut rows),
            Activity::Running => self.overlap(&own, runs, &mut rows),
        }
        rows
    }

    /// Lets runs wait that begin at once.
    fn wait_idle(&mut self, own: &OwnRule, mut runs: Vec<Timestamp>, rows: &mut Vec<UnstartedRun>) {
        let most =
            if matches!(own.rule.misfire(), MisfireRule::RunAll { .. }) { MisfireRule::MOST_RUNS } else { 1 };
        let later = runs.split_off(runs.len().saturating_sub(most));
        if let Some(first) = later.first() {
            rows.extend(runs.into_iter().map(|due| row(due, merged_with(own, *first))));
        }
        self.backlog.extend(later);
    }

    /// Decides about runs whose time passed during a run.
    fn overlap(&mut self, own: &OwnRule, runs: Vec<Timestamp>, rows: &mut Vec<UnstartedRun>) {
        let Some(latest) = runs.last().copied() else { return };
        match own.rule.overlap() {
            OverlapRule::Skip => {
                let reason = || (RunState::Skipped, "the run before was still under way".to_owned());
                rows.extend(runs.into_iter().map(|due| row(due, reason())));
            }
            OverlapRule::QueueOne | OverlapRule::StopPrevious => {
                let earlier = self.queued.replace(latest).into_iter().chain(runs);
                let earlier = earlier.filter(|due| *due != latest);
                rows.extend(earlier.map(|due| row(due, merged_with(own, latest))));
            }
        }
    }

    /// Takes the times whose runs begin up to a moment. They are done then.
    fn take_passed(&mut self, own: &OwnRule, until: Timestamp) -> Option<Passed> {
        let passed = Passed::between(self.done, until, own)?;
        self.done = passed.latest();
        Some(passed)
    }

    fn plan_next(&mut self) {
        self.next_start =
            self.own.as_ref().and_then(|own| own.rule.next_after(self.done).map(|due| own.start_of(due)));
    }

    fn remember(&mut self, span: Span) {
        if self.met.len() == MOST_SPANS {
            self.met.pop_front();
        }
        self.met.push_back(span);
    }
}

/// Returns the missed times that get a run, and adds a row for each of the others.
fn misfire(
    own: &OwnRule,
    mut missed: Passed,
    now: Timestamp,
    rows: &mut Vec<UnstartedRun>,
) -> Vec<Timestamp> {
    let Some(latest) = missed.latest_left() else { return Vec::new() };
    let is_within =
        |due: Timestamp, most: Option<Duration>| most.is_none_or(|most| now.since(own.start_of(due)) <= most);
    match own.rule.misfire() {
        MisfireRule::RunOnce { max_lateness } if is_within(latest, max_lateness) => {
            rows.extend(missed.others(own, |_| merged_with(own, latest)));
            missed.take_times()
        }
        MisfireRule::RunAll { max_lateness } => {
            let reason = |due| if is_within(due, max_lateness) { beyond_the_most() } else { too_late() };
            rows.extend(missed.others(own, reason));
            let (mut runs, late): (Vec<_>, Vec<_>) =
                missed.take_times().into_iter().partition(|due| is_within(*due, max_lateness));
            rows.extend(late.into_iter().map(|due| row(due, too_late())));
            let too_many = runs.len().saturating_sub(MisfireRule::MOST_RUNS);
            rows.extend(runs.drain(..too_many).map(|due| row(due, beyond_the_most())));
            runs
        }
        rule @ (MisfireRule::Skip | MisfireRule::RunOnce { .. }) => {
            let reason = || if rule == MisfireRule::Skip { missed_it() } else { too_late() };
            rows.extend(missed.others(own, |_| reason()));
            rows.extend(missed.take_times().into_iter().map(|due| row(due, reason())));
            Vec::new()
        }
    }
}

/// Why a time has no run.
type Reason = (RunState, String);

fn row(due: Timestamp, (state, reason): Reason) -> UnstartedRun {
    UnstartedRun { due, state, reason }
}

fn merged_with(own: &OwnRule, other: Timestamp) -> Reason {
    (RunState::Merged, format!("its run was merged with that for {}", own.text(other)))
}

fn missed_it() -> Reason {
    (RunState::Missed, "Riser did not run, or its clock was set past this time".to_owned())
}

fn too_late() -> Reason {
    (RunState::Missed, "its run would have begun later than the misfire rule allows".to_owned())
}

fn beyond_the_most() -> Reason {
    (RunState::Missed, format!("only the latest {} missed times have a run", MisfireRule::MOST_RUNS))
}

#[cfg(test)]
mod tests;
