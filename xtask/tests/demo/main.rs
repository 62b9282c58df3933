//! The demo as a newcomer meets it: started, read from, written to, ended in every way.

#![expect(clippy::unwrap_used, reason = "what fails in a test may panic")]

mod endings;
mod options;
mod processes;
mod readme;
mod running_demo;
mod waiting;
