//! What tells the host to end: Ctrl-C, SIGTERM, or the end of standard input.

use std::sync::Arc;

use anyhow::Context as _;
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
            // A thread of its own: one of the runtime would hold up its end while the input stays open.
            std::thread::Builder::new()
                .name("standard input".to_owned())
                .spawn(move || {
                    // A failed read is an end as well.
                    let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
                    notify.notify_one();
                })
                .context("standard input cannot be watched")?;
        }
        Ok(Self { notify })
    }

    /// Completes when the host is notify to end, once for each time.
    pub(crate) async fn received(&self) {
        self.notify.notified().await;
    }
}
