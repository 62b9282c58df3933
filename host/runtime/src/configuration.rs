//! The configuration: drafts of changes, their rules, the stored one and the one in force.
//!
//! A change is a [`ConfigurationDraft`]. Files, the command line and forms only make drafts and map
//! [`FieldError`]s back to lines and fields. `check` holds every rule; `commit` stores a checked draft in one
//! transaction and returns the [`ConfigurationChange`] that the running system follows.

mod change;
mod check;
mod commit;
mod configure;
mod connection_test;
mod current;
mod draft;
mod dry_run;
mod error;
mod export;
mod field_path;
mod file;
mod in_force;
mod inputs;
mod markers;
mod migration;
mod passwords;
mod plan;
mod plugin_check;
mod renames;
#[cfg(test)]
mod tests;

pub use change::ConfigurationChange;
pub use check::CheckedDraft;
pub use commit::commit;
pub use configure::{OfflineConfiguration, check_draft};
pub use draft::{
    AccountDraft, ConfigurationDraft, ConnectionDraft, EwsServerDraft, Identity, ProcessorDraft,
    ScheduleDraft, SiteDraft, UserDraft,
};
pub use error::ConfigureError;
pub use export::{ExportScope, export};
pub use field_path::{FieldError, FieldPath};
pub use file::{ConfigurationFile, FileError, SecretSources};
pub use inputs::{SecretInput, SettingInput, SettingInputs};
pub use passwords::{PasswordError, hash_new_password};
pub use plan::{Plan, PlanLine};

pub(crate) use connection_test::test_draft;
pub(crate) use dry_run::dry_run_draft;
pub(crate) use in_force::{Configurations, owner_of};
