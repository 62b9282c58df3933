//! Runs on the host in memory. Each has its thread, which continues only when the test allows it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use riser_plugin::abi::messages::{FailureMessage, WakeMessage};

use crate::world::{TEST_TIMEOUT, World};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// Success.
    Succeeded,
    /// After a stop request.
    Cancelled,
    /// A failure.
    Failed(FailureMessage),
}

impl RunEnd {
    /// Returns the failure.
    ///
    /// # Panics
    /// When the run did not fail.
    #[track_caller]
    pub fn failure(self) -> FailureMessage {
        match self {
            Self::Failed(failure) => failure,
            other => panic!("the run did not fail: {other:?}"),
        }
    }
}

/// The owner of the clock while a run waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// The waits of the run advance the clock.
    ByItself,
    /// The test advances the clock.
    ByTest,
}

/// Whether a run is asked to stop before it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IsStopping {
    Yes,
    No,
}

/// A run, as the memory knows it.
#[derive(Debug)]
pub(crate) struct RunState {
    pub(crate) class: &'static str,
    pub(crate) pace: Pace,
    pub(crate) waits_until_ns: Option<i64>,
    pub(crate) waits: u32,
    pub(crate) wakes: VecDeque<WakeMessage>,
    pub(crate) is_stopping: bool,
    pub(crate) end: Option<RunEnd>,
}

impl RunState {
    /// Returns whether the run waits for the test.
    fn is_settled(&self, now_ns: i64) -> bool {
        let waits = self.waits_until_ns.is_some_and(|until| now_ns < until);
        self.end.is_some() || (waits && self.wakes.is_empty() && !self.is_stopping)
    }
}

/// All runs of a host, by their number.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    by_number: BTreeMap<u64, RunState>,
}

impl Runs {
    pub(crate) fn add(&mut self, class: &'static str, pace: Pace, stopping: IsStopping) -> u64 {
        let number = self.by_number.len() as u64;
        let state = RunState {
            class,
            pace,
            waits_until_ns: None,
            waits: 0,
            wakes: VecDeque::new(),
            is_stopping: stopping == IsStopping::Yes,
            end: None,
        };
        self.by_number.insert(number, state);
        number
    }

    /// Registers a run and returns it.
    pub(crate) fn of(&mut self, number: u64) -> &mut RunState {
        self.by_number.get_mut(&number).expect("runs are never removed")
    }

    pub(crate) fn end_of(&self, number: u64) -> Option<&RunEnd> {
        self.by_number.get(&number)?.end.as_ref()
    }

    pub(crate) fn are_settled(&self, now_ns: i64) -> bool {
        self.by_number.values().all(|run| run.is_settled(now_ns))
    }

    /// When the next wait ends, among those that are waiting.
    pub(crate) fn next_deadline_ns(&self) -> Option<i64> {
        self.by_number.values().filter(|run| run.end.is_none()).filter_map(|run| run.waits_until_ns).min()
    }

    /// Ends all waits after the clock was set.
    pub(crate) fn wake_all(&mut self, set_by_ns: i64, wake: &WakeMessage) {
        for run in self.by_number.values_mut() {
            if let Some(until) = &mut run.waits_until_ns {
                *until += set_by_ns;
                run.wakes.push_back(wake.clone());
            }
        }
    }

    pub(crate) fn wake_class(&mut self, class: &str, wake: &WakeMessage) {
        for run in self.by_number.values_mut().filter(|run| run.class == class) {
            run.wakes.push_back(wake.clone());
        }
    }

    pub(crate) fn wake_others(&mut self, number: u64, wake: &WakeMessage) {
        for (_, run) in self.by_number.iter_mut().filter(|(other, _)| **other != number) {
            run.wakes.push_back(wake.clone());
        }
    }
}

/// A run that the test controls. Dropping it requests a stop.
#[derive(Debug)]
pub struct Run {
    world: Arc<World>,
    number: u64,
}

impl Run {
    pub(crate) const fn new(world: Arc<World>, number: u64) -> Self {
        Self { world, number }
    }

    /// Returns whether the run has ended.
    pub fn has_ended(&self) -> bool {
        self.world.memory().runs.end_of(self.number).is_some()
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// After 30 s of real time.
    #[track_caller]
    pub fn end(self) -> RunEnd {
        self.end_within(TEST_TIMEOUT).expect("the run did not end within 30 s")
    }

    /// Requests a stop and waits for the end.
    ///
    /// # Panics
    /// After 30 s of real time.
    #[track_caller]
    pub fn stop(self) -> RunEnd {
        self.ask_to_stop();
        self.end_within(TEST_TIMEOUT).expect("the run did not stop within 30 s")
    }

    pub(crate) fn ask_to_stop(&self) {
        self.world.memory().runs.of(self.number).is_stopping = true;
        self.world.notify();
    }

    /// Waits at most this long in real time, and returns how the run ended.
    pub(crate) fn end_within(&self, at_most: Duration) -> Option<RunEnd> {
        let memory = self.world.until(at_most, |memory| memory.runs.end_of(self.number).is_some())?;
        memory.runs.end_of(self.number).cloned()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.ask_to_stop();
    }
}
