//! The host's side: starts workers, keeps their libraries, watches them, says why they ended.

mod exit_reason;
mod launcher;
mod limits;
mod output;
mod process;
mod queries;
mod spawner;
mod supervisor;
mod watchdog;

pub use exit_reason::ExitReason;
pub use launcher::{LaunchError, LaunchOptions, Launcher, kill_orphans};
pub use limits::WorkerLimits;
pub use output::{OutputLine, OutputStream};
pub use process::{WorkerEvent, WorkerGone, WorkerHandle, WorkerProcess};
pub use queries::{ConnectionToTest, QueryError, describe, migrate_settings, test_connection};
