use std::collections::HashMap;
use std::sync::Arc;

use riser_calendar::ScheduleRule;
use riser_domain::{Clock, ConfigurationId, RunId, RunState, RunTrigger, Timestamp};
use riser_store::{Store, UnstartedRun};

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

    /// Records times of a schedule that have no run, and up to when all times are done.
    pub(super) async fn add_unstarted(
        &self,
        configuration: ConfigurationId,
        unstarted: &[UnstartedRun],
        done_until: Timestamp,
    ) {
        let now = self.clock.now();
        let added = self.store.add_unstarted_runs(configuration, unstarted, done_until, now).await;
        if let Err(error) = added {
            self.failures.report("times of a schedule without a run could not be recorded", &error);
        }
    }

    /// Returns up to when the times of each processor's rule are done.
    pub(super) async fn resume_schedules(
        &self,
        rules: Vec<(ConfigurationId, String)>,
    ) -> HashMap<ConfigurationId, Timestamp> {
        match self.store.resume_schedules(&rules, self.clock.now()).await {
            Ok(done) => rules.into_iter().map(|(id, _)| id).zip(done).collect(),
            Err(error) => {
                self.failures.report("missed times of schedules could not be read", &error);
                HashMap::new()
            }
        }
    }

    /// Records up to when the times of the rule are done.
    pub(super) async fn record_schedule_progress(&self, configuration: ConfigurationId, done: Timestamp) {
        if let Err(error) = self.store.record_schedule_progress(configuration, done).await {
            self.failures.report("how far a schedule is done could not be recorded", &error);
        }
    }

    /// Records that a rule counts from now on.
    pub(super) async fn begin_schedule(&self, configuration: ConfigurationId, rule: &ScheduleRule) {
        let now = self.clock.now();
        if let Err(error) = self.store.begin_schedule(configuration, &rule.to_string(), now).await {
            self.failures.report("the begin of a schedule could not be recorded", &error);
        }
    }

    /// Records that no rule counts any more.
    pub(super) async fn end_schedule(&self, configuration: ConfigurationId) {
        if let Err(error) = self.store.end_schedule(configuration).await {
            self.failures.report("the end of a schedule could not be recorded", &error);
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
