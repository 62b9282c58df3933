//! What a processor does by its schedule.

use riser_domain::{ClockReading, Problem, ProcessorConfiguration, RunState, RunTrigger};
use riser_store::UnstartedRun;

use super::ProcessorTask;
use crate::supervisor::processor_setup::ProcessorSetup;
use crate::supervisor::schedule_plan::Due;

/// The code of the problem of a schedule without a rule.
const SCHEDULE_UNREADABLE: &str = "schedule-unreadable";

impl ProcessorTask {
    /// Goes on with the schedule where the process before ended.
    pub(super) async fn resume_schedule(&mut self) {
        if let Some(own) = self.setup.rule() {
            self.schedule_plan.begin(self.parts.records.resume_schedule(self.id(), own.rule).await);
        }
    }

    /// A rule that changed counts from now on.
    pub(super) async fn adopt_schedule(&mut self, before: &ProcessorSetup) {
        let records = &self.parts.records;
        match (before.rule(), self.setup.rule()) {
            (None, None) => {}
            (Some(before), Some(own)) if before.rule == own.rule => {}
            (_, Some(own)) => self.schedule_plan.begin(records.begin_schedule(self.id(), own.rule).await),
            (Some(_), None) => records.end_schedule(self.id()).await,
        }
    }

    pub(super) async fn due(&mut self) -> Option<RunTrigger> {
        let ClockReading { wall, uptime } = self.clocks();
        if self.retry_at.is_some_and(|at| at <= uptime) {
            self.retry_at = None;
            return Some(RunTrigger::Restart);
        }
        let Due { run, mut unstarted } = self.schedule_plan.take_due(wall, self.setup.rule());
        self.plan_next();
        let trigger = match (run, self.waiting) {
            (None, _) => None,
            (Some(due), None) => Some(RunTrigger::Schedule(due)),
            (Some(due), Some(waiting)) => {
                let reason = format!("run {} was waiting already", waiting.0);
                unstarted.push(UnstartedRun { due, state: RunState::Merged, reason });
                Some(RunTrigger::Restart)
            }
        };
        self.parts.records.add_unstarted(self.id(), &unstarted).await;
        trigger
    }

    /// Finishes a time that passed before a run began for another reason.
    pub(super) async fn merge_due(&mut self, trigger: &RunTrigger) {
        if matches!(trigger, RunTrigger::Schedule(_)) {
            return;
        }
        let Due { run, mut unstarted } = self.schedule_plan.take_due(self.now(), self.setup.rule());
        unstarted.extend(run.map(|due| UnstartedRun { due, state: RunState::Merged, reason: String::new() }));
        for run in unstarted.iter_mut().filter(|run| run.state == RunState::Merged) {
            run.reason = stands_for_it(trigger);
        }
        self.plan_next();
        self.parts.records.add_unstarted(self.id(), &unstarted).await;
    }

    /// Finishes the times that passed during a run.
    pub(super) async fn finish_overlapped(&mut self) {
        let Due { run, mut unstarted } = self.schedule_plan.take_overlapped(self.now(), self.setup.rule());
        match run {
            Some(due) if self.queued.is_none() => self.queued = Some(RunTrigger::Schedule(due)),
            Some(due) => {
                let reason = "a run that was to begin anyway stands for it".to_owned();
                unstarted.push(UnstartedRun { due, state: RunState::Merged, reason });
            }
            None => {}
        }
        self.parts.records.add_unstarted(self.id(), &unstarted).await;
    }

    /// Plans the next run by schedule, by the clock as it is set now.
    pub(super) fn plan_next(&mut self) {
        let next = self.schedule_plan.plan(self.now(), self.setup.rule());
        self.status.set_next_run(next);
        self.check_schedule();
    }

    /// Raises a problem for a schedule that starts nothing because its rule cannot be read.
    fn check_schedule(&self) {
        let ProcessorConfiguration { id, name, flags, .. } = &self.setup.configuration;
        let is_wanted = flags.active && flags.runs_on_schedule;
        match &self.setup.unreadable_schedule {
            Some(what) if is_wanted => {
                self.parts.problems.raise(Some(*id), name, unreadable_schedule(what));
            }
            _ => self.parts.problems.clear(Some(*id), SCHEDULE_UNREADABLE),
        }
    }
}

fn unreadable_schedule(what: &str) -> Problem {
    Problem {
        code: SCHEDULE_UNREADABLE.to_owned(),
        what: what.to_owned(),
        effect: "it starts no run of this processor".to_owned(),
        remedy: "write the rule anew, or run the version of Riser that wrote it".to_owned(),
        setting: None,
    }
}

/// Returns why the time of a schedule has no run of its own.
fn stands_for_it(trigger: &RunTrigger) -> String {
    match trigger {
        RunTrigger::Schedule(due) => format!("the run for {due} stands for it"),
        RunTrigger::HostStart => "the run at the start of Riser stands for it".to_owned(),
        RunTrigger::Person(name) => format!("the run that {name} started stands for it"),
        RunTrigger::SetPoint => "the run for a set point stands for it".to_owned(),
        RunTrigger::Processor(name) => format!("the run that {name} requested stands for it"),
        RunTrigger::Restart => "the run that began again stands for it".to_owned(),
    }
}
