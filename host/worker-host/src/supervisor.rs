//! The task that supervises one worker: passes its frames on, enforces its limits, reports why it ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use riser_platform::{ChannelReader, ChannelWriter, ChildProcess, Exit, ExitWatch};
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep_until, timeout};

use super::exit_reason::{ExitFacts, ExitReason};
use super::last_heartbeat::LastHeartbeat;
use super::limits::WorkerLimits;
use super::output::PrintedFault;
use super::process::{Request, WorkerEvent};
use super::spawner::Spawner;
use super::watchdog::Watchdog;
use riser_worker_protocol::codec::{FrameError, FrameReader, encode};
use riser_worker_protocol::frames::{FromWorker, PROTOCOL, ToWorker};

/// After the worker has ended, its socket is closed when no byte arrives for this long: an escaped process could
/// hold it open.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(crate) struct Supervisor {
    child: ChildProcess,
    channels: WorkerChannels,
    spawner: Spawner,
    limits: WorkerLimits,
    watchdog: Watchdog,
    progress: Progress,
}

/// All connections of the host to a worker.
#[derive(Debug)]
pub(crate) struct WorkerChannels {
    pub(crate) exit: ExitWatch,
    pub(crate) frames: FrameReader<ChannelReader>,
    pub(crate) outgoing: mpsc::UnboundedSender<ToWorker>,
    pub(crate) requests: mpsc::UnboundedReceiver<Request>,
    pub(crate) events: mpsc::Sender<WorkerEvent>,
    pub(crate) heartbeat: Arc<LastHeartbeat>,
    /// Standard output and error; each task returns the fault that was printed.
    pub(crate) output: [JoinHandle<Option<PrintedFault>>; 2],
    /// Notifies the tasks of `output`.
    pub(crate) has_ended: watch::Sender<bool>,
}

/// The progress of a worker.
#[derive(Debug, Default)]
struct Progress {
    /// A received frame that does not fit the event queue yet.
    pending: Option<FromWorker>,
    has_closed_socket: bool,
    has_sent_outcome: bool,
    /// Why the host killed it.
    end_reason: Option<ExitReason>,
}

#[derive(Debug)]
enum Event {
    ProcessEnded,
    Request(Option<Request>),
    Delivered,
    Frame(Result<Option<FromWorker>, FrameError>),
    DeadlinePassed(ExitReason),
}

impl Supervisor {
    pub(crate) fn new(
        child: ChildProcess,
        channels: WorkerChannels,
        spawner: Spawner,
        limits: WorkerLimits,
    ) -> Self {
        let watchdog = Watchdog::new(limits, Instant::now());
        Self { child, channels, spawner, limits, watchdog, progress: Progress::default() }
    }

    /// Runs until the worker and all processes it started have ended, then sends the reason.
    pub(crate) async fn supervise(mut self) {
        self.until_process_ends().await;
        let (exit, orphans) = self.collect().await;
        self.channels.has_ended.send_replace(true);
        self.drain().await;
        let mut printed = None;
        for output in &mut self.channels.output {
            printed = output.await.ok().flatten().or(printed);
        }
        if orphans > 0 {
            let _receiver_gone = self.channels.events.send(WorkerEvent::OrphansKilled(orphans)).await;
        }
        let facts = ExitFacts {
            exit,
            end_reason: self.progress.end_reason.take(),
            has_sent_outcome: self.progress.has_sent_outcome,
            printed,
            memory_mib: self.limits.memory_mib,
        };
        let _receiver_gone = self.channels.events.send(WorkerEvent::Ended(facts.reason())).await;
    }

    async fn until_process_ends(&mut self) {
        loop {
            match self.next_event().await {
                Event::ProcessEnded => return,
                Event::Request(request) => self.on_request(request),
                // While the host was busy, it read no heartbeats.
                Event::Delivered => self.watchdog.contact(Instant::now()),
                Event::Frame(Ok(Some(frame))) => {
                    self.on_frame(frame);
                    // A worker that always has another frame would keep this thread from other tasks.
                    tokio::task::yield_now().await;
                }
                // Closing a socket with unread frames resets it.
                Event::Frame(Ok(None) | Err(FrameError::Io(_))) => self.on_closed_socket(),
                Event::Frame(Err(error)) => self.kill(ExitReason::NotAFrame { fault: error.to_string() }),
                Event::DeadlinePassed(reason) => self.kill(reason),
            }
        }
    }

    async fn next_event(&mut self) -> Event {
        let (deadline, reason) = self.watchdog.deadline();
        let Progress { pending, has_closed_socket, end_reason, .. } = &mut self.progress;
        tokio::select! {
            () = self.channels.exit.ended() => Event::ProcessEnded,
            request = self.channels.requests.recv() => Event::Request(request),
            permit = self.channels.events.reserve(), if pending.is_some() => {
                if let (Ok(permit), Some(frame)) = (permit, pending.take()) {
                    permit.send(WorkerEvent::Frame(frame));
                }
                Event::Delivered
            }
            frame = self.channels.frames.next(), if pending.is_none() && !*has_closed_socket => Event::Frame(frame),
            () = sleep_until(deadline.into()), if end_reason.is_none() && pending.is_none() => {
                Event::DeadlinePassed(reason)
            }
        }
    }

    fn on_request(&mut self, request: Option<Request>) {
        match request {
            Some(Request::Send(frame)) => self.send(frame),
            Some(Request::Stop) => {
                self.watchdog.stop_requested(Instant::now());
                self.send(ToWorker::Stop);
            }
            Some(Request::Kill(reason)) => self.kill(reason),
            None => self.kill(ExitReason::Killed),
        }
    }

    fn send(&self, frame: ToWorker) {
        // The writer ends only when the socket is closed, which ends the worker.
        let _writer_gone = self.channels.outgoing.send(frame);
    }

    fn on_frame(&mut self, frame: FromWorker) {
        self.watchdog.contact(Instant::now());
        match frame {
            FromWorker::Hello { protocol } if protocol == PROTOCOL => {}
            FromWorker::Hello { protocol } => {
                self.kill(ExitReason::OtherProtocol { worker: protocol, host: PROTOCOL });
            }
            FromWorker::Heartbeat { resident_bytes, threads, signs_of_life, is_inside_a_call } => {
                let now = Instant::now();
                self.channels.heartbeat.record(now, resident_bytes);
                self.watchdog.heartbeat(now, signs_of_life, is_inside_a_call);
                if resident_bytes >= self.limits.memory_bytes() {
                    self.kill(ExitReason::MemoryLimit { mib: self.limits.memory_mib });
                }
                if threads > self.limits.threads {
                    self.kill(ExitReason::ThreadLimit { threads: self.limits.threads });
                }
            }
            other => {
                if matches!(other, FromWorker::Outcome(_)) {
                    self.progress.has_sent_outcome = true;
                    self.watchdog.exiting(Instant::now());
                }
                self.progress.pending = Some(other);
            }
        }
    }

    fn on_closed_socket(&mut self) {
        self.progress.has_closed_socket = true;
        self.watchdog.exiting(Instant::now());
    }

    /// Kills the worker. The first reason is recorded.
    fn kill(&mut self, reason: ExitReason) {
        self.progress.end_reason.get_or_insert(reason);
        self.child.kill_group();
    }

    /// Collects the worker's status and kills its orphans. Returns how many it killed.
    async fn collect(&mut self) -> (Exit, usize) {
        let pid = self.child.id();
        self.child.kill_group();
        let exit = match self.child.wait() {
            Ok(exit) => exit,
            Err(error) => {
                tracing::error!(worker.pid = pid, %error, "the exit status of worker {pid} is unavailable");
                Exit::Code(0)
            }
        };
        (exit, self.spawner.worker_ended(pid).await)
    }

    async fn drain(&mut self) {
        loop {
            if let Some(frame) = self.progress.pending.take() {
                let _receiver_gone = self.channels.events.send(WorkerEvent::Frame(frame)).await;
            }
            match timeout(DRAIN_TIMEOUT, self.channels.frames.next()).await {
                Ok(Ok(Some(frame))) => self.on_frame(frame),
                _ => return,
            }
        }
    }
}

/// Writes frames to a worker until its socket closes.
pub(crate) async fn write(mut channel: ChannelWriter, mut frames: mpsc::UnboundedReceiver<ToWorker>) {
    while let Some(frame) = frames.recv().await {
        let written = match encode(&frame) {
            Ok(bytes) => channel.write_all(&bytes).await.map_err(Into::into),
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::debug!(%error, "a frame could not be sent to a worker");
            return;
        }
    }
}
