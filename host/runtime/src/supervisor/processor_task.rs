//! The life of one processor configuration: admission, schedule, runs one after the other, back-off, changes
//! of its configuration.

mod by_schedule;
mod in_quarantine;

use std::sync::Arc;
use std::time::Duration;

use riser_domain::{
    Actor, ClockReading, ConfigurationId, RunId, RunMode, RunState, RunTrigger, Timestamp, Uptime,
    sanitize_line,
};
use tokio::sync::watch;

use super::after_run::AfterRun;
use super::back_off::BackOff;
use super::command::{Command, StartRefusal, StopRefusal};
use super::execution::{AdmittedRun, EndedRun, Executor};
use super::failure_log::FailureLog;
use super::failure_problem::FailureProblem;
use super::inbox::{Inbox, Incoming};
use super::live_status::StatusBoard;
use super::processor_setup::ProcessorSetup;
use super::quarantine::RecentCrashes;
use super::registry::ProcessorRegistry;
use super::run_records::RunRecords;
use super::schedule_plan::{Activity, OwnRule};
use super::timetable::Timetable;
use crate::clock_watch::ClockWatch;
use crate::configuration::Configurations;
use crate::items::ItemStore;
use crate::libraries::Libraries;
use crate::outbox::Outbox;
use crate::problems::Problems;
use crate::status::{LastRun, ProcessorState};

/// Time until a run that could not be recorded is tried again.
const RECORD_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// The parts that the tasks of all processors share.
#[derive(Debug)]
pub(super) struct TaskParts {
    pub(super) records: RunRecords,
    pub(super) configurations: Arc<Configurations>,
    pub(super) libraries: Arc<Libraries>,
    pub(super) items: Arc<ItemStore>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) problems: Arc<Problems>,
    pub(super) processors: Arc<ProcessorRegistry>,
    pub(super) executor: Executor,
    pub(super) clock_watch: Arc<ClockWatch>,
}

/// The task of one processor configuration.
#[derive(Debug)]
pub(super) struct ProcessorTask {
    parts: Arc<TaskParts>,
    inbox: Inbox,
    status: Arc<StatusBoard>,
    setup: Arc<ProcessorSetup>,
    back_off: BackOff,
    /// When a run that ended early is tried again.
    retry_at: Option<Uptime>,
    /// A run that was admitted and waits for another class.
    waiting: Option<RunId>,
    /// The trigger of a run that starts at once.
    queued: Option<RunTrigger>,
    timetable: Timetable,
    clock_steps: watch::Receiver<u64>,
    open_failure: FailureProblem,
    failure_log: FailureLog,
    recent_crashes: RecentCrashes,
}

enum Next {
    Run(RunTrigger),
    End,
}

impl ProcessorTask {
    pub(super) fn new(parts: Arc<TaskParts>, mut inbox: Inbox, status: Arc<StatusBoard>) -> Self {
        let clock_steps = parts.clock_watch.steps();
        let setup = inbox.latest_setup();
        let timetable = Timetable::new(setup.configuration.id, parts.records.clone(), Arc::clone(&status));
        Self {
            parts,
            setup,
            inbox,
            status,
            back_off: BackOff::default(),
            retry_at: None,
            waiting: None,
            queued: None,
            timetable,
            clock_steps,
            open_failure: FailureProblem::default(),
            failure_log: FailureLog::default(),
            recent_crashes: RecentCrashes::default(),
        }
    }

    /// Returns its processor with the rule by which it runs, if it has one.
    pub(super) fn rule(&self) -> Option<(ConfigurationId, OwnRule)> {
        Some((self.id(), self.setup.rule()?))
    }

    /// Goes on with its rule, whose times up to `done` are done.
    pub(super) fn resume_schedule(&mut self, done: Timestamp) {
        if let Some(own) = self.setup.rule() {
            self.timetable.resume(own, done);
        }
    }

    /// Runs the processor until it is removed or Riser ends.
    pub(super) async fn run(mut self) {
        self.check_schedule();
        self.queue_first_run();
        while let Next::Run(trigger) = self.wait_for_start().await {
            let Some(run) = self.admit(trigger).await else { continue };
            let run = AdmittedRun {
                id: run,
                setup: Arc::clone(&self.setup),
                mode: self.mode(),
                open_failure: std::mem::take(&mut self.open_failure),
                failure_log: std::mem::take(&mut self.failure_log),
            };
            let executor = &self.parts.executor;
            let ended = executor.execute(run, &mut self.inbox, &self.status, &mut self.timetable).await;
            if self.finish(ended).await == AfterRun::End {
                break;
            }
        }
        self.abandon_waiting().await;
        if self.inbox.is_removed() {
            self.parts.problems.clear_of(self.id());
        }
    }

    /// Queues the run that an active processor begins with.
    fn queue_first_run(&mut self) {
        if !self.setup.is_active() {
            return;
        }
        if self.stay_in_quarantine() {
            return;
        }
        if self.setup.configuration.flags.runs_at_start {
            self.queued = Some(self.setup.first_trigger.clone());
        } else if self.has_open_writes() {
            self.queued = Some(RunTrigger::SetPoint);
        }
    }

    /// Waits until a run is due.
    async fn wait_for_start(&mut self) -> Next {
        loop {
            if let Some(trigger) = self.queued.take() {
                self.timetable.merge_due(&trigger).await;
                return Next::Run(trigger);
            }
            if let Some(trigger) = self.due().await {
                return Next::Run(trigger);
            }
            let time_left = self.time_left();
            let incoming = tokio::select! {
                incoming = self.inbox.next() => incoming,
                () = tokio::time::sleep(time_left.unwrap_or_default()), if time_left.is_some() => continue,
                Ok(()) = self.clock_steps.changed() => continue,
            };
            match incoming {
                Incoming::Changed(setup) => self.adopt(setup).await,
                Incoming::Removed => {
                    self.leave_values_of(&self.setup);
                    return Next::End;
                }
                Incoming::Command(command) => {
                    if let Some(next) = self.take_command(command).await {
                        return next;
                    }
                }
            }
        }
    }

    async fn take_command(&mut self, command: Command) -> Option<Next> {
        match command {
            Command::ShutDown => return Some(Next::End),
            Command::Start { trigger, reply } => {
                let refusal = self.refuse_start(&trigger);
                if let Some(reply) = reply {
                    let _ = reply.send(refusal.clone().map_or(Ok(()), Err));
                }
                if refusal.is_none() {
                    self.back_off.reset();
                    if matches!(trigger, RunTrigger::Person(_)) {
                        self.failure_log = FailureLog::default();
                    }
                    return Some(Next::Run(trigger));
                }
            }
            Command::Stop { actor, reply } => {
                let _ = reply.send(self.stop_idle(&actor).await);
            }
            Command::Release { actor, reply } => {
                let _ = reply.send(self.release(&actor).await);
            }
            Command::SetPoints(_) if self.is_quarantined() => {}
            Command::SetPoints(_) if self.mode() == Some(RunMode::Scheduled) => {
                return Some(Next::Run(RunTrigger::SetPoint));
            }
            Command::SiblingChanged if self.waiting.is_some() => {
                return Some(Next::Run(RunTrigger::Restart));
            }
            Command::SetPoints(_) | Command::SiblingChanged | Command::TreeChanged => {}
        }
        None
    }

    /// Adopts a changed setup while no run is under way.
    async fn adopt(&mut self, setup: Arc<ProcessorSetup>) {
        let before = std::mem::replace(&mut self.setup, setup);
        self.timetable.adopt(&self.setup, Activity::Idle).await;
        let (was_active, is_active) = (before.is_active(), self.setup.is_active());
        if was_active && !(is_active && self.setup.has_tree_of(&before)) {
            self.leave_values_of(&before);
        }
        if !is_active {
            self.switch_off(was_active).await;
        } else if !was_active {
            self.status.set_state(ProcessorState::Idle);
            self.queue_first_run();
        } else if !self.is_quarantined() {
            let at_start = |setup: &ProcessorSetup| setup.configuration.flags.runs_at_start;
            // Nothing has published the values of another tree yet.
            let is_moved = !self.setup.has_tree_of(&before);
            if at_start(&self.setup) && (is_moved || !at_start(&before)) {
                self.back_off.reset();
                self.queued = Some(self.setup.first_trigger.clone());
            } else if !self.setup.runs_like(&before) && (self.retry_at.is_some() || self.waiting.is_some()) {
                // The change may have removed the cause of a failure or a wait.
                self.back_off.reset();
                self.queued = Some(RunTrigger::Restart);
            }
        }
        self.check_schedule();
    }

    async fn switch_off(&mut self, was_active: bool) {
        self.retry_at = None;
        self.queued = None;
        if let Some(run) = self.waiting.take() {
            self.parts.records.end(run, RunState::Cancelled, "it was switched off").await;
        }
        if was_active {
            self.open_failure = FailureProblem::default();
            self.parts.problems.clear_of(self.id());
        }
        self.status.set_state(ProcessorState::Inactive);
    }

    /// Returns the time until the next run is due, if the clock is not set meanwhile.
    fn time_left(&self) -> Option<Duration> {
        let uptime = self.clocks().uptime;
        let retry = self.retry_at.map(|at| at.since(uptime));
        retry.into_iter().chain(self.timetable.left()).min()
    }

    fn refuse_start(&self, trigger: &RunTrigger) -> Option<StartRefusal> {
        let flags = self.setup.configuration.flags;
        if !flags.active {
            return Some(StartRefusal::Inactive);
        }
        if self.is_quarantined() {
            return Some(StartRefusal::Quarantined);
        }
        if !matches!(trigger, RunTrigger::Person(_)) {
            return None;
        }
        if !flags.manually_startable {
            return Some(StartRefusal::NotByHand);
        }
        // A waiting run begins by itself. The refusal names the class it waits for.
        self.waiting?;
        self.missing_dependency().map(|(_, sentence)| StartRefusal::Waiting(sentence))
    }

    /// Cancels a retry, or a run that waits for another class.
    async fn stop_idle(&mut self, actor: &Actor) -> Result<(), StopRefusal> {
        if !self.setup.configuration.flags.manually_stoppable {
            return Err(StopRefusal::NotByHand);
        }
        if self.retry_at.take().is_none() && self.waiting.is_none() {
            return Err(StopRefusal::NotRunning);
        }
        if let Some(run) = self.waiting.take() {
            self.parts.records.end(run, RunState::Cancelled, &format!("stopped by {actor}")).await;
        }
        self.status.set_state(ProcessorState::Idle);
        Ok(())
    }

    /// Records the run, and starts it unless it waits for another class.
    async fn admit(&mut self, trigger: RunTrigger) -> Option<RunId> {
        if !self.setup.is_active() {
            return None;
        }
        self.retry_at = None;
        let run = match self.waiting.take() {
            Some(run) => run,
            None => match self.parts.records.admit(self.id(), &trigger).await {
                Some(run) => {
                    self.timetable.note_admitted(&trigger).await;
                    run
                }
                None => {
                    self.retry_at = Some(self.clocks().uptime.plus(RECORD_AGAIN_AFTER));
                    return None;
                }
            },
        };
        let Some((configuration, sentence)) = self.missing_dependency() else { return Some(run) };
        self.waiting = Some(run);
        self.parts.records.wait(run, &sentence).await;
        self.status.set_last_run(LastRun {
            id: run,
            state: RunState::Waiting,
            reason: sentence.clone(),
            started_at: None,
            ended_at: None,
        });
        self.status.set_state(ProcessorState::WaitingFor { configuration, sentence });
        None
    }

    /// Returns a sentence about the class that must succeed first; `None` if it has.
    fn missing_dependency(&self) -> Option<(Option<ConfigurationId>, String)> {
        let class = self.parts.libraries.class(&self.setup.configuration.class)?;
        let after = class.requires?;
        match self.parts.configurations.of_class(&self.setup.owner(), &after) {
            None => Some((
                None,
                format!(
                    "Waiting for the class {after}, which no processor runs for this connection and server"
                ),
            )),
            Some(other) if self.parts.processors.has_succeeded(other.id) => None,
            Some(other) => {
                Some((Some(other.id), format!("Waiting for {}, which has never succeeded", other.name)))
            }
        }
    }

    /// Finishes a run: records it, notifies siblings, plans the next step.
    async fn finish(&mut self, ended: EndedRun) -> AfterRun {
        let now = self.clocks();
        let mode = self.mode();
        self.open_failure = ended.open_failure;
        self.failure_log = ended.failure_log;
        self.queued = ended.queued;
        self.parts.records.end(ended.id, ended.state, &ended.reason).await;
        self.log_end(ended.id, ended.state, &ended.reason);
        self.status.set_last_run(LastRun {
            id: ended.id,
            state: ended.state,
            reason: ended.reason.clone(),
            started_at: Some(ended.started.wall),
            ended_at: Some(now.wall),
        });
        if mode == Some(RunMode::LongRunning) || self.inbox.is_removed() {
            self.leave_values_of(&self.setup);
        }
        match ended.after {
            _ if ended.is_crash && self.recent_crashes.add(now.uptime) => {
                self.quarantine(&ended.reason).await;
            }
            AfterRun::End | AfterRun::Stopped => self.status.set_state(ProcessorState::Idle),
            AfterRun::StartAnew => {
                self.status.set_state(ProcessorState::Idle);
                if mode == Some(RunMode::LongRunning) {
                    self.back_off.reset();
                    self.queued = Some(RunTrigger::Restart);
                }
            }
            AfterRun::Succeeded if mode != Some(RunMode::LongRunning) => {
                self.back_off.reset();
                self.status.note_success();
                self.status.set_state(ProcessorState::Idle);
                self.parts
                    .processors
                    .notify_siblings(&self.setup.owner(), self.id(), || Command::SiblingChanged);
            }
            AfterRun::GiveUp if mode != Some(RunMode::LongRunning) => {
                self.status.set_state(ProcessorState::Idle);
            }
            AfterRun::Succeeded | AfterRun::TryAgain | AfterRun::GiveUp => {
                self.retry(ended.reason, ended.started, now);
            }
        }
        if ended.after != AfterRun::End {
            self.catch_up().await;
        }
        ended.after
    }

    /// Logs the end of a run, unless it repeats the failed run before it.
    fn log_end(&mut self, run: RunId, state: RunState, reason: &str) {
        let now = self.clocks().uptime;
        let (name, configuration, run) = (&self.setup.configuration.name, self.id().0, run.0);
        let reason = &sanitize_line(reason);
        match state {
            RunState::Failed | RunState::TimedOut => {
                if let Some(line) = self.failure_log.failed(reason, now) {
                    tracing::error!(
                        processor_configuration.id = configuration,
                        run.id = run,
                        "{name}: {line}"
                    );
                }
            }
            RunState::Succeeded => {
                if let Some(line) = self.failure_log.succeeded() {
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

    /// Adopts the setup that changed during a run.
    async fn catch_up(&mut self) {
        let latest = self.inbox.latest_setup();
        if *latest != *self.setup {
            self.adopt(latest).await;
        }
    }

    fn retry(&mut self, reason: String, started: ClockReading, now: ClockReading) {
        let (wait, attempt) = self.back_off.after(now.uptime.since(started.uptime));
        self.retry_at = Some(now.uptime.plus(wait));
        let at = now.wall.plus(wait);
        let reason = if reason.is_empty() { "it ended by itself".to_owned() } else { reason };
        self.status.set_state(ProcessorState::Retrying { attempt, at, reason });
    }

    /// Ends a waiting run when the host ends.
    async fn abandon_waiting(&mut self) {
        if let Some(run) = self.waiting.take() {
            self.parts.records.end(run, RunState::Interrupted, "Riser ended").await;
        }
    }

    /// Marks the values of a class as no longer followed.
    fn leave_values_of(&self, setup: &ProcessorSetup) {
        let class = Arc::from(setup.configuration.class.class.as_str());
        self.parts.items.writer_stopped(&setup.owner(), &class);
    }

    fn has_open_writes(&self) -> bool {
        let class = &self.setup.configuration.class.class;
        self.mode() == Some(RunMode::Scheduled)
            && !self.parts.outbox.open_for(&self.setup.owner(), class).is_empty()
    }

    fn mode(&self) -> Option<RunMode> {
        self.parts.libraries.class(&self.setup.configuration.class).map(|class| class.mode)
    }

    fn id(&self) -> ConfigurationId {
        self.setup.configuration.id
    }

    fn clocks(&self) -> ClockReading {
        self.parts.records.clock.read()
    }
}
