//! Executes the request of a worker. Foreign code runs here, on the main thread.

use std::path::Path;
use std::sync::Arc;

use abi_stable::std_types::{RErr, ROk, RResult, RSlice, RStr, RVec};
use riser_domain::sanitize_line;
use riser_platform::exhausted_open_files;
use riser_plugin::abi::messages::{FailureMessage, SettingsMessage};
use riser_plugin::abi::{PluginModuleRef, PluginRunBox};

use super::loader::load;
use super::services::Services;
use super::session::WorkerSession;
use riser_worker_protocol::codec::FrameError;
use riser_worker_protocol::contract::plain_problem;
use riser_worker_protocol::frames::{
    FromWorker, LoadFault, Outcome, RunRequest, SettingsRequest, TestRequest, ToWorker,
};

/// The class name that creates a run for connection tests.
const NO_CLASS: &str = "";

/// Why a request was not executed. A repetition fails in the same way.
#[derive(Debug, thiserror::Error)]
enum RunRequestError {
    #[error("the library {0}")]
    NotLoaded(LoadFault),
    #[error("{0}")]
    NoSuchClass(String),
    #[error("the description cannot be sent: {0}")]
    Description(#[from] FrameError),
    #[error("settings cannot be read: {0}")]
    Settings(#[from] serde_json::Error),
    #[error("the host sent an unknown request: restart the host")]
    NoRequest,
}

pub(super) fn execute(request: ToWorker, session: &Arc<WorkerSession>) -> Outcome {
    let executed = match request {
        ToWorker::Describe { library } => describe(&library, session),
        ToWorker::MigrateSettings(request) => migrate_settings(*request, session),
        ToWorker::CheckSettings(request) => check_settings(*request, session),
        ToWorker::Run(request) => run(&request, session),
        ToWorker::TestConnection(request) => test_connection(&request, session),
        _ => Err(RunRequestError::NoRequest),
    };
    executed.unwrap_or_else(|error| match error {
        RunRequestError::NotLoaded(fault) => Outcome::NotLoaded(fault),
        other => failure(other.to_string()),
    })
}

fn describe(library: &str, session: &WorkerSession) -> Result<Outcome, RunRequestError> {
    let description_json = load_plugin(library)?.describe()().into_string();
    session.link.send(&FromWorker::Described { description_json })?;
    Ok(Outcome::Succeeded)
}

fn run(request: &RunRequest, session: &Arc<WorkerSession>) -> Result<Outcome, RunRequestError> {
    let run = create(load_plugin(&request.library)?, &request.class)?;
    let message = RSlice::from(request.message_json.as_bytes());
    Ok(outcome_of(run.run(message, Services::boxed(Arc::clone(session)))))
}

fn test_connection(request: &TestRequest, session: &Arc<WorkerSession>) -> Result<Outcome, RunRequestError> {
    let run = create(load_plugin(&request.library)?, NO_CLASS)?;
    let message = RSlice::from(request.message_json.as_bytes());
    Ok(outcome_of(run.test_connection(message, Services::boxed(Arc::clone(session)))))
}

fn migrate_settings(request: SettingsRequest, session: &WorkerSession) -> Result<Outcome, RunRequestError> {
    let migrate = load_plugin(&request.library)?.migrate_settings();
    let mut settings = Vec::with_capacity(request.messages_json.len());
    for message in request.messages_json {
        let Some(migrate) = migrate else {
            // Contract 1.0 has no migrations, so its settings have their first version.
            let SettingsMessage { settings: unchanged, .. } = serde_json::from_str(&message)?;
            settings.push(serde_json::to_string(&unchanged)?);
            continue;
        };
        match migrate(RSlice::from(message.as_bytes())) {
            ROk(migrated) => settings.push(String::from_utf8_lossy(&migrated).into_owned()),
            RErr(what) => return Ok(failure(what.into_string())),
        }
    }
    session.link.send(&FromWorker::Migrated { settings })?;
    Ok(Outcome::Succeeded)
}

fn check_settings(request: SettingsRequest, session: &WorkerSession) -> Result<Outcome, RunRequestError> {
    let check = load_plugin(&request.library)?.check_settings();
    let mut faults = Vec::with_capacity(request.messages_json.len());
    for message in request.messages_json {
        // A library of contract 1.0 checks its settings at the start of a run only.
        let Some(check) = check else {
            faults.push("[]".to_owned());
            continue;
        };
        match check(RSlice::from(message.as_bytes())) {
            ROk(found) => faults.push(String::from_utf8_lossy(&found).into_owned()),
            RErr(what) => return Ok(failure(what.into_string())),
        }
    }
    session.link.send(&FromWorker::SettingsChecked { faults })?;
    Ok(Outcome::Succeeded)
}

fn load_plugin(library: &str) -> Result<PluginModuleRef, RunRequestError> {
    load(Path::new(library)).map_err(RunRequestError::NotLoaded)
}

fn create(plugin: PluginModuleRef, class: &str) -> Result<PluginRunBox, RunRequestError> {
    plugin.create()(RStr::from(class))
        .into_result()
        .map_err(|what| RunRequestError::NoSuchClass(what.into_string()))
}

fn outcome_of(result: RResult<(), RVec<u8>>) -> Outcome {
    match result {
        ROk(()) => Outcome::Succeeded,
        RErr(error) => match serde_json::from_slice::<FailureMessage>(&error) {
            Ok(message) if message.is_stop => Outcome::Cancelled,
            // A text that exceeds a frame could not be sent, and the run would end without a reason.
            Ok(message) => Outcome::Failed(FailureMessage {
                what: what_failed(&message.what),
                problem: message.problem.as_ref().map(plain_problem),
                ..message
            }),
            Err(_) => failure("the plugin failed without a readable reason"),
        },
    }
}

/// Returns the reason of a failure, with the limit of the worker that caused it.
fn what_failed(what: &str) -> String {
    let what = sanitize_line(what);
    match exhausted_open_files(&what) {
        Some(limit) => format!("limit of {limit} open files reached: {what}"),
        None => what,
    }
}

/// Returns a failure that a repetition does not change.
fn failure(what: impl Into<String>) -> Outcome {
    Outcome::Failed(FailureMessage {
        what: what.into(),
        problem: None,
        is_retryable: false,
        is_stop: false,
        is_panic: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_any_length_fits_a_frame() {
        let message = FailureMessage {
            what: "x".repeat(200 << 20),
            problem: None,
            is_retryable: true,
            is_stop: false,
            is_panic: false,
        };
        let json = serde_json::to_vec(&message).unwrap();
        let Outcome::Failed(failure) = outcome_of(RErr(RVec::from(json))) else { panic!("it is a failure") };
        assert!(failure.what.len() < 9_000 && failure.what.starts_with('x'));
    }
}
