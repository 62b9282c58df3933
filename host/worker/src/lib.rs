//! Worker processes: foreign code runs in them and nowhere else.
//!
//! The host starts `riser worker`, the same program in another mode, and sends it one request over a socket:
//! describe a library, test a connection, or run a class. [`Launcher`] is the host's side, [`worker_main`]
//! the worker's, [`frames`] what they say to each other.
//!
//! **Invariant:** the worker's side has no asynchronous runtime; the host's side loads no library.

mod codec;
pub mod contract;
mod description;
pub mod frames;
mod host;
mod library;
mod value_batch;
mod worker;

pub use description::*;
pub use host::*;
pub use library::*;
pub use riser_plugin::abi::PointTable;
/// The messages of the plugin contract.
pub use riser_plugin::abi::messages;
pub use riser_plugin::abi::messages::SettingsOwner;
pub use value_batch::{PackedValues, ValueBatch, ValueBatchError};
pub use worker::worker_main;
