//! The frames between host and worker: length-prefixed postcard, private between two copies of one binary, so they
//! promise no compatibility beyond [`PROTOCOL`].
//!
//! What is frequent travels as types of `riser_domain`; rare calls are the messages of the plugin contract, unchanged.

use riser_domain::{HistorySample, LogLevel, PointHandle, Reading};
use riser_plugin::abi::PointTable;
use riser_plugin::abi::messages::{
    self as contract, FailureMessage, Notice, RunRequestMessage, TestRequestMessage, WakeMessage,
};
use serde::{Deserialize, Serialize};

use crate::value_batch::ValueBatch;

/// Changes with every change to these types; a worker of another number is refused at the handshake.
pub const PROTOCOL: u32 = 2;

/// From the host to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToWorker {
    /// First frame: the limits that the worker sets itself before it loads anything.
    Hello { protocol: u32, limits: LimitsFrame },
    /// Load the library (its copy by hash) and describe it.
    Describe { library: String },
    /// Load the library and test a connection with settings that need not be saved.
    TestConnection(Box<TestRequest>),
    /// Load the library and migrate settings to its version.
    MigrateSettings(Box<MigrationRequest>),
    /// Load the library and run a class.
    Run(Box<RunRequest>),
    /// The reply to the call with this number.
    Reply { request: u32, reply: Reply },
    /// Something for `wait` to return.
    Wake(WakeMessage),
    /// End the run; it is killed when the grace is over.
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
    /// JSON of [`MigrationMessage`](contract::MigrationMessage), as the plugin reads it.
    pub messages_json: Vec<String>,
}

impl std::fmt::Debug for MigrationRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MigrationRequest").field("library", &self.library).finish_non_exhaustive()
    }
}

/// A connection to test, secrets opened. Its `Debug` prints no settings.
#[derive(Serialize, Deserialize)]
pub struct TestRequest {
    pub library: String,
    /// JSON of [`TestRequestMessage`], as the plugin reads it.
    pub message_json: String,
}

impl TestRequest {
    pub fn new(library: String, message: &TestRequestMessage) -> serde_json::Result<Self> {
        Ok(Self { library, message_json: serde_json::to_string(message)? })
    }
}

impl std::fmt::Debug for TestRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestRequest").field("library", &self.library).finish_non_exhaustive()
    }
}

/// Everything that a run needs, secrets opened. Its `Debug` prints no settings.
#[derive(Serialize, Deserialize)]
pub struct RunRequest {
    pub library: String,
    /// The class within the plugin, such as `status`.
    pub class: String,
    /// JSON of [`RunRequestMessage`], as the plugin reads it.
    pub message_json: String,
    /// The stored tree of this plugin, connection and server.
    pub points: PointTable,
}

impl RunRequest {
    pub fn new(
        library: String,
        class: String,
        message: &RunRequestMessage,
        points: PointTable,
    ) -> serde_json::Result<Self> {
        Ok(Self { library, class, message_json: serde_json::to_string(message)?, points })
    }
}

impl std::fmt::Debug for RunRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunRequest")
            .field("library", &self.library)
            .field("class", &self.class)
            .finish_non_exhaustive()
    }
}

/// From a worker to the host.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromWorker {
    /// First frame.
    Hello { protocol: u32 },
    /// Once a second, from a thread that plugin code cannot block.
    Heartbeat {
        resident_bytes: u64,
        /// How often plugin code has called the host so far: its sign of life.
        signs_of_life: u64,
        /// Whether plugin code is inside a call now, such as `wait`, and so need give no sign of life.
        is_inside_a_call: bool,
    },
    /// The description of the library: one JSON document.
    Described { description_json: String },
    /// The migrated settings, in the order of the request.
    Migrated { settings: Vec<String> },
    /// A service call that waits for its reply.
    Call { request: u32, call: Call },
    /// A message that has no reply.
    Notice(Notice),
    /// A line of the run's log.
    Log { level: LogLevel, text: String },
    /// Last frame: how describing, testing or running ended.
    Outcome(Outcome),
}

/// How describing, testing or running ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Succeeded,
    Cancelled,
    Failed(FailureMessage),
    /// The library was refused; no plugin code ran except what the system runs when it opens a library.
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

/// A service call of a run.
#[derive(Debug, Serialize, Deserialize)]
pub enum Call {
    Publish {
        values: ValueBatch,
    },
    Record {
        samples: Vec<(PointHandle, HistorySample)>,
    },
    Latest {
        points: Vec<PointHandle>,
    },
    /// A rare call, as the plugin made it.
    Contract(contract::Call),
}

/// The host's reply to a [`Call`].
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    Done,
    Latest(Vec<Option<Reading>>),
    /// The reply to a rare call, as the plugin gets it.
    Contract(contract::Reply),
    /// The call was understood and is not granted; `code` is a stable word.
    Refused {
        code: String,
        what: String,
    },
}
