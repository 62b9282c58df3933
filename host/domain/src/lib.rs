//! Plain types and rules of Riser: items and their values, trees, schedules, processors, runs, set points.
//!
//! **Invariant:** no input or output, no clock, no randomness: everything here computes on plain values.
//! A type belongs here when two layers above need it; a type that crosses a border (a file, a socket, a
//! database row, a form) belongs to that border's crate and converts with `From` or `TryFrom`.
#![deny(missing_docs)]

mod author;
mod clock;
mod connection;
mod ews_server;
mod item;
mod one_line;
mod problem;
mod processor;
mod run;
mod schedule;
mod timestamp;
mod tree;
mod value;
mod wish;

pub use author::{Author, Role};
pub use clock::Clock;
#[cfg(feature = "testing")]
pub use clock::FakeClock;
pub use connection::{Connection, ConnectionId};
pub use ews_server::{AccountId, AccountRights, DigestAlgorithm, EwsServer, EwsServerId};
pub use item::{
    ContainerItem, ContainerKind, EwsItem, EwsItemId, HistoryItem, PointHandle, SetPointRule, ValueItem,
};
pub use one_line::one_line;
pub use problem::Problem;
pub use processor::{ClassId, ConfigurationId, ProcessorConfiguration, ProcessorFlags, RunMode};
pub use run::{LogLevel, Run, RunId, RunState, RunTrigger};
pub use schedule::{CronRule, Schedule, ScheduleError, ScheduleId, ScheduleRule};
pub use timestamp::Timestamp;
pub use tree::{DeclaredTree, ItemChange, StoredItem, TreeDifference, TreeError, TreeOwner};
pub use value::{HistorySample, Reading, Value, ValueKind, ValueState};
pub use wish::{Wish, WishId, WishState};
