//! Handles a controller that does not respond: raises the problem and decides when the values are Offline.

use std::time::Duration;

use riser_plugin::http::HttpError;
use riser_plugin::{Host, HostError, LogLevel};

use crate::client::EvceError;

/// The state of an outage, or none.
#[derive(Debug)]
pub(crate) struct Outage {
    /// Time without a response after which the values are Offline.
    offline_after: Duration,
    /// The uptime of the first failed poll.
    since: Option<Duration>,
    is_offline: bool,
    raised: Option<&'static str>,
    /// The controller asked for a pause, so it is not unreachable.
    asked_for_pause: bool,
}

impl Outage {
    pub(crate) const fn new(offline_after: Duration) -> Self {
        Self { offline_after, since: None, is_offline: false, raised: None, asked_for_pause: false }
    }

    /// Reports a failed poll. Returns the reason when the values become Offline.
    pub(crate) fn record(&mut self, host: &Host, error: &EvceError) -> Result<Option<String>, HostError> {
        let now = host.uptime()?;
        if self.since.is_none() {
            host.log(LogLevel::Warn, &error.to_string());
        }
        let since = *self.since.get_or_insert(now);
        let is_waiting = matches!(error, EvceError::Http(HttpError::Denied(_)));
        // The problem that closed the limiter is already raised.
        if !is_waiting {
            self.asked_for_pause = matches!(error, EvceError::Unwell { status: 429 | 503, .. });
            self.raise(host, error);
        }
        let is_suspended = is_waiting && !self.asked_for_pause;
        let is_silent = now.saturating_sub(since) >= self.offline_after;
        let is_offline = is_suspended || error.needs_operator() || is_silent;
        if !is_offline || self.is_offline {
            return Ok(None);
        }
        self.is_offline = true;
        Ok(Some(match error {
            EvceError::CredentialsRefused { .. } => "credentials refused by the charge controller".to_owned(),
            other => other.to_string(),
        }))
    }

    /// Replaces the raised problem when a different one occurs.
    fn raise(&mut self, host: &Host, error: &EvceError) {
        let (code, _) = error.problem();
        if let Some(before) = self.raised.replace(code).filter(|before| *before != code) {
            host.clear(before);
        }
        host.raise(error.as_problem("live values are Offline, set points wait"));
    }

    /// Ends the outage. Returns whether there was one.
    pub(crate) fn end(&mut self) -> bool {
        let was_failing = self.since.is_some();
        *self = Self::new(self.offline_after);
        was_failing
    }
}
