use std::collections::{BTreeMap, HashMap};

use riser_domain::{
    ClassId, ConfigurationId, Connection, ConnectionId, EwsServerId, ProcessorConfiguration, ProcessorFlags,
    RunMode, ScheduleId,
};
use riser_store::Configuration;
use riser_worker_host::ClassDescription;

use super::identity::{CONNECTION, EWS_SERVER, Kind, PROCESSOR, SCHEDULE, listed, match_identities};
use super::settings::{SettingsCheck, WantedSettings, are_stored};
use super::{Action, Basis, Differences, Errors, Planned, lines_of};
use crate::configuration::current::SecretTable;
use crate::configuration::draft::{
    ConfigurationDraft, ConnectionDraft, EwsServerDraft, Identity, ProcessorDraft, ScheduleDraft,
};
use crate::configuration::field_path::FieldPath;
use crate::configuration::plan::PlanLine;
use crate::configuration::renames::{Renames, old_name};

/// The smallest limit with which a plugin with an HTTP client starts.
pub(in crate::configuration) const SMALLEST_MEMORY_LIMIT_MIB: u32 = 32;

/// The names of new objects that a processor refers to. They get their numbers in the transaction.
#[derive(Debug, Default)]
pub(in crate::configuration) struct NewReferences {
    pub(in crate::configuration) connection: Option<String>,
    pub(in crate::configuration) ews_server: Option<String>,
    pub(in crate::configuration) schedule: Option<String>,
}

/// The objects that processors may refer to, by the names that they will have.
pub(super) struct Targets {
    ews_servers: Names,
    connections: Names,
    schedules: Names,
    /// The kinds of connections, as far as they are known.
    kinds: HashMap<String, String>,
}

/// The number of each object; `None` for a new one.
#[derive(Default)]
struct Names {
    numbers: HashMap<String, Option<i64>>,
    /// Names that disappear, with the new name of a renamed object.
    left: HashMap<String, Option<String>>,
}

impl Names {
    fn new<'a, D: AsRef<Identity>>(stored: impl Iterator<Item = (&'a str, i64)>, drafts: &[D]) -> Self {
        let stored: HashMap<&str, i64> = stored.collect();
        let renames = Renames::of(drafts);
        let mut names = Self::default();
        names.numbers.extend(stored.iter().map(|(name, number)| ((*name).to_owned(), Some(*number))));
        let mut given = Vec::new();
        for draft in drafts {
            let identity: &Identity = draft.as_ref();
            if identity.remove {
                names.numbers.remove(&identity.name);
                names.left.insert(identity.name.clone(), None);
                continue;
            }
            let number = renames.find(identity, |name| stored.get(name).copied()).unwrap_or_default();
            if let Some(old) = old_name(identity)
                && number.is_some()
                && stored.get(old).copied() == number
            {
                names.numbers.remove(old);
                names.left.insert(old.to_owned(), Some(identity.name.clone()));
            }
            given.push((&identity.name, number));
        }
        // Only now, since another object of the draft may have left the name.
        for (name, number) in given {
            names.left.remove(name);
            names.numbers.entry(name.clone()).or_insert(number);
        }
        names
    }
}

impl Targets {
    pub(super) fn new(
        draft: &ConfigurationDraft,
        basis: &Basis<'_>,
        planned: &[Planned<Connection>],
    ) -> Self {
        let now = &basis.current.configuration;
        let servers = now.ews_servers.iter().map(|server| (server.name.as_str(), server.id.0));
        let connections =
            now.connections.iter().map(|connection| (connection.name.as_str(), connection.id.0));
        let schedules = now.schedules.iter().map(|schedule| (schedule.name.as_str(), schedule.id.0));
        let stored_kinds = now.connections.iter().map(|it| (it.name.clone(), it.kind.clone()));
        let planned_kinds = planned.iter().map(|it| (it.value.name.clone(), it.value.kind.clone()));
        Self {
            ews_servers: Names::new(servers, &draft.ews_servers),
            connections: Names::new(connections, &draft.connections),
            schedules: Names::new(schedules, &draft.schedules),
            kinds: stored_kinds.chain(planned_kinds).collect(),
        }
    }
}

pub(super) fn check(
    drafts: &[ProcessorDraft],
    basis: &Basis<'_>,
    targets: &Targets,
    errors: &mut Errors,
    lines: &mut Vec<PlanLine>,
) -> Vec<(Planned<ProcessorConfiguration>, NewReferences)> {
    let stored_processors = &basis.current.configuration.processors;
    let names: Vec<&str> = stored_processors.iter().map(|processor| processor.name.as_str()).collect();
    let mut planned = Vec::new();
    for matched in match_identities(PROCESSOR, &FieldPath::default(), drafts, &names, errors) {
        let stored = matched.stored.map(|index| &stored_processors[index]);
        if let (true, Some(stored)) = (matched.removes, stored) {
            lines.push(PlanLine::removal(format!("processor {:?} removed, with its runs", stored.name)));
            planned.push((Planned::removed(stored.clone()), NewReferences::default()));
            continue;
        }
        let check = ProcessorCheck { draft: matched.draft, stored, path: &matched.path, basis, targets };
        let Some(wanted) = check.run(errors) else { continue };
        let Wanted { processor, references, settings } = wanted;
        let differences =
            differences(stored, &processor, &references, &settings, &basis.current.configuration);
        let stored_name = stored.map(|stored| stored.name.as_str());
        lines_of("processor", (stored_name, &processor.name), &differences, &settings.secrets, lines);
        planned.push((Planned::wanted(stored, processor, settings.secrets), references));
    }
    planned
}

/// Rejects the removal of an object that a processor uses.
pub(super) fn check_removals(
    draft: &ConfigurationDraft,
    basis: &Basis<'_>,
    planned: &[(Planned<ProcessorConfiguration>, NewReferences)],
    errors: &mut Errors,
) {
    let now = &basis.current.configuration;
    let is_untouched =
        |stored: &&ProcessorConfiguration| planned.iter().all(|(it, _)| it.value.id != stored.id);
    let wanted = planned.iter().filter(|(it, _)| it.action != Action::Remove).map(|(it, _)| &it.value);
    let result: Vec<&ProcessorConfiguration> =
        now.processors.iter().filter(is_untouched).chain(wanted).collect();
    let mut refuse = |kind: Kind, identity: &Identity, uses: &dyn Fn(&ProcessorConfiguration) -> bool| {
        let users: Vec<&str> = result.iter().filter(|it| uses(it)).map(|it| it.name.as_str()).collect();
        if identity.remove && !users.is_empty() {
            let (noun, name) = (kind.noun, &identity.name);
            let (processors, them) =
                if users.len() == 1 { ("processor", "it") } else { ("processors", "them") };
            let message = format!(
                "the {noun} {name:?} is used by {processors} {}; remove {them} first or give {them} another {noun}",
                listed(&users)
            );
            errors.add(&FieldPath::default().object(kind.key, name).key("remove"), message);
        }
    };
    for EwsServerDraft { identity, .. } in &draft.ews_servers {
        let id = now.ews_servers.iter().find(|it| it.name == identity.name).map(|it| it.id);
        refuse(EWS_SERVER, identity, &|processor| Some(processor.ews_server) == id);
    }
    for ConnectionDraft { identity, .. } in &draft.connections {
        let id = now.connections.iter().find(|it| it.name == identity.name).map(|it| it.id);
        refuse(CONNECTION, identity, &|processor| id.is_some() && processor.connection == id);
    }
    for ScheduleDraft { identity, .. } in &draft.schedules {
        let id = now.schedules.iter().find(|it| it.name == identity.name).map(|it| it.id);
        refuse(SCHEDULE, identity, &|processor| id.is_some() && processor.schedule == id);
    }
}

struct ProcessorCheck<'a> {
    draft: &'a ProcessorDraft,
    stored: Option<&'a ProcessorConfiguration>,
    path: &'a FieldPath,
    basis: &'a Basis<'a>,
    targets: &'a Targets,
}

struct Wanted {
    processor: ProcessorConfiguration,
    references: NewReferences,
    settings: WantedSettings,
}

impl ProcessorCheck<'_> {
    fn run(&self, errors: &mut Errors) -> Option<Wanted> {
        let (draft, stored, targets) = (self.draft, self.stored, self.targets);
        let class = self.class(errors);
        let stored_server = stored.map(|stored| stored.ews_server.0);
        let ews_server = self.reference(
            EWS_SERVER,
            &targets.ews_servers,
            (draft.ews_server.as_ref(), stored_server),
            errors,
        );
        let stored_connection = stored.and_then(|stored| Some(stored.connection?.0));
        let connection = self.reference(
            CONNECTION,
            &targets.connections,
            (draft.connection.as_ref(), stored_connection),
            errors,
        );
        let stored_schedule = stored.and_then(|stored| Some(stored.schedule?.0));
        let schedule =
            self.reference(SCHEDULE, &targets.schedules, (draft.schedule.as_ref(), stored_schedule), errors);
        let memory_limit_mib = self.memory_limit(errors);
        if matches!(ews_server, Reference::None) {
            errors.add(
                self.path,
                "the processor needs ews_server, the name of the EWS server that shows its items",
            );
        }
        let class = class?;
        let description = self.description(&class);
        if let Some(description) = description {
            self.check_connection(description, &connection, errors);
            if description.mode == RunMode::LongRunning && !matches!(schedule, Reference::None) {
                let name = &description.name;
                let message =
                    format!("{name} runs until it is stopped and takes no schedule; use runs_at_start");
                errors.add(&self.path.key("schedule"), message);
            }
        }
        let settings = self.settings(&class, description, errors);
        let mut references = NewReferences::default();
        let ews_server = ews_server.number(&mut references.ews_server);
        let connection = connection.number(&mut references.connection);
        let schedule = schedule.number(&mut references.schedule);
        let settings = settings?;
        let settings_json =
            settings.json.clone().or_else(|| stored.map(|stored| stored.settings_json.clone()));
        let processor = ProcessorConfiguration {
            id: stored.map_or(ConfigurationId(0), |stored| stored.id),
            name: draft.identity.name.clone(),
            class,
            connection: connection.map(ConnectionId),
            ews_server: EwsServerId(ews_server.unwrap_or_default()),
            schedule: schedule.map(ScheduleId),
            flags: self.flags(),
            settings_json: settings_json.unwrap_or_default(),
            secret_keys: stored.map(|stored| stored.secret_keys.clone()).unwrap_or_default(),
            memory_limit_mib,
        };
        Some(Wanted { processor, references, settings })
    }

    fn class(&self, errors: &mut Errors) -> Option<ClassId> {
        let path = self.path.key("class");
        let class = match (&self.draft.class, self.stored) {
            (Some(class), Some(stored)) if *class != stored.class.to_string() => {
                let (name, class) = (&self.draft.identity.name, &stored.class);
                let message = format!(
                    "the processor {name:?} has the class {class}, which cannot change; add another processor"
                );
                errors.add(&path, message);
                return None;
            }
            (_, Some(stored)) => return Some(stored.class.clone()),
            (Some(class), None) => class,
            (None, None) => {
                errors.add(self.path, "a processor needs class, such as \"riser.evce/setup\"");
                return None;
            }
        };
        let Some(class) = ClassId::parse(class) else {
            errors.add(&path, "class takes plugin and class, such as \"riser.evce/setup\"");
            return None;
        };
        if let Some(message) = self.unknown_class(&class) {
            errors.add(&path, message);
            return None;
        }
        Some(class)
    }

    fn description(&self, class: &ClassId) -> Option<&ClassDescription> {
        let library = self.basis.libraries.iter().find(|library| library.description.id == class.plugin)?;
        library.description.class(&class.class)
    }

    fn unknown_class(&self, class: &ClassId) -> Option<String> {
        if self.description(class).is_some() {
            return None;
        }
        let descriptions = self.basis.libraries.iter().map(|library| &library.description);
        let plugins: Vec<&str> = descriptions.clone().map(|library| library.id.as_str()).collect();
        let plugin = &class.plugin;
        Some(match descriptions.clone().find(|library| library.id == *plugin) {
            Some(library) => {
                let known: Vec<&str> = library.classes.iter().map(|class| class.id.as_str()).collect();
                format!("{plugin} has no class {:?}; it has {}", class.class, known.join(", "))
            }
            None if plugins.is_empty() => {
                format!("no library offers the plugin {plugin:?}; put its library into the plugin directory")
            }
            None => format!("no library offers the plugin {plugin:?}; there is {}", plugins.join(", ")),
        })
    }

    fn reference(
        &self,
        kind: Kind,
        names: &Names,
        (given, stored): (Option<&String>, Option<i64>),
        errors: &mut Errors,
    ) -> Reference {
        let Some(name) = given else {
            let Some(number) = stored else { return Reference::None };
            let name =
                names.numbers.iter().find(|(_, it)| **it == Some(number)).map(|(name, _)| name.clone());
            return Reference::Stored { number, name: name.unwrap_or_default() };
        };
        if name.is_empty() {
            return Reference::None;
        }
        match (names.numbers.get(name), names.left.get(name)) {
            (Some(Some(number)), _) => Reference::Stored { number: *number, name: name.clone() },
            (Some(None), _) => Reference::New(name.clone()),
            (None, left) => {
                let message = match left {
                    Some(Some(new_name)) => {
                        format!(
                            "the {} {name:?} is renamed to {new_name:?} here; use its new name",
                            kind.noun
                        )
                    }
                    Some(None) => format!("the {} {name:?} is removed here; use another one", kind.noun),
                    None => {
                        format!("there is no {} {name:?}: add [[{}]] with this name", kind.noun, kind.key)
                    }
                };
                errors.add(&self.path.key(kind.key), message);
                Reference::Wrong
            }
        }
    }

    /// Checks that a class gets the connection it needs. A connection of unknown kind has its error already.
    fn check_connection(&self, description: &ClassDescription, connection: &Reference, errors: &mut Errors) {
        let class = &description.name;
        let message = match (&description.connection, connection) {
            (None, Reference::None) | (_, Reference::Wrong) => return,
            (None, _) => format!("{class} takes no connection"),
            (Some(needed), Reference::None) => format!("{class} needs a connection of the kind {needed}"),
            (Some(needed), Reference::Stored { name, .. } | Reference::New(name)) => {
                match self.targets.kinds.get(name) {
                    Some(kind) if kind != needed => {
                        format!("{class} needs a connection of the kind {needed}, not {kind}")
                    }
                    _ => return,
                }
            }
        };
        errors.add(&self.path.key("connection"), message);
    }

    fn settings(
        &self,
        class: &ClassId,
        description: Option<&ClassDescription>,
        errors: &mut Errors,
    ) -> Option<WantedSettings> {
        let (stored, basis) = (self.stored, self.basis);
        if self.draft.settings.is_none() && stored.is_some() {
            return Some(WantedSettings::default());
        }
        let no_settings = BTreeMap::default();
        let inputs = self.draft.settings.as_ref().unwrap_or(&no_settings);
        let secrets = basis.current.secrets(SecretTable::Processors, stored.map(|stored| stored.id.0));
        let Some(description) = description else {
            if stored.is_some_and(|stored| are_stored(inputs, &stored.settings_json, secrets)) {
                return Some(WantedSettings::default());
            }
            errors.add(&self.path.key("settings"), self.unknown_class(class).unwrap_or_default());
            return None;
        };
        let migrated = basis.migrated.get(self.path)?;
        let of = format!("the processor {:?}", self.draft.identity.name);
        SettingsCheck { path: self.path, of, schema: &description.settings, migrated, secrets }.run(errors)
    }

    fn flags(&self) -> ProcessorFlags {
        let (draft, known) = (self.draft, self.stored.map(|stored| stored.flags).unwrap_or_default());
        ProcessorFlags {
            active: draft.active.unwrap_or(known.active),
            runs_at_start: draft.runs_at_start.unwrap_or(known.runs_at_start),
            runs_on_schedule: draft.runs_on_schedule.unwrap_or(known.runs_on_schedule),
            manually_startable: draft.manually_startable.unwrap_or(known.manually_startable),
            manually_stoppable: draft.manually_stoppable.unwrap_or(known.manually_stoppable),
        }
    }

    fn memory_limit(&self, errors: &mut Errors) -> u32 {
        let known =
            self.stored.map_or(ProcessorConfiguration::DEFAULT_MEMORY_LIMIT_MIB, |it| it.memory_limit_mib);
        if self.draft.memory_limit_mib.is_some_and(|limit| limit < SMALLEST_MEMORY_LIMIT_MIB) {
            let message = format!("memory_limit_mib takes {SMALLEST_MEMORY_LIMIT_MIB} or more");
            errors.add(&self.path.key("memory_limit_mib"), message);
        }
        self.draft.memory_limit_mib.unwrap_or(known)
    }
}

/// An object that a processor refers to.
enum Reference {
    None,
    Stored {
        number: i64,
        name: String,
    },
    New(String),
    /// Its error was added already.
    Wrong,
}

impl Reference {
    /// Its number; that of a new object is zero, and its name is put into `new`.
    fn number(self, new: &mut Option<String>) -> Option<i64> {
        match self {
            Self::Stored { number, .. } => Some(number),
            Self::New(name) => {
                *new = Some(name);
                Some(0)
            }
            Self::None | Self::Wrong => None,
        }
    }
}

fn differences(
    stored: Option<&ProcessorConfiguration>,
    wanted: &ProcessorConfiguration,
    references: &NewReferences,
    settings: &WantedSettings,
    now: &Configuration,
) -> Differences {
    let mut found = Differences::default();
    let Some(stored) = stored else { return found };
    let quoted = |new: Option<&String>, known: Option<&String>| {
        format!("{:?}", new.or(known).map_or("", String::as_str))
    };
    found.field("ews_server", &stored.ews_server, &wanted.ews_server, |id| {
        let known = now.ews_servers.iter().find(|it| it.id == *id).map(|it| &it.name);
        quoted(references.ews_server.as_ref(), known)
    });
    found.field("connection", &stored.connection, &wanted.connection, |id| {
        let known = now.connections.iter().find(|it| Some(it.id) == *id).map(|it| &it.name);
        quoted(references.connection.as_ref(), known)
    });
    found.field("schedule", &stored.schedule, &wanted.schedule, |id| {
        let known = now.schedules.iter().find(|it| Some(it.id) == *id).map(|it| &it.name);
        quoted(references.schedule.as_ref(), known)
    });
    let (before, after) = (&stored.flags, &wanted.flags);
    for (name, before, after) in [
        ("active", before.active, after.active),
        ("runs_at_start", before.runs_at_start, after.runs_at_start),
        ("runs_on_schedule", before.runs_on_schedule, after.runs_on_schedule),
        ("manually_startable", before.manually_startable, after.manually_startable),
        ("manually_stoppable", before.manually_stoppable, after.manually_stoppable),
    ] {
        found.field(name, &before, &after, ToString::to_string);
    }
    found.field("memory_limit_mib", &stored.memory_limit_mib, &wanted.memory_limit_mib, ToString::to_string);
    for key in &settings.changed_keys {
        found.note(&format!("settings.{key}"));
    }
    found
}
