//! The portal's certificate, read again after it was renewed.

use std::time::Duration;

use riser_domain::Problem;
use riser_http_server::{HttpListener, ReadTlsFiles, TlsError};
use riser_runtime::Runtime;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Time between two checks of the files.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
const UNUSABLE: &str = "portal-certificate-unusable";

/// The files of the portal's listener; none without TLS.
pub(crate) struct Certificate {
    files: Option<ReadTlsFiles>,
    checks: Interval,
}

impl Certificate {
    pub(crate) fn new(files: Option<ReadTlsFiles>) -> Self {
        let mut checks = interval(CHECK_INTERVAL);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { files, checks }
    }

    /// Waits until the files are due for a check.
    pub(crate) async fn due(&mut self) {
        if self.files.is_none() {
            std::future::pending::<()>().await;
        }
        self.checks.tick().await;
    }

    /// Gives the listener a renewed certificate. Files that cannot be used are a problem; the listener then keeps its
    /// certificate.
    pub(crate) fn check(&mut self, listener: &HttpListener, runtime: &Runtime) {
        let Some(files) = &mut self.files else { return };
        if files.is_current() {
            runtime.clear_problem(UNUSABLE);
            return;
        }
        match files.files().clone().read() {
            Ok((acceptor, renewed)) => {
                listener.set_tls(Some(acceptor));
                *files = renewed;
                runtime.clear_problem(UNUSABLE);
                tracing::info!("the portal uses its renewed certificate");
            }
            Err(error) => {
                let problem = unusable(&error);
                let log = format!("{}: {}", problem.what, problem.remedy);
                if runtime.raise_problem(problem) {
                    tracing::error!("{log}");
                }
            }
        }
    }
}

fn unusable(error: &TlsError) -> Problem {
    Problem {
        code: UNUSABLE.to_owned(),
        what: format!("the portal cannot use its renewed certificate: {error}"),
        effect: "the portal is still served with the certificate that it had, which may expire".to_owned(),
        remedy: "correct the files; Riser tries again by itself".to_owned(),
        setting: None,
    }
}
