//! Supervision: one task for each processor configuration, and what they share.

mod back_off;
mod execution;
mod failure_log;
mod processor_task;
mod run_log;
mod run_request;
mod services;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use riser_domain::{
    Actor, Clock, ConfigurationId, Problem, ProcessorConfiguration, RunId, RunState, RunTrigger,
    SetPointWrite, TreeOwner,
};
use riser_secrets::Keyring;
use riser_store::{Store, StoreError};
use riser_worker::Launcher;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

pub(crate) use processor_task::{Command, LiveStatus};
pub use processor_task::{StartRefusal, StopRefusal};

use crate::changes::Changes;
use crate::configuration::{Configurations, owner_of};
use crate::connection_limiter::ConnectionLimiters;
use crate::items::ItemStore;
use crate::libraries::Libraries;
use crate::outbox::{Outbox, handler};
use crate::problems::Problems;
use crate::status::{LastRun, ProcessorState};
use processor_task::ProcessorTask;

/// Commands a processor configuration may have waiting.
const WAITING_COMMANDS: usize = 64;

/// What all processor configurations share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) configurations: Arc<Configurations>,
    pub(crate) items: Arc<ItemStore>,
    pub(crate) changes: Changes,
    pub(crate) limiters: ConnectionLimiters,
    pub(crate) problems: Problems,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) libraries: Libraries,
    pub(crate) launcher: Launcher,
    pub(crate) instance: String,
    /// Set when the tasks have started.
    pub(crate) directory: OnceLock<Directory>,
    /// Stands in for it until then: the portal answers before.
    pub(crate) no_tasks_yet: Directory,
}

/// The running tasks, by configuration.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    processors: HashMap<ConfigurationId, Processor>,
}

#[derive(Debug)]
struct Processor {
    owner: TreeOwner,
    commands: mpsc::Sender<Command>,
    live: Arc<Mutex<LiveStatus>>,
}

impl Context {
    /// The directory; empty until the tasks have started.
    pub(crate) fn directory(&self) -> &Directory {
        self.directory.get().unwrap_or(&self.no_tasks_yet)
    }

    /// Records how a run ended.
    pub(crate) async fn end_run(&self, run: RunId, state: RunState, reason: &str) {
        if let Err(error) = self.store.end_run(run, state, reason, self.clock.now()).await {
            self.report_store_failure("the end of a run could not be recorded", &error);
        }
    }

    /// A failure of the store that a processor meets is logged and stands as a problem until one succeeds.
    pub(crate) fn report_store_failure(&self, what: &str, error: &StoreError) {
        tracing::error!(error = error as &dyn std::error::Error, "{what}");
        self.problems.raise(
            None,
            "Riser",
            Problem {
                code: "store-failed".to_owned(),
                what: format!("{what}: {error}"),
                effect: "what could not be stored may be lost when Riser ends".to_owned(),
                remedy: "look whether the disk of the data directory is full or read-only".to_owned(),
                setting: None,
            },
        );
    }
}

/// Starts a task for every processor configuration.
pub(crate) async fn start(context: &Arc<Context>) -> Result<JoinSet<()>, StoreError> {
    let mut directory = Directory::default();
    let mut ready = Vec::new();
    for configuration in &context.configurations.now().processors {
        let (sender, commands) = mpsc::channel(WAITING_COMMANDS);
        let live = Arc::new(Mutex::new(initial_status(context, configuration).await?));
        directory.processors.insert(
            configuration.id,
            Processor { owner: owner_of(configuration), commands: sender, live: Arc::clone(&live) },
        );
        ready.push(ProcessorTask::new(Arc::clone(context), configuration.clone(), commands, live));
    }
    context.directory.set(directory).expect("processors are started once");
    let mut tasks = JoinSet::new();
    for task in ready {
        tasks.spawn(task.run());
    }
    Ok(tasks)
}

async fn initial_status(
    context: &Context,
    configuration: &ProcessorConfiguration,
) -> Result<LiveStatus, StoreError> {
    let last_run = context.store.list_runs_of(configuration.id, 1).await?.pop();
    let has_succeeded = context.store.last_success(configuration.id).await?.is_some();
    Ok(LiveStatus {
        state: if configuration.flags.active { ProcessorState::Idle } else { ProcessorState::Inactive },
        last_run: last_run.map(|run| LastRun {
            id: run.id,
            state: run.state,
            reason: run.reason,
            started_at: run.started_at,
            ended_at: run.ended_at,
        }),
        next_run_at: None,
        progress: None,
        has_succeeded,
    })
}

impl Directory {
    /// What a configuration does now.
    pub(crate) fn live(&self, configuration: ConfigurationId) -> Option<LiveStatus> {
        let processor = self.processors.get(&configuration)?;
        Some(processor.live.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    pub(crate) fn has_succeeded(&self, configuration: ConfigurationId) -> bool {
        self.live(configuration).is_some_and(|live| live.has_succeeded)
    }

    /// Tells one configuration something; one whose mailbox is full misses it, as it misses nothing durable.
    pub(crate) fn notify(&self, configuration: ConfigurationId, command: Command) {
        if let Some(processor) = self.processors.get(&configuration)
            && let Err(error) = processor.commands.try_send(command)
        {
            tracing::warn!(processor_configuration.id = configuration.0, "a processor is behind: {error}");
        }
    }

    /// Tells the other configurations that share a tree.
    pub(crate) fn notify_siblings(
        &self,
        owner: &TreeOwner,
        except: ConfigurationId,
        command: impl Fn() -> Command,
    ) {
        for (id, processor) in &self.processors {
            if processor.owner == *owner && *id != except {
                self.notify(*id, command());
            }
        }
    }

    /// Hands accepted writes to the classes that carry them, together as they were written. Waits for room in
    /// a full mailbox: what nobody is told of would wait for the next start.
    pub(crate) async fn deliver(&self, context: &Context, writes: Vec<SetPointWrite>) {
        let mut by_handler: HashMap<ConfigurationId, Vec<SetPointWrite>> = HashMap::new();
        for write in writes {
            let tree = context.items.server(write.ews_server);
            let configuration = handler(&tree, write.point)
                .and_then(|(owner, class)| context.configurations.of_class(owner, class));
            if let Some(configuration) = configuration {
                by_handler.entry(configuration.id).or_default().push(write);
            }
        }
        for (configuration, writes) in by_handler {
            // Nobody takes them while Riser ends; the next start does.
            let _ = self.send(configuration, Command::SetPoints(writes)).await;
        }
    }

    /// Starts a configuration for a person.
    pub(crate) async fn start_by_hand(
        &self,
        configuration: ConfigurationId,
        person: &Actor,
    ) -> Result<(), StartRefusal> {
        let (reply, replied) = oneshot::channel();
        let trigger = RunTrigger::Person(person.to_string());
        self.send(configuration, Command::Start { trigger, reply: Some(reply) })
            .await
            .ok_or(StartRefusal::Ending)?;
        replied.await.unwrap_or(Err(StartRefusal::Ending))
    }

    /// Stops a configuration for a person.
    pub(crate) async fn stop_by_hand(
        &self,
        configuration: ConfigurationId,
        person: &Actor,
    ) -> Result<(), StopRefusal> {
        let (reply, replied) = oneshot::channel();
        self.send(configuration, Command::Stop { actor: person.clone(), reply })
            .await
            .ok_or(StopRefusal::Ending)?;
        replied.await.unwrap_or(Err(StopRefusal::Ending))
    }

    /// How many workers execute a run.
    pub(crate) fn running(&self) -> usize {
        let is_running = |id: &&ConfigurationId| {
            self.live(**id).is_some_and(|live| matches!(live.state, ProcessorState::Running { .. }))
        };
        self.processors.keys().filter(is_running).count()
    }

    /// Asks all to end.
    pub(crate) async fn shut_down(&self) {
        for id in self.processors.keys() {
            let _ = self.send(*id, Command::ShutDown).await;
        }
    }

    async fn send(&self, configuration: ConfigurationId, command: Command) -> Option<()> {
        self.processors.get(&configuration)?.commands.send(command).await.ok()
    }
}
