//! The protocol between host and worker: the frames, their form on a stream, and the conversions between
//! messages of the plugin contract and types of `riser_domain`.
//!
//! Both sides import this crate, `riser-worker-host` and `riser-worker`; neither imports the other.

pub mod codec;
pub mod contract;
pub mod frames;
pub mod value_batch;

pub use riser_plugin::abi::PointTable;
/// The messages of the plugin contract.
pub use riser_plugin::abi::messages;
