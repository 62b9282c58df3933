//! Plain types and rules of Riser: items and values, trees, schedules, processors, runs, set point writes.
//!
//! **Invariant:** no input or output, no clock, no randomness. Everything here computes on plain values.
//!
//! A type belongs here when two crates above need it. Rows, forms and files have their own types in the crate
//! that reads them.

mod actor;
mod clock;
mod connection;
mod count_words;
mod duration_words;
mod ews_server;
mod item;
mod item_definition;
mod problem;
mod processor;
mod run;
mod sanitize_line;
mod set_point_write;
mod string_pool;
mod timestamp;
mod tree;
mod tree_key;
mod uptime;
mod value;

pub use actor::{Actor, Role};
#[cfg(feature = "testing")]
pub use clock::FakeClock;
pub use clock::{Clock, ClockReading, ClockStep};
pub use connection::{Connection, ConnectionId};
pub use count_words::count_words;
pub use duration_words::duration_words;
pub use ews_server::{AccountId, AccountRights, DigestAlgorithm, EwsServer, EwsServerId, EwsTls};
pub use item::{ContainerItem, EwsItem, EwsItemId, HistoryItem, PointHandle, ValueItem};
pub use item_definition::{
    ContainerDefinition, ContainerKind, HistoryDefinition, ItemDefinition, SetPointRule, ValueDefinition,
};
pub use problem::Problem;
pub use processor::{ClassId, ConfigurationId, ProcessorConfiguration, ProcessorFlags, RunMode, ScheduleId};
pub use run::{LogLevel, Run, RunId, RunState, RunTrigger};
pub use sanitize_line::sanitize_line;
pub use set_point_write::{SetPointWrite, WriteId, WriteState};
pub use string_pool::StringPool;
pub use timestamp::{NotAMoment, Timestamp};
pub use tree::{DeclaredTree, ItemChange, StoredItem, TreeDifference, TreeError, TreeOwner};
pub use tree_key::TreeKey;
pub use uptime::Uptime;
pub use value::{HistorySample, Published, Reading, Value, ValueKind, ValueState};
