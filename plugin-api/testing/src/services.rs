//! The services of the host, served from memory by the host's own rules.

use std::sync::Arc;
use std::time::Duration;

use riser_plugin::abi::messages::{Call, ItemMessage, NodeMessage, Notice, Reply, WakeMessage};
use riser_plugin::abi::packed_values::{NotPackedValues, PackedValues};
use riser_plugin::abi::{
    HostServices, HostServices_TO, HostServicesBox, LogLevelCode, ReadingBatch, SampleBatch, ServiceError,
    ServiceResult,
};
use riser_plugin::abi_stable::sabi_trait::TD_Opaque;
use riser_plugin::abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};
use riser_plugin::{LogLevel, Served, ValueState, reading_batch, serde_json};

use crate::memory::{LogLine, Memory, ProgressNote, RunRequest, Service, Shown, Stage, StoredSample};
use crate::records::{checked, checked_sample, moment};
use crate::run::Pace;
use crate::set_point_writes::WriteStatus;
use crate::world::World;

/// Waits of a run whose waits move the clock; one that waits more often does not end by itself.
const MOST_WAITS: u32 = 10_000;

/// Most durable state of a configuration, in bytes.
const MOST_STATE_BYTES: usize = 1 << 20;

/// The services of one run.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) world: Arc<World>,
    pub(crate) number: u64,
    pub(crate) class: &'static str,
    pub(crate) has_connection: bool,
}

impl Services {
    pub(crate) fn boxed(self) -> HostServicesBox {
        HostServices_TO::from_value(self, TD_Opaque)
    }

    /// Performs a service call, unless the run must stop or the test refuses it.
    fn serve<T>(
        &self,
        service: Service,
        serve: impl FnOnce(&mut Memory) -> Result<T, ServiceError>,
    ) -> ServiceResult<T> {
        let mut memory = self.world.memory();
        let ends_at_stop = !matches!(service, Service::Points | Service::State);
        let result = if ends_at_stop && memory.runs.of(self.number).is_stopping {
            Err(ServiceError::Stop)
        } else if memory.refused_next.remove(&service) {
            Err(refused("refused-by-test", "the test refused it"))
        } else {
            serve(&mut memory)
        };
        drop(memory);
        self.world.notify();
        result.into()
    }

    /// Records a broken rule for the test, and returns the refusal.
    fn broken<T>(memory: &mut Memory, code: &str, what: String) -> Result<T, ServiceError> {
        let refusal = refused(code, &what);
        memory.broken_rules.push(what);
        Err(refusal)
    }

    fn reply(&self, call: Call) -> ServiceResult<Reply> {
        match call {
            Call::Declare { tree } => {
                let items =
                    tree.items().map(|item| item.map(ItemMessage::from)).collect::<Result<Vec<_>, _>>();
                let items = items.map_err(|error| error.to_string());
                self.serve(Service::Declare, |memory| {
                    match items.and_then(|items| memory.tree.declare(items)) {
                        Ok(difference) => {
                            memory.declarations.push(difference);
                            show_initial_values(memory);
                            if !difference.is_empty() {
                                memory.runs.wake_others(self.number, &WakeMessage::TreeChanged);
                            }
                            let (points, difference) = (memory.tree.points(), difference);
                            Ok(Reply::Declared {
                                points,
                                added: difference.added,
                                changed: difference.changed,
                                kept: difference.kept,
                                vanished: difference.vanished,
                            })
                        }
                        Err(what) => Self::broken(memory, "tree-refused", what),
                    }
                })
            }
            Call::Points => self.serve(Service::Points, |memory| Ok(Reply::Points(memory.tree.points()))),
            Call::RequestRun { class, reason } => self.serve(Service::RequestRun, |memory| {
                memory.run_requests.push(RunRequest { class, reason });
                Ok(Reply::Done)
            }),
            Call::StateGet { .. } | Call::StatePut { .. } | Call::StateRemove { .. } => {
                self.serve(Service::State, |memory| self.keep_state(memory, call))
            }
            other => self.note(other).into(),
        }
    }

    fn keep_state(&self, memory: &mut Memory, call: Call) -> Result<Reply, ServiceError> {
        let class = self.class.to_owned();
        match call {
            Call::StateGet { key } => return Ok(Reply::State(memory.state.get(&(class, key)).cloned())),
            Call::StatePut { key, value } => {
                let others: usize = memory
                    .state
                    .iter()
                    .filter(|((_, other), _)| *other != key)
                    .map(|(_, value)| value.len())
                    .sum();
                if others + value.len() > MOST_STATE_BYTES {
                    return Self::broken(
                        memory,
                        "state-full",
                        "a processor may keep 1 MiB of state".to_owned(),
                    );
                }
                memory.state.insert((class, key), value);
            }
            Call::StateRemove { key } => drop(memory.state.remove(&(class, key))),
            _ => return Err(refused("unknown-call", "not about state")),
        }
        Ok(Reply::Done)
    }

    /// Records calls that are allowed after a stop.
    fn note(&self, call: Call) -> Result<Reply, ServiceError> {
        let mut memory = self.world.memory();
        let now = memory.now();
        match call {
            Call::PublishesEvery { period_ms } => {
                if memory.runs.of(self.number).is_stopping {
                    return Err(ServiceError::Stop);
                }
                memory.periods.insert(self.class.to_owned(), Duration::from_millis(period_ms));
            }
            Call::LimiterAcquire { .. } | Call::LimiterRelease { .. } if !self.has_connection => {
                return Err(refused("no-connection", "this processor has no connection"));
            }
            Call::LimiterAcquire { purpose } => return Ok(memory.limiter.acquire(purpose, now)),
            Call::LimiterRelease { purpose, result } => {
                let what = "a permit is released only by its owner";
                let left = memory.limiter.release(purpose, result, now);
                return left.ok_or_else(|| refused("limiter-not-entered", what));
            }
            Call::HasAbility { ability } => {
                return Ok(Reply::Ability(memory.abilities.contains(&ability)));
            }
            Call::RunLogLink if self.class.is_empty() => {
                return Err(refused("testing", "a connection test has no run"));
            }
            Call::RunLogLink => return Ok(Reply::RunLogLink(format!("riser log {}", self.number + 1))),
            Call::Uptime => return Ok(Reply::UptimeMs(memory.uptime_ms())),
            Call::Notify(notice) => note(&mut memory, notice),
            _ => return Err(refused("unknown-call", "not a call of this host")),
        }
        Ok(Reply::Done)
    }

    fn wake(&self, duration_ns: u64) -> Result<WakeMessage, ServiceError> {
        let mut memory = self.world.memory();
        let now_ns = memory.now_ns;
        let run = memory.runs.of(self.number);
        if run.waits_until_ns.is_some() {
            return Err(refused("second-wait", "another thread of this run waits already"));
        }
        let until_ns = now_ns.saturating_add(i64::try_from(duration_ns).unwrap_or(i64::MAX));
        run.waits_until_ns = Some(until_ns);
        run.waits += 1;
        let moves_the_clock = run.pace == Pace::ByItself && run.wakes.is_empty() && !run.is_stopping;
        run.is_stopping |= run.pace == Pace::ByItself && run.waits > MOST_WAITS;
        if moves_the_clock {
            memory.now_ns = memory.now_ns.max(until_ns);
        }
        self.world.notify();
        loop {
            let now_ns = memory.now_ns;
            let run = memory.runs.of(self.number);
            let ended = if run.is_stopping {
                Some(Err(ServiceError::Stop))
            } else if let Some(wake) = run.wakes.pop_front() {
                Some(Ok(wake))
            } else {
                // Read anew: a clock that is set back takes the waits along.
                run.waits_until_ns.is_none_or(|until| now_ns >= until).then_some(Ok(WakeMessage::Elapsed))
            };
            if let Some(ended) = ended {
                run.waits_until_ns = None;
                return ended;
            }
            memory = self.world.until_changed(memory);
        }
    }
}

fn note(memory: &mut Memory, notice: Notice) {
    match notice {
        Notice::WriteStatus { write, state, reason } => {
            memory.writes.report(WriteStatus { write, state, reason });
        }
        Notice::Progress { step, done, of } => memory.progress.push(ProgressNote { step, done, of }),
        Notice::Problem(problem) => {
            memory.raised.push(problem.clone());
            memory.problems.insert(problem.code.clone(), problem);
        }
        Notice::ProblemCleared { code } => drop(memory.problems.remove(&code)),
        Notice::TestStage(stage) => {
            if let Some(passed) = stage.passed {
                let (name, finding, advice) = (stage.stage, stage.finding, stage.advice);
                memory.stages.push(Stage { name, passed, finding, advice });
            }
        }
    }
}

/// Values known when they are declared are shown until their class publishes them.
fn show_initial_values(memory: &mut Memory) {
    let now = memory.now();
    let known: Vec<_> = memory
        .tree
        .items()
        .iter()
        .filter_map(|item| match &item.node {
            NodeMessage::Value { initial: Some(value), .. } => {
                Some((memory.tree.find(&item.id)?.0, value.clone()))
            }
            _ => None,
        })
        .collect();
    for (handle, value) in known {
        if !memory.published.contains(&handle) {
            let shown = Shown { value: Some(value), state: ValueState::Good, reason: None, source_time: now };
            memory.values.insert(handle, shown);
        }
    }
}

fn served(memory: &Memory, handle: u32) -> Option<Served> {
    let NodeMessage::Value { .. } = memory.tree.by_handle(handle)?.node else { return None };
    let shown = memory.values.get(&handle);
    Some(Served {
        value: shown.and_then(|shown| shown.value.clone()).unwrap_or_else(|| "".into()),
        state: shown.map_or(ValueState::Uncertain, |shown| shown.state),
        source_time: shown.map_or_else(|| memory.now(), |shown| shown.source_time),
        is_known: shown.is_some_and(|shown| shown.value.is_some()),
    })
}

fn refused(code: &str, what: &str) -> ServiceError {
    ServiceError::Refused { code: RString::from(code), what: RString::from(what) }
}

fn json(message: &impl serde::Serialize) -> ServiceResult<RVec<u8>> {
    match serde_json::to_vec(message) {
        Ok(bytes) => RResult::ROk(RVec::from(bytes)),
        Err(error) => RResult::RErr(refused("not-understood", &error.to_string())),
    }
}

impl HostServices for Services {
    fn call(&self, request: RSlice<'_, u8>) -> ServiceResult<RVec<u8>> {
        match serde_json::from_slice(request.as_slice()) {
            Ok(call) => self.reply(call).and_then(|reply| json(&reply)),
            Err(error) => RResult::RErr(refused("not-understood", &error.to_string())),
        }
    }

    fn publish(&self, values: RSlice<'_, u8>) -> ServiceResult<()> {
        self.serve(Service::Publish, |memory| {
            let checked: Result<Vec<_>, _> = PackedValues::new(values.as_slice())
                .map(|value| {
                    let value = value.map_err(|NotPackedValues| {
                        "the batch ends inside a value, or a text in it is not valid UTF-8".to_owned()
                    })?;
                    checked(&value, memory.tree.by_handle(value.handle), self.class)
                })
                .collect();
            let checked = match checked {
                Ok(checked) => checked,
                Err(what) => return Self::broken(memory, "values-refused", what),
            };
            let now = memory.now();
            for published in checked {
                memory.published.insert(published.handle);
                let before = memory.values.remove(&published.handle).and_then(|shown| shown.value);
                let shown = Shown {
                    value: published.value.or(before),
                    state: published.state,
                    reason: published.reason,
                    source_time: published.source_time.unwrap_or(now),
                };
                memory.values.insert(published.handle, shown);
            }
            Ok(())
        })
    }

    fn record(&self, batch: SampleBatch<'_>) -> ServiceResult<()> {
        self.serve(Service::Record, |memory| {
            let mut samples = Vec::new();
            for record in batch.records {
                let item = memory.tree.by_handle(record.handle);
                match checked_sample(record, &batch.texts, item, self.class) {
                    Ok((value, state)) => {
                        let sample = StoredSample { at: moment(record.time_ns), value, state };
                        samples.push((record.handle, sample));
                    }
                    Err(what) => return Self::broken(memory, "samples-refused", what),
                }
            }
            for (handle, sample) in samples {
                memory.histories.entry(handle).or_default().insert(sample.at, sample);
            }
            Ok(())
        })
    }

    fn latest(&self, handles: RSlice<'_, u32>) -> ServiceResult<ReadingBatch> {
        self.serve(Service::Latest, |memory| {
            let all: Vec<_> = handles.iter().map(|handle| served(memory, *handle)).collect();
            Ok(reading_batch(&all))
        })
    }

    fn wait(&self, duration_ns: u64) -> ServiceResult<RVec<u8>> {
        match self.wake(duration_ns) {
            Ok(wake) => json(&wake),
            Err(error) => RResult::RErr(error),
        }
    }

    fn log(&self, level: LogLevelCode, text: RStr<'_>) {
        let level = match level {
            0 => LogLevel::Debug,
            2 => LogLevel::Warn,
            3 => LogLevel::Error,
            _ => LogLevel::Info,
        };
        self.world.memory().log.push(LogLine { level, text: text.as_str().to_owned() });
        self.world.notify();
    }

    fn is_stopping(&self) -> bool {
        self.world.memory().runs.of(self.number).is_stopping
    }

    fn now_ns(&self) -> i64 {
        self.world.memory().now_ns
    }

    fn random(&self, bytes: u32) -> RVec<u8> {
        let mut memory = self.world.memory();
        (0..bytes).map(|_| memory.next_random()).collect()
    }
}
