//! What becomes of writes whose exchange with the controller ended.

use riser_plugin::HostError;

use super::SetPointWriter;
use super::queue::{Failure, Progress, Remaining, Target, Waiting};
use super::refusals::Refusal;
use crate::client::EvceError;

impl SetPointWriter<'_> {
    /// Handles a failed read of an object: the writes wait, or are rejected if the controller refused.
    pub(super) fn read_failed(
        &self,
        target: &Target,
        error: &EvceError,
        writes: Vec<Waiting>,
    ) -> Result<Remaining, HostError> {
        match Refusal::of(error) {
            Some(Refusal::Gone) => {
                Ok(reject(&writes, &Refusal::Gone.words(target, error, self.client.login())))
            }
            Some(_) => Ok(reject(&writes, &error.to_string())),
            None => wait(error, writes),
        }
    }

    /// Handles a failed write. If its response was lost, the next poll decides about its result.
    pub(super) fn write_failed(
        &mut self,
        target: &Target,
        error: &EvceError,
        writes: Vec<Waiting>,
        had_older: bool,
    ) -> Result<Remaining, HostError> {
        let Some(refusal) = Refusal::of(error) else {
            if error.may_have_taken_effect() {
                for waiting in &writes {
                    waiting.write.unknown(&error.to_string());
                }
            }
            return wait(error, writes);
        };
        let words = refusal.words(target, error, self.client.login());
        if refusal == Refusal::StationOffline {
            return Ok(pending(writes, Progress::StationOffline, &words));
        }
        if refusal == Refusal::NoRight {
            self.rights.note(target);
        }
        self.sent.rejected(self.host, &target.to_string(), had_older)?;
        Ok(reject(&writes, &words))
    }
}

/// Keeps the writes for the next attempt.
fn wait(error: &EvceError, writes: Vec<Waiting>) -> Result<Remaining, HostError> {
    error.propagate_stop()?;
    let failure = Failure {
        is_of_object: error.is_of_object(),
        delays_others: error.delays_others(),
        fault: error.to_string(),
    };
    Ok(Remaining { writes, failure: Some(failure) })
}

/// Rejects writes.
pub(super) fn reject(writes: &[Waiting], reason: &str) -> Remaining {
    for waiting in writes {
        waiting.write.reject(reason);
    }
    Remaining::none()
}

/// Reports that the controller acts later.
pub(super) fn pending(mut writes: Vec<Waiting>, progress: Progress, reason: &str) -> Remaining {
    for waiting in &mut writes {
        waiting.write.pending(reason);
        waiting.progress = progress;
    }
    Remaining::of(writes)
}
