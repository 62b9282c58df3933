//! One run: starts a worker process, serves its calls and describes its end.

use std::sync::Arc;
use std::time::Duration;

use riser_domain::{
    Clock, ClockReading, LogLevel, RunId, RunMode, RunState, RunTrigger, WriteId, sanitize_line,
};
use riser_store::Store;
use riser_worker_host::{ExitReason, WorkerEvent, WorkerProcess};
use riser_worker_protocol::contract::{problem, write_message, write_state};
use riser_worker_protocol::frames::{Call, FromWorker, Outcome, Reply, ToWorker};
use riser_worker_protocol::messages::{Notice, WakeMessage, WriteState};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::after_run::{AfterRun, LONGEST_SCHEDULED_RUN, StopCause, classify, error_chain, is_crash};
use super::command::{Command, ReleaseRefusal, StartRefusal, StopRefusal};
use super::failure_log::FailureLog;
use super::failure_problem::FailureProblem;
use super::inbox::{Inbox, Incoming};
use super::live_status::{RunningWorker, StatusBoard};
use super::processor_setup::ProcessorSetup;
use super::run_log::{Appended, RunLog};
use super::run_starter::RunStarter;
use super::schedule_plan::Activity;
use super::service_context::ServiceContext;
use super::services::Services;
use super::throttle::Throttle;
use super::timetable::Timetable;
use crate::clock_watch::ClockWatch;
use crate::outbox::Outbox;
use crate::problems::Problems;
use crate::status::{LastRun, ProcessorState, Progress};
use crate::store_failures::StoreFailures;

/// Concurrent calls of one worker. A plugin that sends more is slowed by
/// its own socket.
const WAITING_CALLS: usize = 16;
/// Time between two writings of the log.
const LOG_WRITE_INTERVAL: Duration = Duration::from_millis(500);

/// Executes runs.
#[derive(Debug)]
pub(super) struct Executor {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) clock_watch: Arc<ClockWatch>,
    pub(super) store: Store,
    pub(super) failures: StoreFailures,
    pub(super) problems: Arc<Problems>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) starter: RunStarter,
    pub(super) services: Arc<ServiceContext>,
}

/// A run that may begin.
#[derive(Debug)]
pub(super) struct AdmittedRun {
    pub(super) id: RunId,
    pub(super) setup: Arc<ProcessorSetup>,
    /// `None` when the library of its class is missing.
    pub(super) mode: Option<RunMode>,
    /// The problem that an earlier run failed with and that is still open.
    pub(super) open_failure: FailureProblem,
    pub(super) failure_log: FailureLog,
}

/// How a run ended.
#[derive(Debug)]
pub(super) struct EndedRun {
    pub(super) id: RunId,
    pub(super) state: RunState,
    /// In words; empty when the state says it all.
    pub(super) reason: String,
    pub(super) after: AfterRun,
    /// Whether the plugin crashed, hung or exceeded a limit.
    pub(super) is_crash: bool,
    pub(super) started: ClockReading,
    /// A start that was requested meanwhile.
    pub(super) queued: Option<RunTrigger>,
    pub(super) open_failure: FailureProblem,
    pub(super) failure_log: FailureLog,
}

struct Execution<'a> {
    executor: &'a Executor,
    status: &'a StatusBoard,
    timetable: &'a mut Timetable,
    run: RunId,
    mode: Option<RunMode>,
    /// The setup at the start of the run.
    started_with: Arc<ProcessorSetup>,
    /// The current setup.
    setup: Arc<ProcessorSetup>,
    log: RunLog,
    services: Arc<Services>,
    waiting_calls: Arc<Semaphore>,
    stop_cause: Option<StopCause>,
    outcome: Option<Outcome>,
    queued: Option<RunTrigger>,
    open_failure: FailureProblem,
    failure_log: FailureLog,
    started: ClockReading,
}

impl Executor {
    /// Executes a run to its end.
    pub(super) async fn execute(
        &self,
        run: AdmittedRun,
        inbox: &mut Inbox,
        status: &StatusBoard,
        timetable: &mut Timetable,
    ) -> EndedRun {
        let AdmittedRun { id, setup, mode, open_failure, failure_log } = run;
        let started = self.clock.read();
        let started_at = started.wall;
        let mut log = RunLog::new(id, &*self.clock);
        let worker = match self.starter.start(id, &setup, started_at).await {
            Ok(worker) => worker,
            Err(error) => {
                let reason = error_chain(&error);
                log.add(&*self.clock, LogLevel::Error, &reason);
                log.close(&*self.clock, &self.store).await;
                let after = if error.is_retryable() { AfterRun::TryAgain } else { AfterRun::GiveUp };
                let (state, queued, is_crash) = (RunState::Failed, None, false);
                return EndedRun {
                    id,
                    state,
                    reason,
                    after,
                    is_crash,
                    started,
                    queued,
                    open_failure,
                    failure_log,
                };
            }
        };
        status.set_worker(Some(RunningWorker { run: id, since: started_at, handle: worker.handle() }));
        status.set_state(ProcessorState::Running { since: started_at });
        status.set_last_run(LastRun {
            id,
            state: RunState::Running,
            reason: String::new(),
            started_at: Some(started_at),
            ended_at: None,
        });
        let services =
            Arc::new(Services::new(Arc::clone(&self.services), &setup.configuration, setup.owner(), id));
        let mut execution = Execution {
            executor: self,
            status,
            timetable,
            run: id,
            mode,
            started_with: Arc::clone(&setup),
            setup,
            log,
            services,
            waiting_calls: Arc::new(Semaphore::new(WAITING_CALLS)),
            stop_cause: None,
            outcome: None,
            queued: None,
            open_failure,
            failure_log,
            started,
        };
        let exit = execution.serve(worker, inbox).await;
        execution.status.set_worker(None);
        execution.timetable.pass_during_run().await;
        let (state, reason, after) =
            classify(execution.stop_cause.as_ref(), execution.outcome.as_ref(), &exit);
        let is_crash = is_crash(execution.stop_cause.as_ref(), execution.outcome.as_ref(), &exit);
        execution.finish_problem(state);
        if !reason.is_empty() {
            let level = if state == RunState::Failed { LogLevel::Error } else { LogLevel::Info };
            execution.log.add(&*self.clock, level, &reason);
        }
        let Execution { log, queued, open_failure, failure_log, .. } = execution;
        log.close(&*self.clock, &self.store).await;
        EndedRun { id, state, reason, after, is_crash, started, queued, open_failure, failure_log }
    }
}

impl Execution<'_> {
    /// Serves the worker until it ends.
    async fn serve(&mut self, mut worker: WorkerProcess, inbox: &mut Inbox) -> ExitReason {
        let mut write_log = tokio::time::interval(LOG_WRITE_INTERVAL);
        let is_scheduled = self.mode == Some(RunMode::Scheduled);
        let time_limit = tokio::time::sleep_until(Instant::now() + LONGEST_SCHEDULED_RUN);
        tokio::pin!(time_limit);
        let mut clock_steps = self.executor.clock_watch.steps();
        let mut throttle = Throttle::new(Instant::now());
        loop {
            let next_time_in = self.timetable.left();
            tokio::select! {
                // A worker whose calls all wait is not read further. Its socket slows it, and commands continue.
                (slot, event) = next_event(&self.waiting_calls, &throttle, &mut worker) => {
                    let began = Instant::now();
                    match event {
                        WorkerEvent::Frame(frame) => self.take_frame(&worker, frame, slot).await,
                        WorkerEvent::Output(line) => self.add_line(LogLevel::Info, &line.text).await,
                        WorkerEvent::OrphansKilled(count) => self.add_orphans(count).await,
                        WorkerEvent::Ended(exit) => return exit,
                    }
                    throttle.charge(began, Instant::now());
                    // A worker that always has another event would keep this thread from requests of a BMS.
                    tokio::task::yield_now().await;
                }
                incoming = inbox.next() => match incoming {
                    Incoming::Command(command) => self.take_command(&worker, command),
                    Incoming::Changed(setup) => self.take_setup(&worker, setup).await,
                    Incoming::Removed => self.stop(&worker, StopCause::Removed),
                },
                Ok(()) = clock_steps.changed() => self.wake_after_step(&worker).await,
                _ = write_log.tick() => {
                    self.log_recovery();
                    self.write_log().await;
                    self.timetable.write_if_due().await;
                }
                () = tokio::time::sleep(next_time_in.unwrap_or_default()), if next_time_in.is_some() => {
                    self.pass_times(&worker).await;
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
            | FromWorker::Migrated { .. }
            | FromWorker::SettingsChecked { .. } => {}
        }
    }

    async fn take_notice(&mut self, notice: Notice) {
        match notice {
            Notice::Progress { step, done, of } => {
                self.status.set_progress(Progress { step: sanitize_line(&step), done, of });
            }
            Notice::Problem(raised) => {
                let problem = problem(&raised);
                let line = format!("problem {}: {}", problem.code, problem.what);
                self.open_failure.leave_to_processor(&problem.code);
                let configuration = &self.setup.configuration;
                if self.executor.problems.raise(Some(configuration.id), &configuration.name, problem) {
                    self.add_line(LogLevel::Warn, &line).await;
                }
            }
            Notice::ProblemCleared { code } => {
                self.executor.problems.clear(Some(self.setup.configuration.id), &sanitize_line(&code));
            }
            Notice::WriteStatus { write, state, reason } => self.take_status(write, state, &reason).await,
            Notice::TestStage(_) => {}
        }
    }

    fn reply_now(&mut self, call: Call) -> Result<Reply, Call> {
        if matches!(call, Call::Publish { .. }) {
            self.open_failure.end(&self.executor.problems, self.setup.configuration.id);
        }
        self.services.reply_now(call)
    }

    async fn take_status(&mut self, write: i64, state: WriteState, reason: &str) {
        let (outbox, state) = (&self.executor.outbox, write_state(state));
        if let Err(error) = outbox.record_status(WriteId(write), state, &sanitize_line(reason)).await {
            self.executor.failures.report("the status of a set point could not be stored", &error);
        }
    }

    fn take_command(&mut self, worker: &WorkerProcess, command: Command) {
        match command {
            Command::Start { trigger, reply } => {
                if let Some(reply) = reply {
                    let _ = reply.send(Err(StartRefusal::Running));
                } else if matches!(trigger, RunTrigger::SetPoint) {
                    self.queued = Some(trigger);
                }
            }
            Command::Stop { actor, reply } => {
                let may = self.setup.configuration.flags.manually_stoppable;
                if may {
                    self.stop(worker, StopCause::Person(actor.to_string()));
                }
                let _ = reply.send(if may { Ok(()) } else { Err(StopRefusal::NotByHand) });
            }
            Command::Release { reply, .. } => {
                let _ = reply.send(Err(ReleaseRefusal::NotQuarantined));
            }
            Command::SetPoints(writes) => {
                let writes = writes.iter().map(write_message).collect();
                // A worker that has just ended finds them open when it starts again.
                let _ = worker.send(ToWorker::Wake(WakeMessage::SetPoints(writes)));
            }
            Command::TreeChanged => {
                let _ = worker.send(ToWorker::Wake(WakeMessage::TreeChanged));
            }
            Command::SiblingChanged => {}
            Command::ShutDown => self.stop(worker, StopCause::HostEnds),
        }
    }

    /// Ends the present wait of the plugin, which may have computed it from a clock that was wrong.
    async fn wake_after_step(&mut self, worker: &WorkerProcess) {
        self.pass_times(worker).await;
        // A worker that has just ended waits no more.
        let _ = worker.send(ToWorker::Wake(WakeMessage::Elapsed));
    }

    /// Stops the run when it cannot go on with the changed setup. A run that ends by itself goes on with the
    /// settings it has, unless its tree now belongs to another processor.
    async fn take_setup(&mut self, worker: &WorkerProcess, setup: Arc<ProcessorSetup>) {
        self.setup = setup;
        self.timetable.adopt(&self.setup, Activity::Running).await;
        let goes_on = match self.mode {
            Some(RunMode::Scheduled) => self.setup.has_tree_of(&self.started_with),
            Some(RunMode::LongRunning) | None => self.setup.runs_like(&self.started_with),
        };
        if !self.setup.is_active() {
            self.stop(worker, StopCause::SwitchedOff);
        } else if !goes_on {
            let has_other_library = self.setup.library_version != self.started_with.library_version;
            let cause = if has_other_library { StopCause::LibraryChanged } else { StopCause::Changed };
            self.stop(worker, cause);
        }
    }

    /// Passes the times of the schedule. The next one may stop the run.
    async fn pass_times(&mut self, worker: &WorkerProcess) {
        if self.timetable.pass_during_run().await && self.stop_cause.is_none() {
            self.stop(worker, StopCause::Replaced);
        }
    }

    /// The problem that a run failed with stays open until another run succeeds, fails with another problem,
    /// or, since a run of a long-running class may never end, publishes.
    fn finish_problem(&mut self, state: RunState) {
        let (problems, configuration) = (&self.executor.problems, &self.setup.configuration);
        match (&self.outcome, state) {
            (_, RunState::Succeeded) => self.open_failure.end(problems, configuration.id),
            (Some(Outcome::Failed(failure)), RunState::Failed) => {
                if let Some(problem) = failure.problem.as_ref().map(problem) {
                    self.open_failure.replace(problems, configuration, problem);
                }
            }
            // The run did not get far enough to find out.
            _ => {}
        }
    }

    /// Asks the worker to stop. The first cause counts, unless a later one forbids a next run.
    fn stop(&mut self, worker: &WorkerProcess, cause: StopCause) {
        if self.stop_cause.is_none() {
            worker.stop();
        }
        if self.stop_cause.is_none() || matches!(cause, StopCause::HostEnds | StopCause::Removed) {
            self.stop_cause = Some(cause);
        }
    }

    /// Logs once that a run works after failed ones.
    fn log_recovery(&mut self) {
        let now = self.executor.clock.uptime();
        if let Some(line) = self.failure_log.running(self.started.uptime, now) {
            let (name, configuration) = (&self.setup.configuration.name, self.setup.configuration.id.0);
            tracing::info!(processor_configuration.id = configuration, run.id = self.run.0, "{name}: {line}");
        }
    }

    async fn write_log(&mut self) {
        if self.log.write(&self.executor.store).await {
            self.status.note_log_lines(self.run);
        }
    }

    async fn add_orphans(&mut self, count: usize) {
        let line = match count {
            1 => "it left a process behind, which was ended".to_owned(),
            _ => format!("it left {count} processes behind, which were ended"),
        };
        self.add_line(LogLevel::Warn, &line).await;
    }

    async fn add_line(&mut self, level: LogLevel, text: &str) {
        match self.log.add(&*self.executor.clock, level, text) {
            // The host's own log is flooded no more than that of the run.
            Appended::Dropped => return,
            Appended::Waiting => {}
            Appended::BatchFull => self.write_log().await,
        }
        if self.failure_log.repeats(self.started.uptime, self.executor.clock.uptime()) {
            return;
        }
        let name = &self.setup.configuration.name;
        let (configuration, run) = (self.setup.configuration.id.0, self.run.0);
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
}

/// Waits for the next event of a worker once a call slot is free and the worker is not paused.
async fn next_event(
    waiting_calls: &Arc<Semaphore>,
    throttle: &Throttle,
    worker: &mut WorkerProcess,
) -> (OwnedSemaphorePermit, WorkerEvent) {
    tokio::time::sleep_until(throttle.paused_until()).await;
    let slot = Arc::clone(waiting_calls).acquire_owned().await.expect("the semaphore is never closed");
    (slot, worker.next_event().await)
}
