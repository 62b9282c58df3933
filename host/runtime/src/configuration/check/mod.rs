//! Every rule of the configuration. A new kind of object is a file here and a line in [`check`].

mod accounts;
mod certificates;
mod connections;
mod ews_servers;
mod identity;
mod processors;
mod schedules;
mod settings;
mod site;
mod users;

use std::fmt::Write as _;
use std::sync::Arc;

use riser_calendar::{Schedule, Zone};
use riser_domain::{Connection, EwsServer, ProcessorConfiguration};
use riser_store::{Configuration, Site};

pub(super) use accounts::PlannedAccount;
pub(super) use ews_servers::SMALLEST_PAGE_ITEMS;
pub(super) use processors::{NewReferences, SMALLEST_MEMORY_LIMIT_MIB};
pub(super) use settings::SecretChange;
pub(super) use users::PlannedUser;

use super::current::Current;
use super::draft::ConfigurationDraft;
use super::field_path::{FieldError, FieldPath};
use super::migration::Migrated;
use super::plan::{Plan, PlanLine};
use crate::libraries::Library;

/// The stored configuration, libraries and keys that a draft is checked against.
pub(super) struct Basis<'a> {
    pub(super) current: &'a Current,
    pub(super) libraries: &'a [Library],
    pub(super) migrated: &'a Migrated,
    /// The zone of rules without one.
    pub(super) site_zone: &'a Zone,
}

/// The objects of a draft to store, and the difference in sentences.
pub struct CheckedDraft {
    pub(super) before: Arc<Configuration>,
    /// `None` when it stays as it is.
    pub(super) site: Option<Site>,
    pub(super) ews_servers: Vec<Planned<EwsServer>>,
    pub(super) accounts: Vec<PlannedAccount>,
    pub(super) connections: Vec<Planned<Connection>>,
    pub(super) schedules: Vec<Planned<Schedule>>,
    pub(super) processors: Vec<(Planned<ProcessorConfiguration>, NewReferences)>,
    pub(super) users: Vec<PlannedUser>,
    pub(super) lines: Vec<PlanLine>,
}

/// The action for one object.
pub(super) struct Planned<T> {
    pub(super) action: Action,
    /// The new row, with the number of the stored one.
    pub(super) value: T,
    pub(super) secrets: SecretChange,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Add,
    Update,
    Keep,
    Remove,
}

impl CheckedDraft {
    /// Returns the difference to the configuration that the draft was checked against.
    pub fn plan(&self) -> Plan {
        Plan { version: self.before.version, lines: self.lines.clone() }
    }
}

impl std::fmt::Debug for CheckedDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CheckedDraft").field("lines", &self.lines).finish_non_exhaustive()
    }
}

impl<T: PartialEq> Planned<T> {
    /// Returns the action that makes a stored object the wanted one.
    fn wanted(stored: Option<&T>, value: T, secrets: SecretChange) -> Self {
        let action = match stored {
            None => Action::Add,
            Some(stored) if *stored == value => Action::Keep,
            Some(_) => Action::Update,
        };
        Self { action, value, secrets }
    }

    fn removed(value: T) -> Self {
        Self { action: Action::Remove, value, secrets: SecretChange::default() }
    }
}

/// All errors of a draft.
#[derive(Debug, Default)]
pub(super) struct Errors {
    found: Vec<FieldError>,
}

impl Errors {
    fn add(&mut self, path: &FieldPath, message: impl Into<String>) {
        self.found.push(FieldError { path: path.clone(), message: message.into() });
    }
}

/// The differences of one object, for its line.
#[derive(Debug, Default)]
struct Differences(String);

impl Differences {
    /// Notes a field with its new value when it differs.
    fn field<T: PartialEq>(&mut self, name: &str, before: &T, after: &T, shown: impl FnOnce(&T) -> String) {
        if before != after {
            self.note(&format!("{name} = {}", shown(after)));
        }
    }

    fn note(&mut self, difference: &str) {
        let separator = if self.0.is_empty() { "" } else { ", " };
        let _infallible = write!(self.0, "{separator}{difference}");
    }
}

/// Adds the lines of an object: added, renamed, changed, its secrets.
fn lines_of(
    subject: &str,
    (stored_name, name): (Option<&str>, &str),
    differences: &Differences,
    secrets: &SecretChange,
    lines: &mut Vec<PlanLine>,
) {
    let Some(stored_name) = stored_name else {
        lines.push(PlanLine::change(format!("{subject} {name:?} added")));
        return;
    };
    if stored_name != name {
        lines.push(PlanLine::change(format!("{subject} {stored_name:?} renamed to {name:?}")));
    }
    if !differences.0.is_empty() {
        lines.push(PlanLine::change(format!("{subject} {name:?} changed: {}", differences.0)));
    }
    if secrets.forget_all {
        lines.push(PlanLine::change(format!("{subject} {name:?} loses the secrets of its former address")));
    }
    for key in &secrets.reset_keys {
        lines.push(PlanLine::change(format!("{subject} {name:?} loses its {key}")));
    }
    for key in &secrets.new_keys {
        lines.push(PlanLine::change(format!("{subject} {name:?} gets a new {key}")));
    }
}

/// Checks a draft against every rule of Riser. Returns the objects without errors, and all errors with their paths.
pub(super) fn check(draft: &ConfigurationDraft, basis: &Basis<'_>) -> (CheckedDraft, Vec<FieldError>) {
    let mut errors = Errors::default();
    let mut lines = Vec::new();
    let site = site::check(&draft.site, basis, &mut errors, &mut lines);
    let (ews_servers, accounts) = ews_servers::check(&draft.ews_servers, basis, &mut errors, &mut lines);
    let connections = connections::check(&draft.connections, basis, &mut errors, &mut lines);
    let schedules = schedules::check(&draft.schedules, basis, &mut errors, &mut lines);
    let targets = processors::Targets::new(draft, basis, &connections);
    let processors = processors::check(&draft.processors, basis, &targets, &mut errors, &mut lines);
    processors::check_removals(draft, basis, &processors, &mut errors);
    let users = users::check(&draft.users, basis, &mut errors, &mut lines);
    let before = Arc::clone(&basis.current.configuration);
    let checked = CheckedDraft {
        before,
        site,
        ews_servers,
        accounts,
        connections,
        schedules,
        processors,
        users,
        lines,
    };
    (checked, errors.found)
}
