//! The worker's side: one process, one request, foreign code on the main thread.
//!
//! **Invariant:** what must happen whatever the plugin does (heartbeat, replies, the end when the host is
//! gone) happens on threads that run no plugin code and take no lock that plugin code can hold for long. This side
//! has no asynchronous runtime.

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
use self::session::{BeginError, Incoming, WorkerSession, begin};
use self::wakes::Wakes;
use riser_worker_protocol::frames::{FromWorker, PROTOCOL};

/// Exit code of a worker that could not begin.
const COULD_NOT_BEGIN: u8 = 2;

#[derive(Debug, thiserror::Error)]
enum WorkerError {
    #[error("a worker is started by the host and never by hand: use `riser serve`")]
    NotStartedByHost(#[source] io::Error),
    #[error("the worker cannot confine itself")]
    Confinement(#[source] io::Error),
    #[error(transparent)]
    Begin(#[from] BeginError),
}

/// Everything that `riser worker` does: takes its socket from standard input, confines itself, carries out
/// the one request that the host gives it, and says how that ended.
///
/// To be called first thing in `main`, on the main thread, before any other thread is started.
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
            // Nothing else could be done with a failure to say it.
            let _not_read = io::stderr().write_all(format!("{text}\n").as_bytes());
            ExitCode::from(COULD_NOT_BEGIN)
        }
    }
}

fn serve_one_request() -> Result<(), WorkerError> {
    let channel = take_channel().map_err(WorkerError::NotStartedByHost)?;
    confine(&channel).map_err(WorkerError::Confinement)?;
    name_this_process();
    let mut incoming = Incoming::new(channel.try_clone().map_err(WorkerError::Confinement)?);
    let session = Arc::new(WorkerSession { link: Link::new(channel), wakes: Wakes::default() });
    session.link.send(&FromWorker::Hello { protocol: PROTOCOL }).map_err(BeginError::from)?;
    let limits = incoming.limits()?;
    limit(limits.memory_bytes, limits.open_files).map_err(WorkerError::Confinement)?;
    // Until there is a request, no plugin code could give a sign of life.
    let without_plugin_code = session.link.enter();
    let requests = begin(&session, incoming, Duration::from_millis(limits.heartbeat_ms))?;
    let request = requests.next()?;
    drop(without_plugin_code);
    let outcome = run_request::execute(request, &session);
    session.link.send(&FromWorker::Outcome(outcome)).map_err(BeginError::from)?;
    Ok(())
}
