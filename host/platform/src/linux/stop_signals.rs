//! Requests of the system or a user to stop this process.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C and SIGTERM, which no longer end the process once this exists.
#[derive(Debug)]
pub struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// Starts listening. Call it within a tokio runtime.
    pub fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Completes once for each signal. No signal is lost when the future is dropped early.
    pub async fn recv(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{Signal as Kill, getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn each_signal_completes_one_wait() {
        let mut signals = StopSignals::listen().unwrap();
        for kill in [Kill::TERM, Kill::INT, Kill::TERM] {
            kill_process(getpid(), kill).unwrap();
            signals.recv().await;
        }
    }
}
