//! A worker as the host sees it: frames to it, events from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use super::exit_reason::ExitReason;
use super::output::OutputLine;
use riser_worker_protocol::frames::{FromWorker, ToWorker};

/// What comes from a worker.
#[derive(Debug)]
pub enum WorkerEvent {
    /// A frame, never `Hello` or `Heartbeat`.
    Frame(FromWorker),
    /// It printed a line.
    Output(OutputLine),
    /// It had started this many processes that outlived it; they were ended.
    OrphansKilled(usize),
    /// It ended, and with it all processes it had started; the last event.
    Ended(ExitReason),
}

/// What the host asks of the task that supervises a worker.
#[derive(Debug)]
pub(crate) enum Request {
    Send(ToWorker),
    Stop,
    Kill(ExitReason),
}

/// The worker is gone; its `Ended` event says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the worker has ended")]
pub struct WorkerGone;

/// A running worker. Dropping it kills the worker.
#[derive(Debug)]
pub struct WorkerProcess {
    pub(crate) handle: WorkerHandle,
    pub(crate) events: mpsc::Receiver<WorkerEvent>,
}

impl WorkerProcess {
    /// Waits for what comes next; [`WorkerEvent::Ended`] is the last.
    ///
    /// A worker whose events are not taken is slowed by its own socket. Nothing is lost when the future is
    /// dropped early.
    pub async fn next_event(&mut self) -> WorkerEvent {
        // The task that sends them ends early only with the host's runtime.
        self.events.recv().await.unwrap_or(WorkerEvent::Ended(ExitReason::Killed))
    }

    /// A handle for other tasks.
    pub fn handle(&self) -> WorkerHandle {
        self.handle.clone()
    }

    /// See [`WorkerHandle::send`].
    pub fn send(&self, frame: ToWorker) -> Result<(), WorkerGone> {
        self.handle.send(frame)
    }

    /// See [`WorkerHandle::stop`].
    pub fn stop(&self) {
        self.handle.stop();
    }

    /// See [`WorkerHandle::kill`].
    pub fn kill(&self) {
        self.handle.kill();
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends to a worker, from any task.
#[derive(Clone, Debug)]
pub struct WorkerHandle {
    pub(crate) pid: u32,
    pub(crate) resident_bytes: Arc<AtomicU64>,
    // Without bound: one reply for each call of a thread that waits for it, one wake for each open write.
    pub(crate) requests: mpsc::UnboundedSender<Request>,
}

impl WorkerHandle {
    /// The number of its process.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Its memory in use at the last heartbeat, in bytes; 0 before the first one.
    pub fn resident_bytes(&self) -> u64 {
        self.resident_bytes.load(Ordering::Relaxed)
    }

    /// Sends a frame. Never waits.
    pub fn send(&self, frame: ToWorker) -> Result<(), WorkerGone> {
        self.requests.send(Request::Send(frame)).map_err(|_gone| WorkerGone)
    }

    /// Asks it to stop; when its grace ends, it is killed.
    pub fn stop(&self) {
        let _ended_anyway = self.requests.send(Request::Stop);
    }

    /// Ends it at once, with every process of its group.
    pub fn kill(&self) {
        let _ended_anyway = self.requests.send(Request::Kill(ExitReason::Killed));
    }
}
