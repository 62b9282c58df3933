//! Starts workers.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use riser_platform::{Channel, ChildProcess, ExitWatch, become_subreaper, kill_marked, own_executable};
use tokio::sync::{mpsc, watch};

use super::last_heartbeat::LastHeartbeat;
use super::limits::WorkerLimits;
use super::output::{OutputStream, follow};
use super::process::{WorkerHandle, WorkerProcess};
use super::spawner::Spawner;
use super::supervisor::{Supervisor, WorkerChannels, write};
use riser_worker_protocol::codec::FrameReader;
use riser_worker_protocol::frames::{PROTOCOL, ToWorker};

/// Environment variable of a worker and its children with the name of the installation.
pub(crate) const INSTANCE_VARIABLE: &str = "RISER_INSTANCE";

/// Environment variable of a worker and its children with the name of the worker.
pub(crate) const WORKER_VARIABLE: &str = "RISER_WORKER";

/// Capacity of the event queue. A full queue slows the worker down.
const QUEUED_EVENTS: usize = 64;

/// The program of a worker and its marker.
#[derive(Clone, Debug)]
pub struct LaunchOptions {
    /// A program that calls `worker_main` of `riser-worker` when it is started with `arguments`.
    pub executable: PathBuf,
    pub arguments: Vec<OsString>,
    /// Marks the processes of this installation, so that [`kill_orphans`] finds them after a hard exit.
    pub instance: String,
}

impl LaunchOptions {
    /// Starts workers from this program, as `riser worker`.
    pub fn of_this_program(instance: impl Into<String>) -> Self {
        Self { executable: own_executable(), arguments: vec!["worker".into()], instance: instance.into() }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot start a worker process from {}", executable.display())]
pub struct LaunchError {
    executable: PathBuf,
    #[source]
    source: io::Error,
}

/// Starts workers, one process each. Clones share one spawner thread.
#[derive(Clone, Debug)]
pub struct Launcher {
    spawner: Spawner,
    executable: Arc<PathBuf>,
}

impl Launcher {
    /// Makes this process adopt the orphans of workers, and starts the spawner thread.
    pub fn start(options: LaunchOptions) -> Result<Self, LaunchError> {
        let executable = Arc::new(options.executable.clone());
        become_subreaper()
            .and_then(|()| Spawner::start(options))
            .map(|spawner| Self { spawner, executable: Arc::clone(&executable) })
            .map_err(|source| LaunchError { executable: executable.to_path_buf(), source })
    }

    /// Starts a worker that waits for its request. Call it within a tokio runtime.
    pub async fn launch(&self, limits: WorkerLimits) -> Result<WorkerProcess, LaunchError> {
        self.try_launch(limits)
            .await
            .map_err(|source| LaunchError { executable: self.executable.to_path_buf(), source })
    }

    async fn try_launch(&self, limits: WorkerLimits) -> io::Result<WorkerProcess> {
        let (ours, theirs) = Channel::pair()?;
        let mut child = self.spawner.spawn(theirs).await?;
        let pid = child.id();
        match connect(&mut child, ours, limits) {
            Ok((channels, worker)) => {
                let supervisor = Supervisor::new(child, channels, self.spawner.clone(), limits);
                tokio::spawn(supervisor.supervise());
                Ok(worker)
            }
            Err(error) => {
                child.kill_group();
                child.wait()?;
                self.spawner.worker_ended(pid).await;
                Err(error)
            }
        }
    }
}

/// Connects the channels of a new worker and sends it the first frame.
fn connect(
    child: &mut ChildProcess,
    channel: Channel,
    limits: WorkerLimits,
) -> io::Result<(WorkerChannels, WorkerProcess)> {
    let pid = child.id();
    let (events, received) = mpsc::channel(QUEUED_EVENTS);
    let has_ended = watch::Sender::new(false);
    let follow_pipe =
        |pipe, stream| tokio::spawn(follow(pipe, stream, events.clone(), has_ended.subscribe()));
    let [out, error] = child.take_output()?;
    let output = [follow_pipe(out, OutputStream::Out), follow_pipe(error, OutputStream::Error)];
    let (reader, writer) = channel.into_async()?;
    let (outgoing, to_write) = mpsc::unbounded_channel();
    let _receiver_exists = outgoing.send(ToWorker::Hello { protocol: PROTOCOL, limits: limits.frame() });
    tokio::spawn(write(writer, to_write));
    let (requests, to_do) = mpsc::unbounded_channel();
    let heartbeat = Arc::new(LastHeartbeat::none(Instant::now()));
    let handle = WorkerHandle { pid, heartbeat: Arc::clone(&heartbeat), requests };
    let channels = WorkerChannels {
        exit: ExitWatch::new(child)?,
        frames: FrameReader::new(reader),
        outgoing,
        requests: to_do,
        events,
        heartbeat,
        output,
        has_ended,
    };
    Ok((channels, WorkerProcess { handle, events: received }))
}

/// Kills the workers that a killed host of this installation left, and all processes they started. Returns how
/// many it killed.
///
/// Call it once, before the first launch. It reads `/proc` and blocks, so do not call it in an asynchronous task.
pub fn kill_orphans(instance: &str) -> usize {
    kill_marked(&[entry(INSTANCE_VARIABLE, instance)])
}

pub(crate) fn entry(name: &str, value: &str) -> String {
    format!("{name}={value}")
}
