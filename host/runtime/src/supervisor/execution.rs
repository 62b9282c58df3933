//! One run: a worker process is started, its frames are answered, and what ended it is put into words.

use std::sync::Arc;
use std::time::Duration;

use riser_domain::{LogLevel, RunId, RunMode, RunState, RunTrigger, Timestamp, WriteId, sanitize_line};
use riser_worker::contract::{problem, write_message, write_state};
use riser_worker::frames::{Call, FromWorker, Outcome, Reply, ToWorker};
use riser_worker::messages::{FailureMessage, Notice, WakeMessage, WriteState};
use riser_worker::{ExitReason, WorkerEvent, WorkerLimits, WorkerProcess};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::processor_task::{Command, ProcessorTask, StartRefusal, StopRefusal};
use super::run_log::{Appended, RunLog};
use super::run_request::{self, RunRequestError};
use super::services::Services;
use crate::status::{LastRun, ProcessorState, Progress};

/// Calls of one worker that may wait for their answer at the same time; a plugin that floods is slowed by
/// its own socket.
const WAITING_CALLS: usize = 16;
/// Longest time a class that ends by itself may take.
const LONGEST_SCHEDULED_RUN: Duration = Duration::from_mins(10);
/// Time between two writings of the log.
const LOG_WRITE_INTERVAL: Duration = Duration::from_millis(500);

/// What follows a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It did what it should.
    Done,
    /// It failed, and trying again may help.
    TryAgain,
    /// It failed, and trying again changes nothing.
    Final,
    /// A person stopped it.
    Stopped,
    /// Riser ends.
    HostEnds,
}

/// How a run ended.
#[derive(Debug)]
pub(super) struct EndedRun {
    pub(super) run: RunId,
    pub(super) state: RunState,
    /// In words; empty when the state says it all.
    pub(super) reason: String,
    pub(super) ending: Ending,
    pub(super) started_at: Timestamp,
}

/// Why the host asked a run to end.
#[derive(Clone, Debug, PartialEq, Eq)]
enum StopCause {
    Person(String),
    TimeLimit,
    HostEnds,
}

struct Execution<'task> {
    task: &'task mut ProcessorTask,
    run: RunId,
    log: RunLog,
    services: Arc<Services>,
    waiting_calls: Arc<Semaphore>,
    started_at: Timestamp,
    stop_cause: Option<StopCause>,
    outcome: Option<Outcome>,
}

/// Executes a run that was admitted, to its end.
pub(super) async fn execute(task: &mut ProcessorTask, run: RunId) -> EndedRun {
    let started_at = task.context.clock.now();
    let mut log = RunLog::new(run, &*task.context.clock);
    let ended = |state, reason: String, ending| EndedRun { run, state, reason, ending, started_at };
    let worker = match start_worker(task, run, started_at).await {
        Ok(worker) => worker,
        Err(error) => {
            let reason = chain(&error);
            log.add(&*task.context.clock, LogLevel::Error, &reason);
            log.close(&*task.context.clock, &task.context.store).await;
            let ending = if error.is_retryable() { Ending::TryAgain } else { Ending::Final };
            return ended(RunState::Failed, reason, ending);
        }
    };
    task.set_state(ProcessorState::Running { since: started_at });
    task.note_last_run(LastRun {
        id: run,
        state: RunState::Running,
        reason: String::new(),
        started_at: Some(started_at),
        ended_at: None,
    });
    let services =
        Arc::new(Services::new(Arc::clone(&task.context), &task.configuration, task.owner.clone(), run));
    let mut execution = Execution {
        task,
        run,
        log,
        services,
        waiting_calls: Arc::new(Semaphore::new(WAITING_CALLS)),
        started_at,
        stop_cause: None,
        outcome: None,
    };
    let exit = execution.serve(worker).await;
    let (state, reason, ending) = execution.classify(&exit);
    execution.finish_problem(state);
    if !reason.is_empty() {
        let level = if state == RunState::Failed { LogLevel::Error } else { LogLevel::Info };
        execution.log.add(&*execution.task.context.clock, level, &reason);
    }
    let Execution { task, log, .. } = execution;
    log.close(&*task.context.clock, &task.context.store).await;
    ended(state, reason, ending)
}

async fn start_worker(
    task: &ProcessorTask,
    run: RunId,
    started_at: Timestamp,
) -> Result<WorkerProcess, RunRequestError> {
    let context = &task.context;
    let library = context.libraries.library(&task.class().plugin)?;
    let request = run_request::run_request(context, &task.configuration, &task.owner, &library).await?;
    let limits = WorkerLimits { memory_mib: task.configuration.memory_limit_mib, ..WorkerLimits::default() };
    let worker = context.launcher.launch(limits).await?;
    context.store.start_run(run, &library.sha256, started_at).await?;
    worker.send(ToWorker::Run(Box::new(request)))?;
    Ok(worker)
}

impl Execution<'_> {
    /// Serves the worker until it has ended.
    async fn serve(&mut self, mut worker: WorkerProcess) -> ExitReason {
        let mut write_log = tokio::time::interval(LOG_WRITE_INTERVAL);
        let is_scheduled = self
            .task
            .context
            .libraries
            .class(self.task.class())
            .is_some_and(|class| class.mode == RunMode::Scheduled);
        let time_limit = tokio::time::sleep_until(Instant::now() + LONGEST_SCHEDULED_RUN);
        tokio::pin!(time_limit);
        loop {
            tokio::select! {
                // A worker whose calls all wait is not read further: its own socket slows it, and commands go on.
                (slot, event) = next_event(&self.waiting_calls, &mut worker) => match event {
                    WorkerEvent::Frame(frame) => self.take_frame(&worker, frame, slot).await,
                    WorkerEvent::Output(line) => self.add_line(LogLevel::Info, &line.text).await,
                    WorkerEvent::OrphansKilled(count) => {
                        let line = match count {
                            1 => "it left a process behind, which was ended".to_owned(),
                            _ => format!("it left {count} processes behind, which were ended"),
                        };
                        self.add_line(LogLevel::Warn, &line).await;
                    }
                    WorkerEvent::Ended(exit) => return exit,
                },
                command = self.task.commands.recv() => {
                    self.take_command(&worker, command.unwrap_or(Command::ShutDown));
                }
                _ = write_log.tick() => {
                    self.log_recovery();
                    self.log.write(&self.task.context.store).await;
                }
                () = &mut time_limit, if is_scheduled && self.stop_cause.is_none() => {
                    self.stop(&worker, StopCause::TimeLimit);
                }
            }
        }
    }

    async fn take_frame(&mut self, worker: &WorkerProcess, frame: FromWorker, slot: OwnedSemaphorePermit) {
        match frame {
            FromWorker::Call { request, call } => match self.reply_now(call) {
                Ok(reply) => {
                    let _ = worker.send(ToWorker::Reply { request, reply });
                }
                Err(call) => {
                    let services = Arc::clone(&self.services);
                    let worker = worker.handle();
                    tokio::spawn(async move {
                        let reply = services.reply(call).await;
                        let _ = worker.send(ToWorker::Reply { request, reply });
                        drop(slot);
                    });
                }
            },
            FromWorker::Log { level, text } => self.add_line(level, &text).await,
            FromWorker::Notice(notice) => self.take_notice(notice).await,
            FromWorker::Outcome(outcome) => self.outcome = Some(outcome),
            FromWorker::Hello { .. }
            | FromWorker::Heartbeat { .. }
            | FromWorker::Described { .. }
            | FromWorker::Migrated { .. } => {}
        }
    }

    async fn take_notice(&mut self, notice: Notice) {
        match notice {
            Notice::Progress { step, done, of } => {
                let step = sanitize_line(&step);
                self.task.show(|live| live.progress = Some(Progress { step, done, of }));
                self.task.context.changes.send(crate::changes::Change::Processor(self.task.configuration.id));
            }
            Notice::Problem(raised) => {
                let problem = problem(&raised);
                let (id, name) = (self.task.configuration.id, self.task.configuration.name.clone());
                let line = format!("problem {}: {}", problem.code, problem.what);
                if self.task.failed_with.as_ref() == Some(&problem.code) {
                    // From here on the processor itself says when it is over.
                    self.task.failed_with = None;
                }
                if self.task.context.problems.raise(Some(id), &name, problem) {
                    self.add_line(LogLevel::Warn, &line).await;
                }
            }
            Notice::ProblemCleared { code } => {
                self.task.context.problems.clear(Some(self.task.configuration.id), &sanitize_line(&code));
            }
            Notice::WriteStatus { write, state, reason } => self.take_receipt(write, state, &reason).await,
            Notice::TestStage(_) => {}
        }
    }

    fn reply_now(&mut self, call: Call) -> Result<Reply, Call> {
        if matches!(call, Call::Publish { .. }) {
            self.end_problem();
        }
        self.services.reply_now(call)
    }

    async fn take_receipt(&mut self, write: i64, state: WriteState, reason: &str) {
        let (outbox, state) = (&self.task.context.outbox, write_state(state));
        if let Err(error) = outbox.receipt(WriteId(write), state, &sanitize_line(reason)).await {
            self.task.context.report_store_failure("the receipt of a set point could not be stored", &error);
        }
    }

    fn take_command(&mut self, worker: &WorkerProcess, command: Command) {
        match command {
            Command::Start { trigger, reply } => {
                if let Some(reply) = reply {
                    let _ = reply.send(Err(StartRefusal::Running));
                } else if matches!(trigger, RunTrigger::SetPoint) {
                    self.task.queue(trigger);
                }
            }
            Command::Stop { actor, reply } => {
                let may = self.task.configuration.flags.manually_stoppable;
                if may {
                    self.stop(worker, StopCause::Person(actor.to_string()));
                }
                let _ = reply.send(if may { Ok(()) } else { Err(StopRefusal::NotByHand) });
            }
            Command::SetPoints(writes) => {
                let writes = writes.iter().map(write_message).collect();
                // A worker that has just ended finds them open when it starts again.
                let _ = worker.send(ToWorker::Wake(WakeMessage::SetPoints(writes)));
            }
            Command::TreeChanged => {
                let _ = worker.send(ToWorker::Wake(WakeMessage::TreeChanged));
            }
            Command::SiblingSucceeded => {}
            Command::ShutDown => self.stop(worker, StopCause::HostEnds),
        }
    }

    /// The problem that a run failed with stands until another run succeeds, fails with another problem, or, since
    /// one of a long-running class may never end, publishes.
    fn finish_problem(&mut self, state: RunState) {
        match (&self.outcome, state) {
            (_, RunState::Succeeded) => self.end_problem(),
            (Some(Outcome::Failed(FailureMessage { problem: Some(raised), .. })), RunState::Failed) => {
                let problem = problem(raised);
                let code = problem.code.clone();
                if self.task.failed_with.as_ref() != Some(&code) {
                    self.end_problem();
                }
                let (id, name) = (self.task.configuration.id, &self.task.configuration.name);
                self.task.context.problems.raise(Some(id), name, problem);
                self.task.failed_with = Some(code);
            }
            // Nothing was found out about it.
            _ => {}
        }
    }

    /// Ends the problem that an earlier run failed with.
    fn end_problem(&mut self) {
        if let Some(code) = self.task.failed_with.take() {
            self.task.context.problems.clear(Some(self.task.configuration.id), &code);
        }
    }

    fn stop(&mut self, worker: &WorkerProcess, cause: StopCause) {
        if self.stop_cause.is_none() {
            worker.stop();
        }
        if self.stop_cause.is_none() || cause == StopCause::HostEnds {
            self.stop_cause = Some(cause);
        }
    }

    /// Logs once that a run goes on which failed before.
    fn log_recovery(&mut self) {
        let now = self.task.context.clock.now();
        if let Some(line) = self.task.failures.running(self.started_at, now) {
            let (name, configuration) = (&self.task.configuration.name, self.task.configuration.id.0);
            tracing::info!(processor_configuration.id = configuration, run.id = self.run.0, "{name}: {line}");
        }
    }

    async fn add_line(&mut self, level: LogLevel, text: &str) {
        match self.log.add(&*self.task.context.clock, level, text) {
            // The host's own log is flooded no more than that of the run.
            Appended::Dropped => return,
            Appended::Waiting => {}
            Appended::BatchFull => self.log.write(&self.task.context.store).await,
        }
        if self.task.failures.repeats(self.started_at, self.task.context.clock.now()) {
            return;
        }
        let name = &self.task.configuration.name;
        let (configuration, run) = (self.task.configuration.id.0, self.run.0);
        let line = sanitize_line(text);
        // The macros of tracing want their level at compile time.
        macro_rules! log_at {
            ($level:ident) => {
                tracing::$level!(processor_configuration.id = configuration, run.id = run, "{name}: {line}")
            };
        }
        match level {
            LogLevel::Error => log_at!(error),
            LogLevel::Warn => log_at!(warn),
            LogLevel::Info => log_at!(info),
            LogLevel::Debug => log_at!(debug),
        }
    }

    /// What the exit, the outcome and the cause of a stop amount to.
    fn classify(&self, exit: &ExitReason) -> (RunState, String, Ending) {
        let ended_well = matches!(exit, ExitReason::Finished);
        match (&self.stop_cause, &self.outcome) {
            (Some(StopCause::HostEnds), _) => {
                (RunState::Interrupted, "Riser ended".to_owned(), Ending::HostEnds)
            }
            (Some(StopCause::TimeLimit), _) => (
                RunState::TimedOut,
                format!("did not finish within {} min", LONGEST_SCHEDULED_RUN.as_secs() / 60),
                Ending::Final,
            ),
            (Some(StopCause::Person(name)), _) if ended_well => {
                (RunState::Cancelled, format!("stopped by {name}"), Ending::Stopped)
            }
            (Some(StopCause::Person(name)), _) => {
                (RunState::Cancelled, format!("stopped by {name}; {exit}"), Ending::Stopped)
            }
            (None, Some(Outcome::Succeeded)) if ended_well => {
                (RunState::Succeeded, String::new(), Ending::Done)
            }
            (None, Some(Outcome::Failed(failure))) if ended_well => {
                (RunState::Failed, failed_with(failure), ending_of(failure))
            }
            (None, Some(Outcome::Cancelled)) if ended_well => {
                (RunState::Failed, "it gave up without being asked to".to_owned(), Ending::TryAgain)
            }
            (None, _) => (RunState::Failed, exit.to_string(), Ending::TryAgain),
        }
    }
}

/// The next event of a worker, as soon as a call of it may wait.
async fn next_event(
    waiting_calls: &Arc<Semaphore>,
    worker: &mut WorkerProcess,
) -> (OwnedSemaphorePermit, WorkerEvent) {
    let slot = Arc::clone(waiting_calls).acquire_owned().await.expect("the semaphore is never closed");
    (slot, worker.next_event().await)
}

fn failed_with(failure: &FailureMessage) -> String {
    let what = sanitize_line(&failure.what);
    if failure.is_panic { format!("panicked: {what}") } else { what }
}

fn ending_of(failure: &FailureMessage) -> Ending {
    if failure.is_retryable || failure.is_panic { Ending::TryAgain } else { Ending::Final }
}

/// An error and its causes in one sentence, for the run's reason.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
