//! Short requests, each in its own worker: describe a library, migrate or check settings, test a connection. A dry run
//! is one, too.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use riser_plugin::abi::messages::{
    self as contract, FailureMessage, Notice, SettingFaultMessage, SettingsMessage, SettingsOwner,
    TestRequestMessage, TestStage,
};
use riser_plugin::time_span;

use riser_domain::sanitize_line;

use super::exit_reason::ExitReason;
use super::launcher::{LaunchError, Launcher};
use super::limits::WorkerLimits;
use super::process::WorkerEvent;
use crate::description::{DescriptionFault, LibraryDescription, SettingValues};
use crate::library::{CachedLibrary, LibraryError};
use riser_worker_protocol::frames::{
    Call, FromWorker, Outcome, Reply, SettingsRequest, TestRequest, ToWorker,
};

const DESCRIBE_TIMEOUT: Duration = Duration::from_secs(10);

const SETTINGS_TIMEOUT: Duration = Duration::from_secs(10);

/// The stage of a fault that happens in no stage of the plugin.
const NO_STAGE: &str = "Test";

/// Why a query of a library failed.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    #[error(transparent)]
    Launch(#[from] LaunchError),
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The worker ended without an outcome.
    #[error("the worker of {} {reason}; ask the plugin's author for a fixed version", file.display())]
    Ended { file: PathBuf, reason: ExitReason },
    #[error("{}: {}", file.display(), failure.what)]
    Failed { file: PathBuf, failure: FailureMessage },
    /// The library's description is invalid.
    #[error("{} has an invalid description: {fault}; ask the plugin's author for a fixed version", file.display())]
    Description { file: PathBuf, fault: DescriptionFault },
    /// The migration returned something other than settings.
    #[error("{} returned invalid settings from a migration; ask the plugin's author for a fixed version", file.display())]
    Migration { file: PathBuf },
    /// The check returned something other than faults.
    #[error("{} returned an invalid result of a settings check; ask the plugin's author for a fixed version", file.display())]
    Check { file: PathBuf },
}

/// A setting that a plugin refuses, as single lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginFault {
    /// The path of the setting; empty for a fault of the settings together.
    pub setting: String,
    pub what: String,
    /// May be empty.
    pub remedy: String,
}

/// A connection to test, with settings that may be unsaved.
pub struct ConnectionToTest {
    /// The full name, such as `riser.evce/evce`.
    pub kind: String,
    /// Identifies this installation to the remote system.
    pub instance: String,
    /// All settings, with decrypted secrets.
    pub settings: serde_json::Value,
    /// The test is aborted after it.
    pub time_limit: Duration,
}

impl std::fmt::Debug for ConnectionToTest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionToTest").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Returns the description of a library, read in a worker.
pub async fn describe(
    launcher: &Launcher,
    library: &CachedLibrary,
) -> Result<LibraryDescription, QueryError> {
    let limits = WorkerLimits { time_limit: Some(DESCRIBE_TIMEOUT), ..WorkerLimits::default() };
    let mut description = None;
    let request = ToWorker::Describe { library: path_text(library) };
    query(launcher, library, request, limits, |frame| {
        if let FromWorker::Described { description_json } = frame {
            description = Some(LibraryDescription::parse(&description_json));
        }
    })
    .await?;
    description
        .unwrap_or_else(|| Err(DescriptionFault::Form("it is missing".to_owned())))
        .map_err(|fault| QueryError::Description { file: library.source.clone(), fault })
}

/// Migrates settings of classes and connection kinds, in a worker. Returns them in the order of `settings`, which
/// must contain no secrets.
pub async fn migrate_settings(
    launcher: &Launcher,
    library: &CachedLibrary,
    settings: Vec<(SettingsOwner, SettingValues)>,
) -> Result<Vec<SettingValues>, QueryError> {
    let limits = WorkerLimits { time_limit: Some(SETTINGS_TIMEOUT), ..WorkerLimits::default() };
    let count = settings.len();
    let request = settings_request(library, settings);
    let mut migrated = None;
    query(launcher, library, ToWorker::MigrateSettings(Box::new(request)), limits, |frame| {
        if let FromWorker::Migrated { settings } = frame {
            migrated = settings.iter().map(|text| serde_json::from_str::<SettingValues>(text).ok()).collect();
        }
    })
    .await?;
    migrated
        .filter(|migrated: &Vec<_>| migrated.len() == count)
        .ok_or_else(|| QueryError::Migration { file: library.source.clone() })
}

/// Lets a library check settings of classes and connection kinds, with decrypted secrets, in a worker. Returns the
/// faults in the order of `settings`.
pub async fn check_plugin_settings(
    launcher: &Launcher,
    library: &CachedLibrary,
    settings: Vec<(SettingsOwner, SettingValues)>,
) -> Result<Vec<Vec<PluginFault>>, QueryError> {
    let limits = WorkerLimits { time_limit: Some(SETTINGS_TIMEOUT), ..WorkerLimits::default() };
    let count = settings.len();
    let request = settings_request(library, settings);
    let mut checked = None;
    query(launcher, library, ToWorker::CheckSettings(Box::new(request)), limits, |frame| {
        if let FromWorker::SettingsChecked { faults } = frame {
            checked = faults.iter().map(|text| plugin_faults(text)).collect();
        }
    })
    .await?;
    checked
        .filter(|checked: &Vec<_>| checked.len() == count)
        .ok_or_else(|| QueryError::Check { file: library.source.clone() })
}

fn plugin_faults(json: &str) -> Option<Vec<PluginFault>> {
    let messages: Vec<SettingFaultMessage> = serde_json::from_str(json).ok()?;
    let sanitized = |SettingFaultMessage { setting, what, remedy }| PluginFault {
        setting: sanitize_line(&setting),
        what: sanitize_line(&what),
        remedy: sanitize_line(&remedy),
    };
    Some(messages.into_iter().map(sanitized).collect())
}

fn settings_request(
    library: &CachedLibrary,
    settings: Vec<(SettingsOwner, SettingValues)>,
) -> SettingsRequest {
    let messages = settings.into_iter().map(|(owner, settings)| SettingsMessage { owner, settings });
    let messages_json = messages.map(|message| serde_json::to_string(&message).unwrap_or_default()).collect();
    SettingsRequest { library: path_text(library), messages_json }
}

/// Tests a connection, in a worker. Returns whether it passed. Calls `on_stage` at the beginning and end of each stage;
/// each fault is a failed stage. Dropping the future aborts the test.
pub async fn test_connection(
    launcher: &Launcher,
    library: &CachedLibrary,
    connection: ConnectionToTest,
    on_stage: impl FnMut(TestStage),
) -> Result<bool, QueryError> {
    let ConnectionToTest { kind, instance, settings, time_limit } = connection;
    let limits = WorkerLimits { time_limit: Some(time_limit), ..WorkerLimits::default() };
    let message = TestRequestMessage { kind, instance, settings };
    let request = TestRequest::new(path_text(library), &message).expect("JSON values can always be written");
    let mut stages = TestStages { on_stage, running: None, has_failed: false };
    let tested = query(launcher, library, ToWorker::TestConnection(Box::new(request)), limits, |frame| {
        if let FromWorker::Notice(Notice::TestStage(stage)) = frame {
            stages.report(stage);
        }
    })
    .await;
    match tested {
        Ok(()) => {}
        // Its words are those of the stage.
        Err(QueryError::Failed { .. }) if stages.has_failed => {}
        Err(QueryError::Failed { failure, .. }) => {
            let remedy = failure.problem.map(|problem| problem.remedy).unwrap_or_default();
            stages.fail(failure.what, remedy);
        }
        Err(QueryError::Ended { reason: ExitReason::TimeLimit { limit }, .. }) => {
            stages.fail(format!("no result within {}", time_span::format(limit)), SILENT_REMEDY.to_owned());
        }
        Err(QueryError::Ended { file, reason }) => {
            stages.fail(
                format!("the worker of {} {reason}", file.display()),
                "install a version of the plugin without this fault".to_owned(),
            );
        }
        Err(error) => return Err(error),
    }
    Ok(!stages.has_failed)
}

const SILENT_REMEDY: &str = "check the address and the firewalls on the way, and whether the remote system is overloaded; \
                             then repeat the test";

/// The stages of a test, as single lines.
struct TestStages<F> {
    on_stage: F,
    /// The stage that runs, and since when.
    running: Option<(String, Instant)>,
    has_failed: bool,
}

impl<F: FnMut(TestStage)> TestStages<F> {
    fn report(&mut self, stage: TestStage) {
        let TestStage { stage, passed, finding, advice, took_ms } = stage;
        let stage = sanitize_line(&stage);
        self.running = passed.is_none().then(|| (stage.clone(), Instant::now()));
        self.has_failed |= passed == Some(false);
        let (finding, advice) = (sanitize_line(&finding), sanitize_line(&advice));
        (self.on_stage)(TestStage { stage, passed, finding, advice, took_ms });
    }

    /// Ends the stage that runs with a fault that the plugin does not report itself.
    fn fail(&mut self, finding: String, advice: String) {
        let (stage, took) = match self.running.take() {
            Some((stage, began)) => (stage, began.elapsed()),
            None => (NO_STAGE.to_owned(), Duration::ZERO),
        };
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.report(TestStage { stage, passed: Some(false), finding, advice, took_ms });
    }
}

/// Handles the frames of a worker. A closure takes the frames of a worker that needs no services.
pub(crate) trait Conversation {
    fn take(&mut self, frame: FromWorker);

    fn reply(&mut self, call: Call) -> Reply {
        reply_in_test(&call)
    }
}

impl<F: FnMut(FromWorker)> Conversation for F {
    fn take(&mut self, frame: FromWorker) {
        self(frame);
    }
}

/// Sends a request to a new worker and serves it until it has ended.
pub(crate) async fn query(
    launcher: &Launcher,
    library: &CachedLibrary,
    request: ToWorker,
    limits: WorkerLimits,
    mut conversation: impl Conversation,
) -> Result<(), QueryError> {
    let mut worker = launcher.launch(limits).await?;
    // The last event reports a worker that has ended.
    let _ended = worker.send(request);
    let file = || library.source.clone();
    let mut outcome = None;
    loop {
        match worker.next_event().await {
            WorkerEvent::Frame(FromWorker::Outcome(how)) => outcome = Some(how),
            WorkerEvent::Frame(FromWorker::Call { request, call }) => {
                let _ended = worker.send(ToWorker::Reply { request, reply: conversation.reply(call) });
            }
            WorkerEvent::Frame(frame) => conversation.take(frame),
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

/// A connection test uses no limiters and no tree, because its credentials may differ from the stored ones.
fn reply_in_test(call: &Call) -> Reply {
    match call {
        Call::Contract(contract::Call::LimiterAcquire { .. } | contract::Call::LimiterRelease { .. }) => {
            Reply::Done
        }
        Call::Contract(contract::Call::StateGet { .. }) => Reply::Contract(contract::Reply::State(None)),
        Call::Contract(contract::Call::HasAbility { .. }) => Reply::Contract(contract::Reply::Ability(false)),
        _ => Reply::Refused {
            code: "testing".to_owned(),
            what: "a connection test has no tree and no state".to_owned(),
        },
    }
}

pub(crate) fn path_text(library: &CachedLibrary) -> String {
    library.path.to_string_lossy().into_owned()
}
