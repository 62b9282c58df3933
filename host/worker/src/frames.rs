//! What host and worker say to each other: length-prefixed postcard, private between two copies of one
//! binary, so it carries no promise of compatibility beyond [`PROTOCOL`].

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Changes with every change to these types; a worker of another number is refused at the handshake.
pub const PROTOCOL: u32 = 1;

/// From the host to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToWorker {
    /// First frame: what the worker confines itself to before it loads anything.
    Hello { protocol: u32, limits: LimitsFrame },
    /// Load the library (its copy by hash) and say what it offers.
    Describe { library: String },
    /// Load the library and test a connection with settings that need not be saved.
    TestConnection(Box<TestRequest>),
    /// Load the library and migrate settings to its version.
    MigrateSettings(Box<MigrationRequest>),
    /// Load the library and run a class.
    Run(Box<RunRequest>),
    /// The answer to the call with this number.
    Reply { request: u32, reply: Reply },
    /// Something for `wait` to return.
    Wake(WakeFrame),
    /// End the run; what is not over when the grace ends is killed.
    Stop,
}

/// What a worker may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsFrame {
    /// Memory for data (heap, stacks, private mappings), in bytes.
    pub memory_bytes: u64,
    /// Open file descriptors.
    pub open_files: u64,
    /// Time between two heartbeats, in milliseconds.
    pub heartbeat_ms: u64,
}

/// Settings to migrate, with markers in place of secrets. Its `Debug` prints no settings.
#[derive(Serialize, Deserialize)]
pub struct MigrationRequest {
    pub library: String,
    /// JSON objects.
    pub settings: Vec<(SettingsOwner, String)>,
}

impl std::fmt::Debug for MigrationRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MigrationRequest").field("library", &self.library).finish_non_exhaustive()
    }
}

/// What has settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SettingsOwner {
    /// The class with this id within the plugin.
    Class(String),
    /// The connection kind, such as `riser.evce/evce`.
    Connection(String),
}

/// A connection to test, secrets opened. Its `Debug` prints no settings.
#[derive(Serialize, Deserialize)]
pub struct TestRequest {
    pub library: String,
    /// Such as `riser.evce/evce`.
    pub kind: String,
    /// Identifies this installation to controllers.
    pub instance: String,
    /// All settings, secrets opened.
    pub settings_json: String,
}

impl std::fmt::Debug for TestRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestRequest").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Everything a run needs, secrets opened. Its `Debug` prints no settings.
#[derive(Serialize, Deserialize)]
pub struct RunRequest {
    pub library: String,
    /// The class within the plugin, such as `status`.
    pub class: String,
    /// The name of the processor configuration.
    pub configuration: String,
    /// Identifies this installation to controllers and in the orphans' marker.
    pub instance: String,
    pub settings_json: String,
    pub connection: Option<ConnectionRequest>,
    /// The stored tree of this plugin, connection and server.
    pub points: Vec<PointFrame>,
    /// Set points still open for this class, grouped as they were written.
    pub writes: Vec<WriteFrame>,
}

#[derive(Serialize, Deserialize)]
pub struct ConnectionRequest {
    pub name: String,
    /// Such as `riser.evce/evce`.
    pub kind: String,
    /// All settings, secrets opened.
    pub settings_json: String,
}

impl std::fmt::Debug for RunRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunRequest")
            .field("class", &self.class)
            .field("configuration", &self.configuration)
            .finish_non_exhaustive()
    }
}

/// A stored item that is a point: a value or a history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointFrame {
    pub handle: u32,
    pub id: Arc<str>,
    pub is_history: bool,
    /// The recorded value's handle, for a history.
    pub recorded: Option<u32>,
    /// The EWS name of the kind, such as `Double`.
    pub kind: ValueKindFrame,
    pub unit: Arc<str>,
    pub published_by: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValueKindFrame {
    DateTime,
    Boolean,
    String,
    Double,
    Long,
    Integer,
    Duration,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ValueFrame {
    DateTimeMs(i64),
    Boolean(bool),
    String(Arc<str>),
    Double(f64),
    Long(i64),
    Integer(i32),
    DurationMs(i64),
}

/// A published value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublishedFrame {
    pub handle: u32,
    /// `None` keeps the last good value and changes only its state.
    pub value: Option<ValueFrame>,
    /// The EWS number: 0 Good, 1 Uncertain, 3 Offline, 4 Error.
    pub state: u8,
    pub reason: Option<Arc<str>>,
    /// When the source measured it, in milliseconds since 1970; `None` for now.
    pub source_time_ms: Option<i64>,
}

/// A sample of a history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleFrame {
    /// The history's handle.
    pub handle: u32,
    pub value: ValueFrame,
    pub state: u8,
    pub time_ms: i64,
}

/// A value as it is served now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadingFrame {
    pub value: ValueFrame,
    pub state: u8,
    pub source_time_ms: i64,
    pub received_time_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WriteFrame {
    pub id: i64,
    pub group: i64,
    pub handle: u32,
    pub item: Arc<str>,
    pub value: ValueFrame,
    /// The word of its state: a write handed over a second time may be Sent or Unknown.
    pub state: String,
    pub accepted_at_ms: i64,
    pub expires_at_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum WakeFrame {
    /// Writes written together, together.
    SetPoints(Vec<WriteFrame>),
    /// Another class of this plugin changed the tree; `points` gives the new one.
    TreeChanged,
}

/// From a worker to the host.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromWorker {
    /// First frame.
    Hello {
        protocol: u32,
    },
    /// Once a second, from a thread that plugin code cannot block.
    Heartbeat {
        resident_bytes: u64,
        /// How often plugin code has called the host so far: its sign of life.
        signs_of_life: u64,
        /// Whether plugin code is inside a call now, such as `wait`, and so need give no sign of life.
        is_inside_a_call: bool,
    },
    /// What the library offers: one JSON document.
    Described {
        description_json: String,
    },
    /// The migrated settings, in the order of the request.
    Migrated {
        settings: Vec<String>,
    },
    /// A stage of a connection test has begun or ended.
    TestStage(TestStageFrame),
    /// A service call that waits for its answer.
    Call {
        request: u32,
        call: Call,
    },
    /// A line of the run's log.
    Log {
        level: LogLevelFrame,
        text: String,
    },
    Progress {
        step: String,
        done: u64,
        of: u64,
    },
    /// Raises a problem, or clears the one with this code.
    Problem(ProblemFrame),
    ProblemCleared {
        code: String,
    },
    /// What became of a write: Sent, Pending, Confirmed, Rejected or Unknown.
    Receipt {
        write: i64,
        state: String,
        reason: String,
    },
    /// Last frame: how describing, testing or running ended.
    Outcome(OutcomeFrame),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogLevelFrame {
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemFrame {
    pub code: String,
    pub what: String,
    pub effect: String,
    pub remedy: String,
    pub setting: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestStageFrame {
    /// `DNS`, `TCP`, `TLS`, `login` …
    pub stage: String,
    /// `None` while it runs.
    pub passed: Option<bool>,
    pub finding: String,
    pub advice: String,
    pub took_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutcomeFrame {
    Succeeded,
    Cancelled,
    Failed(FailureFrame),
    /// The library was refused; no plugin code ran but what the system runs when it opens a library.
    NotLoaded(LoadFault),
}

/// Why a library was refused. Its text follows the file's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum LoadFault {
    /// The system's loader refused it.
    #[error("cannot be loaded ({why}): install what it needs, or replace it with a build for this machine")]
    Unloadable { why: String },
    /// It exports no plugin.
    #[error("is a library but no Riser plugin: remove it from the plugin directory")]
    NoPlugin,
    /// It asks for more than this host has.
    #[error(
        "needs plugin contract {plugin}, this Riser offers {host}: update Riser, or use the plugin's version \
         for contract {host}"
    )]
    ContractTooNew { plugin: String, host: String },
    /// It was made for a contract that this host no longer has.
    #[error(
        "was made for plugin contract {plugin}, this Riser offers {host}: use the plugin's version for \
         contract {host}"
    )]
    ContractTooOld { plugin: String, host: String },
    /// Its types are not those of the contract it names.
    #[error(
        "says plugin contract {plugin} but is built otherwise ({difference}): build it again with riser-plugin {plugin}"
    )]
    OtherLayout { plugin: String, difference: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureFrame {
    /// What happened, with its causes, for people.
    pub what: String,
    /// The problem to show, when the plugin named one.
    pub problem: Option<ProblemFrame>,
    pub is_retryable: bool,
    /// A panic that the kit caught.
    pub is_panic: bool,
}

/// A service call of a run.
#[derive(Debug, Serialize, Deserialize)]
pub enum Call {
    /// The whole requested tree, parents before children.
    Declare {
        items: Vec<DeclaredFrame>,
    },
    /// The stored tree.
    Points,
    Publish {
        values: Vec<PublishedFrame>,
    },
    /// Says how often this class publishes, so that the host knows when values are stale.
    PublishesEvery {
        period_ms: u64,
    },
    Record {
        samples: Vec<SampleFrame>,
    },
    Latest {
        handles: Vec<u32>,
    },
    /// Asks to log in or to send a request over the connection; answered when a slot is free.
    LimiterAcquire {
        purpose: LimitedAction,
    },
    /// Gives the slot back and says how it went.
    LimiterRelease {
        purpose: LimitedAction,
        result: ActionResult,
    },
    /// Asks the host to start another class of this plugin for the same connection and server.
    RequestRun {
        class: String,
        reason: String,
    },
    StateGet {
        key: String,
    },
    StatePut {
        key: String,
        value: Vec<u8>,
    },
    StateRemove {
        key: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LimitedAction {
    Login,
    Request,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActionResult {
    Done,
    /// The remote system refused these credentials: no further try with them for a while.
    CredentialsRefused,
    /// No answer, or one that says the remote system is unwell.
    Failed,
    /// The remote system asked for a pause.
    Throttled {
        pause_ms: u64,
    },
}

/// An item of a declared tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeclaredFrame {
    pub id: Arc<str>,
    /// `None` directly below the server's root.
    pub parent: Option<Arc<str>>,
    pub name: Arc<str>,
    pub description: Arc<str>,
    pub node: DeclaredNodeFrame,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DeclaredNodeFrame {
    Container {
        /// The EWS name of the kind, such as `Folder`.
        kind: String,
    },
    Value {
        kind: ValueKindFrame,
        unit: Arc<str>,
        published_by: Arc<str>,
        writes_handled_by: Option<Arc<str>>,
        set_point: Option<SetPointRuleFrame>,
        /// Known when declared: served as Good until the writing class publishes for the first time.
        initial: Option<ValueFrame>,
    },
    History {
        /// The id of the recorded value.
        value_item: Arc<str>,
        kind: ValueKindFrame,
        unit: Arc<str>,
        published_by: Arc<str>,
    },
}

#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct SetPointRuleFrame {
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub options: Vec<Arc<str>>,
    pub future_only: bool,
}

/// The host's answer to a [`Call`].
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    Done,
    Declared {
        points: Vec<PointFrame>,
        added: u32,
        changed: u32,
        kept: u32,
        vanished: u32,
    },
    Points(Vec<PointFrame>),
    Latest(Vec<Option<ReadingFrame>>),
    /// Wait until then (milliseconds since 1970) before asking again.
    LimiterDenied {
        until_ms: i64,
        reason: String,
    },
    State(Option<Vec<u8>>),
    /// The call was understood and is not granted; `code` is a stable word.
    Refused {
        code: String,
        what: String,
    },
}
