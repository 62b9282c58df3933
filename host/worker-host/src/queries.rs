//! Short requests to a worker of their own: describing a library, testing a connection.

use std::path::PathBuf;
use std::time::Duration;

use riser_plugin::abi::messages::{
    self as contract, FailureMessage, MigrationMessage, Notice, SettingsOwner, TestRequestMessage, TestStage,
};

use super::exit_reason::ExitReason;
use super::launcher::{LaunchError, Launcher};
use super::limits::WorkerLimits;
use super::process::WorkerEvent;
use crate::description::{DescriptionFault, LibraryDescription, SettingValues};
use crate::library::{CachedLibrary, LibraryError};
use riser_worker_protocol::frames::{
    Call, FromWorker, MigrationRequest, Outcome, Reply, TestRequest, ToWorker,
};

/// Longest description: it runs no plugin logic.
const DESCRIBE_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest migration of the settings of one library.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(10);

/// A test may take 10 s by the contract; the rest is for the worker itself.
const CONNECTION_TEST_TIMEOUT: Duration = Duration::from_secs(12);

/// Why a library could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// There is no worker to ask it in.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// A worker refused to load it.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// Its worker ended too early.
    #[error("{} could not be asked: its worker {reason}; ask its author for a version that works", file.display())]
    Ended {
        /// The library's file.
        file: PathBuf,
        /// Why the worker ended.
        reason: ExitReason,
    },
    /// The plugin failed.
    #[error("{}: {}", file.display(), failure.what)]
    Failed {
        /// The library's file.
        file: PathBuf,
        /// What the plugin says.
        failure: FailureMessage,
    },
    /// What it says of itself cannot be used.
    #[error("{} describes itself wrongly: {fault}; ask its author for a version that works", file.display())]
    Description {
        /// The library's file.
        file: PathBuf,
        /// What is wrong with it.
        fault: DescriptionFault,
    },
    /// It returned something else than settings.
    #[error("{} migrates settings to something else; ask its author for a version that works", file.display())]
    Migration {
        /// The library's file.
        file: PathBuf,
    },
}

/// A connection to test: values that need not be saved.
pub struct ConnectionToTest {
    /// Such as `riser.evce/evce`.
    pub kind: String,
    /// Identifies this installation to the remote system.
    pub instance: String,
    /// All settings, secrets opened.
    pub settings: serde_json::Value,
}

impl std::fmt::Debug for ConnectionToTest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionToTest").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Asks a library, in a worker, what it offers.
pub async fn describe(
    launcher: &Launcher,
    library: &CachedLibrary,
) -> Result<LibraryDescription, QueryError> {
    let limits = WorkerLimits { time_limit: Some(DESCRIBE_TIMEOUT), ..WorkerLimits::default() };
    let mut description = None;
    let request = ToWorker::Describe { library: path_text(library) };
    ask(launcher, library, request, limits, |frame| {
        if let FromWorker::Described { description_json } = frame {
            description = Some(LibraryDescription::parse(&description_json));
        }
    })
    .await?;
    description
        .unwrap_or_else(|| Err(DescriptionFault::Form("it is missing".to_owned())))
        .map_err(|fault| QueryError::Description { file: library.source.clone(), fault })
}

/// Passes settings through the `migrate` of their class or connection kind, in a worker. Returns them in the order
/// of `settings`. Secrets do not belong into them.
pub async fn migrate_settings(
    launcher: &Launcher,
    library: &CachedLibrary,
    settings: Vec<(SettingsOwner, SettingValues)>,
) -> Result<Vec<SettingValues>, QueryError> {
    let limits = WorkerLimits { time_limit: Some(MIGRATION_TIMEOUT), ..WorkerLimits::default() };
    let count = settings.len();
    let messages = settings.into_iter().map(|(owner, settings)| MigrationMessage { owner, settings });
    let messages_json = messages.map(|message| serde_json::to_string(&message).unwrap_or_default()).collect();
    let request = MigrationRequest { library: path_text(library), messages_json };
    let mut migrated = None;
    ask(launcher, library, ToWorker::MigrateSettings(Box::new(request)), limits, |frame| {
        if let FromWorker::Migrated { settings } = frame {
            migrated = settings.iter().map(|text| serde_json::from_str::<SettingValues>(text).ok()).collect();
        }
    })
    .await?;
    migrated
        .filter(|migrated: &Vec<_>| migrated.len() == count)
        .ok_or_else(|| QueryError::Migration { file: library.source.clone() })
}

/// Tests a connection, in a worker, on values that need not be saved. Calls `on_stage` as each stage begins and ends.
/// Dropping the future ends the test.
///
/// # Errors
/// [`QueryError::Failed`] when a stage did not pass.
pub async fn test_connection(
    launcher: &Launcher,
    library: &CachedLibrary,
    connection: ConnectionToTest,
    mut on_stage: impl FnMut(TestStage),
) -> Result<(), QueryError> {
    let limits = WorkerLimits { time_limit: Some(CONNECTION_TEST_TIMEOUT), ..WorkerLimits::default() };
    let ConnectionToTest { kind, instance, settings } = connection;
    let message = TestRequestMessage { kind, instance, settings };
    let request = TestRequest::new(path_text(library), &message).expect("JSON values can always be written");
    ask(launcher, library, ToWorker::TestConnection(Box::new(request)), limits, |frame| {
        if let FromWorker::Notice(Notice::TestStage(stage)) = frame {
            on_stage(stage);
        }
    })
    .await
}

/// Sends a worker its request and passes on its frames until it has ended.
async fn ask(
    launcher: &Launcher,
    library: &CachedLibrary,
    request: ToWorker,
    limits: WorkerLimits,
    mut on_frame: impl FnMut(FromWorker),
) -> Result<(), QueryError> {
    let mut worker = launcher.launch(limits).await?;
    // A worker that is gone says so in its last event.
    let _ended = worker.send(request);
    let file = || library.source.clone();
    let mut outcome = None;
    loop {
        match worker.next_event().await {
            WorkerEvent::Frame(FromWorker::Outcome(how)) => outcome = Some(how),
            WorkerEvent::Frame(FromWorker::Call { request, call }) => {
                let _ended = worker.send(ToWorker::Reply { request, reply: answer_to_test(&call) });
            }
            WorkerEvent::Frame(frame) => on_frame(frame),
            WorkerEvent::Output(line) => {
                tracing::info!(plugin.file = %library.source.display(), "plugin printed: {}", line.text);
            }
            WorkerEvent::OrphansKilled(_) => {}
            WorkerEvent::Ended(reason) => {
                return match outcome {
                    Some(Outcome::Succeeded) => Ok(()),
                    Some(Outcome::NotLoaded(fault)) => {
                        Err(LibraryError::Refused { file: file(), fault }.into())
                    }
                    Some(Outcome::Failed(failure)) => Err(QueryError::Failed { file: file(), failure }),
                    Some(Outcome::Cancelled) | None => Err(QueryError::Ended { file: file(), reason }),
                };
            }
        }
    }
}

/// A test stands outside all limiters and has no tree: its credentials are not those that others use.
fn answer_to_test(call: &Call) -> Reply {
    match call {
        Call::Contract(contract::Call::LimiterAcquire { .. } | contract::Call::LimiterRelease { .. }) => {
            Reply::Done
        }
        Call::Contract(contract::Call::StateGet { .. }) => Reply::Contract(contract::Reply::State(None)),
        Call::Contract(contract::Call::HasAbility { .. }) => Reply::Contract(contract::Reply::Ability(false)),
        _ => Reply::Refused {
            code: "testing".to_owned(),
            what: "a connection test has neither a tree nor a state of its own".to_owned(),
        },
    }
}

fn path_text(library: &CachedLibrary) -> String {
    library.path.to_string_lossy().into_owned()
}
