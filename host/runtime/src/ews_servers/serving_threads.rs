//! The threads that serve EWS, apart from those that serve workers.
//!
//! A worker that floods the host keeps its threads busy. A thread that was busy has used up its share of the processor and
//! waits for others when it wakes up; these threads rest between two requests, so they get the processor at once
//! (docs/adr/0025).

use std::io;

use riser_ews::{ListenError, Listener, ListenerOptions};
use tokio::runtime::{Builder, Handle, Runtime};

/// Threads of their own for listeners and their connections.
#[derive(Debug)]
pub(super) struct ServingThreads {
    handle: Handle,
    /// Taken when it ends.
    runtime: Option<Runtime>,
}

impl ServingThreads {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().thread_name("riser-ews").enable_all().build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// Opens a listener whose connections are served by these threads.
    ///
    /// # Errors
    /// Those of [`Listener::bind`].
    pub(super) async fn listen(
        &self,
        address: &str,
        options: ListenerOptions,
    ) -> Result<Listener, ListenError> {
        let address = address.to_owned();
        match self.handle.spawn(async move { Listener::bind(&address, options).await }).await {
            Ok(opened) => opened,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
}

impl Drop for ServingThreads {
    fn drop(&mut self) {
        // To wait for its threads is forbidden in asynchronous code. Listeners are closed before.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
