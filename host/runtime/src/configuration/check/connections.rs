use std::collections::BTreeMap;

use riser_domain::{Connection, ConnectionId};
use riser_worker_host::SettingsSchema;

use super::identity::{CONNECTION, match_identities};
use super::settings::{SettingsCheck, WantedSettings, are_stored};
use super::{Basis, Differences, Errors, Planned, lines_of};
use crate::configuration::current::SecretTable;
use crate::configuration::draft::ConnectionDraft;
use crate::configuration::field_path::FieldPath;
use crate::configuration::inputs::{SecretInput, SettingInput};
use crate::configuration::migration::connection_schema;
use crate::configuration::plan::PlanLine;

pub(super) fn check(
    drafts: &[ConnectionDraft],
    basis: &Basis<'_>,
    errors: &mut Errors,
    lines: &mut Vec<PlanLine>,
) -> Vec<Planned<Connection>> {
    let stored_connections = &basis.current.configuration.connections;
    let names: Vec<&str> = stored_connections.iter().map(|connection| connection.name.as_str()).collect();
    let mut planned = Vec::new();
    for matched in match_identities(CONNECTION, &FieldPath::default(), drafts, &names, errors) {
        let stored = matched.stored.map(|index| &stored_connections[index]);
        if let (true, Some(stored)) = (matched.removes, stored) {
            lines.push(PlanLine::removal(format!("connection {:?} removed, with its items", stored.name)));
            planned.push(Planned::removed(stored.clone()));
            continue;
        }
        let Some((connection, settings)) = wanted(matched.draft, stored, &matched.path, basis, errors) else {
            continue;
        };
        let mut differences = Differences::default();
        for key in &settings.changed_keys {
            differences.note(&format!("settings.{key}"));
        }
        let stored_name = stored.map(|stored| stored.name.as_str());
        lines_of("connection", (stored_name, &connection.name), &differences, &settings.secrets, lines);
        planned.push(Planned::wanted(stored, connection, settings.secrets));
    }
    planned
}

fn wanted(
    draft: &ConnectionDraft,
    stored: Option<&Connection>,
    path: &FieldPath,
    basis: &Basis<'_>,
    errors: &mut Errors,
) -> Option<(Connection, WantedSettings)> {
    let name = &draft.identity.name;
    let Some(kind) = kind(draft, stored, path, errors) else {
        report_unreadable_secrets(draft, path, errors);
        return None;
    };
    let mut connection = stored.cloned().unwrap_or_else(|| Connection {
        id: ConnectionId(0),
        name: String::new(),
        kind: kind.clone(),
        settings_json: String::new(),
        secret_keys: Vec::new(),
        secret_version: 0,
    });
    connection.name.clone_from(name);
    let no_settings = BTreeMap::default();
    let inputs = match (&draft.settings, stored) {
        (Some(inputs), _) => inputs,
        (None, Some(_)) => return Some((connection, WantedSettings::default())),
        (None, None) => &no_settings,
    };
    let secrets = basis.current.secrets(SecretTable::Connections, stored.map(|stored| stored.id.0));
    let Some((_, schema)) = connection_schema(basis.libraries, &kind) else {
        if stored.is_some_and(|stored| are_stored(inputs, &stored.settings_json, secrets)) {
            return Some((connection, WantedSettings::default()));
        }
        errors.add(&path.key("kind"), unknown_kind(basis, &kind));
        report_unreadable_secrets(draft, path, errors);
        return None;
    };
    let wanted = check_settings(path, format!("the connection {name:?}"), (schema, secrets), basis, errors)?;
    if let Some(json) = &wanted.json {
        connection.settings_json.clone_from(json);
    }
    Some((connection, wanted))
}

/// Without its kind, the settings of a connection cannot be checked, but their secrets can be missing.
fn report_unreadable_secrets(draft: &ConnectionDraft, path: &FieldPath, errors: &mut Errors) {
    for (key, input) in draft.settings.iter().flatten() {
        add_unreadable_secrets(key, input, path, errors);
    }
}

fn add_unreadable_secrets(setting: &str, input: &SettingInput, path: &FieldPath, errors: &mut Errors) {
    match input {
        SettingInput::Secret(SecretInput::Unreadable { reason })
        | SettingInput::Reference { secret: SecretInput::Unreadable { reason }, .. } => {
            errors.add(&path.setting(setting), format!("{setting}: {reason}"));
        }
        SettingInput::Group(settings) => {
            for (key, input) in settings {
                add_unreadable_secrets(&format!("{setting}.{key}"), input, path, errors);
            }
        }
        SettingInput::List(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                add_unreadable_secrets(&format!("{setting}[{index}]"), entry, path, errors);
            }
        }
        SettingInput::Plain(_) | SettingInput::Secret(_) | SettingInput::Reference { .. } => {}
    }
}

fn check_settings(
    path: &FieldPath,
    of: String,
    (schema, secrets): (&SettingsSchema, &[crate::configuration::current::StoredSecret]),
    basis: &Basis<'_>,
    errors: &mut Errors,
) -> Option<WantedSettings> {
    let migrated = basis.migrated.get(path)?;
    SettingsCheck { path, of, schema, migrated, secrets }.run(errors)
}

fn kind(
    draft: &ConnectionDraft,
    stored: Option<&Connection>,
    path: &FieldPath,
    errors: &mut Errors,
) -> Option<String> {
    match (&draft.kind, stored) {
        (Some(kind), Some(stored)) if *kind != stored.kind => {
            let message = format!(
                "the connection {:?} is of the kind {:?}, which cannot change; add another connection",
                draft.identity.name, stored.kind
            );
            errors.add(&path.key("kind"), message);
            None
        }
        (Some(kind), _) => Some(kind.clone()),
        (None, Some(stored)) => Some(stored.kind.clone()),
        (None, None) => {
            errors.add(path, "a connection needs kind, such as \"riser.evce/evce\"");
            None
        }
    }
}

fn unknown_kind(basis: &Basis<'_>, kind: &str) -> String {
    let described = basis.libraries.iter().flat_map(|library| &library.description.connections);
    let known: Vec<&str> = described.map(|connection| connection.kind.as_str()).collect();
    if known.is_empty() {
        format!("no plugin offers the connection kind {kind:?}; put its library into the plugin directory")
    } else {
        format!("no plugin offers the connection kind {kind:?}; there are {}", known.join(", "))
    }
}
