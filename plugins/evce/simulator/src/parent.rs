//! Detects the end of the parent process, even if it is killed.

use std::io;

use rustix::process::{Pid, getppid};
use tokio::signal::unix::{SignalKind, signal};

/// The parent at the start.
pub(crate) struct Parent {
    id: Option<Pid>,
}

impl Parent {
    /// Asks for a signal at the parent's end.
    ///
    /// Linux sends it when the *thread* that started us ends, so the receiver checks whether the process is
    /// gone. Therefore it is not SIGTERM.
    pub(crate) fn watch() -> io::Result<Self> {
        let id = getppid();
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::USR1))?;
        Ok(Self { id })
    }

    /// Completes when the parent is gone; the signal is caught from the call on.
    pub(crate) fn ended(self) -> io::Result<impl Future<Output = ()> + use<>> {
        let mut thread_ended = signal(SignalKind::user_defined1())?;
        Ok(async move {
            while getppid() == self.id {
                thread_ended.recv().await;
            }
        })
    }
}
