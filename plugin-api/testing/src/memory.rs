//! The state of the host in memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, SystemTime};

use riser_plugin::abi::messages::WakeMessage;
use riser_plugin::{LogLevel, PointValue, Problem, ValueState};

use crate::connection_limiter::MemoryLimiter;
use crate::records::moment;
use crate::run::Runs;
use crate::set_point_writes::Writes;
use crate::tree::{StoredTree, TreeDifference};

/// Monday, 5 January 2026, 06:00 UTC: a moment that no clock change is near.
const FIRST_MOMENT_NS: i64 = 1_767_592_800_000_000_000;

/// A value as it would be served.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The last value, if there ever was one.
    pub value: Option<PointValue>,
    /// Its state.
    pub state: ValueState,
    /// Why the state is not Good.
    pub reason: Option<String>,
    /// When the source measured it.
    pub source_time: SystemTime,
}

/// A recorded sample.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSample {
    /// The time of the sample.
    pub at: SystemTime,
    /// The value.
    pub value: PointValue,
    /// Its state.
    pub state: ValueState,
}

/// A line of a run's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The level.
    pub level: LogLevel,
    /// The text.
    pub text: String,
}

/// A step that a run reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgressNote {
    /// The step, in words.
    pub step: String,
    /// How many are done.
    pub done: u64,
    /// Of how many; 0 when that is not known.
    pub of: u64,
}

/// A run that a class requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRequest {
    /// The requested class.
    pub class: String,
    /// The cause.
    pub reason: String,
}

/// The result of a stage of a connection test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Whether it passed.
    pub passed: bool,
    /// The finding.
    pub finding: String,
    /// The remedy, if it failed.
    pub advice: String,
}

/// A service that a test can refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// [`Host::declare`](riser_plugin::Host::declare).
    Declare,
    /// [`Host::publish`](riser_plugin::Host::publish).
    Publish,
    /// [`Host::record`](riser_plugin::Host::record).
    Record,
    /// [`Host::latest`](riser_plugin::Host::latest).
    Latest,
    /// [`Host::points`](riser_plugin::Host::points).
    Points,
    /// [`Host::state`](riser_plugin::Host::state), all of it.
    State,
    /// [`Host::request_run`](riser_plugin::Host::request_run).
    RequestRun,
}

/// The state of the host in memory, behind the lock of its [`World`](crate::world::World).
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) now_ns: i64,
    /// How far the test has set the clock ahead; negative when it was set back.
    pub(crate) set_by_ns: i64,
    pub(crate) tree: StoredTree,
    pub(crate) declarations: Vec<TreeDifference>,
    pub(crate) values: HashMap<u32, Shown>,
    pub(crate) published: HashSet<u32>,
    pub(crate) histories: HashMap<u32, BTreeMap<SystemTime, StoredSample>>,
    pub(crate) log: Vec<LogLine>,
    pub(crate) progress: Vec<ProgressNote>,
    pub(crate) problems: BTreeMap<String, Problem>,
    pub(crate) raised: Vec<Problem>,
    pub(crate) state: BTreeMap<(String, String), String>,
    pub(crate) periods: HashMap<String, Duration>,
    pub(crate) run_requests: Vec<RunRequest>,
    pub(crate) stages: Vec<Stage>,
    pub(crate) abilities: HashSet<String>,
    pub(crate) limiter: MemoryLimiter,
    pub(crate) writes: Writes,
    /// Services that the test refuses once.
    pub(crate) refused_next: HashSet<Service>,
    /// The broken rules that this host refused.
    pub(crate) broken_rules: Vec<String>,
    pub(crate) randomness: u64,
    pub(crate) runs: Runs,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            now_ns: FIRST_MOMENT_NS,
            set_by_ns: 0,
            tree: StoredTree::default(),
            declarations: Vec::new(),
            values: HashMap::new(),
            published: HashSet::new(),
            histories: HashMap::new(),
            log: Vec::new(),
            progress: Vec::new(),
            problems: BTreeMap::new(),
            raised: Vec::new(),
            state: BTreeMap::new(),
            periods: HashMap::new(),
            run_requests: Vec::new(),
            stages: Vec::new(),
            abilities: HashSet::new(),
            limiter: MemoryLimiter::default(),
            writes: Writes::default(),
            refused_next: HashSet::new(),
            broken_rules: Vec::new(),
            randomness: 0x9e37_79b9_7f4a_7c15,
            runs: Runs::default(),
        }
    }
}

impl Memory {
    pub(crate) fn now(&self) -> SystemTime {
        moment(self.now_ns)
    }

    /// Returns the time since the host began, whatever its clock shows.
    pub(crate) fn uptime_ms(&self) -> u64 {
        u64::try_from((self.now_ns - FIRST_MOMENT_NS - self.set_by_ns) / 1_000_000).unwrap_or_default()
    }

    /// Sets the clock. Waits and pauses last as long as they would have; a wait for a wall time is computed again.
    pub(crate) fn set_clock(&mut self, by_ns: i64) {
        self.now_ns += by_ns;
        self.set_by_ns += by_ns;
        self.limiter.move_pauses(by_ns);
        self.runs.wake_all(by_ns, &WakeMessage::Elapsed);
    }

    /// Returns a copy of the stored state: tree, values, histories, durable state, the time.
    pub(crate) fn stored(&self) -> Self {
        Self {
            now_ns: self.now_ns,
            set_by_ns: self.set_by_ns,
            tree: self.tree.clone(),
            values: self.values.clone(),
            published: self.published.clone(),
            histories: self.histories.clone(),
            state: self.state.clone(),
            abilities: self.abilities.clone(),
            ..Self::default()
        }
    }

    /// Returns all texts that runs passed to this host, each with its destination.
    pub(crate) fn texts(&self) -> Vec<(&'static str, String)> {
        let mut texts: Vec<_> = self.log.iter().map(|line| ("the log", line.text.clone())).collect();
        texts.extend(self.progress.iter().map(|note| ("its progress", note.step.clone())));
        texts.extend(self.raised.iter().map(|problem| ("a problem", format!("{problem:?}"))));
        texts.extend(self.state.values().map(|value| ("its durable state", value.clone())));
        texts.extend(self.run_requests.iter().map(|asked| ("a request for a run", asked.reason.clone())));
        texts.extend(self.writes.statuses().iter().map(|it| ("a write status", it.reason.clone())));
        texts.extend(self.tree.items().iter().map(|item| ("its tree", format!("{item:?}"))));
        texts.extend(self.values.values().map(|shown| ("a published value", format!("{shown:?}"))));
        texts
    }

    /// Accepts writes written together and passes them to the running classes that handle them.
    pub(crate) fn write(&mut self, writes: Vec<(&str, PointValue)>) -> Result<Vec<i64>, String> {
        let (group, now) = (self.writes.next_group(), self.now());
        let mut ids = Vec::new();
        let mut by_class: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for (id, value) in writes {
            let point = self.tree.find(id).ok_or_else(|| format!("there is no item {id}"))?;
            let (message, class) = self.writes.accept(group, point, value, now)?;
            ids.push(message.id);
            by_class.entry(class).or_default().push(message);
        }
        for (class, messages) in by_class {
            self.runs.wake_class(&class, &WakeMessage::SetPoints(messages));
        }
        Ok(ids)
    }

    /// Returns the next number of a fixed sequence (xorshift64), the same in every test.
    pub(crate) fn next_random(&mut self) -> u8 {
        self.randomness ^= self.randomness << 13;
        self.randomness ^= self.randomness >> 7;
        self.randomness ^= self.randomness << 17;
        self.randomness.to_le_bytes()[7]
    }
}
