use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::HostError;
use crate::abi::messages::{ActionResult, Call, LimitedAction, Reply};
use crate::host::{Host, Services};
use crate::value::moment;

/// The connection limiter, shared by all workers of one connection. Acquire a permit before each login and request,
/// and release it with the result. The kit's HTTP client does both.
#[derive(Clone, Debug)]
pub struct ConnectionLimiter {
    services: Arc<Services>,
}

/// The limiter is closed for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// End of the closure.
    pub until: SystemTime,
    /// The cause: refused credentials, a requested pause, too many failures.
    pub reason: String,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the connection is left alone for now: {}", self.reason)
    }
}

impl std::error::Error for Denied {}

/// A permit of the limiter. Dropping it without [`Permit::release`] counts as a failure.
#[derive(Debug)]
pub struct Permit {
    services: Arc<Services>,
    purpose: LimitedAction,
    is_over: bool,
}

impl ConnectionLimiter {
    pub(crate) const fn new(services: Arc<Services>) -> Self {
        Self { services }
    }

    /// Waits for a permit. [any thread] Blocks while others hold all permits. It is allowed while
    /// stopping, so that a plugin can log out.
    ///
    /// # Errors
    /// `Ok(Err(closed))` while the limiter is closed; [`HostError::Refused`] without a connection.
    pub fn acquire(&self, purpose: LimitedAction) -> Result<Result<Permit, Denied>, HostError> {
        match Host::ask(&self.services, &Call::LimiterAcquire { purpose })? {
            Reply::LimiterDenied { until_ms, reason } => Ok(Err(Denied { until: moment(until_ms), reason })),
            _ => Ok(Ok(Permit { services: Arc::clone(&self.services), purpose, is_over: false })),
        }
    }
}

impl Permit {
    /// Releases the permit and reports the result. [any thread] Never fails.
    pub fn release(mut self, result: ActionResult) {
        self.notify(result);
    }

    fn notify(&mut self, result: ActionResult) {
        if !self.is_over {
            self.is_over = true;
            let call = Call::LimiterRelease { purpose: self.purpose, result };
            let _gone = Host::ask(&self.services, &call);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.notify(ActionResult::Failed);
    }
}
