//! All SQL of Riser: one file per thing stored, plain methods of [`Store`] named by what callers do.
//!
//! Two database files, two promises. `riser.db` (configuration, secrets, runs, set points, audit) is on disk
//! before a method returns. `history.db` (samples, last values, logs of runs) survives a crash of the process
//! whole, and a power cut but for the last moments. Each file has one writing connection; readers use others.
//!
//! **Invariant:** no SQL outside this crate; secrets are in it only sealed; a change that an administrator or
//! the BMS made has its audit row in the same transaction.
//!
//! To store another thing: a migration in `migrations/riser` or `migrations/history` (table names never repeat
//! across the two), a file here with the methods, and `cargo xtask sqlx` for the checked queries.
#![deny(missing_docs)]

mod accounts;
mod actor_columns;
mod audit;
mod bulk_statements;
mod configuration;
mod connections;
mod data_keys;
mod database;
mod database_file;
mod error;
mod ews_servers;
mod histories;
mod id_blocks;
mod instance;
mod item_rows;
mod items;
mod last_values;
mod login_sessions;
mod outbox;
mod plugin_state;
mod processors;
mod recovery;
mod run_logs;
mod runs;
mod schedules;
mod sealed;
mod store;
mod string_pool;
mod tree_keys;
mod users;
mod value_columns;

pub use accounts::Account;
pub use audit::{AuditEntry, NewAuditEntry};
pub use configuration::{Configuration, ConfigurationTransaction};
pub use data_keys::{SealedRow, WrappedKey};
pub use error::StoreError;
pub use histories::HistoryRange;
pub use login_sessions::{LoginSession, NewLoginSession, TokenHash};
pub use outbox::NewWrite;
pub use recovery::{Fault, Quarantined, Recovery};
pub use run_logs::RunLogLine;
pub use sealed::{SealedSettings, SealedValue};
pub use store::Store;
pub use users::{NewUser, User, UserId};
