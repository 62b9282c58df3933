//! The two threads beside the plugin: one reads the host's frames, one sends heartbeats.

use std::io::{self, BufReader};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvError, Sender, channel};
use std::thread;
use std::time::Duration;

use riser_platform::{Channel, UsageReader, is_closed_here, kill_own_group};

use super::link::Link;
use super::wakes::Wakes;
use riser_worker_protocol::codec::{FrameError, read_blocking};
use riser_worker_protocol::frames::{EXIT_CONNECTION_LOST, LimitsFrame, PROTOCOL, ToWorker};

/// Small, because stacks count against the worker's memory limit.
const STACK_BYTES: usize = 256 * 1024;

const READ_BUFFER_BYTES: usize = 16 * 1024;

/// State that all threads of a worker share.
#[derive(Debug)]
pub(crate) struct WorkerSession {
    pub(crate) link: Link,
    pub(crate) wakes: Wakes,
}

/// Why a worker could not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("the host and this worker belong to different versions of Riser: restart the host")]
    OtherHost,
    #[error("the host closed the connection before it sent a request")]
    NoRequest,
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("the worker's threads cannot be started")]
    Threads(#[from] io::Error),
}

/// Reads the host's frames.
pub(crate) struct Incoming(BufReader<Channel>);

impl Incoming {
    pub(crate) fn new(channel: Channel) -> Self {
        Self(BufReader::with_capacity(READ_BUFFER_BYTES, channel))
    }

    /// Reads the host's first frame.
    pub(crate) fn read_limits(&mut self) -> Result<LimitsFrame, StartError> {
        match read_blocking(&mut self.0)? {
            Some(ToWorker::Hello { protocol: PROTOCOL, limits }) => Ok(limits),
            Some(_) => Err(StartError::OtherHost),
            None => Err(StartError::NoRequest),
        }
    }
}

/// Starts both threads.
pub(crate) fn start(
    session: &Arc<WorkerSession>,
    incoming: Incoming,
    heartbeat_period: Duration,
) -> Result<Requests, StartError> {
    let usage = UsageReader::open()?;
    let (requests, received) = channel();
    let thread = |name: &str| thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES);
    thread("riser-frames").spawn({
        let session = Arc::clone(session);
        move || read_frames(incoming, &session, &requests)
    })?;
    thread("riser-heartbeat").spawn({
        let session = Arc::clone(session);
        move || send_heartbeats(&session.link, &usage, heartbeat_period)
    })?;
    Ok(Requests(received))
}

/// The requests of the host.
pub(crate) struct Requests(Receiver<ToWorker>);

impl Requests {
    pub(crate) fn next(&self) -> Result<ToWorker, StartError> {
        self.0.recv().map_err(|RecvError| StartError::NoRequest)
    }
}

/// Reads until the host is gone, then kills this process whatever the plugin does.
fn read_frames(mut incoming: Incoming, session: &WorkerSession, requests: &Sender<ToWorker>) -> ! {
    loop {
        let frame = match read_blocking(&mut incoming.0) {
            Ok(Some(frame)) => frame,
            Err(FrameError::Io(error)) if is_closed_here(&error) => exit_disconnected(),
            Ok(None) | Err(_) => kill_own_group(),
        };
        match frame {
            ToWorker::Reply { request, reply } => session.link.reply(request, reply),
            ToWorker::Wake(wake) => session.wakes.push(wake),
            ToWorker::Stop => {
                session.link.stop();
                session.wakes.stop();
            }
            request => {
                // The receiver is gone once a worker has taken its one request.
                let _already_taken = requests.send(request);
            }
        }
    }
}

/// Sends heartbeats until the host is gone; the reader then ends the process. If the plugin has closed the
/// connection, the reader does not notice it.
fn send_heartbeats(link: &Link, usage: &UsageReader, period: Duration) {
    loop {
        match link.send(&link.heartbeat(usage.read())) {
            Ok(()) => thread::sleep(period),
            Err(FrameError::Io(error)) if is_closed_here(&error) => exit_disconnected(),
            Err(_) => return,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the main thread is inside the plugin and may never return")]
fn exit_disconnected() -> ! {
    std::process::exit(i32::from(EXIT_CONNECTION_LOST))
}
