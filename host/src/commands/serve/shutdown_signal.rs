//! What tells the host to end: Ctrl-C, SIGTERM, or the end of standard input.

use std::sync::Arc;

use anyhow::Context as _;
use riser_platform::StopSignals;
use tokio::io::AsyncReadExt as _;
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
