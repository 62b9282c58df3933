//! Passes settings through the plugins' `migrate`, each plugin in a worker process, before they are checked.

use std::collections::HashMap;

use riser_domain::ClassId;
use riser_worker_host::{Launcher, SettingValues, SettingsSchema, migrate_settings};
use riser_worker_protocol::messages::SettingsOwner;

use super::ConfigureError;
use super::current::{Current, SecretTable, StoredSecret};
use super::draft::{ConfigurationDraft, ConnectionDraft, Identity, ProcessorDraft};
use super::field_path::FieldPath;
use super::inputs::SettingInputs;
use super::markers::Markers;
use super::renames::Renames;
use crate::libraries::Library;

/// The settings of one object in the form of the current plugin, with markers in place of secrets.
#[derive(Debug)]
pub(super) struct MigratedSettings {
    pub(super) markers: Markers,
    pub(super) given: SettingValues,
    /// `None` for a new object.
    pub(super) stored: Option<SettingValues>,
}

/// The settings of a draft by the path of their object. Those whose plugin is missing are not among them.
pub(super) type Migrated = HashMap<FieldPath, MigratedSettings>;

/// An object of a draft that gives settings.
struct Request<'a> {
    path: FieldPath,
    library: &'a Library,
    owner: SettingsOwner,
    markers: Markers,
    given: SettingValues,
    stored: Option<SettingValues>,
}

/// Migrates the settings that a draft gives and those that are stored for the same objects. Without a launcher, they
/// are taken as they are.
pub(super) async fn migrate(
    draft: &ConfigurationDraft,
    current: &Current,
    libraries: &[Library],
    launcher: Option<&Launcher>,
) -> Result<Migrated, ConfigureError> {
    let mut requests = Vec::new();
    let renames = Renames::of(&draft.connections);
    for connection in &draft.connections {
        requests.extend(of_connection(connection, &renames, current, libraries)?);
    }
    let renames = Renames::of(&draft.processors);
    for processor in &draft.processors {
        requests.extend(of_processor(processor, &renames, current, libraries)?);
    }
    let mut migrated = Migrated::new();
    for library in libraries {
        let of_library: Vec<Request<'_>> = requests
            .extract_if(.., |request| request.library.description.id == library.description.id)
            .collect();
        if of_library.is_empty() {
            continue;
        }
        let documents: Vec<(SettingsOwner, SettingValues)> = of_library
            .iter()
            .flat_map(|request| {
                let stored = request.stored.clone().unwrap_or_default();
                [SettingValues::new(), request.given.clone(), stored]
                    .map(|values| (request.owner.clone(), values))
            })
            .collect();
        let migrated_documents = match launcher {
            Some(launcher) => migrate_settings(launcher, &library.cached, documents).await?,
            None => documents.into_iter().map(|(_, values)| values).collect(),
        };
        let mut results = migrated_documents.into_iter();
        for request in of_library {
            let mut next = || results.next().unwrap_or_default();
            let (empty, given, stored) = (next(), next(), next());
            let given = without_additions(given, &empty, &request.given);
            let stored = request.stored.is_some().then_some(stored);
            migrated.insert(request.path, MigratedSettings { markers: request.markers, given, stored });
        }
    }
    Ok(migrated)
}

/// A draft gives some of the settings. What `migrate` adds to any settings, it adds to the stored ones, too, and
/// may not replace them.
fn without_additions(
    mut migrated: SettingValues,
    empty: &SettingValues,
    given: &SettingValues,
) -> SettingValues {
    migrated.retain(|key, value| given.contains_key(key) || empty.get(key) != Some(value));
    migrated
}

fn of_connection<'a>(
    draft: &ConnectionDraft,
    renames: &Renames<'_>,
    current: &Current,
    libraries: &'a [Library],
) -> Result<Option<Request<'a>>, ConfigureError> {
    let connections = &current.configuration.connections;
    let find = |name: &str| connections.iter().find(|it| it.name == name);
    let stored = renames.find(&draft.identity, find).unwrap_or_default();
    let kind = draft.kind.clone().or_else(|| stored.map(|stored| stored.kind.clone()));
    let inputs = inputs(&draft.identity, draft.settings.as_ref(), stored.is_some());
    let (Some(inputs), Some(kind)) = (inputs, kind) else { return Ok(None) };
    let Some((library, schema)) = connection_schema(libraries, &kind) else { return Ok(None) };
    let secrets = current.secrets(SecretTable::Connections, stored.map(|stored| stored.id.0));
    let owner = SettingsOwner::Connection(kind.rsplit('/').next().unwrap_or_default().to_owned());
    let path = FieldPath::default().object("connection", &draft.identity.name);
    let stored = stored.map(|stored| stored.settings_json.as_str());
    request(path, (library, owner, schema), inputs, stored, secrets).map(Some)
}

fn of_processor<'a>(
    draft: &ProcessorDraft,
    renames: &Renames<'_>,
    current: &Current,
    libraries: &'a [Library],
) -> Result<Option<Request<'a>>, ConfigureError> {
    let processors = &current.configuration.processors;
    let find = |name: &str| processors.iter().find(|it| it.name == name);
    let stored = renames.find(&draft.identity, find).unwrap_or_default();
    let class = match (&draft.class, stored) {
        (Some(class), _) => ClassId::parse(class),
        (None, stored) => stored.map(|stored| stored.class.clone()),
    };
    let inputs = inputs(&draft.identity, draft.settings.as_ref(), stored.is_some());
    let (Some(inputs), Some(class)) = (inputs, class) else { return Ok(None) };
    let library = libraries.iter().find(|library| library.description.id == class.plugin);
    let described = library.and_then(|library| Some((library, library.description.class(&class.class)?)));
    let Some((library, described)) = described else { return Ok(None) };
    let secrets = current.secrets(SecretTable::Processors, stored.map(|stored| stored.id.0));
    let owner = SettingsOwner::Class(class.class);
    let path = FieldPath::default().object("processor", &draft.identity.name);
    let stored = stored.map(|stored| stored.settings_json.as_str());
    request(path, (library, owner, &described.settings), inputs, stored, secrets).map(Some)
}

/// Returns the settings to check; `None` for an object that keeps its settings.
fn inputs<'d>(
    identity: &Identity,
    given: Option<&'d SettingInputs>,
    is_stored: bool,
) -> Option<&'d SettingInputs> {
    static NOT_GIVEN: SettingInputs = SettingInputs::new();
    match given {
        _ if identity.remove => None,
        Some(given) => Some(given),
        None => (!is_stored).then_some(&NOT_GIVEN),
    }
}

fn request<'a>(
    path: FieldPath,
    (library, owner, schema): (&'a Library, SettingsOwner, &SettingsSchema),
    inputs: &SettingInputs,
    stored_json: Option<&str>,
    secrets: &[StoredSecret],
) -> Result<Request<'a>, ConfigureError> {
    let mut markers = Markers::new()?;
    let given = markers.mark_given(schema, inputs);
    let stored = stored_json.map(|json| {
        let values = serde_json::from_str(json).unwrap_or_default();
        markers.mark_stored(&values, secrets)
    });
    Ok(Request { path, library, owner, markers, given, stored })
}

/// Returns the library and the description of a kind of connection.
pub(super) fn connection_schema<'a>(
    libraries: &'a [Library],
    kind: &str,
) -> Option<(&'a Library, &'a SettingsSchema)> {
    let (plugin, _) = kind.split_once('/')?;
    let library = libraries.iter().find(|library| library.description.id == plugin)?;
    Some((library, &library.description.connection(kind)?.settings))
}
