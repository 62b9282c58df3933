//! A start that failed. The portal shows why, so that the remedy is where an administrator looks first.

use std::path::Path;
use std::process::ExitCode;

use riser_domain::Problem;
use riser_portal::{PortalListener, PortalSettings};
use riser_store::StoreError;

use super::shutdown_signal::ShutdownSignal;
use crate::FAILED;

/// Returns the problem that the portal shows for a failed start; `None` if the data directory cannot be used at all: it
/// belongs to another Riser, which has its own portal, or the command line names a wrong one.
pub(super) fn problem_of(error: &anyhow::Error, directory: &Path) -> Option<Problem> {
    let store_error = error.chain().find_map(|cause| cause.downcast_ref::<StoreError>());
    if matches!(store_error, Some(StoreError::Locked { .. } | StoreError::Unwritable { .. })) {
        return None;
    }
    Some(Problem {
        code: "start-failed".to_owned(),
        what: format!("{error:#}"),
        effect:
            "no EWS server and no processor runs, and nobody can sign in; all files are kept as they were"
                .to_owned(),
        remedy: format!(
            "remove the cause and start Riser again; to begin without the stored data, move riser.db out of {} before, \
             and keep it",
            directory.display()
        ),
        setting: None,
    })
}

/// Serves the page with the problem until Riser is asked to stop.
pub(super) async fn serve(
    problem: Problem,
    listener: PortalListener,
    settings: &PortalSettings,
    shutdown: &ShutdownSignal,
) -> ExitCode {
    tracing::error!(code = problem.code, "Riser could not start: {}: {}", problem.what, problem.remedy);
    tokio::select! {
        () = listener.serve_failed_start(problem, settings) => {}
        () = shutdown.received() => {}
    }
    ExitCode::from(FAILED)
}
