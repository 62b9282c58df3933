use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use riser_domain::{Actor, ConfigurationId, RunTrigger, SetPointWrite, TreeOwner};
use tokio::sync::{mpsc, oneshot, watch};

use super::command::{Command, ReleaseRefusal, StartRefusal, StopRefusal};
use super::live_status::{LiveStatus, RunningWorker, StatusBoard};
use super::processor_setup::ProcessorSetup;
use crate::status::ProcessorState;

/// The processors with a task, by configuration. It is empty until the processors start.
#[derive(Debug, Default)]
pub(crate) struct ProcessorRegistry {
    processors: RwLock<HashMap<ConfigurationId, RegisteredProcessor>>,
}

/// The channels to the task of one processor. Dropping it ends the task.
#[derive(Debug)]
pub(super) struct RegisteredProcessor {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) setup: watch::Sender<Arc<ProcessorSetup>>,
    pub(super) status: Arc<StatusBoard>,
}

impl ProcessorRegistry {
    pub(super) fn insert(&self, configuration: ConfigurationId, processor: RegisteredProcessor) {
        self.write().insert(configuration, processor);
    }

    /// Removes a processor. Its task stops its run and ends.
    pub(super) fn remove(&self, configuration: ConfigurationId) {
        self.write().remove(&configuration);
    }

    /// Sends a processor another setup. Returns whether the processor exists.
    pub(super) fn change(
        &self,
        configuration: ConfigurationId,
        change: impl FnOnce(&ProcessorSetup) -> ProcessorSetup,
    ) -> bool {
        let processors = self.read();
        let Some(processor) = processors.get(&configuration) else { return false };
        processor.setup.send_if_modified(|setup| {
            let changed = change(setup);
            let is_changed = changed != **setup;
            if is_changed {
                *setup = Arc::new(changed);
            }
            is_changed
        });
        true
    }

    pub(super) fn ids(&self) -> Vec<ConfigurationId> {
        self.read().keys().copied().collect()
    }

    /// Returns the status of a processor.
    pub(crate) fn status(&self, configuration: ConfigurationId) -> Option<LiveStatus> {
        Some(self.read().get(&configuration)?.status.read())
    }

    pub(crate) fn has_succeeded(&self, configuration: ConfigurationId) -> bool {
        self.status(configuration).is_some_and(|status| status.has_succeeded)
    }

    /// Sends a command without waiting. A processor whose mailbox is full misses it, so it must not be durable.
    pub(crate) fn notify(&self, configuration: ConfigurationId, command: Command) {
        if let Some(processor) = self.read().get(&configuration)
            && let Err(error) = processor.commands.try_send(command)
        {
            tracing::warn!(processor_configuration.id = configuration.0, "a processor is behind: {error}");
        }
    }

    /// Notifies the other processors that share a tree.
    pub(crate) fn notify_siblings(
        &self,
        owner: &TreeOwner,
        except: ConfigurationId,
        command: impl Fn() -> Command,
    ) {
        let siblings: Vec<ConfigurationId> = self
            .read()
            .iter()
            .filter(|(id, processor)| **id != except && processor.setup.borrow().owner() == *owner)
            .map(|(id, _)| *id)
            .collect();
        for sibling in siblings {
            self.notify(sibling, command());
        }
    }

    /// Passes accepted writes to their processors, in the groups in which they were written. It waits for
    /// room in a full mailbox: a write that its processor does not get would wait for the next run.
    pub(crate) async fn deliver(&self, writes: HashMap<ConfigurationId, Vec<SetPointWrite>>) {
        for (configuration, writes) in writes {
            // A processor that is ending takes none; its next run finds them open.
            let _ = self.send(configuration, Command::SetPoints(writes)).await;
        }
    }

    /// Starts a processor for a person.
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

    /// Stops a processor for a person.
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

    /// Ends the quarantine of a processor for a person.
    pub(crate) async fn release(
        &self,
        configuration: ConfigurationId,
        person: &Actor,
    ) -> Result<(), ReleaseRefusal> {
        let (reply, replied) = oneshot::channel();
        self.send(configuration, Command::Release { actor: person.clone(), reply })
            .await
            .ok_or(ReleaseRefusal::Ending)?;
        replied.await.unwrap_or(Err(ReleaseRefusal::Ending))
    }

    /// Returns whether a processor is quarantined.
    pub(crate) fn is_quarantined(&self, configuration: ConfigurationId) -> bool {
        self.status(configuration).is_some_and(|status| status.quarantine.is_some())
    }

    /// Returns the workers that execute a run, with their processors.
    pub(crate) fn workers(&self) -> Vec<(ConfigurationId, RunningWorker)> {
        let processors = self.read();
        processors.iter().filter_map(|(id, processor)| Some((*id, processor.status.worker()?))).collect()
    }

    /// Returns how many workers execute a run.
    pub(crate) fn running(&self) -> usize {
        let is_running = |processor: &&RegisteredProcessor| {
            matches!(processor.status.read().state, ProcessorState::Running { .. })
        };
        self.read().values().filter(is_running).count()
    }

    /// Asks all tasks to stop their runs and end.
    pub(super) async fn shut_down(&self) {
        for id in self.ids() {
            let _ = self.send(id, Command::ShutDown).await;
        }
    }

    async fn send(&self, configuration: ConfigurationId, command: Command) -> Option<()> {
        let commands = self.read().get(&configuration)?.commands.clone();
        commands.send(command).await.ok()
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<ConfigurationId, RegisteredProcessor>> {
        self.processors.read()
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<ConfigurationId, RegisteredProcessor>> {
        self.processors.write()
    }
}
