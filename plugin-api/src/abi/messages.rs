//! What crosses the edge rarely, as JSON. Unknown fields are ignored; a variant that is not known is an error
//! the other side reads as "not understood".

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What a run is given.
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
    /// The stored tree.
    pub points: Vec<PointMessage>,
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

/// What a connection test is given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TestRequestMessage {
    /// The kind, such as `riser.evce/evce`.
    pub kind: String,
    /// Identifies this installation.
    pub instance: String,
    /// The settings, secrets opened.
    pub settings: Json,
}

/// Settings to be migrated to the version of this library.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MigrationMessage {
    /// Whose settings they are.
    pub owner: SettingsOwner,
    /// The settings, by key.
    pub settings: serde_json::Map<String, Json>,
}

/// What has settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingsOwner {
    /// The class with this id.
    Class(String),
    /// The connection kind with this id within the plugin.
    Connection(String),
}

/// A stored point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointMessage {
    /// Its handle.
    pub handle: u32,
    /// Its id.
    pub id: String,
    /// A history, and not a value.
    pub is_history: bool,
    /// The recorded value's handle, for a history.
    pub recorded: Option<u32>,
    /// Its kind, by its EWS name.
    pub kind: String,
    /// Its unit.
    pub unit: String,
    /// The class that writes it.
    pub published_by: String,
}

/// A value in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueMessage {
    /// Milliseconds since 1970.
    DateTimeMs(i64),
    /// True or false.
    Boolean(bool),
    /// Text.
    String(String),
    /// A number.
    Double(f64),
    /// A whole number.
    Long(i64),
    /// A small whole number.
    Integer(i32),
    /// Milliseconds.
    DurationMs(i64),
}

/// A set point to carry out.
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
    /// What is requested.
    pub value: ValueMessage,
    /// The word of its state.
    pub state: String,
    /// When it was committed, in milliseconds since 1970.
    pub accepted_at_ms: i64,
    /// It is not sent after this, in milliseconds since 1970.
    pub expires_at_ms: i64,
}

/// What ended a wait.
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
        /// The items.
        items: Vec<ItemMessage>,
    },
    /// Asks for the stored tree.
    Points,
    /// Says how often this class publishes.
    PublishesEvery {
        /// The period.
        period_ms: u64,
    },
    /// Asks to log in or to send a request.
    LimiterAcquire {
        /// Which of the two.
        purpose: LimitedAction,
    },
    /// Gives the slot back.
    LimiterRelease {
        /// Which of the two.
        purpose: LimitedAction,
        /// How it went.
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
    /// Says what became of a set point.
    Receipt {
        /// The write.
        write: i64,
        /// `Sent`, `Pending`, `Confirmed`, `Rejected` or `Unknown`.
        state: String,
        /// Why, in words.
        reason: String,
    },
    /// Says what the run does now.
    Progress {
        /// The step, in words.
        step: String,
        /// How many are done.
        done: u64,
        /// Of how many; 0 when that is not known.
        of: u64,
    },
    /// Raises a problem, or renews the text of the one with this code.
    Problem(ProblemMessage),
    /// Ends the problem with this code.
    ProblemCleared {
        /// Its code.
        code: String,
    },
    /// Asks whether the host has an ability. Since 1.1.
    HasAbility {
        /// `name/revision`.
        ability: String,
    },
    /// A stage of a connection test began or ended.
    TestStage {
        /// `DNS`, `TCP`, `TLS`, `login` …
        stage: String,
        /// `None` while it runs.
        passed: Option<bool>,
        /// What was found.
        finding: String,
        /// What to do, when it failed.
        advice: String,
        /// How long it took.
        took_ms: u64,
    },
}

/// The host's answer to a [`Call`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Done.
    Done,
    /// The tree is stored; what it changed.
    Declared {
        /// The points, with their handles.
        points: Vec<PointMessage>,
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
    Points(Vec<PointMessage>),
    /// The limiter is closed.
    LimiterDenied {
        /// Until when, in milliseconds since 1970.
        until_ms: i64,
        /// Why.
        reason: String,
    },
    /// A durable value, or nothing.
    State(Option<String>),
    /// Whether the host has the ability. Since 1.1.
    Ability(bool),
}

/// An item of a requested tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemMessage {
    /// Its id.
    pub id: String,
    /// The container it lies in; `None` directly below the server's root.
    pub parent: Option<String>,
    /// Its name.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// What it is.
    pub node: NodeMessage,
}

/// What an item is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeMessage {
    /// A container.
    Container {
        /// Its kind, by its EWS name.
        kind: String,
    },
    /// A live value.
    Value {
        /// Its kind, by its EWS name.
        kind: String,
        /// Its unit.
        unit: String,
        /// The class that writes it.
        published_by: String,
        /// The class that carries its set points.
        writes_handled_by: Option<String>,
        /// What may be written.
        set_point: Option<SetPointRuleMessage>,
        /// Known when declared: served as Good until its class publishes.
        initial: Option<ValueMessage>,
    },
    /// A history.
    History {
        /// The recorded value's id.
        value_item: String,
        /// Its kind, by its EWS name.
        kind: String,
        /// Its unit.
        unit: String,
        /// The class that records it.
        published_by: String,
    },
}

/// What may be written to a point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SetPointRuleMessage {
    /// Smallest number.
    pub min: Option<f64>,
    /// Largest number.
    pub max: Option<f64>,
    /// The texts; any when empty.
    pub options: Vec<String>,
    /// A moment must lie in the future.
    pub future_only: bool,
}

/// What the connection limiter is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// No answer, or one that says the other side is unwell.
    Failed,
    /// The other side asked for a pause.
    Throttled {
        /// How long.
        pause_ms: u64,
    },
}

/// A problem for the administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemMessage {
    /// A stable word.
    pub code: String,
    /// What happened.
    pub what: String,
    /// What it affects.
    pub effect: String,
    /// What to do next.
    pub remedy: String,
    /// The setting at fault.
    pub setting: Option<String>,
}

/// How a run or a test failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureMessage {
    /// What happened, with its causes.
    pub what: String,
    /// The problem to show.
    pub problem: Option<ProblemMessage>,
    /// Whether trying again may help.
    pub is_retryable: bool,
    /// The run ended because it was asked to.
    pub is_stop: bool,
    /// A panic that was caught.
    pub is_panic: bool,
}
