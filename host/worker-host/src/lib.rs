//! The host's side of worker processes: starts and watches workers, copies their libraries, and reports why they
//! ended.
//!
//! The host starts `riser worker`, the same program in another mode, and sends it one request over a socket:
//! describe a library, test a connection, or run a class. [`Launcher`] starts it,
//! `riser_worker::worker_main` is the entry point of the worker, and `riser_worker_protocol::frames` defines the
//! protocol.
//!
//! **Invariant:** this crate loads no library.

mod description;
mod dry_run;
mod exit_reason;
mod last_heartbeat;
mod launcher;
mod library;
mod limits;
mod output;
mod process;
mod queries;
mod spawner;
mod supervisor;
mod watchdog;

pub use description::*;
pub use dry_run::{DryRun, DryRunConnection, DryRunFailure, DryRunReport, dry_run};
pub use exit_reason::ExitReason;
pub use launcher::{LaunchError, LaunchOptions, Launcher, kill_orphans};
pub use library::*;
pub use limits::WorkerLimits;
pub use output::{OutputLine, OutputStream};
pub use process::{WorkerEvent, WorkerGone, WorkerHandle, WorkerProcess};
pub use queries::{
    ConnectionToTest, PluginFault, QueryError, check_plugin_settings, describe, migrate_settings,
    test_connection,
};
pub use riser_plugin::abi::messages::SettingsOwner;
