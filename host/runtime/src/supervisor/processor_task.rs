//! The life of one processor configuration: admission, schedule, runs one after the other, back-off.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use riser_domain::{
    Actor, ClassId, ProcessorConfiguration, RunId, RunMode, RunState, RunTrigger, SetPointWrite, Timestamp,
    TreeOwner, sanitize_line,
};
use tokio::sync::{mpsc, oneshot};

use super::Context;
use super::back_off::BackOff;
use super::execution::{self, EndedRun, Ending};
use super::failure_log::FailureLog;
use crate::changes::Change;
use crate::configuration::owner_of;
use crate::status::{LastRun, ProcessorState, Progress};

/// A wait on the clock is looked at anew this often, so that a clock that jumps is noticed.
const CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// What a processor configuration is told.
#[derive(Debug)]
pub(crate) enum Command {
    Start {
        trigger: RunTrigger,
        reply: Option<oneshot::Sender<Result<(), StartRefusal>>>,
    },
    Stop {
        actor: Actor,
        reply: oneshot::Sender<Result<(), StopRefusal>>,
    },
    /// Writes for points that its class carries.
    SetPoints(Vec<SetPointWrite>),
    /// A class of the same plugin changed the tree.
    TreeChanged,
    /// A class of the same plugin succeeded, which this one may wait for.
    SiblingSucceeded,
    ShutDown,
}

/// Why a processor configuration was not started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartRefusal {
    #[error("it is switched off")]
    Inactive,
    #[error("it runs already")]
    Running,
    #[error("it may not be started by hand")]
    NotByHand,
    #[error("{0}")]
    Waiting(String),
    #[error("Riser is ending")]
    Ending,
}

/// Why a processor configuration was not stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopRefusal {
    #[error("it does not run")]
    NotRunning,
    #[error("it may not be stopped by hand")]
    NotByHand,
    #[error("Riser is ending")]
    Ending,
}

/// What others see of it.
#[derive(Clone, Debug)]
pub(crate) struct LiveStatus {
    pub(crate) state: ProcessorState,
    pub(crate) last_run: Option<LastRun>,
    pub(crate) next_run_at: Option<Timestamp>,
    pub(crate) progress: Option<Progress>,
    pub(crate) has_succeeded: bool,
}

pub(super) struct ProcessorTask {
    pub(super) context: Arc<Context>,
    pub(super) configuration: ProcessorConfiguration,
    pub(super) owner: TreeOwner,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) live: Arc<Mutex<LiveStatus>>,
    back_off: BackOff,
    /// When a run that ended early is tried again.
    retry_at: Option<Timestamp>,
    /// A run that was admitted and waits for another class.
    waiting: Option<RunId>,
    /// A start asked for while a run went on.
    queued: Option<RunTrigger>,
    next_by_schedule: Option<Timestamp>,
    /// The code of the problem that the last run failed with.
    pub(super) failed_with: Option<String>,
    pub(super) failures: FailureLog,
}

enum Next {
    Run(RunTrigger),
    End,
}

impl ProcessorTask {
    pub(super) fn new(
        context: Arc<Context>,
        configuration: ProcessorConfiguration,
        commands: mpsc::Receiver<Command>,
        live: Arc<Mutex<LiveStatus>>,
    ) -> Self {
        let owner = owner_of(&configuration);
        Self {
            context,
            configuration,
            owner,
            commands,
            live,
            back_off: BackOff::default(),
            retry_at: None,
            waiting: None,
            queued: None,
            next_by_schedule: None,
            failed_with: None,
            failures: FailureLog::default(),
        }
    }

    pub(super) async fn run(mut self) {
        self.plan_next();
        if self.configuration.flags.active && self.configuration.flags.runs_at_start {
            self.queued = Some(RunTrigger::HostStart);
        } else if self.configuration.flags.active && self.has_open_writes() {
            self.queued = Some(RunTrigger::SetPoint);
        }
        while let Next::Run(trigger) = self.wait_for_start().await {
            let Some(run) = self.admit(trigger).await else { continue };
            let mut ended = execution::execute(&mut self, run).await;
            self.finish(&mut ended).await;
            if ended.ending == Ending::HostEnds {
                break;
            }
        }
        self.abandon_waiting().await;
    }

    /// Sleeps until there is something to run.
    async fn wait_for_start(&mut self) -> Next {
        loop {
            if let Some(trigger) = self.queued.take() {
                return Next::Run(trigger);
            }
            if let Some(trigger) = self.due() {
                return Next::Run(trigger);
            }
            let command = tokio::select! {
                command = self.commands.recv() => command.unwrap_or(Command::ShutDown),
                () = tokio::time::sleep(CLOCK_CHECK_INTERVAL) => continue,
            };
            match command {
                Command::ShutDown => return Next::End,
                Command::Start { trigger, reply } => {
                    let refusal = self.refuse_start(&trigger);
                    if let Some(reply) = reply {
                        let _ = reply.send(refusal.clone().map_or(Ok(()), Err));
                    }
                    if refusal.is_none() {
                        self.back_off.reset();
                        if matches!(trigger, RunTrigger::Person(_)) {
                            self.failures = FailureLog::default();
                        }
                        return Next::Run(trigger);
                    }
                }
                Command::Stop { actor, reply } => {
                    let _ = reply.send(self.stop_idle(&actor).await);
                }
                Command::SetPoints(_) => {
                    if self.mode() == Some(RunMode::Scheduled) {
                        return Next::Run(RunTrigger::SetPoint);
                    }
                }
                Command::SiblingSucceeded => {
                    if self.waiting.is_some() {
                        return Next::Run(RunTrigger::Restart);
                    }
                }
                Command::TreeChanged => {}
            }
        }
    }

    fn due(&mut self) -> Option<RunTrigger> {
        let now = self.context.clock.now();
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry_at = None;
            return Some(RunTrigger::Restart);
        }
        if self.next_by_schedule.is_some_and(|at| at <= now) {
            self.plan_next();
            return Some(RunTrigger::Schedule);
        }
        None
    }

    /// Works out the next run by schedule; one that was missed is not made up for more than once.
    fn plan_next(&mut self) {
        let flags = self.configuration.flags;
        let now = self.context.clock.now();
        self.next_by_schedule = self
            .configuration
            .schedule
            .filter(|_| flags.active && flags.runs_on_schedule)
            .and_then(|schedule| self.context.configurations.schedule(schedule))
            .and_then(|schedule| schedule.rule.next_after(now));
        let next = self.next_by_schedule;
        self.show(|live| live.next_run_at = next);
    }

    fn refuse_start(&self, trigger: &RunTrigger) -> Option<StartRefusal> {
        let flags = self.configuration.flags;
        if !flags.active {
            return Some(StartRefusal::Inactive);
        }
        if !matches!(trigger, RunTrigger::Person(_)) {
            return None;
        }
        if !flags.manually_startable {
            return Some(StartRefusal::NotByHand);
        }
        // A run that waits already begins by itself: the person is told what it waits for.
        self.waiting?;
        self.missing_dependency().map(|(_, sentence)| StartRefusal::Waiting(sentence))
    }

    /// Stops what is about to start: a retry, or a run that waits for another class.
    async fn stop_idle(&mut self, actor: &Actor) -> Result<(), StopRefusal> {
        if !self.configuration.flags.manually_stoppable {
            return Err(StopRefusal::NotByHand);
        }
        if self.retry_at.take().is_none() && self.waiting.is_none() {
            return Err(StopRefusal::NotRunning);
        }
        if let Some(run) = self.waiting.take() {
            self.context.end_run(run, RunState::Cancelled, &format!("stopped by {actor}")).await;
        }
        self.set_state(ProcessorState::Idle);
        Ok(())
    }

    /// Records the run, and lets it go on unless it has to wait for another class.
    async fn admit(&mut self, trigger: RunTrigger) -> Option<RunId> {
        if !self.configuration.flags.active {
            return None;
        }
        self.retry_at = None;
        let run = match self.waiting.take() {
            Some(run) => run,
            None => match self
                .context
                .store
                .add_run(self.configuration.id, &trigger, self.context.clock.now())
                .await
            {
                Ok(run) => run,
                Err(error) => {
                    self.context.report_store_failure("a run could not be recorded", &error);
                    self.retry_at = Some(self.context.clock.now().plus(Duration::from_mins(1)));
                    return None;
                }
            },
        };
        if let Some((configuration, sentence)) = self.missing_dependency() {
            self.waiting = Some(run);
            if let Err(error) = self.context.store.update_run_reason(run, &sentence).await {
                self.context.report_store_failure("why a run waits could not be recorded", &error);
            }
            self.note_last_run(LastRun {
                id: run,
                state: RunState::Waiting,
                reason: sentence.clone(),
                started_at: None,
                ended_at: None,
            });
            self.set_state(ProcessorState::WaitingFor { configuration, sentence });
            return None;
        }
        Some(run)
    }

    /// The class that must have succeeded once and has not, as a sentence.
    fn missing_dependency(&self) -> Option<(Option<riser_domain::ConfigurationId>, String)> {
        let class = self.context.libraries.class(&self.configuration.class)?;
        let after = class.requires?;
        match self.context.configurations.of_class(&self.owner, &after) {
            None => Some((
                None,
                format!(
                    "Waiting for the class {after}, which no processor runs for this connection and server"
                ),
            )),
            Some(other) if self.context.directory().has_succeeded(other.id) => None,
            Some(other) => {
                Some((Some(other.id), format!("Waiting for {}, which has never succeeded", other.name)))
            }
        }
    }

    /// Draws the conclusions of a run: records it, tells siblings, plans what comes next.
    async fn finish(&mut self, ended: &mut EndedRun) {
        let now = self.context.clock.now();
        self.context.end_run(ended.run, ended.state, &ended.reason).await;
        self.log_end(ended, now);
        self.note_last_run(LastRun {
            id: ended.run,
            state: ended.state,
            reason: ended.reason.clone(),
            started_at: Some(ended.started_at),
            ended_at: Some(now),
        });
        let mode = self.mode();
        if mode == Some(RunMode::LongRunning) {
            self.context
                .items
                .writer_stopped(&self.owner, &Arc::from(self.configuration.class.class.as_str()));
        }
        match ended.ending {
            Ending::HostEnds | Ending::Stopped => self.set_state(ProcessorState::Idle),
            Ending::Done if mode != Some(RunMode::LongRunning) => {
                self.back_off.reset();
                self.show(|live| live.has_succeeded = true);
                self.set_state(ProcessorState::Idle);
                self.context
                    .directory()
                    .notify_siblings(&self.owner, self.configuration.id, || Command::SiblingSucceeded);
            }
            Ending::Final if mode != Some(RunMode::LongRunning) => self.set_state(ProcessorState::Idle),
            Ending::Done | Ending::TryAgain | Ending::Final => self.retry(ended, now),
        }
        self.plan_next();
    }

    /// Logs how a run ended, unless it only repeats the failed run before it.
    fn log_end(&mut self, ended: &EndedRun, now: Timestamp) {
        let (name, configuration, run) = (&self.configuration.name, self.configuration.id.0, ended.run.0);
        let reason = &sanitize_line(&ended.reason);
        match ended.state {
            RunState::Failed | RunState::TimedOut => {
                if let Some(line) = self.failures.failed(reason, now) {
                    tracing::error!(
                        processor_configuration.id = configuration,
                        run.id = run,
                        "{name}: {line}"
                    );
                }
            }
            RunState::Succeeded => {
                if let Some(line) = self.failures.succeeded() {
                    tracing::info!(
                        processor_configuration.id = configuration,
                        run.id = run,
                        "{name}: {line}"
                    );
                }
            }
            _ if reason.is_empty() => {}
            _ => tracing::info!(processor_configuration.id = configuration, run.id = run, "{name}: {reason}"),
        }
    }

    fn retry(&mut self, ended: &EndedRun, now: Timestamp) {
        let (wait, attempt) = self.back_off.after(now.since(ended.started_at));
        let at = now.plus(wait);
        self.retry_at = Some(at);
        let reason =
            if ended.reason.is_empty() { "it ended by itself".to_owned() } else { ended.reason.clone() };
        self.set_state(ProcessorState::Retrying { attempt, at, reason });
    }

    /// A run that waits when the host ends will never run.
    async fn abandon_waiting(&mut self) {
        if let Some(run) = self.waiting.take() {
            self.context.end_run(run, RunState::Interrupted, "Riser ended").await;
        }
    }

    fn has_open_writes(&self) -> bool {
        self.mode() == Some(RunMode::Scheduled)
            && !self.context.outbox.open_for(&self.owner, &self.configuration.class.class).is_empty()
    }

    fn mode(&self) -> Option<RunMode> {
        self.context.libraries.class(&self.configuration.class).map(|class| class.mode)
    }

    pub(super) fn class(&self) -> &ClassId {
        &self.configuration.class
    }

    /// Keeps a start for when the present run is over.
    pub(super) fn queue(&mut self, trigger: RunTrigger) {
        self.queued = Some(trigger);
    }

    pub(super) fn show(&self, change: impl FnOnce(&mut LiveStatus)) {
        change(&mut self.live.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn set_state(&self, state: ProcessorState) {
        self.show(|live| {
            if !matches!(state, ProcessorState::Running { .. }) {
                live.progress = None;
            }
            live.state = state;
        });
        self.context.changes.send(Change::Processor(self.configuration.id));
    }

    pub(super) fn note_last_run(&self, run: LastRun) {
        self.show(|live| live.last_run = Some(run));
    }
}
