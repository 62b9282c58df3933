//! Frames between host and worker, and the worker side.

pub mod frames;
