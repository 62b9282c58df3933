//! The protocol between host and worker: the frames, their encoding on a stream, and the conversions between
//! messages of the plugin contract and types of `riser_domain`.
//!
//! `riser-worker-host` and `riser-worker` both depend on this crate and not on each other.

pub mod codec;
pub mod contract;
pub mod declared_tree;
pub mod frames;
mod long_work;
pub mod value_batch;

pub use long_work::long_work;
pub use riser_plugin::abi::{PackedTree, messages};
