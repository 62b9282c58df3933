//! Watches the wall clock of the machine. Notifies everyone who waits for a wall time of a correction, and decides
//! whether the clock is plausible enough to remove old data by it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use riser_domain::{Actor, Clock, ClockReading, ClockStep, Problem, Timestamp, Uptime, duration_words};
use riser_store::{Store, StoreError};
use tokio::sync::watch;

use crate::problems::Problems;

/// A clock this far after the last time that Riser ran is implausible: half of the shortest time that anything is
/// kept, so that a wrong clock below it removes nothing that was needed a fortnight later.
const LONGEST_PLAUSIBLE_PAUSE: Duration = Duration::from_hours(24 * 14);
/// A clock this far before the last time that Riser ran is wrong, or was wrong before.
const LARGEST_PLAUSIBLE_CORRECTION: Duration = Duration::from_hours(24);
/// An implausible clock that has held for this time is right.
const HELD_LONG_ENOUGH: Duration = Duration::from_hours(24);
/// Time between two savings of the last plausible time.
const SAVE_INTERVAL: Duration = Duration::from_mins(10);
/// 2026-01-01T00:00:00Z, before the first release of Riser. A machine without a clock of its own starts earlier.
const EARLIEST_PLAUSIBLE: Timestamp = Timestamp::from_unix_ms(1_767_225_600_000);

const AHEAD: &str = "clock-far-ahead";
const BEHIND: &str = "clock-behind";

/// Watches the wall clock.
#[derive(Debug)]
pub(crate) struct ClockWatch {
    clock: Arc<dyn Clock>,
    store: Store,
    problems: Arc<Problems>,
    steps: watch::Sender<u64>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The clocks at the last check.
    last: ClockReading,
    /// The clocks when the wall clock was plausible last; `None` if it never was.
    plausible: Option<ClockReading>,
    /// The clock was not set since.
    held_since: Uptime,
    saved_at: Option<Uptime>,
    implausible: Option<Implausible>,
}

/// Why the clock is implausible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Implausible {
    Ahead { last_known: Timestamp },
    Behind { last_known: Timestamp },
}

/// The result of a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockConfirmation {
    pub now: Timestamp,
    /// Otherwise there was nothing to confirm.
    pub was_implausible: bool,
}

impl ClockWatch {
    /// Loads the last plausible time, and compares the clock with it.
    pub(crate) async fn load(
        store: Store,
        clock: Arc<dyn Clock>,
        problems: Arc<Problems>,
    ) -> Result<Self, StoreError> {
        let last = clock.read();
        let wall = store.plausible_time().await?;
        let plausible = wall.map(|wall| ClockReading { wall, uptime: last.uptime });
        let state = State { last, plausible, held_since: last.uptime, saved_at: None, implausible: None };
        let watch = Self { clock, store, problems, steps: watch::Sender::new(0), state: state.into() };
        watch.check();
        watch.save().await?;
        Ok(watch)
    }

    /// Returns a receiver that changes with each correction of the clock.
    pub(crate) fn steps(&self) -> watch::Receiver<u64> {
        self.steps.subscribe()
    }

    /// Compares wall time with uptime. Returns whether the clock was set since the last check.
    pub(crate) fn check(&self) -> bool {
        let now = self.clock.read();
        let mut state = self.state.lock();
        let step = now.step_since(state.last);
        state.last = now;
        if let Some(step) = step {
            state.held_since = now.uptime;
            tracing::warn!("{}", sentence(step));
        }
        let implausible = state.classify(now);
        let before = std::mem::replace(&mut state.implausible, implausible);
        drop(state);
        if before != implausible {
            self.show(implausible, now.wall);
        }
        if step.is_some() {
            self.steps.send_modify(|count| *count += 1);
        }
        step.is_some()
    }

    /// Saves the present as the last plausible time, unless it is implausible or was saved a moment ago.
    pub(crate) async fn save(&self) -> Result<(), StoreError> {
        let now = {
            let mut state = self.state.lock();
            let is_due = state.saved_at.is_none_or(|at| state.last.uptime.since(at) >= SAVE_INTERVAL);
            if state.implausible.is_some() || !is_due {
                return Ok(());
            }
            state.saved_at = Some(state.last.uptime);
            state.last.wall
        };
        self.store.save_plausible_time(now).await
    }

    /// Returns whether data that is old by the wall clock may be removed.
    pub(crate) fn may_remove(&self) -> bool {
        self.check();
        !matches!(self.state.lock().implausible, Some(Implausible::Ahead { .. }))
    }

    /// Accepts an implausible clock as it is set now, for a person who has checked it.
    pub(crate) async fn confirm(&self, actor: &Actor) -> Result<ClockConfirmation, StoreError> {
        self.check();
        let now = self.clock.read();
        if self.state.lock().implausible.is_none() {
            return Ok(ClockConfirmation { now: now.wall, was_implausible: false });
        }
        self.store.confirm_time(actor, now.wall).await?;
        let mut state = self.state.lock();
        state.last = now;
        state.plausible = Some(now);
        state.saved_at = Some(now.uptime);
        state.implausible = None;
        drop(state);
        self.show(None, now.wall);
        Ok(ClockConfirmation { now: now.wall, was_implausible: true })
    }

    fn show(&self, implausible: Option<Implausible>, now: Timestamp) {
        self.problems.clear(None, AHEAD);
        self.problems.clear(None, BEHIND);
        if let Some(implausible) = implausible {
            let problem = implausible.problem(now);
            tracing::warn!(code = problem.code, "{}: {}", problem.what, problem.remedy);
            self.problems.raise(None, "Riser", problem);
        }
    }
}

impl State {
    /// Returns why the clock is implausible. A plausible one is the measure of later ones.
    fn classify(&mut self, now: ClockReading) -> Option<Implausible> {
        let implausible = self.implausible_at(now);
        let has_held = now.uptime.since(self.held_since) >= HELD_LONG_ENOUGH;
        if implausible.is_none() || has_held {
            self.plausible = Some(now);
            return None;
        }
        implausible
    }

    fn implausible_at(&self, now: ClockReading) -> Option<Implausible> {
        let Some(plausible) = self.plausible else {
            let last_known = EARLIEST_PLAUSIBLE;
            return (now.wall < last_known).then_some(Implausible::Behind { last_known });
        };
        let last_known = plausible.wall;
        let expected = last_known.plus(now.uptime.since(plausible.uptime));
        if now.wall.since(expected) > LONGEST_PLAUSIBLE_PAUSE {
            Some(Implausible::Ahead { last_known })
        } else if expected.since(now.wall) > LARGEST_PLAUSIBLE_CORRECTION {
            Some(Implausible::Behind { last_known })
        } else {
            None
        }
    }
}

impl Implausible {
    fn problem(self, now: Timestamp) -> Problem {
        let (code, what, effect) = match self {
            Self::Ahead { last_known } => (
                AHEAD,
                format!(
                    "the clock of this machine shows {now}, {} after {last_known}, when Riser ran last",
                    duration_words(now.since(last_known))
                ),
                "old runs, set points, samples and items are not removed; new ones are stored with this time",
            ),
            Self::Behind { last_known } => (
                BEHIND,
                format!(
                    "the clock of this machine shows {now}, {} before {last_known}, when Riser ran last",
                    duration_words(last_known.since(now))
                ),
                "runs, set points and samples are stored with this time, and schedules follow it",
            ),
        };
        Problem {
            code: code.to_owned(),
            what,
            effect: effect.to_owned(),
            remedy:
                "set the clock of this machine; if it is right, run `riser clock confirm`, or wait: Riser \
                     accepts a clock that nobody has set for 24 h"
                    .to_owned(),
            setting: None,
        }
    }
}

fn sentence(step: ClockStep) -> String {
    // Measured between two readings, an hour is some milliseconds more or less.
    let size = duration_words(Duration::from_secs((step.size() + Duration::from_millis(500)).as_secs()));
    match step {
        ClockStep::Ahead(_) => format!("the clock was set ahead by {size}"),
        ClockStep::Back(_) => format!("the clock was set back by {size}"),
    }
}

#[cfg(test)]
mod tests;
