//! Lets plugins check the settings of a draft as a run would, each plugin in a worker process.

use riser_domain::{Connection, ProcessorConfiguration};
use riser_worker_host::{Launcher, PluginFault, SettingValues, check_plugin_settings, open_settings};
use riser_worker_protocol::messages::SettingsOwner;
use secrecy::SecretString;
use serde_json::Value;

use super::ConfigureError;
use super::check::{Action, CheckedDraft, Planned, SecretChange};
use super::current::{Current, SecretTable, StoredSecret};
use super::field_path::{FieldError, FieldPath};
use super::migration::connection_schema;
use crate::libraries::Library;

/// The settings of one object, complete with secrets.
struct Request<'a> {
    path: FieldPath,
    library: &'a Library,
    owner: SettingsOwner,
    settings: SettingValues,
}

/// The settings that plugins check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those that a draft changes.
    Changed,
    /// All of the objects that a draft names: a file that a setting names may have changed.
    Named,
}

/// Returns the errors that plugins find in settings of a draft.
pub(super) async fn check(
    checked: &CheckedDraft,
    current: &Current,
    scope: Scope,
    (libraries, launcher): (&[Library], &Launcher),
) -> Result<Vec<FieldError>, ConfigureError> {
    let connections = checked.connections.iter();
    let mut requests: Vec<Request<'_>> =
        connections.filter_map(|planned| of_connection(planned, current, scope, libraries)).collect();
    let processors = checked.processors.iter();
    requests.extend(processors.filter_map(|(planned, _)| of_processor(planned, current, scope, libraries)));
    let mut errors = Vec::new();
    for library in libraries {
        let of_library: Vec<Request<'_>> = requests
            .extract_if(.., |request| request.library.description.id == library.description.id)
            .collect();
        if of_library.is_empty() {
            continue;
        }
        let (paths, settings): (Vec<_>, Vec<_>) =
            of_library.into_iter().map(|it| (it.path, (it.owner, it.settings))).unzip();
        let found = check_plugin_settings(launcher, &library.cached, settings).await?;
        for (path, faults) in paths.iter().zip(found) {
            errors.extend(faults.into_iter().map(|fault| field_error(path, fault)));
        }
    }
    Ok(errors)
}

fn field_error(object: &FieldPath, fault: PluginFault) -> FieldError {
    let PluginFault { setting, what, remedy } = fault;
    let separator = if remedy.is_empty() { "" } else { "; " };
    if setting.is_empty() {
        return FieldError { path: object.key("settings"), message: format!("{what}{separator}{remedy}") };
    }
    FieldError { path: object.setting(&setting), message: format!("{setting}: {what}{separator}{remedy}") }
}

fn of_connection<'a>(
    planned: &Planned<Connection>,
    current: &Current,
    scope: Scope,
    libraries: &'a [Library],
) -> Option<Request<'a>> {
    let connection = &planned.value;
    let (library, _) = connection_schema(libraries, &connection.kind)?;
    let stored = current.configuration.connections.iter().find(|it| it.id == connection.id);
    let stored_json = stored.map(|stored| stored.settings_json.as_str()).filter(|_| scope == Scope::Changed);
    let secrets = current.secrets(SecretTable::Connections, stored.map(|stored| stored.id.0));
    let kind = connection.kind.rsplit('/').next().unwrap_or_default().to_owned();
    let settings = changed_settings(planned, &connection.settings_json, stored_json, secrets)?;
    let path = FieldPath::default().object("connection", &connection.name);
    Some(Request { path, library, owner: SettingsOwner::Connection(kind), settings })
}

fn of_processor<'a>(
    planned: &Planned<ProcessorConfiguration>,
    current: &Current,
    scope: Scope,
    libraries: &'a [Library],
) -> Option<Request<'a>> {
    let processor = &planned.value;
    let library = libraries.iter().find(|library| library.description.id == processor.class.plugin)?;
    // A class without settings has nothing to check.
    library.description.class(&processor.class.class).filter(|class| !class.settings.settings.is_empty())?;
    let stored = current.configuration.processors.iter().find(|it| it.id == processor.id);
    let stored_json = stored.map(|stored| stored.settings_json.as_str()).filter(|_| scope == Scope::Changed);
    let secrets = current.secrets(SecretTable::Processors, stored.map(|stored| stored.id.0));
    let settings = changed_settings(planned, &processor.settings_json, stored_json, secrets)?;
    let path = FieldPath::default().object("processor", &processor.name);
    Some(Request { path, library, owner: SettingsOwner::Class(processor.class.class.clone()), settings })
}

/// Returns the settings with their secrets. `None` if nothing in them changes, or if a stored secret cannot be
/// decrypted: no run has it either.
fn changed_settings<T>(
    planned: &Planned<T>,
    settings_json: &str,
    stored_json: Option<&str>,
    stored_secrets: &[StoredSecret],
) -> Option<SettingValues> {
    let SecretChange { forget_all, remove, put, .. } = &planned.secrets;
    let has_same_secrets = !forget_all && remove.is_empty() && put.is_empty();
    if planned.action == Action::Remove || stored_json == Some(settings_json) && has_same_secrets {
        return None;
    }
    complete_settings(settings_json, &planned.secrets, stored_secrets).ok()
}

/// Returns the settings with the secrets that are stored and those that change.
///
/// # Errors
/// The key of a stored secret that cannot be decrypted.
pub(super) fn complete_settings(
    settings_json: &str,
    change: &SecretChange,
    stored_secrets: &[StoredSecret],
) -> Result<SettingValues, String> {
    let SecretChange { forget_all, remove, put, .. } = change;
    let mut secrets: Vec<(String, SecretString)> = put.clone();
    for stored in stored_secrets.iter().filter(|_| !forget_all) {
        let is_replaced = remove.contains(&stored.key) || put.iter().any(|(key, _)| *key == stored.key);
        if !is_replaced {
            let value = stored.value.clone().ok_or_else(|| stored.key.clone())?;
            secrets.push((stored.key.clone(), value));
        }
    }
    // Stored settings are a JSON object.
    let values: SettingValues = serde_json::from_str(settings_json).unwrap_or_default();
    match open_settings(values, &secrets) {
        Value::Object(settings) => Ok(settings),
        _ => Ok(SettingValues::new()),
    }
}
