//! Requests of the system or a user to stop this process.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C and SIGTERM, which no longer end the process once this exists. SIGHUP, with which tools announce renewed
/// certificate files, does not end it either: Riser reads such files by itself.
#[derive(Debug)]
pub struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    /// Held, because its default is to end the process.
    _hang_up: Signal,
}

impl StopSignals {
    /// Starts listening. Call it within a tokio runtime.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            _hang_up: signal(SignalKind::hangup())?,
        })
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

    #[tokio::test]
    async fn a_hang_up_ends_nothing() {
        let mut signals = StopSignals::listen().unwrap();
        kill_process(getpid(), Kill::HUP).unwrap();
        kill_process(getpid(), Kill::TERM).unwrap();
        signals.recv().await;
        let another = tokio::time::timeout(std::time::Duration::ZERO, signals.recv()).await;
        assert!(another.is_err());
    }
}
