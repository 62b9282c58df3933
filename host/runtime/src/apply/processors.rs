//! `[[processor]]`: name, class, connection, EWS server, schedule, switches, settings.

use std::collections::{HashMap, HashSet};

use riser_domain::{
    ClassId, ConfigurationId, ConnectionId, EwsServerId, ProcessorConfiguration, ProcessorFlags, RunMode,
    ScheduleId,
};
use riser_store::{Configuration, ConfigurationTransaction, StoreError};
use riser_worker::ClassDescription;
use secrecy::SecretString;

use super::fault::Faults;
use super::secret_settings::{StoredSettings, WantedSettings, read_settings, seal};
use super::section::{Placed, Section};
use super::{ApplyError, Check, connections, read_name};

const TABLE: &str = "processor_secrets";
/// Below this no plugin with an HTTP client starts.
const SMALLEST_MEMORY_LIMIT_MIB: u32 = 32;

pub(super) struct Plan {
    /// With the ids of objects that are stored already; the others are found by name.
    wanted: ProcessorConfiguration,
    connection: Option<String>,
    ews_server: String,
    schedule: Option<String>,
    is_new: bool,
    is_changed: bool,
    new_secrets: Vec<(String, SecretString)>,
    forgets_secrets: bool,
}

/// Names that a processor may refer to: stored ones and those of the file, also when these have faults.
pub(super) struct Names {
    ews_servers: HashSet<String>,
    connections: HashSet<String>,
    /// The kinds of connections without faults.
    kinds: HashMap<String, String>,
    schedules: HashSet<String>,
}

impl Names {
    pub(super) fn new(now: &Configuration, file: &Section<'_>, connections: &[connections::Plan]) -> Self {
        let servers = now.ews_servers.iter().map(|server| server.name.clone());
        let schedules = now.schedules.iter().map(|schedule| schedule.name.clone());
        let stored = now.connections.iter();
        let all = stored.clone().chain(connections.iter().map(|plan| &plan.wanted));
        Self {
            ews_servers: servers.chain(file.names("ews_server")).collect(),
            connections: stored.map(|it| it.name.clone()).chain(file.names("connection")).collect(),
            kinds: all.map(|connection| (connection.name.clone(), connection.kind.clone())).collect(),
            schedules: schedules.chain(file.names("schedule")).collect(),
        }
    }

    fn kind_of(&self, connection: &str) -> Option<&str> {
        self.kinds.get(connection).map(String::as_str)
    }
}

pub(super) async fn read(
    check: &Check<'_>,
    names: &Names,
    sections: Vec<Section<'_>>,
    faults: &mut Faults<'_>,
) -> Result<Vec<Plan>, StoreError> {
    let mut plans: Vec<Plan> = Vec::new();
    for mut section in sections {
        let is_taken = |name: &str| plans.iter().any(|plan| plan.wanted.name == name);
        let Some(name) = read_name(&mut section, "processor", is_taken, faults) else {
            section.finish(faults);
            continue;
        };
        plans.extend(read_one(check, names, name, section, faults).await?);
    }
    Ok(plans)
}

async fn read_one(
    check: &Check<'_>,
    names: &Names,
    name: Placed<String>,
    mut section: Section<'_>,
    faults: &mut Faults<'_>,
) -> Result<Option<Plan>, StoreError> {
    let stored = check.now.processors.iter().find(|processor| processor.name == name.value);
    let class = class(check, &mut section, &name, stored, faults);
    let description = class.as_ref().map(|(_, description)| *description);
    let now = StoredNames::of(check.now, stored);
    let ews_server = reference(&mut section, "ews_server", now.ews_server, faults, |name| {
        names.ews_servers.contains(name)
    });
    let connection = reference(&mut section, "connection", now.connection, faults, |name| {
        names.connections.contains(name)
    });
    let schedule =
        reference(&mut section, "schedule", now.schedule, faults, |name| names.schedules.contains(name));
    let flags = flags(&mut section, stored, faults);
    let memory_limit_mib = memory_limit(&mut section, stored, faults);
    let settings = section.table("settings", faults);
    let place = section.place().clone();
    section.finish(faults);
    if ews_server.is_none() {
        faults
            .add(name.place.clone(), "the processor needs ews_server: the name of the EWS server it serves");
    }
    let Some((class, description)) = class.zip(description).map(|((class, _), it)| (class, it)) else {
        return Ok(None);
    };
    check_connection(description, (connection.as_deref(), names), &name, faults);
    if description.mode == RunMode::LongRunning && schedule.is_some() {
        let what = format!("{} runs until it is stopped and takes no schedule", description.name);
        faults.add(name.place.clone(), format!("{what}: use runs_at_start"));
    }
    let stored_settings = match stored {
        None => None,
        Some(stored) => Some(StoredSettings {
            json: &stored.settings_json,
            sealed: check.store.list_processor_secrets(stored.id).await?,
            keyring: check.keyring,
            table: TABLE,
            row: stored.id.0,
        }),
    };
    let settings =
        read_settings(settings.as_ref(), &place, &description.settings, stored_settings.as_ref(), faults);
    let (Some(WantedSettings { json, new_secrets, forgets_secrets }), Some(ews_server)) =
        (settings, ews_server)
    else {
        return Ok(None);
    };
    let id_of = |found: Option<i64>| found.unwrap_or_default();
    let wanted = ProcessorConfiguration {
        id: stored.map_or(ConfigurationId(0), |stored| stored.id),
        name: name.value,
        class,
        connection: connection.as_ref().map(|name| ConnectionId(id_of(connection_id(check.now, name)))),
        ews_server: EwsServerId(id_of(server_id(check.now, &ews_server))),
        schedule: schedule.as_ref().map(|name| ScheduleId(id_of(schedule_id(check.now, name)))),
        flags,
        settings_json: json,
        secret_keys: stored.map(|stored| stored.secret_keys.clone()).unwrap_or_default(),
        memory_limit_mib,
    };
    let is_changed = stored != Some(&wanted);
    Ok(Some(Plan {
        is_new: stored.is_none(),
        is_changed,
        wanted,
        connection,
        ews_server,
        schedule,
        new_secrets,
        forgets_secrets,
    }))
}

/// The names of what a stored processor refers to.
struct StoredNames {
    ews_server: Option<String>,
    connection: Option<String>,
    schedule: Option<String>,
}

impl StoredNames {
    fn of(now: &Configuration, stored: Option<&ProcessorConfiguration>) -> Self {
        let server = stored.and_then(|stored| now.ews_servers.iter().find(|it| it.id == stored.ews_server));
        let connection =
            stored.and_then(|stored| now.connections.iter().find(|it| Some(it.id) == stored.connection));
        let schedule =
            stored.and_then(|stored| now.schedules.iter().find(|it| Some(it.id) == stored.schedule));
        Self {
            ews_server: server.map(|server| server.name.clone()),
            connection: connection.map(|connection| connection.name.clone()),
            schedule: schedule.map(|schedule| schedule.name.clone()),
        }
    }
}

fn class<'c>(
    check: &'c Check<'_>,
    section: &mut Section<'_>,
    name: &Placed<String>,
    stored: Option<&ProcessorConfiguration>,
    faults: &mut Faults<'_>,
) -> Option<(ClassId, &'c ClassDescription)> {
    let given = section.text("class", faults);
    let Placed { value, place } = match (given, stored) {
        (Some(given), Some(stored)) if given.value != stored.class.to_string() => {
            let what = format!("{:?} runs the class {} and goes on doing so", name.value, stored.class);
            faults.add(given.place, what);
            return None;
        }
        (Some(given), _) => given,
        (None, Some(stored)) => Placed { value: stored.class.to_string(), place: name.place.clone() },
        (None, None) => {
            faults.add(name.place.clone(), "a processor needs class, such as \"riser.evce/setup\"");
            return None;
        }
    };
    let Some(class) = ClassId::parse(&value) else {
        faults.add(place, "class takes plugin and class, such as \"riser.evce/setup\"");
        return None;
    };
    let Some(library) = check.libraries.iter().find(|library| library.description.id == class.plugin) else {
        let there = if check.plugin_names.is_empty() { "none" } else { &check.plugin_names };
        let plugin = &class.plugin;
        faults.add(place, format!("no library offers the plugin {plugin:?}; there is {there}"));
        return None;
    };
    let description = library.description.class(&class.class);
    if description.is_none() {
        let known: Vec<_> = library.description.classes.iter().map(|class| class.id.as_str()).collect();
        let what = format!("{} has no class {:?}; it has {}", class.plugin, class.class, known.join(", "));
        faults.add(place, what);
    }
    Some((class, description?))
}

fn reference(
    section: &mut Section<'_>,
    key: &'static str,
    stored: Option<String>,
    faults: &mut Faults<'_>,
    is_there: impl Fn(&str) -> bool,
) -> Option<String> {
    let Some(given) = section.text(key, faults) else { return stored };
    if !is_there(&given.value) {
        let what = key.replace('_', " ");
        faults
            .add(given.place, format!("there is no {what} {:?}: add [[{key}]] with this name", given.value));
    }
    Some(given.value)
}

/// Whether a class gets the connection it needs; one whose kind is not known has its fault already.
fn check_connection(
    description: &ClassDescription,
    (connection, names): (Option<&str>, &Names),
    name: &Placed<String>,
    faults: &mut Faults<'_>,
) {
    let class = &description.name;
    let what = match (&description.connection, connection) {
        (None, None) => return,
        (None, Some(_)) => format!("{class} takes no connection"),
        (Some(needed), None) => format!("{class} needs a connection of the kind {needed}"),
        (Some(needed), Some(connection)) => match names.kind_of(connection) {
            Some(kind) if kind != needed => {
                format!("{class} needs a connection of the kind {needed}, not {kind}")
            }
            _ => return,
        },
    };
    faults.add(name.place.clone(), what);
}

fn flags(
    section: &mut Section<'_>,
    stored: Option<&ProcessorConfiguration>,
    faults: &mut Faults<'_>,
) -> ProcessorFlags {
    let known = stored.map(|stored| stored.flags).unwrap_or_default();
    let mut flag = |key, known| section.truth(key, faults).unwrap_or(known);
    ProcessorFlags {
        active: flag("active", known.active),
        runs_at_start: flag("runs_at_start", known.runs_at_start),
        runs_on_schedule: flag("runs_on_schedule", known.runs_on_schedule),
        manually_startable: flag("manually_startable", known.manually_startable),
        manually_stoppable: flag("manually_stoppable", known.manually_stoppable),
    }
}

fn memory_limit(
    section: &mut Section<'_>,
    stored: Option<&ProcessorConfiguration>,
    faults: &mut Faults<'_>,
) -> u32 {
    let known = stored.map_or(ProcessorConfiguration::DEFAULT_MEMORY_LIMIT_MIB, |it| it.memory_limit_mib);
    let Some(given) = section.whole("memory_limit_mib", faults) else { return known };
    if given.value < SMALLEST_MEMORY_LIMIT_MIB {
        faults.add(given.place, format!("memory_limit_mib takes {SMALLEST_MEMORY_LIMIT_MIB} or more"));
    }
    given.value
}

fn server_id(now: &Configuration, name: &str) -> Option<i64> {
    now.ews_servers.iter().find(|server| server.name == name).map(|server| server.id.0)
}

fn connection_id(now: &Configuration, name: &str) -> Option<i64> {
    now.connections.iter().find(|connection| connection.name == name).map(|connection| connection.id.0)
}

fn schedule_id(now: &Configuration, name: &str) -> Option<i64> {
    now.schedules.iter().find(|schedule| schedule.name == name).map(|schedule| schedule.id.0)
}

pub(super) async fn execute(
    plans: Vec<Plan>,
    check: &Check<'_>,
    transaction: &mut ConfigurationTransaction,
    told: &mut Vec<String>,
) -> Result<(), ApplyError> {
    if plans.iter().all(|plan| !plan.is_new && !plan.is_changed && plan.new_secrets.is_empty()) {
        return Ok(());
    }
    // What the file adds has its ids only now.
    let now = transaction.load_configuration().await?;
    for mut plan in plans {
        let connection = plan.connection.as_deref().and_then(|name| connection_id(&now, name));
        plan.wanted.connection = connection.map(ConnectionId);
        plan.wanted.ews_server = EwsServerId(server_id(&now, &plan.ews_server).unwrap_or_default());
        plan.wanted.schedule =
            plan.schedule.as_deref().and_then(|name| schedule_id(&now, name)).map(ScheduleId);
        let name = &plan.wanted.name;
        let mut id = plan.wanted.id;
        if plan.is_new {
            id = transaction.add_processor(&plan.wanted).await?;
            told.push(format!("processor {name:?} added"));
        } else if plan.is_changed {
            transaction.update_processor(&plan.wanted).await?;
            told.push(format!("processor {name:?} changed"));
        }
        if plan.forgets_secrets {
            transaction.remove_processor_secrets(id).await?;
            told.push(format!("processor {name:?} lost the secrets of its former address"));
        }
        for (key, secret) in &plan.new_secrets {
            let sealed = seal(check.keyring, (TABLE, id.0, key), secret)?;
            transaction.put_processor_secret(id, key, &sealed).await?;
            if !plan.is_new {
                told.push(format!("processor {name:?} has a new {key}"));
            }
        }
    }
    Ok(())
}
