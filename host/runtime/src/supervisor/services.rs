//! The services of the host that a running plugin calls: what it asks, what it is answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use riser_domain::{
    Actor, ConfigurationId, EwsItem, HistorySample, PointHandle, ProcessorConfiguration, RunTrigger,
    StoredItem, TreeOwner,
};
use riser_worker::frames::{
    ActionResult, Call, DeclaredFrame, LimitedAction, PublishedFrame, Reply, SampleFrame,
};

use super::command::Command;
use super::convert::{FrameError, point_frames, published_from, reading_frame, sample_from, tree_from};
use super::service_context::ServiceContext;
use crate::connection_limiter::{ConnectionLimiter, Permit};
use crate::items::{DeclareError, WriterId};

/// Shortest period a class may promise; below it every value would be stale at once.
const SHORTEST_PERIOD: Duration = Duration::from_millis(100);

/// The services of one run.
#[derive(Debug)]
pub(super) struct Services {
    context: Arc<ServiceContext>,
    configuration: ConfigurationId,
    name: String,
    actor: Actor,
    owner: TreeOwner,
    class: Arc<str>,
    writer: WriterId,
    limiter: Option<(Arc<ConnectionLimiter>, i64)>,
    slots: Mutex<HashMap<LimitedAction, Vec<Permit>>>,
}

impl Services {
    pub(super) fn new(
        context: Arc<ServiceContext>,
        configuration: &ProcessorConfiguration,
        owner: TreeOwner,
    ) -> Self {
        let class: Arc<str> = Arc::from(configuration.class.class.as_str());
        let writer = context.items.values.writer(&owner, &class);
        let limiter = configuration.connection.and_then(|id| {
            let connection = context.configurations.connection(id)?;
            Some((context.limiters.of(id), connection.secret_version))
        });
        Self {
            configuration: configuration.id,
            name: configuration.name.clone(),
            actor: Actor::Processor(configuration.name.clone()),
            context,
            owner,
            class,
            writer,
            limiter,
            slots: Mutex::default(),
        }
    }

    /// Answers at once what needs no waiting; gives back what does.
    pub(super) fn reply_now(&self, call: Call) -> Result<Reply, Call> {
        match call {
            Call::Publish { values } => Ok(self.publish(values)),
            Call::PublishesEvery { period_ms } => {
                let period = Duration::from_millis(period_ms).max(SHORTEST_PERIOD);
                self.context.items.values.set_period(self.writer, period);
                Ok(Reply::Done)
            }
            Call::Latest { handles } => Ok(self.latest(&handles)),
            Call::LimiterRelease { purpose, result } => Ok(self.release_permit(purpose, &result)),
            Call::RequestRun { class, reason } => Ok(self.request_run(&class, &reason)),
            waits => Err(waits),
        }
    }

    /// Answers what waits: for the store, or for a free slot.
    pub(super) async fn reply(&self, call: Call) -> Reply {
        match call {
            Call::Declare { items } => self.declare(items).await,
            Call::Points => Reply::Points(point_frames(&self.context.items.stored(&self.owner).await)),
            Call::Record { samples } => self.record(samples).await,
            Call::LimiterAcquire { purpose } => self.acquire_permit(purpose).await,
            Call::StateGet { key } => {
                match self.context.store.find_plugin_state(self.configuration, &key).await {
                    Ok(value) => Reply::State(value),
                    Err(error) => self.store_failed("its state could not be read", &error),
                }
            }
            Call::StatePut { key, value } => {
                match self.context.store.put_plugin_state(self.configuration, &key, &value).await {
                    Ok(()) => Reply::Done,
                    Err(riser_store::StoreError::PluginStateFull) => {
                        refused("state-full", "a processor may keep 1 MiB of state")
                    }
                    Err(error) => self.store_failed("its state could not be written", &error),
                }
            }
            Call::StateRemove { key } => {
                match self.context.store.remove_plugin_state(self.configuration, &key).await {
                    Ok(()) => Reply::Done,
                    Err(error) => self.store_failed("its state could not be removed", &error),
                }
            }
            at_once => {
                self.reply_now(at_once).unwrap_or_else(|_| refused("unknown-call", "not a call of this host"))
            }
        }
    }

    fn publish(&self, values: Vec<PublishedFrame>) -> Reply {
        let batch = values.into_iter().map(published_from).collect::<Result<Vec<_>, _>>();
        let published = match batch {
            Ok(batch) => self.context.items.publish(self.writer, batch).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        published.map_or_else(|what| refused("values-refused", &what), |()| Reply::Done)
    }

    fn latest(&self, handles: &[u32]) -> Reply {
        let handles: Vec<PointHandle> = handles.iter().copied().map(PointHandle).collect();
        let readings = self.context.items.readings(&handles);
        Reply::Latest(readings.iter().map(|reading| reading.as_ref().map(reading_frame)).collect())
    }

    async fn declare(&self, items: Vec<DeclaredFrame>) -> Reply {
        let declared = match tree_from(items) {
            Ok((tree, initial)) => self.context.items.declare(&self.owner, &tree, initial, &self.actor).await,
            Err(error) => return refused("tree-refused", &error.to_string()),
        };
        let counts = match declared {
            Ok(counts) => counts,
            Err(DeclareError::Tree(error)) => return refused("tree-refused", &error.to_string()),
            Err(DeclareError::Store(error)) => {
                return self.store_failed("its tree could not be stored", &error);
            }
        };
        if counts.added + counts.changed + counts.vanished > 0 {
            self.context.processors.notify_siblings(&self.owner, self.configuration, || Command::TreeChanged);
        }
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Reply::Declared {
            points: point_frames(&self.context.items.stored(&self.owner).await),
            added: count(counts.added),
            changed: count(counts.changed),
            kept: count(counts.kept),
            vanished: count(counts.vanished),
        }
    }

    async fn record(&self, samples: Vec<SampleFrame>) -> Reply {
        let samples = match samples.into_iter().map(sample_from).collect::<Result<Vec<_>, FrameError>>() {
            Ok(samples) => samples,
            Err(error) => return refused("samples-refused", &error.to_string()),
        };
        let stored = self.context.items.stored(&self.owner).await;
        if let Some(what) = self.refuse_samples(&stored, &samples) {
            return refused("samples-refused", &what);
        }
        match self.context.store.journal_samples(&samples).await {
            Ok(()) => Reply::Done,
            Err(error) => self.store_failed("its samples could not be stored", &error),
        }
    }

    fn refuse_samples(
        &self,
        stored: &[StoredItem],
        samples: &[(PointHandle, HistorySample)],
    ) -> Option<String> {
        let histories: HashMap<PointHandle, _> = stored
            .iter()
            .filter_map(|stored| match &stored.item {
                EwsItem::History(item) => Some((stored.handle, item)),
                _ => None,
            })
            .collect();
        samples.iter().find_map(|(handle, sample)| match histories.get(handle) {
            None => Some(format!("{} is no history of this tree", handle.0)),
            Some(item) if item.published_by != self.class => {
                Some(format!("the history {} is recorded by the class {}", item.id, item.published_by))
            }
            Some(item) if item.kind != sample.value.kind() => {
                Some(format!("the history {} takes {} samples", item.id, item.kind.name()))
            }
            Some(_) => None,
        })
    }

    async fn acquire_permit(&self, purpose: LimitedAction) -> Reply {
        let Some((limiter, secret_version)) = &self.limiter else {
            return refused("no-connection", "this processor has no connection");
        };
        match limiter.acquire(purpose, *secret_version).await {
            Ok(slot) => {
                self.slots
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .entry(purpose)
                    .or_default()
                    .push(slot);
                Reply::Done
            }
            Err(closed) => Reply::LimiterDenied { until_ms: closed.until.unix_ms(), reason: closed.reason },
        }
    }

    fn release_permit(&self, purpose: LimitedAction, result: &ActionResult) -> Reply {
        let Some((limiter, secret_version)) = &self.limiter else {
            return refused("no-connection", "this processor has no connection");
        };
        let slot =
            self.slots.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&purpose).and_then(Vec::pop);
        if slot.is_none() {
            return refused("limiter-not-entered", "the limiter is left only by who entered it");
        }
        // The report comes before the slot is free, so that the next in line meets it.
        limiter.report(purpose, result, *secret_version);
        Reply::Done
    }

    fn request_run(&self, class: &str, reason: &str) -> Reply {
        match self.context.configurations.of_class(&self.owner, class) {
            Some(sibling) if sibling.id != self.configuration => {
                tracing::info!(
                    processor_configuration.id = sibling.id.0,
                    "{} asks for a run of {}: {reason}",
                    self.actor,
                    sibling.name
                );
                self.context.processors.notify(
                    sibling.id,
                    Command::Start { trigger: RunTrigger::Processor(self.name.clone()), reply: None },
                );
                Reply::Done
            }
            _ => refused("no-such-processor", &format!("no processor runs the class {class} for this tree")),
        }
    }

    fn store_failed(&self, what: &str, error: &riser_store::StoreError) -> Reply {
        self.context.failures.report(&format!("{}: {what}", self.actor), error);
        refused("store-failed", "the host could not store it; its problems page says why")
    }
}

fn refused(code: &str, what: &str) -> Reply {
    Reply::Refused { code: code.to_owned(), what: what.to_owned() }
}
