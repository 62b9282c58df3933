//! Carries out the one order of a worker. Foreign code runs here, on the main thread.

use std::path::Path;
use std::sync::Arc;

use abi_stable::std_types::{RErr, ROk, RResult, RSlice, RStr, RVec};
use riser_plugin::abi::messages::FailureMessage;
use riser_plugin::abi::{PluginModuleRef, PluginRunBox};
use serde::Serialize;

use super::loader::load;
use super::messages::{MessageError, migration_message, outcome, run_request, test_request};
use super::services::Services;
use super::session::WorkerSession;
use crate::codec::FrameError;
use crate::frames::{
    FailureFrame, FromWorker, LoadFault, MigrationRequest, OutcomeFrame, RunRequest, TestRequest, ToWorker,
};

/// Names no class: what is made then tests connections.
const NO_CLASS: &str = "";

/// Why an request was not carried out. It is the same next time.
#[derive(Debug, thiserror::Error)]
enum RunRequestError {
    #[error("the library {0}")]
    NotLoaded(LoadFault),
    #[error("{0}")]
    NoSuchClass(String),
    #[error("the order cannot be understood: {0}")]
    Message(#[from] MessageError),
    #[error("the order cannot be written: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the description cannot be sent: {0}")]
    Description(#[from] FrameError),
    #[error("the host gave no request that a worker knows")]
    NoOrder,
}

pub(super) fn execute(request: ToWorker, session: &Arc<WorkerSession>) -> OutcomeFrame {
    let carried_out = match request {
        ToWorker::Describe { library } => describe(&library, session),
        ToWorker::MigrateSettings(request) => migrate_settings(*request, session),
        ToWorker::Run(request) => run(*request, session),
        ToWorker::TestConnection(request) => test_connection(*request, session),
        _ => Err(RunRequestError::NoOrder),
    };
    carried_out.unwrap_or_else(|error| match error {
        RunRequestError::NotLoaded(fault) => OutcomeFrame::NotLoaded(fault),
        other => failure(other.to_string()),
    })
}

fn describe(library: &str, session: &WorkerSession) -> Result<OutcomeFrame, RunRequestError> {
    let description_json = load_plugin(library)?.describe()().into_string();
    session.link.send(&FromWorker::Described { description_json })?;
    Ok(OutcomeFrame::Succeeded)
}

fn run(request: RunRequest, session: &Arc<WorkerSession>) -> Result<OutcomeFrame, RunRequestError> {
    let run = create(load_plugin(&request.library)?, &request.class)?;
    let request = json(&run_request(request)?)?;
    Ok(outcome_of(run.run(RSlice::from(request.as_slice()), Services::boxed(Arc::clone(session)))))
}

fn test_connection(
    request: TestRequest,
    session: &Arc<WorkerSession>,
) -> Result<OutcomeFrame, RunRequestError> {
    let run = create(load_plugin(&request.library)?, NO_CLASS)?;
    let request = json(&test_request(request)?)?;
    Ok(outcome_of(
        run.test_connection(RSlice::from(request.as_slice()), Services::boxed(Arc::clone(session))),
    ))
}

fn migrate_settings(
    request: MigrationRequest,
    session: &WorkerSession,
) -> Result<OutcomeFrame, RunRequestError> {
    let Some(migrate) = load_plugin(&request.library)?.migrate_settings() else {
        // A library of an older contract has settings of their first version.
        let settings = request.settings.into_iter().map(|(_, settings)| settings).collect();
        session.link.send(&FromWorker::Migrated { settings })?;
        return Ok(OutcomeFrame::Succeeded);
    };
    let mut settings = Vec::with_capacity(request.settings.len());
    for (owner, json_text) in request.settings {
        let request = json(&migration_message(owner, &json_text)?)?;
        match migrate(RSlice::from(request.as_slice())) {
            ROk(migrated) => settings.push(String::from_utf8_lossy(&migrated).into_owned()),
            RErr(what) => return Ok(failure(what.into_string())),
        }
    }
    session.link.send(&FromWorker::Migrated { settings })?;
    Ok(OutcomeFrame::Succeeded)
}

fn load_plugin(library: &str) -> Result<PluginModuleRef, RunRequestError> {
    load(Path::new(library)).map_err(RunRequestError::NotLoaded)
}

fn create(plugin: PluginModuleRef, class: &str) -> Result<PluginRunBox, RunRequestError> {
    plugin.create()(RStr::from(class))
        .into_result()
        .map_err(|what| RunRequestError::NoSuchClass(what.into_string()))
}

/// A message as the plugin reads it.
fn json(message: &impl Serialize) -> Result<Vec<u8>, RunRequestError> {
    Ok(serde_json::to_vec(message)?)
}

fn outcome_of(result: RResult<(), RVec<u8>>) -> OutcomeFrame {
    match result {
        ROk(()) => OutcomeFrame::Succeeded,
        RErr(error) => match serde_json::from_slice::<FailureMessage>(&error) {
            Ok(message) => outcome(message),
            Err(_) => failure("it failed and gave no reason that can be read"),
        },
    }
}

/// A failure that is the same next time.
fn failure(what: impl Into<String>) -> OutcomeFrame {
    OutcomeFrame::Failed(FailureFrame {
        what: what.into(),
        problem: None,
        is_retryable: false,
        is_panic: false,
    })
}
