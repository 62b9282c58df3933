use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::{Host, HostError};

/// Interval at which a wait for a future checks whether the run must end.
const STOP_POLL_INTERVAL: Duration = Duration::from_millis(100);

impl Host {
    /// Runs a future on a current-thread runtime of this call, and drops it when the run is cancelled. [any
    /// thread] Blocks until then. Objects that live across calls, such as a connection pool, need a runtime of
    /// the plugin's own: see [`Host::block_on_in`].
    ///
    /// # Errors
    /// [`HostError::Stop`] after a stop request.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, HostError> {
        self.block_on_in(&runtime()?, future)
    }

    /// Runs a future on the caller's runtime, and drops it when the run is cancelled.
    ///
    /// # Errors
    /// [`HostError::Stop`] after a stop request.
    pub fn block_on_in<F: Future>(&self, runtime: &Runtime, future: F) -> Result<F::Output, HostError> {
        runtime.block_on(async {
            tokio::pin!(future);
            loop {
                if self.is_stopping() {
                    return Err(HostError::Stop);
                }
                if let Ok(output) = tokio::time::timeout(STOP_POLL_INTERVAL, &mut future).await {
                    return Ok(output);
                }
            }
        })
    }
}

/// Returns a current-thread runtime with timers and sockets.
///
/// # Errors
/// [`HostError::Refused`] when the worker's limits leave no room for it.
pub(crate) fn runtime() -> Result<Runtime, HostError> {
    Builder::new_current_thread().enable_all().build().map_err(|error| HostError::Refused {
        code: "no-runtime".to_owned(),
        what: format!("an asynchronous runtime cannot be made: {error}"),
    })
}
