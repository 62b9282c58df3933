use parking_lot::Mutex;
use riser_domain::{ConfigurationId, ProcessorConfiguration, RunId, Timestamp};
use riser_store::Quarantine;
use riser_worker_host::WorkerHandle;

use crate::changes::{Change, Changes};
use crate::status::{LastRun, ProcessorState, Progress};

/// The live status of a processor configuration.
#[derive(Clone, Debug)]
pub(crate) struct LiveStatus {
    pub(crate) state: ProcessorState,
    pub(crate) last_run: Option<LastRun>,
    pub(crate) next_run_at: Option<Timestamp>,
    pub(crate) progress: Option<Progress>,
    pub(crate) has_succeeded: bool,
    pub(crate) quarantine: Option<Quarantine>,
}

impl LiveStatus {
    /// The status of a processor that never ran.
    pub(super) fn initial(processor: &ProcessorConfiguration) -> Self {
        let state = if processor.flags.active { ProcessorState::Idle } else { ProcessorState::Inactive };
        Self {
            state,
            last_run: None,
            next_run_at: None,
            progress: None,
            has_succeeded: false,
            quarantine: None,
        }
    }
}

/// A worker that executes a run.
#[derive(Clone, Debug)]
pub(crate) struct RunningWorker {
    pub(crate) run: RunId,
    pub(crate) since: Timestamp,
    pub(crate) handle: WorkerHandle,
}

/// The shared status of one processor configuration. Only its task writes it.
#[derive(Debug)]
pub(crate) struct StatusBoard {
    configuration: ConfigurationId,
    changes: Changes,
    status: Mutex<LiveStatus>,
    worker: Mutex<Option<RunningWorker>>,
}

impl StatusBoard {
    pub(super) fn new(configuration: ConfigurationId, changes: Changes, status: LiveStatus) -> Self {
        Self { configuration, changes, status: Mutex::new(status), worker: Mutex::default() }
    }

    pub(crate) fn read(&self) -> LiveStatus {
        self.status.lock().clone()
    }

    /// Returns the worker of the current run.
    pub(crate) fn worker(&self) -> Option<RunningWorker> {
        self.worker.lock().clone()
    }

    pub(super) fn set_worker(&self, worker: Option<RunningWorker>) {
        *self.worker.lock() = worker;
    }

    pub(super) fn set_state(&self, state: ProcessorState) {
        self.change(|status| {
            if !matches!(state, ProcessorState::Running { .. }) {
                status.progress = None;
            }
            status.state = state;
        });
    }

    pub(super) fn set_progress(&self, progress: Progress) {
        self.change(|status| status.progress = Some(progress));
    }

    pub(super) fn set_last_run(&self, run: LastRun) {
        self.change(|status| status.last_run = Some(run));
    }

    pub(super) fn set_next_run(&self, at: Option<Timestamp>) {
        if self.read().next_run_at != at {
            self.change(|status| status.next_run_at = at);
        }
    }

    /// Notifies followers of new lines in the log of the run.
    pub(super) fn note_log_lines(&self, run: RunId) {
        self.changes.send(Change::RunLog(run));
    }

    pub(super) fn set_quarantine(&self, quarantine: Option<Quarantine>) {
        self.change(|status| status.quarantine = quarantine);
    }

    pub(super) fn note_success(&self) {
        self.change(|status| status.has_succeeded = true);
    }

    fn change(&self, change: impl FnOnce(&mut LiveStatus)) {
        change(&mut self.status.lock());
        self.changes.send(Change::Processor(self.configuration));
    }
}
