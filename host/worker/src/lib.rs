//! The worker process: executes one request and runs foreign code on its main thread.
//!
//! **Invariant:** heartbeats, replies and the exit after the host is gone must work whatever the plugin does.
//! Their threads run no plugin code and take no lock that plugin code can hold for long. The worker has no
//! asynchronous runtime.

mod link;
mod loader;
mod records;
mod run_request;
mod services;
mod session;
mod wakes;

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use riser_platform::{confine, limit, name_this_process, take_channel};

use self::link::Link;
use self::session::{Incoming, StartError, WorkerSession, start};
use self::wakes::Wakes;
use riser_worker_protocol::codec::FrameError;
use riser_worker_protocol::frames::{EXIT_CONNECTION_LOST, FromWorker, PROTOCOL};

/// Exit code of a worker that could not start.
const START_FAILED: u8 = 2;

#[derive(Debug, thiserror::Error)]
enum WorkerError {
    #[error("only the host can start a worker: use `riser serve`")]
    NotStartedByHost(#[source] io::Error),
    #[error("the worker cannot confine itself")]
    Confinement(#[source] io::Error),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the outcome cannot be sent")]
    Outcome(#[source] FrameError),
}

/// Runs `riser worker`: takes the socket from standard input, confines the process, executes one request of the
/// host and sends its outcome.
///
/// Call it first in `main`, before the process starts another thread.
pub fn worker_main() -> ExitCode {
    match serve_one_request() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                let _infallible = write!(text, ": {error}");
                cause = error.source();
            }
            let _unwritable = io::stderr().write_all(format!("{text}\n").as_bytes());
            ExitCode::from(match error {
                WorkerError::Outcome(_) => EXIT_CONNECTION_LOST,
                _ => START_FAILED,
            })
        }
    }
}

fn serve_one_request() -> Result<(), WorkerError> {
    let channel = take_channel().map_err(WorkerError::NotStartedByHost)?;
    confine(&channel).map_err(WorkerError::Confinement)?;
    name_this_process();
    let mut incoming = Incoming::new(channel.try_clone().map_err(WorkerError::Confinement)?);
    let session = Arc::new(WorkerSession { link: Link::new(channel), wakes: Wakes::default() });
    session.link.send(&FromWorker::Hello { protocol: PROTOCOL }).map_err(StartError::from)?;
    let limits = incoming.read_limits()?;
    limit(limits.memory_bytes, limits.open_files).map_err(WorkerError::Confinement)?;
    // Before the request no plugin code runs that could give a sign of life.
    let no_plugin_code = session.link.enter();
    let requests = start(&session, incoming, Duration::from_millis(limits.heartbeat_ms))?;
    let request = requests.next()?;
    drop(no_plugin_code);
    let outcome = run_request::execute(request, &session);
    session.link.send(&FromWorker::Outcome(outcome)).map_err(WorkerError::Outcome)
}
