//! What tells the host to end: Ctrl-C, SIGTERM, or the end of standard input.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::io::AsyncReadExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

/// Hears every time the host is notify to end.
#[derive(Debug)]
pub(crate) struct ShutdownSignal {
    notify: Arc<Notify>,
}

impl ShutdownSignal {
    /// Listens from now on.
    pub(crate) fn listen(also_to_stdin: bool) -> anyhow::Result<Self> {
        let notify = Arc::new(Notify::new());
        for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
            let mut signals = signal(kind).context("signals cannot be caught")?;
            let notify = Arc::clone(&notify);
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    notify.notify_one();
                }
            });
        }
        if also_to_stdin {
            let notify = Arc::clone(&notify);
            tokio::spawn(async move {
                let mut scratch = [0; 64];
                let mut input = tokio::io::stdin();
                while input.read(&mut scratch).await.is_ok_and(|count| count > 0) {}
                notify.notify_one();
            });
        }
        Ok(Self { notify })
    }

    /// Completes when the host is notify to end, once for each time.
    pub(crate) async fn received(&self) {
        self.notify.notified().await;
    }
}
