use std::sync::Arc;

use riser_domain::{Clock, ConfigurationId, RunId, RunState, RunTrigger};
use riser_store::Store;

use crate::store_failures::StoreFailures;

/// Records runs. A record that fails is reported and does not hold up the run.
#[derive(Clone, Debug)]
pub(super) struct RunRecords {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) failures: StoreFailures,
}

impl RunRecords {
    /// Records that a run was admitted; `None` when it could not be recorded.
    pub(super) async fn admit(&self, configuration: ConfigurationId, trigger: &RunTrigger) -> Option<RunId> {
        match self.store.add_run(configuration, trigger, self.clock.now()).await {
            Ok(run) => Some(run),
            Err(error) => {
                self.failures.report("a run could not be recorded", &error);
                None
            }
        }
    }

    /// Records why a run waits.
    pub(super) async fn wait(&self, run: RunId, reason: &str) {
        if let Err(error) = self.store.update_run_reason(run, reason).await {
            self.failures.report("why a run waits could not be recorded", &error);
        }
    }

    /// Records how a run ended.
    pub(super) async fn end(&self, run: RunId, state: RunState, reason: &str) {
        if let Err(error) = self.store.end_run(run, state, reason, self.clock.now()).await {
            self.failures.report("the end of a run could not be recorded", &error);
        }
    }
}
