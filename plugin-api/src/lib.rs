//! The plugin contract of Riser and the kit for authors.
#![deny(missing_docs)]

pub mod abi;
