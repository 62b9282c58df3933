//! A host in memory: it keeps what a run declares, publishes and says, and lets time pass when a test says so.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use riser_plugin::Processor;
use riser_plugin::abi::messages::{
    Answer, Call, ConnectionMessage, FailureMessage, GatePurpose, GateResult, ItemMessage, NodeMessage,
    PointMessage, ProblemMessage, RunOrderMessage, TestOrderMessage, ValueMessage, WakeMessage, WishMessage,
};
use riser_plugin::abi::{
    HostServices, HostServices_TO, HostServicesBox, LogLevelCode, ReadingBatch, ReadingRecord, SampleBatch,
    ServiceError, ServiceResult, TAG_BOOLEAN, TAG_DATE_TIME, TAG_DOUBLE, TAG_INTEGER, TAG_KEEP, TAG_STRING,
    TextSpan, ValueBatch,
};
use riser_plugin::abi_stable::sabi_trait::TD_Opaque;
use riser_plugin::abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};
use serde_json::Value as Json;

/// A run that does nothing for this long hangs.
const HANGS_AFTER: Duration = Duration::from_mins(1);

/// What a test sees and moves.
#[derive(Clone)]
pub(super) struct TestHost(Arc<Shared>);

struct Shared {
    facts: Mutex<Facts>,
    changed: Condvar,
}

#[derive(Default)]
pub(super) struct Facts {
    now_ms: i64,
    is_stopping: bool,
    /// The run waits and has nothing to do, or is over.
    is_at_rest: bool,
    wakes: VecDeque<WakeMessage>,
    points: Vec<PointMessage>,
    served: HashMap<u32, Shown>,
    kept: BTreeMap<String, String>,
    are_credentials_refused: bool,
    next_wish: i64,
    /// Id of the history, value, milliseconds since 1970.
    pub(super) samples: Vec<(String, String, i64)>,
    /// Number of the wish, state, reason.
    pub(super) receipts: Vec<(i64, String, String)>,
    pub(super) problems: BTreeMap<String, ProblemMessage>,
    pub(super) log: Vec<String>,
    pub(super) requested_runs: Vec<String>,
    /// Stage, whether it passed, what was found, what to do.
    pub(super) stages: Vec<(String, bool, String, String)>,
}

/// A value as it is served.
#[derive(Clone, Debug, Default, PartialEq)]
struct Shown {
    tag: u8,
    bits: u64,
    text: String,
    state: u8,
    reason: String,
}

/// A run in its own thread.
pub(super) struct Run {
    host: TestHost,
    thread: JoinHandle<Result<(), Box<FailureMessage>>>,
}

impl Run {
    /// Waits until it ends by itself.
    pub(super) fn ended(self) -> Result<(), Box<FailureMessage>> {
        self.thread.join().unwrap()
    }

    /// Stops it; it has to end as cancelled.
    pub(super) fn stop(self) {
        self.host.facts().is_stopping = true;
        self.host.0.changed.notify_all();
        let failure = self.thread.join().unwrap().unwrap_err();
        assert!(failure.is_stop, "{failure:?}");
        self.host.facts().is_stopping = false;
    }
}

impl TestHost {
    pub(super) fn at(now_ms: i64) -> Self {
        let facts = Mutex::new(Facts { now_ms, ..Facts::default() });
        Self(Arc::new(Shared { facts, changed: Condvar::new() }))
    }

    pub(super) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.facts.lock().unwrap()
    }

    pub(super) fn run<P: Processor>(&self, processor: P, settings: Json, connection: Json) -> Run {
        self.run_with(processor, settings, connection, Vec::new())
    }

    /// Runs a class with set points that are open already.
    pub(super) fn run_with<P: Processor>(
        &self,
        processor: P,
        settings: Json,
        connection: Json,
        wishes: Vec<WishMessage>,
    ) -> Run {
        let kind = "riser.evce/evce".to_owned();
        let order = RunOrderMessage {
            configuration: P::CLASS.name.to_owned(),
            instance: "test".to_owned(),
            settings,
            connection: Some(ConnectionMessage { name: "EVCE".to_owned(), kind, settings: connection }),
            points: self.facts().points.clone(),
            wishes,
        };
        let order = serde_json::to_vec(&order).unwrap();
        self.start(move |services| {
            let run = riser_plugin::create(|| processor, Vec::new()).into_result().unwrap();
            run.run(RSlice::from_slice(&order), services)
        })
    }

    /// Tests a connection with these settings.
    pub(super) fn test_connection<C: riser_plugin::Connection>(
        &self,
        settings: Json,
    ) -> Result<(), Box<FailureMessage>> {
        let order = TestOrderMessage { kind: C::ID.to_owned(), instance: "test".to_owned(), settings };
        let order = serde_json::to_vec(&order).unwrap();
        let run = self.start(move |services| {
            let run = riser_plugin::create_test(vec![riser_plugin::connection_test::<C>()]);
            run.into_result().unwrap().test_connection(RSlice::from_slice(&order), services)
        });
        run.ended()
    }

    fn start(&self, work: impl FnOnce(HostServicesBox) -> RResult<(), RVec<u8>> + Send + 'static) -> Run {
        let host = self.clone();
        self.facts().is_at_rest = false;
        let thread = std::thread::spawn(move || {
            let outcome = work(HostServices_TO::from_value(Services(host.clone()), TD_Opaque));
            host.facts().is_at_rest = true;
            host.0.changed.notify_all();
            outcome.into_result().map_err(|failure| serde_json::from_slice(&failure).unwrap())
        });
        Run { host: self.clone(), thread }
    }

    /// Waits until the run has nothing to do.
    pub(super) fn rest(&self) {
        let facts = self.facts();
        let (_facts, timeout) =
            self.0.changed.wait_timeout_while(facts, HANGS_AFTER, |facts| !facts.is_at_rest).unwrap();
        assert!(!timeout.timed_out(), "the run hangs");
    }

    /// Lets the run's wait return with this, and waits until it has nothing to do again.
    pub(super) fn wake(&self, wake: WakeMessage) {
        let mut facts = self.facts();
        facts.wakes.push_back(wake);
        facts.is_at_rest = false;
        drop(facts);
        self.0.changed.notify_all();
        self.rest();
    }

    /// Moves the clock and lets the run's wait return.
    pub(super) fn advance(&self, span: Duration) {
        self.facts().now_ms += i64::try_from(span.as_millis()).unwrap();
        self.wake(WakeMessage::Elapsed);
    }

    /// Sets the clock back and lets the run's wait return.
    pub(super) fn set_back(&self, span: Duration) {
        self.facts().now_ms -= i64::try_from(span.as_millis()).unwrap();
        self.wake(WakeMessage::Elapsed);
    }

    /// A wish for a point, as the host hands it over.
    pub(super) fn wish(&self, item: &str, value: ValueMessage) -> WishMessage {
        let mut facts = self.facts();
        facts.next_wish += 1;
        let handle = facts.points.iter().find(|point| point.id == item).unwrap().handle;
        WishMessage {
            id: facts.next_wish,
            group: 1,
            handle,
            item: item.to_owned(),
            value,
            state: "Accepted".to_owned(),
            accepted_at_ms: facts.now_ms,
            expires_at_ms: facts.now_ms + 15 * 60_000,
        }
    }

    /// Writes set points together and waits until the run has done what it can.
    pub(super) fn write(&self, wishes: &[(&str, ValueMessage)]) -> Vec<i64> {
        let wishes: Vec<_> = wishes.iter().map(|(item, value)| self.wish(item, value.clone())).collect();
        let ids = wishes.iter().map(|wish| wish.id).collect();
        self.wake(WakeMessage::SetPoints(wishes));
        ids
    }

    /// The states of a wish, in their order.
    pub(super) fn states(&self, wish: i64) -> Vec<String> {
        self.facts()
            .receipts
            .iter()
            .filter(|(id, ..)| *id == wish)
            .map(|(_, state, _)| state.clone())
            .collect()
    }

    /// The last reason that was given for a wish.
    pub(super) fn reason(&self, wish: i64) -> String {
        let facts = self.facts();
        facts.receipts.iter().rfind(|(id, ..)| *id == wish).map(|(.., reason)| reason.clone()).unwrap()
    }

    /// Value and state of a point: `12.5 Good`; `never` when nothing was published.
    pub(super) fn shown(&self, item: &str) -> String {
        let facts = self.facts();
        let point = facts.points.iter().find(|point| point.id == item).unwrap();
        let Some(shown) = facts.served.get(&point.handle) else { return "never".to_owned() };
        let state = ["Good", "Uncertain", "Forced", "Offline", "Error"][usize::from(shown.state)];
        format!("{} {state}", shown.value())
    }

    /// Why a point is not Good.
    pub(super) fn why(&self, item: &str) -> String {
        let facts = self.facts();
        let point = facts.points.iter().find(|point| point.id == item).unwrap();
        facts.served[&point.handle].reason.clone()
    }
}

impl Shown {
    fn value(&self) -> String {
        match self.tag {
            TAG_STRING => self.text.clone(),
            TAG_BOOLEAN => (self.bits != 0).to_string(),
            TAG_DOUBLE => f64::from_bits(self.bits).to_string(),
            TAG_INTEGER | TAG_DATE_TIME => self.bits.cast_signed().to_string(),
            _ => "-".to_owned(),
        }
    }

    fn initial(value: &ValueMessage) -> Self {
        let (tag, bits, text) = match value {
            ValueMessage::DateTimeMs(ms) => (TAG_DATE_TIME, ms.cast_unsigned(), ""),
            ValueMessage::Boolean(truth) => (TAG_BOOLEAN, u64::from(*truth), ""),
            ValueMessage::String(text) => (TAG_STRING, 0, text.as_str()),
            ValueMessage::Double(number) => (TAG_DOUBLE, number.to_bits(), ""),
            ValueMessage::Integer(number) => (TAG_INTEGER, i64::from(*number).cast_unsigned(), ""),
            other => panic!("no point of this plugin is {other:?}"),
        };
        Self { tag, bits, text: text.to_owned(), ..Self::default() }
    }
}

impl Facts {
    fn declare(&mut self, items: &[ItemMessage]) -> Answer {
        let before = self.points.len();
        for item in items {
            let (kind, unit, written_by, is_history, recorded) = match &item.node {
                NodeMessage::Container { .. } => continue,
                NodeMessage::Value { kind, unit, written_by, .. } => (kind, unit, written_by, false, None),
                NodeMessage::History { value_item, kind, unit, written_by } => {
                    let value = self.points.iter().find(|point| point.id == *value_item);
                    (kind, unit, written_by, true, value.map(|point| point.handle))
                }
            };
            if self.points.iter().any(|point| point.id == item.id) {
                continue;
            }
            let handle = u32::try_from(self.points.len()).unwrap() + 1;
            self.points.push(PointMessage {
                handle,
                id: item.id.clone(),
                is_history,
                recorded,
                kind: kind.clone(),
                unit: unit.clone(),
                written_by: written_by.clone(),
            });
            if let NodeMessage::Value { initial: Some(initial), .. } = &item.node {
                self.served.insert(handle, Shown::initial(initial));
            }
        }
        let count = |number: usize| u32::try_from(number).unwrap();
        let added = count(self.points.len() - before);
        Answer::Declared {
            points: self.points.clone(),
            added,
            changed: 0,
            kept: count(items.len()) - added,
            vanished: 0,
        }
    }

    fn answer(&mut self, call: Call) -> Answer {
        match call {
            Call::Declare { items } => return self.declare(&items),
            Call::Points => return Answer::Points(self.points.clone()),
            Call::GateEnter { purpose: GatePurpose::Login } if self.are_credentials_refused => {
                let reason = "login and password were refused".to_owned();
                return Answer::GateClosed { until_ms: self.now_ms + 300_000, reason };
            }
            Call::GateLeave { result: GateResult::CredentialsRefused, .. } => {
                self.are_credentials_refused = true;
            }
            Call::RequestRun { class, .. } => self.requested_runs.push(class),
            Call::StateGet { key } => return Answer::State(self.kept.get(&key).cloned()),
            Call::StatePut { key, value } => drop(self.kept.insert(key, value)),
            Call::Receipt { wish, state, reason } => self.receipts.push((wish, state, reason)),
            Call::Problem(problem) => drop(self.problems.insert(problem.code.clone(), problem)),
            Call::ProblemCleared { code } => drop(self.problems.remove(&code)),
            Call::TestStage { stage, passed: Some(passed), finding, advice, .. } => {
                self.stages.push((stage, passed, finding, advice));
            }
            _ => {}
        }
        Answer::Done
    }

    fn publish(&mut self, batch: &ValueBatch<'_>) {
        for record in batch.records {
            let text = record.text.of(&batch.texts).to_owned();
            let shown = self.served.entry(record.handle).or_default();
            if record.tag != TAG_KEEP {
                *shown = Shown { tag: record.tag, bits: record.bits, text, ..Shown::default() };
            }
            shown.state = record.state;
            record.reason.of(&batch.texts).clone_into(&mut shown.reason);
        }
    }
}

/// What a run calls.
struct Services(TestHost);

impl HostServices for Services {
    fn call(&self, request: RSlice<'_, u8>) -> ServiceResult<RVec<u8>> {
        let call = serde_json::from_slice(&request).unwrap();
        RResult::ROk(serde_json::to_vec(&self.0.facts().answer(call)).unwrap().into())
    }

    fn publish(&self, batch: ValueBatch<'_>) -> ServiceResult<()> {
        self.0.facts().publish(&batch);
        RResult::ROk(())
    }

    fn record(&self, batch: SampleBatch<'_>) -> ServiceResult<()> {
        let mut facts = self.0.facts();
        for record in batch.records {
            let shown = Shown { tag: record.tag, bits: record.bits, ..Shown::default() };
            let id = facts.points.iter().find(|point| point.handle == record.handle).unwrap().id.clone();
            facts.samples.push((id, shown.value(), record.time_ns / 1_000_000));
        }
        RResult::ROk(())
    }

    fn latest(&self, handles: RSlice<'_, u32>) -> ServiceResult<ReadingBatch> {
        let facts = self.0.facts();
        let records = handles.iter().map(|handle| {
            let shown = facts.served.get(handle).cloned();
            let received_time_ns = i64::from(shown.is_some());
            let Shown { tag, bits, state, .. } =
                shown.unwrap_or(Shown { tag: TAG_DOUBLE, state: 3, ..Shown::default() });
            let text = TextSpan::default();
            ReadingRecord { source_time_ns: 0, received_time_ns, bits, text, tag, state }
        });
        RResult::ROk(ReadingBatch { records: records.collect(), texts: RString::new() })
    }

    fn wait(&self, _duration_ns: u64) -> ServiceResult<RVec<u8>> {
        let mut facts = self.0.facts();
        loop {
            if facts.is_stopping {
                return RResult::RErr(ServiceError::Stop);
            }
            if let Some(wake) = facts.wakes.pop_front() {
                return RResult::ROk(serde_json::to_vec(&wake).unwrap().into());
            }
            facts.is_at_rest = true;
            self.0.0.changed.notify_all();
            facts = self.0.0.changed.wait(facts).unwrap();
        }
    }

    fn log(&self, _level: LogLevelCode, text: RStr<'_>) {
        self.0.facts().log.push(text.into());
    }

    fn is_stopping(&self) -> bool {
        self.0.facts().is_stopping
    }

    fn now_ns(&self) -> i64 {
        self.0.facts().now_ms * 1_000_000
    }

    fn random(&self, bytes: u32) -> RVec<u8> {
        // Retries then do not wait.
        vec![0; bytes as usize].into()
    }
}
