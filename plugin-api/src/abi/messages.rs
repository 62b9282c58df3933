//! Messages of rare calls, as JSON. Unknown fields are ignored; an unknown variant is an error
//! the other side reads as "not understood".

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::packed_points::PackedPoints;
use super::packed_tree::PackedTree;
use crate::{Kind, PointValue, Problem};

/// The input of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunRequestMessage {
    /// The name of the processor configuration.
    pub configuration: String,
    /// Identifies this installation.
    pub instance: String,
    /// The class's settings, secrets opened.
    pub settings: Json,
    /// The connection, when the class has one.
    pub connection: Option<ConnectionMessage>,
    /// Set points that were open when the run started.
    pub writes: Vec<WriteMessage>,
}

/// A connection of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConnectionMessage {
    /// Its name.
    pub name: String,
    /// Its kind, such as `riser.evce/evce`.
    pub kind: String,
    /// Its settings, secrets opened.
    pub settings: Json,
}

/// The input of a connection test.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TestRequestMessage {
    /// The kind, such as `riser.evce/evce`.
    pub kind: String,
    /// Identifies this installation.
    pub instance: String,
    /// The settings, secrets opened.
    pub settings: Json,
}

/// Settings to be migrated to the version of this library, or to be checked by it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SettingsMessage {
    /// Whose settings they are.
    pub owner: SettingsOwner,
    /// The settings, by key.
    pub settings: serde_json::Map<String, Json>,
}

/// A setting that a run would refuse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingFaultMessage {
    /// The path of the setting, such as `proxies[0].host`; empty for a fault of the settings together.
    pub setting: String,
    /// The fault, without the value.
    pub what: String,
    /// The remedy; may be empty.
    #[serde(default)]
    pub remedy: String,
}

/// The owner of settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingsOwner {
    /// The class with this id.
    Class(String),
    /// The connection kind with this id within the plugin.
    Connection(String),
}

/// A set point write to execute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WriteMessage {
    /// Its number.
    pub id: i64,
    /// Writes written together share it.
    pub group: i64,
    /// The point.
    pub handle: u32,
    /// The point's id.
    pub item: String,
    /// The requested value.
    pub value: PointValue,
    /// How far an earlier run has come with it.
    pub state: WriteState,
    /// When it was committed, in milliseconds since 1970.
    pub accepted_at_ms: i64,
    /// It is not sent after this, in milliseconds since 1970.
    pub expires_at_ms: i64,
}

/// How far a set point has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WriteState {
    /// Stored, not sent to the device yet.
    Accepted,
    /// Reports that the write is sent to the device.
    Sent,
    /// Reports that the device accepted the write and acts later.
    Pending,
    /// The device was read and has it.
    Confirmed,
    /// The device or the plugin refused it.
    Rejected,
    /// The device's response was lost; a read decides.
    Unknown,
}

/// The reason that ended a wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WakeMessage {
    /// The time is over.
    Elapsed,
    /// Set points, together as they were written.
    SetPoints(Vec<WriteMessage>),
    /// Another class of this plugin changed the tree.
    TreeChanged,
}

/// A rare call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Hands over the whole requested tree, parents before children.
    Declare {
        /// Its items.
        tree: Box<PackedTree>,
    },
    /// Asks for the stored tree.
    Points,
    /// Reports the publish interval of this class.
    PublishesEvery {
        /// The period.
        period_ms: u64,
    },
    /// Asks to log in or to send a request.
    LimiterAcquire {
        /// Login or request.
        purpose: LimitedAction,
    },
    /// Gives the slot back.
    LimiterRelease {
        /// Login or request.
        purpose: LimitedAction,
        /// The result.
        result: ActionResult,
    },
    /// Asks the host to start another class of this plugin for the same tree.
    RequestRun {
        /// The class.
        class: String,
        /// Why, for the log.
        reason: String,
    },
    /// Reads a durable value of this configuration.
    StateGet {
        /// Its key.
        key: String,
    },
    /// Writes one.
    StatePut {
        /// Its key.
        key: String,
        /// The value.
        value: String,
    },
    /// Removes one.
    StateRemove {
        /// Its key.
        key: String,
    },
    /// Asks whether the host has an ability. Since 1.1.
    HasAbility {
        /// `name/revision`.
        ability: String,
    },
    /// Asks for the command that shows the log of this run. Since 1.1.
    RunLogLink,
    /// Asks for the time since Riser started. Since 1.1.
    Uptime,
    /// Tells the host something that needs no reply.
    Notify(Notice),
}

impl Call {
    /// Returns whether the host refuses the call after a stop request. Reading the tree, durable state and the way to a
    /// device go on, so that a plugin can leave everything in order.
    pub const fn ends_with_run(&self) -> bool {
        matches!(self, Self::Declare { .. } | Self::PublishesEvery { .. } | Self::RequestRun { .. })
    }
}

/// A message that the host does not reply to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The status of a write.
    WriteStatus {
        /// The number of the write.
        write: i64,
        /// Its new state; never `Accepted`.
        state: WriteState,
        /// Why, in words.
        reason: String,
    },
    /// The current step of the run.
    Progress {
        /// The step, in words.
        step: String,
        /// How many are done.
        done: u64,
        /// Of how many; 0 when that is not known.
        of: u64,
    },
    /// Raises a problem, or replaces the text of the one with this code.
    Problem(Problem),
    /// Clears the problem with this code.
    ProblemCleared {
        /// Its code.
        code: String,
    },
    /// A stage of a connection test began or ended.
    TestStage(TestStage),
}

/// A stage of a connection test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestStage {
    /// `DNS`, `TCP`, `TLS`, `login` …
    pub stage: String,
    /// `None` while it runs.
    pub passed: Option<bool>,
    /// The finding.
    pub finding: String,
    /// The remedy, if it failed.
    pub advice: String,
    /// How long it took.
    pub took_ms: u64,
}

/// The host's reply to a [`Call`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Done.
    Done,
    /// The tree is stored, with these changes.
    Declared {
        /// The points, with their handles.
        points: PackedPoints,
        /// Items that are new.
        added: u32,
        /// Items that changed.
        changed: u32,
        /// Items that stayed.
        kept: u32,
        /// Items no longer declared.
        vanished: u32,
    },
    /// The stored tree.
    Points(PackedPoints),
    /// The limiter is closed.
    LimiterDenied {
        /// Until when, in milliseconds since 1970.
        until_ms: i64,
        /// The cause.
        reason: String,
    },
    /// A durable value, or nothing.
    State(Option<String>),
    /// Whether the host has the ability. Since 1.1.
    Ability(bool),
    /// The command that shows the log of this run. Since 1.1.
    RunLogLink(String),
    /// The time since Riser started, in milliseconds. Since 1.1.
    UptimeMs(u64),
}

/// An item of a requested tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemMessage {
    /// Its id.
    pub id: String,
    /// The parent container; `None` directly below the server's root.
    pub parent: Option<String>,
    /// Its name.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// The kind of item.
    pub node: NodeMessage,
}

/// The kind of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContainerKind {
    /// A folder.
    Folder,
    /// A device.
    Device,
}

/// The kind of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeMessage {
    /// A container.
    Container {
        /// Its kind.
        kind: ContainerKind,
    },
    /// A live value.
    Value {
        /// Its kind.
        kind: Kind,
        /// Its unit.
        unit: String,
        /// The class that publishes or records it.
        published_by: String,
        /// The class that handles its set point writes.
        writes_handled_by: Option<String>,
        /// The accepted writes.
        set_point: Option<SetPointRuleMessage>,
        /// Known when declared: served as Good until its class publishes.
        initial: Option<PointValue>,
    },
    /// A history.
    History {
        /// The recorded value's id.
        value_item: String,
        /// Its kind.
        kind: Kind,
        /// Its unit.
        unit: String,
        /// The class that records it.
        published_by: String,
    },
}

/// The values that a point accepts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SetPointRuleMessage {
    /// Smallest number.
    pub min: Option<f64>,
    /// Largest number.
    pub max: Option<f64>,
    /// The texts; any when empty.
    pub options: Vec<String>,
    /// A moment must be in the future.
    pub future_only: bool,
}

/// A request to the connection limiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitedAction {
    /// To log in.
    Login,
    /// To send a request.
    Request,
}

/// How a login or a request went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionResult {
    /// Well.
    Done,
    /// The credentials were refused.
    CredentialsRefused,
    /// No response, or a response that reports a fault of the server.
    Failed,
    /// The other side asked for a pause.
    Throttled {
        /// How long.
        pause_ms: u64,
    },
}

/// How a run or a test failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureMessage {
    /// The sentence with its causes.
    pub what: String,
    /// The problem to show.
    pub problem: Option<Problem>,
    /// Whether trying again may help.
    pub is_retryable: bool,
    /// The run ended because it was asked to.
    pub is_stop: bool,
    /// A panic that was caught.
    pub is_panic: bool,
}
