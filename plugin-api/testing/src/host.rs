//! The host in memory, as a test sees it.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use riser_plugin::abi::messages::{
    ConnectionMessage, FailureMessage, ItemMessage, RunRequestMessage, TestRequestMessage,
};
use riser_plugin::abi_stable::std_types::{RResult, RSlice, RVec};
use riser_plugin::description::{SettingDescription, SettingKind};
use riser_plugin::serde_json::{self, Value as Json};
use riser_plugin::{Connection, PointValue, Problem, Processor, connection_test, create, create_test};

use crate::connection_limiter::LimiterReport;
use crate::memory::{LogLine, ProgressNote, RunRequest, Service, Shown, Stage, StoredSample};
use crate::records::unix_ns;
use crate::run::{IsStopping, Pace, Run, RunEnd};
use crate::services::Services;
use crate::set_point_writes::{WriteStatus, as_number};
use crate::tree::TreeDifference;
use crate::world::{TEST_TIMEOUT, World};

/// The name of the installation in tests.
const INSTANCE: &str = "test-instance";

/// Interval at which a waiting test checks again: a run may change without waking it.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A host in memory: the tree, the values and the connection of one plugin. Clones share what is stored.
#[derive(Clone, Debug)]
pub struct MemoryHost {
    world: Arc<World>,
    settings: Json,
    connection: Option<ConnectionMessage>,
    /// Keys of the connection's settings that are secrets.
    secret_keys: Vec<String>,
}

impl Default for MemoryHost {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryHost {
    /// Returns a host with nothing stored, no connection and no settings. It is 5 January 2026, 06:00 UTC.
    pub fn new() -> Self {
        Self {
            world: Arc::default(),
            settings: Json::Object(serde_json::Map::new()),
            connection: None,
            secret_keys: Vec::new(),
        }
    }

    /// Sets the settings of later runs. Missing settings have their defaults.
    #[must_use]
    pub fn settings(mut self, settings: Json) -> Self {
        self.settings = settings;
        self
    }

    /// Sets the connection of later runs, secrets included.
    #[must_use]
    pub fn connection<C: Connection>(mut self, settings: Json) -> Self {
        let (name, kind) = (C::NAME.to_owned(), format!("test/{}", C::ID));
        self.connection = Some(ConnectionMessage { name, kind, settings });
        let secrets = C::describe().into_iter().filter(|setting| setting.kind == SettingKind::Secret);
        self.secret_keys = secrets.map(|setting| setting.key).collect();
        self
    }

    /// Returns a separate host with the same settings, connection, tree, values and durable state, and nothing else.
    pub(crate) fn copied(&self) -> Self {
        let world = Arc::new(World::of(self.world.memory().stored()));
        Self { world, ..self.clone() }
    }

    /// Returns the texts that a secret setting of a class, or of the connection, was given.
    pub(crate) fn secrets(&self, settings: &[SettingDescription]) -> Vec<String> {
        let own = settings.iter().filter(|setting| setting.kind == SettingKind::Secret);
        let own = own.filter_map(|setting| self.settings.get(&setting.key));
        let connections = self.connection.iter().map(|connection| &connection.settings);
        let of_connection =
            connections.flat_map(|settings| self.secret_keys.iter().filter_map(|key| settings.get(key)));
        own.chain(of_connection).filter_map(Json::as_str).map(str::to_owned).collect()
    }

    /// Runs a class to its end. Its waits advance the clock.
    ///
    /// # Panics
    /// When it waits more than 10,000 times, or does not end within 30 s of real time: it does not end by
    /// itself, so it is a class for [`MemoryHost::start`].
    #[track_caller]
    pub fn run<P: Processor>(&self, processor: P) -> RunEnd {
        let end = self.begin(processor, Pace::ByItself, IsStopping::No).end_within(TEST_TIMEOUT);
        let end = end.expect("the run did not end within 30 s");
        assert_ne!(end, RunEnd::Cancelled, "the run waited 10,000 times: drive it with `start`");
        end
    }

    /// Starts a class, and returns at its first wait or its end. From then on it continues when the test advances
    /// the clock, writes a set point, or stops it.
    ///
    /// # Panics
    /// When it neither waits nor ends within 30 s of real time.
    #[track_caller]
    pub fn start<P: Processor>(&self, processor: P) -> Run {
        let run = self.launch(processor);
        self.wait_until_idle();
        run
    }

    /// Starts a class and does not wait for it: one that talks to a device, or never waits.
    /// [`MemoryHost::until`] waits for its effects.
    pub fn launch<P: Processor>(&self, processor: P) -> Run {
        self.begin(processor, Pace::ByTest, IsStopping::No)
    }

    /// Waits, in real time, until a condition holds.
    ///
    /// # Panics
    /// When the condition does not hold after 30 s.
    #[track_caller]
    pub fn until(&self, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + TEST_TIMEOUT;
        while !is_so(self) {
            assert!(Instant::now() < deadline, "the awaited event did not happen within 30 s");
            self.world.changed_within(POLL_INTERVAL);
        }
    }

    pub(crate) fn begin<P: Processor>(&self, processor: P, pace: Pace, stopping: IsStopping) -> Run {
        let class = P::CLASS.id;
        let (number, order) = {
            let mut memory = self.world.memory();
            let order = RunRequestMessage {
                configuration: P::CLASS.name.to_owned(),
                instance: INSTANCE.to_owned(),
                settings: self.settings.clone(),
                connection: self.connection.clone().filter(|_| P::CLASS.connection.is_some()),
                writes: memory.writes.open_for(class, memory.now()),
            };
            (memory.runs.add(class, pace, stopping), order)
        };
        let (world, services) = (Arc::clone(&self.world), self.services(number, class));
        thread::spawn(move || {
            let end = match (create(|| processor, Vec::new()), serde_json::to_vec(&order)) {
                (RResult::ROk(run), Ok(order)) => {
                    end_of(run.run(RSlice::from_slice(&order), services.boxed()))
                }
                _ => unreachable!("the class was made before, and its order is JSON"),
            };
            world.memory().runs.of(number).end = Some(end);
            world.notify();
        });
        Run::new(Arc::clone(&self.world), number)
    }

    /// Tests the connection, with the settings given to [`MemoryHost::connection`].
    ///
    /// # Panics
    /// When the host has no connection.
    #[track_caller]
    pub fn test_connection<C: Connection>(&self) -> (Vec<Stage>, RunEnd) {
        let ConnectionMessage { kind, settings, .. } =
            self.connection.clone().expect("a connection to test: `.connection::<…>(…)`");
        let order = TestRequestMessage { kind, instance: INSTANCE.to_owned(), settings };
        let number = self.world.memory().runs.add("", Pace::ByItself, IsStopping::No);
        let end = match (create_test(vec![connection_test::<C>()]), serde_json::to_vec(&order)) {
            (RResult::ROk(test), Ok(order)) => {
                let services = self.services(number, "").boxed();
                end_of(test.test_connection(RSlice::from_slice(&order), services))
            }
            _ => unreachable!("a test is always made, and its order is JSON"),
        };
        let mut memory = self.world.memory();
        memory.runs.of(number).end = Some(end.clone());
        (std::mem::take(&mut memory.stages), end)
    }

    fn services(&self, number: u64, class: &'static str) -> Services {
        let has_connection = self.connection.is_some();
        Services { world: Arc::clone(&self.world), number, class, has_connection }
    }

    /// Advances the clock. Each wait ends at its own time. Returns when all runs wait
    /// again or have ended.
    ///
    /// # Panics
    /// When a run neither waits nor ends within 30 s of real time.
    #[track_caller]
    pub fn advance(&self, span: Duration) {
        self.wait_until_idle();
        let target_ns = unix_ns(self.now() + span);
        loop {
            let mut memory = self.world.memory();
            let next = memory.runs.next_deadline_ns().filter(|deadline| *deadline <= target_ns);
            memory.now_ns = memory.now_ns.max(next.unwrap_or(target_ns));
            drop(memory);
            self.world.notify();
            self.wait_until_idle();
            if next.is_none() {
                return;
            }
        }
    }

    /// Sets the clock back, as a correction of the machine's time does. Waits end, as they do in Riser.
    #[track_caller]
    pub fn set_back(&self, span: Duration) {
        self.set_clock(-i64::try_from(span.as_nanos()).unwrap_or(i64::MAX));
    }

    /// Sets the clock ahead, as a correction of the machine's time does. Waits end, as they do in Riser.
    #[track_caller]
    pub fn set_ahead(&self, span: Duration) {
        self.set_clock(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX));
    }

    #[track_caller]
    fn set_clock(&self, by_ns: i64) {
        self.wait_until_idle();
        self.world.memory().set_clock(by_ns);
        self.world.notify();
        self.wait_until_idle();
    }

    /// Waits until every run waits for the test, or has ended.
    #[track_caller]
    fn wait_until_idle(&self) {
        assert!(self.settles(), "a run neither waited nor ended for 30 s");
    }

    pub(crate) fn settles(&self) -> bool {
        self.world.until(TEST_TIMEOUT, |memory| memory.runs.are_settled(memory.now_ns)).is_some()
    }

    /// Returns all texts that runs passed to this host, each with its destination.
    pub(crate) fn texts(&self) -> Vec<(&'static str, String)> {
        self.world.memory().texts()
    }

    /// Writes a set point in place of the BMS. A running class that handles it wakes; otherwise its next run
    /// receives it. Returns the number of the write when all runs wait again.
    ///
    /// # Panics
    /// When the host would refuse it: no such item, not writable, of another kind, out of range.
    #[track_caller]
    pub fn write(&self, id: &str, value: impl Into<PointValue>) -> i64 {
        self.write_together(vec![(id, value.into())])[0]
    }

    /// Writes several set points in one request.
    ///
    /// # Panics
    /// When the host would refuse one of them.
    #[track_caller]
    pub fn write_together(&self, writes: Vec<(&str, PointValue)>) -> Vec<i64> {
        let written = self.world.memory().write(writes);
        self.world.notify();
        self.wait_until_idle();
        match written {
            Ok(ids) => ids,
            Err(why) => panic!("the host refuses the set point: {why}"),
        }
    }

    /// Closes the connection limiter, as refused credentials or too many failures do.
    pub fn close_limiter(&self, until: SystemTime, reason: &str) {
        self.world.memory().limiter.close(until, reason);
    }

    /// Gives the host an ability, such as `alarms/1`.
    pub fn grant(&self, ability: &str) {
        self.world.memory().abilities.insert(ability.to_owned());
    }

    /// Refuses the next call of a service.
    pub fn refuse_next(&self, service: Service) {
        self.world.memory().refused_next.insert(service);
    }

    /// Returns the time.
    pub fn now(&self) -> SystemTime {
        self.world.memory().now()
    }

    /// Returns the declared items, in their order.
    pub fn tree(&self) -> Vec<ItemMessage> {
        self.world.memory().tree.items().to_vec()
    }

    /// Returns the changes of each declaration.
    pub fn declarations(&self) -> Vec<TreeDifference> {
        self.world.memory().declarations.clone()
    }

    /// Returns a value as served; `None` if it was never published and has no initial value.
    pub fn value(&self, id: &str) -> Option<Shown> {
        let memory = self.world.memory();
        let (handle, _) = memory.tree.find(id)?;
        memory.values.get(&handle).cloned()
    }

    /// Returns a numeric value.
    pub fn number(&self, id: &str) -> Option<f64> {
        as_number(&self.value(id)?.value?)
    }

    /// Returns the samples of a history, in order of time.
    pub fn history(&self, id: &str) -> Vec<StoredSample> {
        let memory = self.world.memory();
        let samples = memory.tree.find(id).and_then(|(handle, _)| memory.histories.get(&handle));
        samples.map(|samples| samples.values().cloned().collect()).unwrap_or_default()
    }

    /// Returns the reported statuses of a write, in order.
    pub fn write_statuses(&self, write: i64) -> Vec<WriteStatus> {
        let all = self.world.memory().writes.statuses().to_vec();
        all.into_iter().filter(|status| status.write == write).collect()
    }

    /// Returns all lines of the log.
    pub fn log(&self) -> Vec<LogLine> {
        self.world.memory().log.clone()
    }

    /// Returns the steps that runs reported.
    pub fn progress(&self) -> Vec<ProgressNote> {
        self.world.memory().progress.clone()
    }

    /// Returns the open problems.
    pub fn problems(&self) -> Vec<Problem> {
        self.world.memory().problems.values().cloned().collect()
    }

    /// Returns a durable value of a class.
    pub fn state(&self, class: &str, key: &str) -> Option<String> {
        self.world.memory().state.get(&(class.to_owned(), key.to_owned())).cloned()
    }

    /// Returns the publish interval that a class reported.
    pub fn period(&self, class: &str) -> Option<Duration> {
        self.world.memory().periods.get(class).copied()
    }

    /// Returns the requested runs.
    pub fn run_requests(&self) -> Vec<RunRequest> {
        self.world.memory().run_requests.clone()
    }

    /// Returns the results that were reported to the connection limiter.
    pub fn limiter_reports(&self) -> Vec<LimiterReport> {
        self.world.memory().limiter.reports().to_vec()
    }

    /// Returns the broken rules that this host refused, in words.
    pub fn broken_rules(&self) -> Vec<String> {
        self.world.memory().broken_rules.clone()
    }
}

fn end_of(result: RResult<(), RVec<u8>>) -> RunEnd {
    let RResult::RErr(error) = result else { return RunEnd::Succeeded };
    match serde_json::from_slice::<FailureMessage>(&error) {
        Ok(failure) if failure.is_stop => RunEnd::Cancelled,
        Ok(failure) => RunEnd::Failed(failure),
        Err(error) => unreachable!("the kit writes failures as JSON: {error}"),
    }
}
