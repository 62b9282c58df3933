//! Handles of a running worker: frames to it, events from it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use riser_platform::processor_time;
use tokio::sync::mpsc;

use super::exit_reason::ExitReason;
use super::last_heartbeat::LastHeartbeat;
use super::output::OutputLine;
use riser_worker_protocol::frames::{FromWorker, ToWorker};

/// An event of a worker.
#[derive(Debug)]
pub enum WorkerEvent {
    /// A frame other than `Hello` and `Heartbeat`.
    Frame(FromWorker),
    Output(OutputLine),
    /// The number of killed processes that the worker had started and that outlived it.
    OrphansKilled(usize),
    /// The worker and all processes it had started have ended. This is the last event.
    Ended(ExitReason),
}

/// A request to the task that supervises a worker.
#[derive(Debug)]
pub(crate) enum Request {
    Send(ToWorker),
    Stop,
    Kill(ExitReason),
}

/// The worker is gone; its `Ended` event has the reason.
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
    /// Waits for the next event; [`WorkerEvent::Ended`] is the last.
    ///
    /// A full event queue blocks the worker's socket and slows the worker down. No event is lost when the future is
    /// dropped early.
    pub async fn next_event(&mut self) -> WorkerEvent {
        // The sending task ends early only with the host's runtime.
        self.events.recv().await.unwrap_or(WorkerEvent::Ended(ExitReason::Killed))
    }

    /// Returns a handle for other tasks.
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
    pub(crate) heartbeat: Arc<LastHeartbeat>,
    // Unbounded: at most one reply for each waiting thread and one wake for each open write.
    pub(crate) requests: mpsc::UnboundedSender<Request>,
}

impl WorkerHandle {
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns the memory in use at the last heartbeat; 0 before the first one.
    pub fn resident_bytes(&self) -> u64 {
        self.heartbeat.resident_bytes()
    }

    /// Returns the time since the last heartbeat; `None` before the first one.
    pub fn since_heartbeat(&self) -> Option<Duration> {
        self.heartbeat.age(Instant::now())
    }

    /// Returns the processor time that the worker has used; `None` if it has ended.
    pub fn processor_time(&self) -> Option<Duration> {
        processor_time(self.pid)
    }

    /// Sends a frame. Never blocks.
    pub fn send(&self, frame: ToWorker) -> Result<(), WorkerGone> {
        self.requests.send(Request::Send(frame)).map_err(|_gone| WorkerGone)
    }

    /// Asks the worker to stop. The host kills it after its grace period.
    pub fn stop(&self) {
        let _already_ended = self.requests.send(Request::Stop);
    }

    /// Kills the worker immediately, with all processes of its group.
    pub fn kill(&self) {
        let _already_ended = self.requests.send(Request::Kill(ExitReason::Killed));
    }
}
