//! A processor that is not started until a person releases it.

use riser_domain::{Actor, RunTrigger, sanitize_line};
use riser_store::Quarantine;

use super::ProcessorTask;
use crate::status::ProcessorState;
use crate::supervisor::command::ReleaseRefusal;
use crate::supervisor::quarantine::{QUARANTINED, RecentCrashes, problem};

impl ProcessorTask {
    pub(super) fn is_quarantined(&self) -> bool {
        self.status.read().quarantine.is_some()
    }

    /// Starts nothing more until a person releases the processor.
    pub(super) async fn quarantine(&mut self, reason: &str) {
        let (since, reason) = (self.clocks().wall, sanitize_line(reason));
        let quarantine = Quarantine { since, reason };
        let name = &self.setup.configuration.name;
        if let Err(error) = self.parts.records.store.add_quarantine(self.id(), name, &quarantine).await {
            // It is quarantined all the same, until the next start of Riser.
            self.parts.records.failures.report("the quarantine of a processor could not be stored", &error);
        }
        let configuration = self.id().0;
        tracing::error!(
            processor_configuration.id = configuration,
            "{name}: quarantined, since it crashes again and again"
        );
        self.queued = None;
        self.retry_at = None;
        self.status.set_quarantine(Some(quarantine));
        self.stay_in_quarantine();
    }

    /// Shows the quarantine with its problem, if there is one.
    pub(super) fn stay_in_quarantine(&self) -> bool {
        let Some(Quarantine { since, reason }) = self.status.read().quarantine else { return false };
        let name = &self.setup.configuration.name;
        self.parts.problems.raise(Some(self.id()), name, problem(name, &reason));
        self.status.set_state(ProcessorState::Quarantined { since, reason });
        true
    }

    /// Ends the quarantine for a person. The processor starts again.
    pub(super) async fn release(&mut self, actor: &Actor) -> Result<(), ReleaseRefusal> {
        if !self.is_quarantined() {
            return Err(ReleaseRefusal::NotQuarantined);
        }
        let (name, now) = (&self.setup.configuration.name, self.clocks().wall);
        if let Err(error) = self.parts.records.store.remove_quarantine(self.id(), name, actor, now).await {
            self.parts.records.failures.report("the release of a processor could not be stored", &error);
            return Err(ReleaseRefusal::NotStored);
        }
        self.status.set_quarantine(None);
        self.parts.problems.clear(Some(self.id()), QUARANTINED);
        self.recent_crashes = RecentCrashes::default();
        self.back_off.reset();
        if self.setup.is_active() {
            self.status.set_state(ProcessorState::Idle);
            self.queued = Some(RunTrigger::Person(actor.to_string()));
        }
        Ok(())
    }
}
