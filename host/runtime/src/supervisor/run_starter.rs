use std::sync::Arc;

use riser_domain::{RunId, Timestamp};
use riser_store::Store;
use riser_worker_host::{Launcher, WorkerLimits, WorkerProcess};
use riser_worker_protocol::frames::ToWorker;

use super::processor_setup::ProcessorSetup;
use super::run_request::{RunRequestError, RunRequests};
use crate::libraries::Libraries;

/// Starts the worker processes of runs.
#[derive(Debug)]
pub(super) struct RunStarter {
    pub(super) libraries: Arc<Libraries>,
    pub(super) launcher: Launcher,
    pub(super) store: Store,
    pub(super) requests: RunRequests,
}

impl RunStarter {
    /// Starts a worker, records that the run began, and hands over what it is to run.
    pub(super) async fn start(
        &self,
        run: RunId,
        setup: &ProcessorSetup,
        started_at: Timestamp,
    ) -> Result<WorkerProcess, RunRequestError> {
        let configuration = &setup.configuration;
        let library = self.libraries.library(&configuration.class.plugin)?;
        let request = self.requests.build(setup, &library).await?;
        let limits = WorkerLimits { memory_mib: configuration.memory_limit_mib, ..WorkerLimits::default() };
        let worker = self.launcher.launch(limits).await?;
        self.store.start_run(run, &library.sha256, started_at).await?;
        worker.send(ToWorker::Run(Box::new(request)))?;
        Ok(worker)
    }
}
