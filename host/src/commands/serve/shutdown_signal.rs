//! Requests to stop: Ctrl-C, SIGTERM, or the end of standard input.

use std::sync::Arc;

use anyhow::Context as _;
use riser_platform::StopSignals;
use tokio::sync::Notify;

/// Receives requests to stop: Ctrl-C, SIGTERM, and the end of standard input if wanted.
#[derive(Debug)]
pub(crate) struct ShutdownSignal {
    notify: Arc<Notify>,
}

impl ShutdownSignal {
    /// Listens from now on.
    pub(crate) fn listen(also_to_stdin: bool) -> anyhow::Result<Self> {
        let notify = Arc::new(Notify::new());
        let mut signals = StopSignals::listen().context("signals cannot be caught")?;
        tokio::spawn({
            let notify = Arc::clone(&notify);
            async move {
                loop {
                    signals.recv().await;
                    notify.notify_one();
                }
            }
        });
        if also_to_stdin {
            let notify = Arc::clone(&notify);
            // A separate thread: a blocking task would delay the end of the runtime while the input stays open.
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

    /// Completes at the next request to stop.
    pub(crate) async fn received(&self) {
        self.notify.notified().await;
    }
}
