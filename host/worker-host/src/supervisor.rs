//! The task that lives beside each worker: moves its frames, watches its limits, says why it ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use riser_platform::{ChannelReader, ChannelWriter, ChildProcess, Exit, ExitWatch};
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep_until, timeout};

use super::exit_reason::{ExitFacts, ExitReason};
use super::limits::WorkerLimits;
use super::process::{Request, WorkerEvent};
use super::spawner::Spawner;
use super::watchdog::Watchdog;
use riser_worker_protocol::codec::{FrameError, FrameReader, encode};
use riser_worker_protocol::frames::{FromWorker, PROTOCOL, ToWorker};

/// Frames of an ended worker are given up after this long without a byte: a process that escaped could hold
/// its socket open for ever.
const SILENCE_AFTER_THE_END: Duration = Duration::from_millis(500);

/// One worker and what is known of it.
#[derive(Debug)]
pub(crate) struct Supervisor {
    child: ChildProcess,
    channels: WorkerChannels,
    spawner: Spawner,
    limits: WorkerLimits,
    watchdog: Watchdog,
    progress: Progress,
}

/// All that leads to a worker and from it.
#[derive(Debug)]
pub(crate) struct WorkerChannels {
    pub(crate) exit: ExitWatch,
    pub(crate) frames: FrameReader<ChannelReader>,
    pub(crate) outgoing: mpsc::UnboundedSender<ToWorker>,
    pub(crate) requests: mpsc::UnboundedReceiver<Request>,
    pub(crate) events: mpsc::Sender<WorkerEvent>,
    pub(crate) resident_bytes: Arc<AtomicU64>,
    /// Standard output and error; each says at its end whether memory ran out.
    pub(crate) output: [JoinHandle<bool>; 2],
    /// Notifies those two.
    pub(crate) has_ended: watch::Sender<bool>,
}

/// How far a worker has come.
#[derive(Debug, Default)]
struct Progress {
    /// A frame that was received and that nobody has taken yet.
    pending: Option<FromWorker>,
    has_closed_socket: bool,
    has_sent_outcome: bool,
    /// Why the host ended it.
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

    /// Runs until the worker and all it started have ended, and says why it did.
    pub(crate) async fn supervise(mut self) {
        self.until_process_ends().await;
        let (exit, left_behind) = self.collect().await;
        self.channels.has_ended.send_replace(true);
        self.deliver_the_rest().await;
        let mut ran_out_of_memory = false;
        for output in &mut self.channels.output {
            ran_out_of_memory |= output.await.unwrap_or(false);
        }
        if left_behind > 0 {
            let _nobody_listens = self.channels.events.send(WorkerEvent::OrphansKilled(left_behind)).await;
        }
        let facts = ExitFacts {
            exit,
            end_reason: self.progress.end_reason.take(),
            has_sent_outcome: self.progress.has_sent_outcome,
            ran_out_of_memory,
            memory_mib: self.limits.memory_mib,
        };
        let _nobody_listens = self.channels.events.send(WorkerEvent::Ended(facts.reason())).await;
    }

    async fn until_process_ends(&mut self) {
        loop {
            match self.next_event().await {
                Event::ProcessEnded => return,
                Event::Request(request) => self.on_request(request),
                // A busy host reads nothing, which is not the worker's fault.
                Event::Delivered => self.watchdog.contact(Instant::now()),
                Event::Frame(Ok(Some(frame))) => self.on_frame(frame),
                // A socket closed with frames unread is reset.
                Event::Frame(Ok(None) | Err(FrameError::Io(_))) => self.on_closed_socket(),
                Event::Frame(Err(error)) => self.end(ExitReason::NotAFrame { fault: error.to_string() }),
                Event::DeadlinePassed(reason) => self.end(reason),
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
                self.watchdog.asked_to_stop(Instant::now());
                self.send(ToWorker::Stop);
            }
            Some(Request::Kill(reason)) => self.end(reason),
            None => self.end(ExitReason::Killed),
        }
    }

    fn send(&self, frame: ToWorker) {
        // The writer ends with the socket, and with it the worker.
        let _ends_soon = self.channels.outgoing.send(frame);
    }

    fn on_frame(&mut self, frame: FromWorker) {
        self.watchdog.contact(Instant::now());
        match frame {
            FromWorker::Hello { protocol } if protocol == PROTOCOL => {}
            FromWorker::Hello { protocol } => {
                self.end(ExitReason::OtherProtocol { worker: protocol, host: PROTOCOL });
            }
            FromWorker::Heartbeat { resident_bytes, signs_of_life, is_inside_a_call } => {
                self.channels.resident_bytes.store(resident_bytes, Ordering::Relaxed);
                self.watchdog.heartbeat(Instant::now(), signs_of_life, is_inside_a_call);
                if resident_bytes >= self.limits.memory_bytes() {
                    self.end(ExitReason::MemoryLimit { mib: self.limits.memory_mib });
                }
            }
            other => {
                if matches!(other, FromWorker::Outcome(_)) {
                    self.progress.has_sent_outcome = true;
                    self.watchdog.leaving(Instant::now());
                }
                self.progress.pending = Some(other);
            }
        }
    }

    fn on_closed_socket(&mut self) {
        self.progress.has_closed_socket = true;
        self.watchdog.leaving(Instant::now());
    }

    /// Kills the worker; the first reason is the one that counts.
    fn end(&mut self, reason: ExitReason) {
        self.progress.end_reason.get_or_insert(reason);
        self.child.kill_group();
    }

    /// Collects the worker's status and ends the processes that it left behind. Returns how many those were.
    async fn collect(&mut self) -> (Exit, usize) {
        let pid = self.child.id();
        self.child.kill_group();
        let exit = match self.child.wait() {
            Ok(exit) => exit,
            Err(error) => {
                tracing::error!(worker.pid = pid, %error, "the status of worker {pid} was collected by others");
                Exit::Code(0)
            }
        };
        (exit, self.spawner.worker_ended(pid).await)
    }

    async fn deliver_the_rest(&mut self) {
        loop {
            if let Some(frame) = self.progress.pending.take() {
                let _nobody_listens = self.channels.events.send(WorkerEvent::Frame(frame)).await;
            }
            match timeout(SILENCE_AFTER_THE_END, self.channels.frames.next()).await {
                Ok(Ok(Some(frame))) => self.on_frame(frame),
                _ => return,
            }
        }
    }
}

/// Writes frames to a worker until it is gone.
pub(crate) async fn write(mut channel: ChannelWriter, mut frames: mpsc::UnboundedReceiver<ToWorker>) {
    while let Some(frame) = frames.recv().await {
        let written = match encode(&frame) {
            Ok(bytes) => channel.write_all(&bytes).await.map_err(Into::into),
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::debug!(%error, "a worker takes no more frames");
            return;
        }
    }
}
