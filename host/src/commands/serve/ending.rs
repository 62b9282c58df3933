//! What tells the host to end: Ctrl-C, SIGTERM, or the end of standard input.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::io::AsyncReadExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

/// Hears every time the host is told to end.
#[derive(Debug)]
pub(crate) struct Ending {
    told: Arc<Notify>,
}

impl Ending {
    /// Listens from now on.
    pub(crate) fn listen(also_to_stdin: bool) -> anyhow::Result<Self> {
        let told = Arc::new(Notify::new());
        for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
            let mut signals = signal(kind).context("signals cannot be caught")?;
            let told = Arc::clone(&told);
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    told.notify_one();
                }
            });
        }
        if also_to_stdin {
            let told = Arc::clone(&told);
            tokio::spawn(async move {
                let mut scratch = [0; 64];
                let mut input = tokio::io::stdin();
                while input.read(&mut scratch).await.is_ok_and(|count| count > 0) {}
                told.notify_one();
            });
        }
        Ok(Self { told })
    }

    /// Completes when the host is told to end, once for each time.
    pub(crate) async fn told(&self) {
        self.told.notified().await;
    }
}
