//! All SQL of Riser: one file per kind of object, with plain methods of [`Store`].
//!
//! There are two database files, each with one writing connection and a few reading ones:
//!
//! - `riser.db` (configuration, secrets, runs, set points, audit) is on disk before a method returns.
//! - `history.db` (samples, last values, run logs) survives a crash of the process. A power cut can lose the
//!   last few seconds.
//!
//! **Invariant:** There is no SQL outside this crate. Secrets are stored only sealed. A change by an
//! administrator or the BMS has its audit row in the same transaction.
//!
//! To store another kind of object, add a migration in `migrations/riser` or `migrations/history` (no table
//! name occurs in both) and a file here with the methods. `cargo xtask sqlx` prepares the checked queries.

mod accounts;
mod actor_columns;
mod audit;
mod audit_words;
mod bulk_statements;
mod configuration;
mod connections;
mod data_keys;
mod database;
mod database_file;
mod error;
mod ews_servers;
mod form_drafts;
mod histories;
mod id_blocks;
mod instance;
mod item_definitions;
mod item_rows;
mod items;
mod last_values;
mod login_sessions;
mod outbox;
mod plausible_time;
mod plugin_state;
mod processor_versions;
mod processors;
mod quarantines;
mod read_cache;
mod recovery;
mod run_logs;
mod runs;
mod schedule_progress;
mod schedules;
mod sealed;
mod site;
mod store;
mod stored_names;
mod tree_keys;
mod users;
mod value_columns;

pub use accounts::Account;
pub use audit::{AuditChange, AuditEntry, AuditFilter, NewAuditEntry};
pub use configuration::{Configuration, ConfigurationTransaction};
pub use data_keys::{SealedRow, WrappedKey};
pub use error::StoreError;
pub use form_drafts::FormDraft;
pub use histories::HistoryRange;
pub use login_sessions::{EndedSessions, ListedSession, LoginSession, NewLoginSession, TokenHash};
pub use outbox::NewWrite;
pub use processor_versions::ProcessorVersion;
pub use quarantines::Quarantine;
pub use recovery::{Fault, Quarantined, Recovery};
pub use run_logs::{RunLogCounts, RunLogFilter, RunLogLine};
pub use schedule_progress::UnstartedRun;
pub use sealed::{SealedSettings, SealedValue, SecretOrigin};
pub use site::Site;
pub use store::Store;
pub use users::{NewUser, User, UserId};
