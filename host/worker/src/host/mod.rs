//! The host's side: starts workers, keeps their libraries, watches them, says why they ended.

mod exit_reason;
mod inquiry;
mod launcher;
mod limits;
mod output;
mod process;
mod spawner;
mod supervisor;
mod vigil;

pub use exit_reason::ExitReason;
pub use inquiry::{ConnectionToTest, InquiryError, describe, test_connection};
pub use launcher::{LaunchError, LaunchOptions, Launcher, end_strays};
pub use limits::WorkerLimits;
pub use output::{OutputLine, OutputStream};
pub use process::{WorkerEvent, WorkerGone, WorkerHandle, WorkerProcess};
