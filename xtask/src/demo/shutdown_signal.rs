//! What tells the demo to end: Ctrl-C, SIGTERM, or the end of its terminal.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears each time that the demo is told to end.
#[derive(Debug)]
pub(super) struct ShutdownSignal {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl ShutdownSignal {
    /// Listens from now on.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be caught");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    /// Completes when the demo is told to end, once for each time.
    pub(super) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
