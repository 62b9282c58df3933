use std::time::{Duration, Instant};

use crate::abi::messages::{Notice, TestStage};
use crate::host::Host;
use crate::{Outcome, Settings};

/// Address, credentials and trust settings of a remote system, typed and tested once and used by many
/// processors. `#[derive(Connection)]` makes a struct one; it asks for an inherent `fn test(&self, host:
/// &TestHost) -> Outcome`.
pub trait Connection: Settings {
    /// Its id within the plugin, such as `evce`; never changes.
    const ID: &'static str;
    /// Name on pages.
    const NAME: &'static str;

    /// Tests it stage by stage, on values that need not be saved. [run thread] Ends within 10 s.
    ///
    /// # Errors
    /// The failure of the stage that did not pass.
    fn test(&self, host: &TestHost) -> Outcome;
}

/// The host during a connection test.
#[derive(Debug)]
pub struct TestHost {
    host: Host,
}

impl TestHost {
    pub(crate) const fn new(host: Host) -> Self {
        Self { host }
    }

    /// Returns the services; a test uses the limiter, the log and the clock.
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// Runs one stage, such as `TCP`, and reports the result: `Ok` with the finding, `Err` with the finding
    /// and the remedy. [run thread]
    ///
    /// # Errors
    /// A failure with the same words, which `?` returns from the test.
    pub fn stage<T>(
        &self,
        name: &str,
        work: impl FnOnce() -> Result<(T, String), (String, String)>,
    ) -> Result<T, crate::Failure> {
        self.notify(name, None, ("", ""), Duration::ZERO);
        let began = Instant::now();
        let result = work();
        let took = began.elapsed();
        match result {
            Ok((value, finding)) => {
                self.notify(name, Some(true), (&finding, ""), took);
                Ok(value)
            }
            Err((finding, advice)) => {
                self.notify(name, Some(false), (&finding, &advice), took);
                Err(crate::Failure::new(format!("{name}: {finding}")).permanent())
            }
        }
    }

    fn notify(&self, stage: &str, passed: Option<bool>, (finding, advice): (&str, &str), took: Duration) {
        let stage = TestStage {
            stage: stage.to_owned(),
            passed,
            finding: finding.to_owned(),
            advice: advice.to_owned(),
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        };
        Host::notify(self.host.services(), Notice::TestStage(stage));
    }
}
