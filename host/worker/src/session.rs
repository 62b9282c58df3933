//! The threads around the plugin: one that reads what the host sends, one that beats.

use std::io::{self, BufReader};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvError, Sender, channel};
use std::thread;
use std::time::Duration;

use riser_platform::{Channel, kill_own_group, resident_bytes};

use super::link::Link;
use super::wakes::Wakes;
use riser_worker_protocol::codec::{FrameError, read_blocking};
use riser_worker_protocol::frames::{LimitsFrame, PROTOCOL, ToWorker};

/// Enough for reading frames and for beating; small, since stacks count as the worker's memory.
const STACK_BYTES: usize = 256 * 1024;

const READ_BUFFER_BYTES: usize = 16 * 1024;

/// What all threads of a worker share.
#[derive(Debug)]
pub(crate) struct WorkerSession {
    pub(crate) link: Link,
    pub(crate) wakes: Wakes,
}

/// Why a worker could not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BeginError {
    #[error("the host and this worker are of different versions of Riser: restart the host")]
    OtherHost,
    #[error("the host ended the connection before it gave a request")]
    NoRequest,
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("the worker's threads cannot be started")]
    Threads(#[from] io::Error),
}

/// What the host sends, read by one thread at a time.
pub(crate) struct Incoming(BufReader<Channel>);

impl Incoming {
    pub(crate) fn new(channel: Channel) -> Self {
        Self(BufReader::with_capacity(READ_BUFFER_BYTES, channel))
    }

    /// The host's first frame.
    pub(crate) fn limits(&mut self) -> Result<LimitsFrame, BeginError> {
        match read_blocking(&mut self.0)? {
            Some(ToWorker::Hello { protocol: PROTOCOL, limits }) => Ok(limits),
            Some(_) => Err(BeginError::OtherHost),
            None => Err(BeginError::NoRequest),
        }
    }
}

/// Starts the threads; the receiver gives the requests.
pub(crate) fn begin(
    session: &Arc<WorkerSession>,
    incoming: Incoming,
    heartbeat_period: Duration,
) -> Result<Requests, BeginError> {
    let (requests, received) = channel();
    let thread = |name: &str| thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES);
    thread("riser-frames").spawn({
        let session = Arc::clone(session);
        move || read(incoming, &session, &requests)
    })?;
    thread("riser-heartbeat").spawn({
        let session = Arc::clone(session);
        move || beat(&session.link, heartbeat_period)
    })?;
    Ok(Requests(received))
}

/// What the host wants done.
pub(crate) struct Requests(Receiver<ToWorker>);

impl Requests {
    /// Waits for a request.
    pub(crate) fn next(&self) -> Result<ToWorker, BeginError> {
        self.0.recv().map_err(|RecvError| BeginError::NoRequest)
    }
}

/// Reads until the host is gone, and then ends this process whatever the plugin is doing.
fn read(mut incoming: Incoming, session: &WorkerSession, requests: &Sender<ToWorker>) {
    while let Ok(Some(frame)) = read_blocking(&mut incoming.0) {
        match frame {
            ToWorker::Reply { request, reply } => session.link.reply(request, reply),
            ToWorker::Wake(wake) => session.wakes.push(wake),
            ToWorker::Stop => {
                session.link.stop();
                session.wakes.stop();
            }
            request => {
                // A worker that has its request takes no second one, and ends with the first.
                let _has_one = requests.send(request);
            }
        }
    }
    kill_own_group()
}

/// Beats until the host is gone; the reader ends the process then.
fn beat(link: &Link, period: Duration) {
    while link.send(&link.heartbeat(resident_bytes())).is_ok() {
        thread::sleep(period);
    }
}
