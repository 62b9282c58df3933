//! Signals that end the demo: Ctrl-C, SIGTERM, or the end of its terminal.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Receives the signals.
#[derive(Debug)]
pub(super) struct ShutdownSignal {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl ShutdownSignal {
    /// Catches the signals from now on.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be caught");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    /// Completes once per signal.
    pub(super) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
