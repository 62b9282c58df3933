//! Problems for failures of the store.

use std::sync::Arc;

use riser_domain::Problem;
use riser_store::StoreError;

use crate::problems::Problems;

/// The code of the problem that a failing store raises.
const CODE: &str = "store-failed";

/// Reports failures of the store. Clones report to the same place.
#[derive(Clone, Debug)]
pub(crate) struct StoreFailures {
    problems: Arc<Problems>,
}

impl StoreFailures {
    pub(crate) fn new(problems: Arc<Problems>) -> Self {
        Self { problems }
    }

    /// Logs a failure, and raises a problem that stays until the store works again.
    pub(crate) fn report(&self, what: &str, error: &StoreError) {
        if matches!(error, StoreError::Gone(_) | StoreError::InUse(_)) {
            // The configuration changed during the call. The store itself works.
            tracing::warn!(error = error as &dyn std::error::Error, "{what}");
            return;
        }
        tracing::error!(error = error as &dyn std::error::Error, "{what}");
        self.problems.raise(
            None,
            "Riser",
            Problem {
                code: CODE.to_owned(),
                what: format!("{what}: {error}"),
                effect: "unsaved data is lost when Riser stops".to_owned(),
                remedy: "check whether the disk of the data directory is full or read-only".to_owned(),
                setting: None,
            },
        );
    }

    /// Ends the problem: the store works.
    pub(crate) fn clear(&self) {
        self.problems.clear(None, CODE);
    }
}
