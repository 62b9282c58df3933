//! The frames between host and worker: length-prefixed postcard. Both ends are the same binary, so frames are
//! compatible only within one [`PROTOCOL`].
//!
//! Frequent frames contain types of `riser_domain`; rare calls are unchanged messages of the plugin contract.

use riser_domain::{HistorySample, LogLevel, PointHandle, Reading};
use riser_plugin::abi::messages::{
    self as contract, FailureMessage, Notice, RunRequestMessage, TestRequestMessage, WakeMessage,
};
use serde::{Deserialize, Serialize};

use crate::value_batch::ValueBatch;

/// Increase it with every change to these types. The handshake refuses a worker with another number.
pub const PROTOCOL: u32 = 4;

/// Exit code of a worker that has lost its connection although the host is there: its plugin closed it.
pub const EXIT_CONNECTION_LOST: u8 = 97;

/// From the host to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToWorker {
    /// First frame: the limits that the worker applies to itself before it loads a library.
    Hello { protocol: u32, limits: LimitsFrame },
    /// Load the library and describe it.
    Describe { library: String },
    /// Load the library and test a connection with settings that may be unsaved.
    TestConnection(Box<TestRequest>),
    /// Load the library and migrate settings to its version.
    MigrateSettings(Box<SettingsRequest>),
    /// Load the library and let it check settings, with decrypted secrets.
    CheckSettings(Box<SettingsRequest>),
    /// Load the library and run a class.
    Run(Box<RunRequest>),
    /// The reply to the call with this number.
    Reply { request: u32, reply: Reply },
    /// The next result of `wait`.
    Wake(WakeMessage),
    /// Stop the run. The host kills the worker after the grace period.
    Stop,
}

/// Resources of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsFrame {
    /// Memory for data (heap, stacks, private mappings), in bytes.
    pub memory_bytes: u64,
    /// Open file descriptors.
    pub open_files: u64,
    /// Time between two heartbeats, in milliseconds.
    pub heartbeat_ms: u64,
}

/// Settings to migrate or to check. Its `Debug` prints no settings.
#[derive(Serialize, Deserialize)]
pub struct SettingsRequest {
    pub library: String,
    /// JSON of [`SettingsMessage`](contract::SettingsMessage), as the plugin reads it.
    pub messages_json: Vec<String>,
}

impl std::fmt::Debug for SettingsRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SettingsRequest").field("library", &self.library).finish_non_exhaustive()
    }
}

/// A connection to test, with decrypted secrets. Its `Debug` prints no settings.
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

/// The input of a run, with decrypted secrets. Its `Debug` prints no settings.
#[derive(Serialize, Deserialize)]
pub struct RunRequest {
    pub library: String,
    /// The class within the plugin, such as `status`.
    pub class: String,
    /// JSON of [`RunRequestMessage`], as the plugin reads it.
    pub message_json: String,
}

impl RunRequest {
    pub fn new(library: String, class: String, message: &RunRequestMessage) -> serde_json::Result<Self> {
        Ok(Self { library, class, message_json: serde_json::to_string(message)? })
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
        threads: u32,
        /// Number of calls from plugin code to the host so far.
        signs_of_life: u64,
        /// Whether plugin code is inside a call such as `wait`, where the watchdog expects no sign of life.
        is_inside_a_call: bool,
    },
    /// The description of the library: one JSON document.
    Described { description_json: String },
    /// The migrated settings, in the order of the request.
    Migrated { settings: Vec<String> },
    /// The faults of the checked settings, in the order of the request: JSON lists of
    /// [`SettingFaultMessage`](contract::SettingFaultMessage).
    SettingsChecked { faults: Vec<String> },
    /// A service call that waits for a reply.
    Call { request: u32, call: Call },
    /// A message without a reply.
    Notice(Notice),
    /// A line of the run's log.
    Log { level: LogLevel, text: String },
    /// Last frame: the result of the request.
    Outcome(Outcome),
}

/// The result of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Succeeded,
    Cancelled,
    Failed(FailureMessage),
    /// The library was refused. Of its code, only its load-time initializers may have run.
    NotLoaded(LoadFault),
}

/// Why a library was refused. Its text follows the file's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum LoadFault {
    #[error(
        "cannot be loaded ({why}): install the libraries it needs, or replace it with a build for this machine"
    )]
    Unloadable { why: String },
    #[error("is a library but not a Riser plugin: remove it from the plugin directory")]
    NoPlugin,
    #[error(
        "needs plugin contract {plugin}, this Riser offers {host}: update Riser, or use the plugin's version \
         for contract {host}"
    )]
    ContractTooNew { plugin: String, host: String },
    #[error(
        "was built for plugin contract {plugin}, this Riser offers {host}: use the plugin's version for \
         contract {host}"
    )]
    ContractTooOld { plugin: String, host: String },
    /// Its types differ from those of the contract it declares.
    #[error(
        "declares plugin contract {plugin} but its layout differs ({difference}): rebuild it with riser-plugin {plugin}"
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
    /// A rare call, unchanged from the plugin.
    Contract(contract::Call),
}

/// The host's reply to a [`Call`].
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    Done,
    Latest(Vec<Option<Reading>>),
    /// The reply to a rare call, unchanged for the plugin.
    Contract(contract::Reply),
    /// The host refused the call. `code` is a stable identifier.
    Refused {
        code: String,
        what: String,
    },
}
