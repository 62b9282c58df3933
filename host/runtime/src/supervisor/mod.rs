//! Supervision: one task for each processor configuration, which plans, executes and ends its runs.

mod after_run;
mod back_off;
mod command;
mod execution;
mod failure_log;
mod failure_problem;
mod inbox;
mod live_status;
mod processor_setup;
mod processor_task;
mod quarantine;
mod registry;
mod run_log;
mod run_records;
mod run_request;
mod run_starter;
pub(crate) mod schedule_plan;
mod service_context;
mod services;
mod throttle;
mod timetable;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use riser_domain::{Actor, Clock, ProcessorConfiguration, RunTrigger};
use riser_secrets::Keyring;
use riser_store::{Configuration, Store, StoreError};
use riser_worker_host::Launcher;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

pub use command::{ReleaseRefusal, StartRefusal, StopRefusal};
pub(crate) use registry::ProcessorRegistry;
pub use services::reply_in_dry_run;

use crate::changes::Changes;
use crate::clock_watch::ClockWatch;
use crate::configuration::{ConfigurationChange, Configurations, owner_of};
use crate::connection_limiter::ConnectionLimiters;
use crate::items::ItemStore;
use crate::libraries::Libraries;
use crate::outbox::Outbox;
use crate::problems::Problems;
use crate::status::LastRun;
use crate::store_failures::StoreFailures;
use command::Command;
use execution::Executor;
use inbox::Inbox;
use live_status::{LiveStatus, StatusBoard};
use processor_setup::ProcessorSetup;
use processor_task::{ProcessorTask, TaskParts};
use registry::RegisteredProcessor;
use run_records::RunRecords;
use run_request::RunRequests;
use run_starter::RunStarter;
use service_context::ServiceContext;

/// Largest number of waiting commands of a processor configuration.
const WAITING_COMMANDS: usize = 64;
/// Time the processors have to end when Riser ends; a little more than the workers' own grace.
const SHUT_DOWN_GRACE: Duration = Duration::from_secs(12);

/// The parts of the supervisor.
#[derive(Debug)]
pub(crate) struct SupervisorParts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) clock_watch: Arc<ClockWatch>,
    pub(crate) store: Store,
    pub(crate) failures: StoreFailures,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) configurations: Arc<Configurations>,
    pub(crate) items: Arc<ItemStore>,
    pub(crate) changes: Changes,
    pub(crate) limiters: Arc<ConnectionLimiters>,
    pub(crate) problems: Arc<Problems>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) libraries: Arc<Libraries>,
    pub(crate) launcher: Launcher,
    pub(crate) instance: String,
    pub(crate) processors: Arc<ProcessorRegistry>,
}

/// Starts, changes and ends the tasks of processors.
#[derive(Debug)]
pub(crate) struct Supervisor {
    store: Store,
    changes: Changes,
    processors: Arc<ProcessorRegistry>,
    parts: Arc<TaskParts>,
    tasks: Mutex<JoinSet<()>>,
}

impl Supervisor {
    /// Creates a supervisor. No task runs yet.
    pub(crate) fn new(parts: SupervisorParts) -> Self {
        let SupervisorParts {
            clock,
            clock_watch,
            store,
            failures,
            items,
            outbox,
            problems,
            libraries,
            processors,
            ..
        } = parts;
        let requests = RunRequests {
            store: store.clone(),
            keyring: parts.keyring,
            outbox: Arc::clone(&outbox),
            instance: parts.instance,
        };
        let services = ServiceContext {
            clock: Arc::clone(&clock),
            store: store.clone(),
            failures: failures.clone(),
            configurations: Arc::clone(&parts.configurations),
            items: Arc::clone(&items),
            limiters: parts.limiters,
            processors: Arc::clone(&processors),
        };
        let executor = Executor {
            clock: Arc::clone(&clock),
            clock_watch: Arc::clone(&clock_watch),
            store: store.clone(),
            failures: failures.clone(),
            problems: Arc::clone(&problems),
            outbox: Arc::clone(&outbox),
            starter: RunStarter {
                libraries: Arc::clone(&libraries),
                launcher: parts.launcher,
                store: store.clone(),
                requests,
            },
            services: Arc::new(services),
        };
        let tasks = TaskParts {
            records: RunRecords { store: store.clone(), clock, failures },
            configurations: parts.configurations,
            libraries,
            items,
            outbox,
            problems,
            processors: Arc::clone(&processors),
            executor,
            clock_watch,
        };
        Self { store, changes: parts.changes, processors, parts: Arc::new(tasks), tasks: Mutex::default() }
    }

    /// Starts a task for every processor configuration.
    pub(crate) async fn start(&self) -> Result<(), StoreError> {
        let configuration = self.parts.configurations.now();
        let mut ready = Vec::new();
        for processor in &configuration.processors {
            let status = self.initial_status(processor).await?;
            ready.push(self.register(processor, &configuration, status, RunTrigger::HostStart));
        }
        // All are registered before the first one looks for its siblings.
        self.spawn(ready).await;
        Ok(())
    }

    /// Adds, changes and removes tasks. Runs that have to stop are given their grace meanwhile.
    pub(crate) async fn apply(&self, change: &ConfigurationChange) {
        let after = &change.after;
        let trigger = RunTrigger::Person(change.actor.to_string());
        for id in self.processors.ids() {
            if !after.processors.iter().any(|processor| processor.id == id) {
                self.processors.remove(id);
                self.parts.problems.clear_of(id);
            }
        }
        let mut ready = Vec::new();
        for processor in &after.processors {
            let has_new_secrets = change.changed_processor_secrets.contains(&processor.id);
            let is_known = self.processors.change(processor.id, |before| {
                let secrets_version = before.secrets_version + u64::from(has_new_secrets);
                let mut changed = ProcessorSetup {
                    library_version: before.library_version,
                    ..ProcessorSetup::new(processor, after, secrets_version, before.first_trigger.clone())
                };
                if changed != *before {
                    changed.first_trigger = trigger.clone();
                }
                changed
            });
            if !is_known {
                let status = self.initial_status(processor).await.unwrap_or_else(|error| {
                    self.parts.records.failures.report("the runs of a processor could not be read", &error);
                    LiveStatus::initial(processor)
                });
                ready.push(self.register(processor, after, status, trigger.clone()));
            }
        }
        self.spawn(ready).await;
        self.notify_siblings_of_changed(change);
    }

    /// Starts the long-running processors of a plugin again, because another library is in use. Runs that end by
    /// themselves keep the library that they began with.
    pub(crate) fn restart_plugin(&self, plugin: &str, actor: &Actor) {
        for id in self.processors.ids() {
            self.processors.change(id, |before| {
                let mut changed = before.clone();
                if before.configuration.class.plugin == plugin {
                    changed.library_version += 1;
                    changed.first_trigger = RunTrigger::Person(actor.to_string());
                }
                changed
            });
        }
    }

    /// A class may wait for another one that was added, removed or changed.
    fn notify_siblings_of_changed(&self, change: &ConfigurationChange) {
        let (before, after) = (&change.before.processors, &change.after.processors);
        let is_unchanged = |all: &[ProcessorConfiguration], processor| all.contains(processor);
        let changed = before
            .iter()
            .filter(|processor| !is_unchanged(after, processor))
            .chain(after.iter().filter(|processor| !is_unchanged(before, processor)));
        for processor in changed {
            self.processors.notify_siblings(&owner_of(processor), processor.id, || Command::SiblingChanged);
        }
    }

    fn register(
        &self,
        processor: &ProcessorConfiguration,
        configuration: &Configuration,
        status: LiveStatus,
        first_trigger: RunTrigger,
    ) -> ProcessorTask {
        let (commands, commands_in) = mpsc::channel(WAITING_COMMANDS);
        let setup = Arc::new(ProcessorSetup::new(processor, configuration, 0, first_trigger));
        let (setup, setup_in) = watch::channel(setup);
        let status = Arc::new(StatusBoard::new(processor.id, self.changes.clone(), status));
        let registered = RegisteredProcessor { commands, setup, status: Arc::clone(&status) };
        self.processors.insert(processor.id, registered);
        ProcessorTask::new(Arc::clone(&self.parts), Inbox::new(commands_in, setup_in), status)
    }

    /// Lets tasks go on with their schedules, and starts them.
    async fn spawn(&self, mut ready: Vec<ProcessorTask>) {
        let rules = ready.iter().filter_map(ProcessorTask::rule);
        let rules = rules.map(|(processor, own)| (processor, own.rule.to_string())).collect();
        let done = self.parts.records.resume_schedules(rules).await;
        for task in &mut ready {
            if let Some(done) = task.rule().and_then(|(processor, _)| done.get(&processor)) {
                task.resume_schedule(*done);
            }
        }
        let mut tasks = self.tasks.lock();
        // Those of removed processors are not kept.
        while tasks.try_join_next().is_some() {}
        for task in ready {
            tasks.spawn(task.run());
        }
    }

    async fn initial_status(&self, processor: &ProcessorConfiguration) -> Result<LiveStatus, StoreError> {
        let last_run = self.store.latest_run_of(processor.id).await?;
        let has_succeeded = self.store.last_success(processor.id).await?.is_some();
        let quarantine = self.store.find_quarantine(processor.id).await?;
        let last_run = last_run.map(|run| LastRun {
            id: run.id,
            state: run.state,
            reason: run.reason,
            started_at: run.started_at,
            ended_at: run.ended_at,
        });
        Ok(LiveStatus { last_run, has_succeeded, quarantine, ..LiveStatus::initial(processor) })
    }

    /// Stops all runs and ends all tasks.
    pub(crate) async fn shut_down(&self) {
        self.processors.shut_down().await;
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        let ended = async { while tasks.join_next().await.is_some() {} };
        // Workers that do not end within their grace are killed without further waiting.
        let _ = tokio::time::timeout(SHUT_DOWN_GRACE, ended).await;
        tasks.shutdown().await;
    }
}
