use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::HostError;
use crate::abi::messages::{Answer, Call, GatePurpose, GateResult};
use crate::host::{Host, Services};
use crate::value::moment;

/// The connection gate: what all workers of one connection agree on. Ask before each login and each request,
/// and say afterwards how it went. The kit's HTTP client does so by itself.
#[derive(Clone, Debug)]
pub struct Gate {
    services: Arc<Services>,
}

/// The gate is closed for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Until when.
    pub until: SystemTime,
    /// Why: refused credentials, a pause that was asked for, too many failures.
    pub reason: String,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the connection is left alone for now: {}", self.reason)
    }
}

impl std::error::Error for Closed {}

/// A slot that is held. Dropping it without a word counts as a failure.
#[derive(Debug)]
pub struct Passage {
    services: Arc<Services>,
    purpose: GatePurpose,
    is_over: bool,
}

impl Gate {
    pub(crate) const fn new(services: Arc<Services>) -> Self {
        Self { services }
    }

    /// Waits for a free slot, and takes it. [any thread] Blocks while others hold all of them; goes on while
    /// stopping, so that a plugin can log out.
    ///
    /// # Errors
    /// `Ok(Err(closed))` while the gate is closed; [`HostError::Refused`] without a connection.
    pub fn enter(&self, purpose: GatePurpose) -> Result<Result<Passage, Closed>, HostError> {
        match Host::ask(&self.services, &Call::GateEnter { purpose })? {
            Answer::GateClosed { until_ms, reason } => Ok(Err(Closed { until: moment(until_ms), reason })),
            _ => Ok(Ok(Passage { services: Arc::clone(&self.services), purpose, is_over: false })),
        }
    }
}

impl Passage {
    /// Gives the slot back and says how it went. [any thread] Never fails.
    pub fn leave(mut self, result: GateResult) {
        self.tell(result);
    }

    fn tell(&mut self, result: GateResult) {
        if !self.is_over {
            self.is_over = true;
            Host::tell(&self.services, &Call::GateLeave { purpose: self.purpose, result });
        }
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        self.tell(GateResult::Failed);
    }
}
