//! The schedule of one processor: its plan, the rows of its times, and the next run that people see.

use std::sync::Arc;
use std::time::Duration;

use riser_domain::{ClockReading, ConfigurationId, RunState, RunTrigger, Timestamp, Uptime};
use riser_store::UnstartedRun;

use super::live_status::StatusBoard;
use super::processor_setup::ProcessorSetup;
use super::run_records::RunRecords;
use super::schedule_plan::{Activity, OwnRule, SchedulePlan};

/// Time between two writings of rows while a run is under way: a schedule may skip a time each second.
const WRITE_INTERVAL: Duration = Duration::from_mins(1);

/// The schedule of one processor.
#[derive(Debug)]
pub(super) struct Timetable {
    configuration: ConfigurationId,
    records: RunRecords,
    status: Arc<StatusBoard>,
    plan: SchedulePlan,
    unwritten: Vec<UnstartedRun>,
    written_at: Option<Uptime>,
}

impl Timetable {
    pub(super) fn new(configuration: ConfigurationId, records: RunRecords, status: Arc<StatusBoard>) -> Self {
        let plan = SchedulePlan::default();
        Self { configuration, records, status, plan, unwritten: Vec::new(), written_at: None }
    }

    /// Goes on with a rule whose times up to `done` are done.
    pub(super) fn resume(&mut self, own: OwnRule, done: Timestamp) {
        self.plan.resume(own, done, self.now());
        self.show_next();
    }

    /// Adopts the rule of a changed setup: the times up to now go by the rule before, later ones by the new one.
    pub(super) async fn adopt(&mut self, setup: &ProcessorSetup, activity: Activity) {
        let rule = setup.rule();
        if self.plan.rule() == rule.as_ref() {
            return;
        }
        self.pass(activity);
        if rule.is_some() {
            self.write().await;
            self.begin(setup).await;
        } else {
            let rows = self.plan.end("its schedule was switched off before its run began");
            self.unwritten.extend(rows);
            self.write().await;
            self.records.end_schedule(self.configuration).await;
        }
        self.show_next();
    }

    async fn begin(&mut self, setup: &ProcessorSetup) {
        if let Some(own) = setup.rule() {
            self.records.begin_schedule(self.configuration, &own.rule).await;
            self.plan.begin(own, self.now());
        }
    }

    /// Returns the time until something passes, if the clock is not set meanwhile.
    pub(super) fn left(&self) -> Option<Duration> {
        self.plan.next_start().map(|at| at.since(self.now().wall))
    }

    /// Passes on to now while nothing runs. Returns the time whose run begins.
    pub(super) async fn take_due(&mut self) -> Option<RunTrigger> {
        self.pass(Activity::Idle);
        self.write().await;
        self.plan.take_run().map(RunTrigger::Schedule)
    }

    /// Finishes a time that passed before a run began for another reason.
    pub(super) async fn merge_due(&mut self, trigger: &RunTrigger) {
        if let Some(RunTrigger::Schedule(due)) = self.take_due().await {
            self.add_row(UnstartedRun { due, state: RunState::Merged, reason: stands_for_it(trigger) }).await;
        }
    }

    /// Adds a row for a time whose run does not begin after all.
    pub(super) async fn add_row(&mut self, row: UnstartedRun) {
        self.unwritten.push(row);
        self.write().await;
    }

    /// Passes on to now while a run is under way. Returns whether it has to make room for the next one.
    pub(super) async fn pass_during_run(&mut self) -> bool {
        self.pass(Activity::Running);
        self.write_if_due().await;
        self.plan.stops_run()
    }

    /// Writes rows that have waited for long enough.
    pub(super) async fn write_if_due(&mut self) {
        let waited = self.written_at.map(|at| self.now().uptime.since(at));
        if waited.is_none_or(|waited| waited >= WRITE_INTERVAL) {
            self.write().await;
        }
    }

    /// Records how far the schedule is done after a run was admitted: other times may be done, too.
    pub(super) async fn note_admitted(&mut self, trigger: &RunTrigger) {
        if let RunTrigger::Schedule(due) = trigger
            && self.plan.rule().is_some()
            && self.plan.done() != *due
        {
            self.records.record_schedule_progress(self.configuration, self.plan.done()).await;
        }
    }

    fn pass(&mut self, activity: Activity) {
        self.unwritten.extend(self.plan.pass(self.now(), activity));
        self.show_next();
    }

    fn show_next(&self) {
        self.status.set_next_run(self.plan.next_start());
    }

    async fn write(&mut self) {
        if !self.unwritten.is_empty() {
            let rows = std::mem::take(&mut self.unwritten);
            self.records.add_unstarted(self.configuration, &rows, self.plan.done()).await;
            self.written_at = Some(self.now().uptime);
        }
    }

    fn now(&self) -> ClockReading {
        self.records.clock.read()
    }
}

/// Returns why the time of a schedule has no run of its own.
fn stands_for_it(trigger: &RunTrigger) -> String {
    match trigger {
        RunTrigger::Schedule(_) => "another run by schedule began instead".to_owned(),
        RunTrigger::HostStart => "the run at the start of Riser covers it".to_owned(),
        RunTrigger::Person(name) => format!("the run that {name} started covers it"),
        RunTrigger::SetPoint => "the run for a set point covers it".to_owned(),
        RunTrigger::Processor(name) => format!("the run that {name} requested covers it"),
        RunTrigger::Restart => "the run that began again covers it".to_owned(),
    }
}
