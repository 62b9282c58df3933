use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::{Host, HostError};

/// How often a future that is waited for is interrupted to look whether the run is to end.
const STOP_POLL_INTERVAL: Duration = Duration::from_millis(100);

impl Host {
    /// Runs a future on a current-thread runtime of this call, and drops it when the run is cancelled. [any
    /// thread] Blocks until then. What must live across calls, such as a connection pool, lives in a runtime of
    /// the plugin's own: see [`Host::block_on_in`].
    ///
    /// # Errors
    /// [`HostError::Stop`] once the run is to end.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, HostError> {
        self.block_on_in(&runtime()?, future)
    }

    /// The same on a runtime of the caller's.
    ///
    /// # Errors
    /// [`HostError::Stop`] once the run is to end.
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

/// A current-thread runtime with timers and sockets.
///
/// # Errors
/// [`HostError::Refused`] when the worker's limits leave no room for it.
pub(crate) fn runtime() -> Result<Runtime, HostError> {
    Builder::new_current_thread().enable_all().build().map_err(|error| HostError::Refused {
        code: "no-runtime".to_owned(),
        what: format!("an asynchronous runtime cannot be made: {error}"),
    })
}
