//! What a processor does by its schedule.

use riser_domain::{Problem, ProcessorConfiguration, RunState, RunTrigger};
use riser_store::UnstartedRun;

use super::ProcessorTask;

/// The code of the problem of a schedule without a rule.
const SCHEDULE_UNREADABLE: &str = "schedule-unreadable";

impl ProcessorTask {
    /// Returns the trigger of a run that is due.
    pub(super) async fn due(&mut self) -> Option<RunTrigger> {
        let uptime = self.clocks().uptime;
        if self.retry_at.is_some_and(|at| at <= uptime) {
            self.retry_at = None;
            return Some(RunTrigger::Restart);
        }
        let trigger = self.timetable.take_due().await?;
        match (trigger, self.waiting) {
            (RunTrigger::Schedule(due), _) if self.is_quarantined() => {
                let reason = "the processor was quarantined".to_owned();
                self.timetable.add_row(UnstartedRun { due, state: RunState::Skipped, reason }).await;
                None
            }
            (RunTrigger::Schedule(due), Some(waiting)) => {
                let reason = format!("run {} was waiting already", waiting.0);
                self.timetable.add_row(UnstartedRun { due, state: RunState::Merged, reason }).await;
                Some(RunTrigger::Restart)
            }
            (trigger, _) => Some(trigger),
        }
    }

    /// Raises a problem for a schedule that starts nothing because its rule cannot be read.
    pub(super) fn check_schedule(&self) {
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
