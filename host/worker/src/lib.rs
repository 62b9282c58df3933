//! Worker processes: foreign code runs in them and nowhere else.
//!
//! The host starts `riser worker`, the same program in another mode, and hands it one order over a socket:
//! describe a library, test a connection, or run a class. [`Launcher`] is the host's side, [`worker_main`]
//! the worker's, [`frames`] what they say to each other.
//!
//! **Invariant:** the worker's side has no asynchronous runtime; the host's side loads no library.

mod codec;
mod description;
pub mod frames;
mod host;
mod library;
mod worker;

pub use description::*;
pub use host::*;
pub use library::*;
pub use worker::worker_main;
