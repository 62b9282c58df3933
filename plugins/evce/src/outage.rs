//! What follows when a controller does not answer: what is told, and when the values are Offline.

use std::time::{Duration, SystemTime};

use riser_plugin::http::HttpError;
use riser_plugin::{Host, LogLevel};

use crate::client::EvceError;

/// A controller that is silent for this long counts as unreachable (reliability, value state semantics).
const OFFLINE_AFTER: Duration = Duration::from_mins(1);

/// The time without an answer, if it is such a time.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    since: Option<SystemTime>,
    is_offline: bool,
    /// The code of the problem that stands.
    raised: Option<&'static str>,
    /// The controller asked for a pause, which is no reason to call it unreachable.
    asked_for_pause: bool,
}

impl Outage {
    /// Tells why a look failed. Answers the reason once the values are to be Offline.
    pub(crate) fn note(&mut self, host: &Host, error: &EvceError) -> Option<String> {
        let now = host.now();
        if self.since.is_none() {
            host.log(LogLevel::Warn, &error.to_string());
        }
        // A clock that was set back counts anew.
        let since = self.since.map_or(now, |since| since.min(now));
        self.since = Some(since);
        let is_waiting = matches!(error, EvceError::Http(HttpError::Denied(_)));
        // While the limiter is closed the problem that closed it stands already.
        if !is_waiting {
            self.asked_for_pause = matches!(error, EvceError::Unwell { status: 429 | 503, .. });
            self.raise(host, error);
        }
        let is_left_alone = is_waiting && !self.asked_for_pause;
        let is_silent = now.duration_since(since).unwrap_or_default() >= OFFLINE_AFTER;
        let is_offline = is_left_alone || error.needs_operator() || is_silent;
        if !is_offline || self.is_offline {
            return None;
        }
        self.is_offline = true;
        Some(match error {
            EvceError::CredentialsRefused { .. } => "credentials refused by the charge controller".to_owned(),
            other => other.to_string(),
        })
    }

    /// Of several troubles the present one stands.
    fn raise(&mut self, host: &Host, error: &EvceError) {
        let (code, _) = error.problem();
        if let Some(before) = self.raised.replace(code).filter(|before| *before != code) {
            host.clear(before);
        }
        host.raise(error.as_problem("live values are Offline, set points wait"));
    }

    /// The controller answers. Whether it did not before.
    pub(crate) fn end(&mut self) -> bool {
        std::mem::take(self).since.is_some()
    }
}
