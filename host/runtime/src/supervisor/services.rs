//! The services of the host that a running plugin calls: the replies to its calls.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use riser_domain::{
    Actor, ConfigurationId, EwsItem, HistorySample, PointHandle, ProcessorConfiguration, RunId, RunTrigger,
    StoredItem, TreeKey, TreeOwner,
};
use riser_worker_protocol::PackedTree;
use riser_worker_protocol::contract::packed_points;
use riser_worker_protocol::declared_tree::declared_tree;
use riser_worker_protocol::frames::{Call, Reply};
use riser_worker_protocol::long_work;
use riser_worker_protocol::messages::{self as contract, ActionResult, LimitedAction};
use riser_worker_protocol::value_batch::ValueBatch;

use super::command::Command;
use super::service_context::ServiceContext;
use crate::connection_limiter::{ConnectionLimiter, Permit};
use crate::items::{DeclareError, WriterId, is_storable, may_publish};

/// Shortest period of a class. With a shorter one every value would be stale at once.
const SHORTEST_PERIOD: Duration = Duration::from_millis(100);

/// The services of one run.
#[derive(Debug)]
pub(super) struct Services {
    context: Arc<ServiceContext>,
    configuration: ConfigurationId,
    name: String,
    actor: Actor,
    owner: TreeOwner,
    run: RunId,
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
        run: RunId,
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
            run,
            class,
            writer,
            limiter,
            slots: Mutex::default(),
        }
    }

    /// Replies to a call that needs no waiting. Returns any other call.
    pub(super) fn reply_now(&self, call: Call) -> Result<Reply, Call> {
        Ok(match call {
            Call::Publish { values } => self.publish(&values),
            Call::Latest { points } => Reply::Latest(self.context.items.readings(&points)),
            Call::Contract(contract::Call::PublishesEvery { period_ms }) => {
                let period = Duration::from_millis(period_ms).max(SHORTEST_PERIOD);
                self.context.items.values.set_period(self.writer, period);
                Reply::Done
            }
            Call::Contract(contract::Call::LimiterRelease { purpose, result }) => {
                self.release_permit(purpose, &result)
            }
            Call::Contract(contract::Call::RequestRun { class, reason }) => self.request_run(&class, &reason),
            // This host supports its contract and no extensions.
            Call::Contract(contract::Call::HasAbility { .. }) => {
                Reply::Contract(contract::Reply::Ability(false))
            }
            Call::Contract(contract::Call::Uptime) => {
                Reply::Contract(contract::Reply::UptimeMs(self.context.clock.uptime().as_millis()))
            }
            Call::Contract(contract::Call::RunLogLink) => {
                Reply::Contract(contract::Reply::RunLogLink(format!("riser log {}", self.run.0)))
            }
            waits => return Err(waits),
        })
    }

    /// Replies to a call that waits for the store or for a free slot.
    pub(super) async fn reply(&self, call: Call) -> Reply {
        let call = match call {
            Call::Record { samples } => return self.record(samples).await,
            Call::Contract(call) => call,
            Call::Publish { .. } | Call::Latest { .. } => {
                return refused("unknown-call", "it needs no waiting");
            }
        };
        match call {
            contract::Call::Declare { tree } => self.declare(*tree).await,
            contract::Call::Points => {
                let stored = self.context.items.stored(&self.owner).await;
                let points = long_work(|| packed_points(&stored));
                Reply::Contract(contract::Reply::Points(points))
            }
            contract::Call::LimiterAcquire { purpose } => self.acquire_permit(purpose).await,
            contract::Call::StateGet { key } => {
                match self.context.store.find_plugin_state(self.configuration, &key).await {
                    Ok(value) => {
                        let value = value.map(|value| String::from_utf8_lossy(&value).into_owned());
                        Reply::Contract(contract::Reply::State(value))
                    }
                    Err(error) => self.store_failed("its state could not be read", &error),
                }
            }
            contract::Call::StatePut { key, value } => {
                match self.context.store.put_plugin_state(self.configuration, &key, value.as_bytes()).await {
                    Ok(()) => Reply::Done,
                    Err(riser_store::StoreError::PluginStateFull) => {
                        refused("state-full", "a processor may keep 1 MiB of state")
                    }
                    Err(error) => self.store_failed("its state could not be written", &error),
                }
            }
            contract::Call::StateRemove { key } => {
                match self.context.store.remove_plugin_state(self.configuration, &key).await {
                    Ok(()) => Reply::Done,
                    Err(error) => self.store_failed("its state could not be removed", &error),
                }
            }
            _ => refused("unknown-call", "not a call of this host"),
        }
    }

    fn publish(&self, values: &ValueBatch) -> Reply {
        match self.context.items.publish(self.writer, values) {
            Ok(()) => Reply::Done,
            Err(error) => refused("values-refused", &error.to_string()),
        }
    }

    async fn declare(&self, tree: PackedTree) -> Reply {
        let converted = long_work(|| declared_tree(&tree));
        drop(tree);
        let declared = match converted {
            Ok((_, initial)) if !initial.iter().all(|(_, value)| is_storable(value)) => {
                let what = "an initial value is a number that is not finite or a text above 64 KiB";
                return refused("tree-refused", what);
            }
            Ok((tree, initial)) => self.context.items.declare(&self.owner, tree, initial, &self.actor).await,
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
        let stored = self.context.items.stored(&self.owner).await;
        Reply::Contract(contract::Reply::Declared {
            points: long_work(|| packed_points(&stored)),
            added: count(counts.added),
            changed: count(counts.changed),
            kept: count(counts.kept),
            vanished: count(counts.vanished),
        })
    }

    async fn record(&self, samples: Vec<(PointHandle, HistorySample)>) -> Reply {
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
            .filter_map(|stored| match &*stored.item {
                EwsItem::History(item) => Some((stored.handle, item)),
                _ => None,
            })
            .collect();
        samples.iter().find_map(|(handle, sample)| match histories.get(handle) {
            _ if !may_publish(sample.state) => {
                Some(format!("history {} cannot be given the state {}", handle.0, sample.state))
            }
            _ if !is_storable(&sample.value) => Some(format!(
                "history {} was given a number that is not finite or a text above 64 KiB",
                handle.0
            )),
            None => Some(format!("{} is not a history of this tree", handle.0)),
            Some(item) if item.definition.published_by != self.class => {
                let id = TreeKey::plugin_id(&item.id);
                Some(format!("the history {id} is recorded by the class {}", item.definition.published_by))
            }
            Some(item) if item.definition.kind != sample.value.kind() => {
                let id = TreeKey::plugin_id(&item.id);
                Some(format!("the history {id} takes {} samples", item.definition.kind.as_str()))
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
                self.slots.lock().entry(purpose).or_default().push(slot);
                Reply::Done
            }
            Err(closed) => Reply::Contract(contract::Reply::LimiterDenied {
                until_ms: closed.until.unix_ms(),
                reason: closed.reason,
            }),
        }
    }

    fn release_permit(&self, purpose: LimitedAction, result: &ActionResult) -> Reply {
        let Some((limiter, secret_version)) = &self.limiter else {
            return refused("no-connection", "this processor has no connection");
        };
        let slot = self.slots.lock().get_mut(&purpose).and_then(Vec::pop);
        let Some(slot) = slot else {
            return refused("limiter-not-entered", "the limiter is left only by who entered it");
        };
        if purpose == LimitedAction::Request && *result == ActionResult::Done {
            limiter.record_response_time(&slot);
        }
        // The report is recorded before the slot is free, so that the next worker sees it.
        limiter.report(purpose, result, *secret_version);
        drop(slot);
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

/// Replies to a call of a dry run, which has no row, no state and no connection limiter.
pub fn reply_in_dry_run(call: &contract::Call) -> Reply {
    match call {
        contract::Call::StateGet { .. } => Reply::Contract(contract::Reply::State(None)),
        contract::Call::HasAbility { .. } => Reply::Contract(contract::Reply::Ability(false)),
        contract::Call::RunLogLink => Reply::Contract(contract::Reply::RunLogLink("riser log".to_owned())),
        contract::Call::PublishesEvery { .. }
        | contract::Call::LimiterAcquire { .. }
        | contract::Call::LimiterRelease { .. }
        | contract::Call::RequestRun { .. }
        | contract::Call::StatePut { .. }
        | contract::Call::StateRemove { .. } => Reply::Done,
        _ => refused("unknown-call", "not a call of this host"),
    }
}

fn refused(code: &str, what: &str) -> Reply {
    Reply::Refused { code: code.to_owned(), what: what.to_owned() }
}
