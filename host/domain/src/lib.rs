//! Plain types and rules of Riser: items and their values, trees, schedules, processors, runs, set points.
//!
//! **Invariant:** no input or output, no clock, no randomness: everything here computes on plain values.
//! A type belongs here when two layers above need it; a type that crosses a border (a file, a socket, a
//! database row, a form) belongs to that border's crate and converts with `From` or `TryFrom`.
#![deny(missing_docs)]

mod actor;
mod clock;
mod connection;
mod duration_words;
mod ews_server;
mod item;
mod problem;
mod processor;
mod run;
mod sanitize_line;
mod schedule;
mod set_point_write;
mod timestamp;
mod tree;
mod tree_key;
mod value;

pub use actor::{Actor, Role};
pub use clock::Clock;
#[cfg(feature = "testing")]
pub use clock::FakeClock;
pub use connection::{Connection, ConnectionId};
pub use duration_words::duration_words;
pub use ews_server::{AccountId, AccountRights, DigestAlgorithm, EwsServer, EwsServerId};
pub use item::{
    ContainerItem, ContainerKind, EwsItem, EwsItemId, HistoryItem, PointHandle, SetPointRule, ValueItem,
};
pub use problem::Problem;
pub use processor::{ClassId, ConfigurationId, ProcessorConfiguration, ProcessorFlags, RunMode};
pub use run::{LogLevel, Run, RunId, RunState, RunTrigger};
pub use sanitize_line::sanitize_line;
pub use schedule::{CronRule, Schedule, ScheduleError, ScheduleId, ScheduleRule};
pub use set_point_write::{SetPointWrite, WriteId, WriteState};
pub use timestamp::Timestamp;
pub use tree::{DeclaredTree, ItemChange, StoredItem, TreeDifference, TreeError, TreeOwner};
pub use tree_key::TreeKey;
pub use value::{HistorySample, Published, Reading, Value, ValueKind, ValueState};
