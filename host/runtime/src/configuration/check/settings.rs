//! Settings that a plugin describes, over the stored ones.

use riser_worker_host::{Setting, SettingKind, SettingValues, SettingsSchema, check_settings};
use secrecy::SecretString;
use serde_json::Value;

use super::Errors;
use crate::configuration::current::{StoredSecret, is_same};
use crate::configuration::field_path::FieldPath;
use crate::configuration::inputs::{NOT_STORED, SECRET_SOURCES, SecretInput, SettingInput, SettingInputs};
use crate::configuration::markers::Marked;
use crate::configuration::migration::MigratedSettings;

const HOW_TO_GIVE: &str =
    "is a secret: give it as { env = \"VARIABLE\" } or { file = \"PATH\" }, not in plain text";

/// How the sealed secrets of an object change.
#[derive(Debug, Default)]
pub(in crate::configuration) struct SecretChange {
    /// An address changed: all secrets that were sealed for the other one are removed.
    pub(in crate::configuration) forget_all: bool,
    pub(in crate::configuration) remove: Vec<String>,
    pub(in crate::configuration) put: Vec<(String, SecretString)>,
    /// The keys among `put` that have a new value; the others only have a new key.
    pub(in crate::configuration) new_keys: Vec<String>,
    /// The keys among `remove` that the draft resets.
    pub(in crate::configuration) reset_keys: Vec<String>,
}

/// The settings of an object to store.
#[derive(Debug, Default)]
pub(super) struct WantedSettings {
    /// `None` when they stay as they are.
    pub(super) json: Option<String>,
    /// The settings that change, without the secret ones.
    pub(super) changed_keys: Vec<String>,
    pub(super) secrets: SecretChange,
}

/// The settings of one object of a draft.
pub(super) struct SettingsCheck<'a> {
    pub(super) path: &'a FieldPath,
    /// Such as `connection "EVCE"`.
    pub(super) of: String,
    pub(super) schema: &'a SettingsSchema,
    pub(super) migrated: &'a MigratedSettings,
    /// The stored settings.
    pub(super) secrets: &'a [StoredSecret],
}

impl SettingsCheck<'_> {
    /// Checks the settings. Returns `None` after adding an error.
    pub(super) fn run(&self, errors: &mut Errors) -> Option<WantedSettings> {
        let errors_before = errors.found.len();
        let mut stored = self.migrated.stored.clone().unwrap_or_default();
        let mut kept = self.migrated.markers.take_stored(&mut stored);
        let dropped = retain_known(self.schema, &mut stored);
        kept.retain(|(path, _)| kind_at(self.schema, path) == Some(&SettingKind::Secret));
        let mut given = self.migrated.given.clone();
        let reset_secrets = reset_emptied(self.schema, &mut given);
        let mut wanted = stored.clone();
        wanted.extend(given);
        let is_moved = moves_elsewhere(self.schema, &stored, &wanted);
        let (reset, mut kept): (Vec<_>, Vec<_>) =
            kept.into_iter().partition(|(path, _)| reset_secrets.contains(path));
        if is_moved {
            kept.clear();
        }
        self.check_secret_inputs(&wanted, &kept, is_moved, errors);
        let kept_paths: Vec<String> = kept.iter().map(|(path, _)| path.clone()).collect();
        let checked = match check_settings(self.schema, &wanted, &kept_paths) {
            Ok(checked) => checked,
            Err(faults) => {
                let is_wrong_address = faults.iter().any(|fault| {
                    matches!(kind_at(self.schema, &fault.key), Some(SettingKind::Address | SettingKind::Host))
                });
                for fault in faults {
                    // Secrets never move to an unusable address.
                    if is_wrong_address && is_moved && self.is_stored(&fault.key) {
                        continue;
                    }
                    if self.is_table_for_secret(&wanted, &fault.key) {
                        let message = format!("{} {SECRET_SOURCES}", fault.key);
                        errors.add(&self.path.setting(&fault.key), message);
                        continue;
                    }
                    let again = if is_moved && self.is_stored(&fault.key) { MOVED } else { "" };
                    errors
                        .add(&self.path.setting(&fault.key), format!("{}: {}{again}", fault.key, fault.what));
                }
                return None;
            }
        };
        for path in self.migrated.markers.paths_of_markers(&checked.values) {
            errors.add(
                &self.path.setting(&path),
                format!("{path}: is not a secret; write its value into the file"),
            );
        }
        if errors.found.len() > errors_before {
            return None;
        }
        let normal = check_settings(self.schema, &stored, &kept_paths).map_or(stored, |normal| normal.values);
        let changed_keys = changed_keys(&normal, &checked.values);
        let is_new = self.migrated.stored.is_none();
        let mut secrets = self.secret_change(&checked.secrets, &kept);
        secrets.forget_all = is_moved && !self.secrets.is_empty();
        if !secrets.forget_all {
            secrets.reset_keys = reset.into_iter().map(|(path, _)| path).collect();
        }
        if !is_new
            && changed_keys.is_empty()
            && secrets.put.is_empty()
            && secrets.reset_keys.is_empty()
            && !secrets.forget_all
        {
            return Some(WantedSettings::default());
        }
        for key in dropped {
            tracing::info!("the setting {key} of {} is dropped: its plugin no longer has it", self.of);
        }
        self.follow_migration(&mut secrets, &kept, &checked.values);
        Some(WantedSettings { json: Some(Value::Object(checked.values).to_string()), changed_keys, secrets })
    }

    /// Finds secrets in plain text, unreadable secrets, and secrets to keep that are not stored.
    fn check_secret_inputs(
        &self,
        wanted: &SettingValues,
        kept: &[(String, String)],
        is_moved: bool,
        errors: &mut Errors,
    ) {
        let mut found = Vec::new();
        walk_secrets(self.schema, wanted, "", &mut found);
        for (path, value) in found {
            let error = match (self.migrated.markers.find(value), value) {
                (Some(Marked::Given(SecretInput::Unreadable { reason })), _) => format!("{path}: {reason}"),
                (Some(Marked::Given(SecretInput::Stored { reason })), _) => {
                    if kept.iter().any(|(kept, _)| *kept == path) {
                        continue;
                    }
                    let and = if is_moved && self.is_stored(&path) { MOVED } else { NOT_STORED };
                    format!("{path}: {reason}{and}")
                }
                (None, Value::String(text)) if !text.is_empty() => format!("{path} {HOW_TO_GIVE}"),
                _ => continue,
            };
            errors.add(&self.path.setting(&path), error);
        }
    }

    /// Returns whether a secret is given as a table that names no source.
    fn is_table_for_secret(&self, wanted: &SettingValues, key: &str) -> bool {
        let mut found = Vec::new();
        walk_secrets(self.schema, wanted, "", &mut found);
        found.iter().any(|(path, value)| path == key && value.is_object())
    }

    fn is_stored(&self, path: &str) -> bool {
        self.secrets.iter().any(|secret| secret.key == path)
    }

    /// Returns the secrets that differ from the stored ones.
    fn secret_change(&self, given: &[(String, SecretString)], kept: &[(String, String)]) -> SecretChange {
        let mut change = SecretChange::default();
        for (path, marker) in given {
            use secrecy::ExposeSecret as _;
            let marked = self.migrated.markers.find(&Value::String(marker.expose_secret().to_owned()));
            let Some(Marked::Given(SecretInput::Value(secret))) = marked else { continue };
            let known =
                kept.iter().find(|(kept, _)| kept == path).and_then(|(_, key)| self.stored_secret(key));
            if known.is_none_or(|known| !is_same(known, secret)) {
                change.put.push((path.clone(), secret.clone()));
                change.new_keys.push(path.clone());
            }
        }
        change
    }

    /// Moves stored secrets to their current keys, and removes unused ones.
    fn follow_migration(&self, change: &mut SecretChange, kept: &[(String, String)], values: &SettingValues) {
        if change.forget_all {
            return;
        }
        let root = Value::Object(values.clone());
        for secret in self.secrets {
            let now = kept.iter().find(|(_, key)| *key == secret.key).map(|(path, _)| path);
            match now.filter(|path| is_reachable(&root, path)) {
                Some(path) if *path == secret.key => {}
                Some(path) => {
                    let Some(value) = &secret.value else { continue };
                    if change.put.iter().all(|(put, _)| put != path) {
                        change.put.push((path.clone(), value.clone()));
                    }
                    change.remove.push(secret.key.clone());
                }
                None => change.remove.push(secret.key.clone()),
            }
        }
        // A key may be left by one secret and taken by another.
        change.remove.retain(|key| change.put.iter().all(|(put, _)| put != key));
    }

    fn stored_secret(&self, key: &str) -> Option<&SecretString> {
        self.secrets.iter().find(|secret| secret.key == key)?.value.as_ref()
    }
}

const MOVED: &str = "; the address changed, so give it again";

/// Returns the top-level keys whose values differ.
fn changed_keys(before: &SettingValues, after: &SettingValues) -> Vec<String> {
    let changed = after.iter().filter(|(key, value)| before.get(*key) != Some(value)).map(|(key, _)| key);
    let removed = before.keys().filter(|key| !after.contains_key(*key));
    changed.chain(removed).cloned().collect()
}

/// Removes the settings that a draft gives as an empty text, so that they get their defaults. Returns the paths of
/// the secrets among them.
fn reset_emptied(schema: &SettingsSchema, given: &mut SettingValues) -> Vec<String> {
    let mut secrets = Vec::new();
    reset_in_group(schema, given, "", &mut secrets);
    secrets
}

fn reset_in_group(
    schema: &SettingsSchema,
    values: &mut SettingValues,
    path: &str,
    secrets: &mut Vec<String>,
) {
    for setting in &schema.settings {
        let Some(value) = values.get_mut(&setting.key) else { continue };
        let path = if path.is_empty() { setting.key.clone() } else { format!("{path}.{}", setting.key) };
        if value.as_str() == Some("") && empty_text_resets(setting) {
            // Null over a stored value restores the default.
            *value = Value::Null;
            if setting.kind == SettingKind::Secret {
                secrets.push(path);
            }
        } else {
            reset_in(&setting.kind, value, &path, secrets);
        }
    }
}

fn reset_in(kind: &SettingKind, value: &mut Value, path: &str, secrets: &mut Vec<String>) {
    match (kind, value) {
        (SettingKind::Group(schema), Value::Object(values)) => reset_in_group(schema, values, path, secrets),
        (SettingKind::List { of: kind }, Value::Array(entries)) => {
            for (index, entry) in entries.iter_mut().enumerate() {
                reset_in(kind, entry, &format!("{path}[{index}]"), secrets);
            }
        }
        _ => {}
    }
}

/// Returns whether an empty text means the default. A text with a default may be empty, and a required setting has
/// none; its error names the accepted values.
fn empty_text_resets(setting: &Setting) -> bool {
    let takes_empty_text = matches!(setting.kind, SettingKind::Text | SettingKind::ItemPath);
    !(setting.required && setting.kind != SettingKind::Secret
        || takes_empty_text && setting.default.is_some())
}

/// Removes stored settings that the plugin no longer has. Returns their paths.
fn retain_known(schema: &SettingsSchema, values: &mut SettingValues) -> Vec<String> {
    let mut dropped = Vec::new();
    retain_in_group(schema, values, "", &mut dropped);
    dropped
}

fn retain_in_group(
    schema: &SettingsSchema,
    values: &mut SettingValues,
    path: &str,
    dropped: &mut Vec<String>,
) {
    values.retain(|key, value| {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match schema.setting(key) {
            None => {
                dropped.push(path);
                false
            }
            Some(setting) => {
                retain_in(&setting.kind, value, &path, dropped);
                true
            }
        }
    });
}

fn retain_in(kind: &SettingKind, value: &mut Value, path: &str, dropped: &mut Vec<String>) {
    match (kind, value) {
        (SettingKind::Group(schema), Value::Object(values)) => retain_in_group(schema, values, path, dropped),
        (SettingKind::List { of: kind }, Value::Array(entries)) => {
            for (index, entry) in entries.iter_mut().enumerate() {
                retain_in(kind, entry, &format!("{path}[{index}]"), dropped);
            }
        }
        _ => {}
    }
}

/// Returns the values of secret settings, with their paths.
fn walk_secrets<'v>(
    schema: &SettingsSchema,
    values: &'v SettingValues,
    path: &str,
    found: &mut Vec<(String, &'v Value)>,
) {
    for setting in &schema.settings {
        let Some(value) = values.get(&setting.key) else { continue };
        let path = if path.is_empty() { setting.key.clone() } else { format!("{path}.{}", setting.key) };
        walk_secrets_of(&setting.kind, value, &path, found);
    }
}

fn walk_secrets_of<'v>(
    kind: &SettingKind,
    value: &'v Value,
    path: &str,
    found: &mut Vec<(String, &'v Value)>,
) {
    match (kind, value) {
        (SettingKind::Secret, value) => found.push((path.to_owned(), value)),
        (SettingKind::Group(schema), Value::Object(values)) => walk_secrets(schema, values, path, found),
        (SettingKind::List { of: kind }, Value::Array(entries)) => {
            for (index, entry) in entries.iter().enumerate() {
                walk_secrets_of(kind, entry, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}

/// Returns the kind of the setting at a path such as `proxies[0].host`.
fn kind_at<'s>(schema: &'s SettingsSchema, path: &str) -> Option<&'s SettingKind> {
    let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
    let key = step.split('[').next().unwrap_or_default();
    let mut kind = &schema.setting(key)?.kind;
    for _ in 0..step.matches('[').count() {
        let SettingKind::List { of: element } = kind else { return None };
        kind = element;
    }
    match (rest, kind) {
        (None, kind) => Some(kind),
        (Some(rest), SettingKind::Group(schema)) => kind_at(schema, rest),
        (Some(_), _) => None,
    }
}

/// Returns whether the list entries that contain a setting exist.
fn is_reachable(root: &Value, path: &str) -> bool {
    let Some((containers, _)) = path.rsplit_once(['.', '[']) else { return true };
    let pointer = containers.replace("].", "/").replace(['.', '['], "/").replace(']', "");
    // A group with secrets only is not stored.
    !containers.ends_with(']') || root.pointer(&format!("/{pointer}")).is_some()
}

/// Returns whether an address or a host differs. A stored secret is never sent to another host than its own.
fn moves_elsewhere(schema: &SettingsSchema, stored: &SettingValues, wanted: &SettingValues) -> bool {
    any_moves(schema, |key| (stored.get(key), wanted.get(key)))
}

fn any_moves<'v>(
    schema: &SettingsSchema,
    values_of: impl Fn(&str) -> (Option<&'v Value>, Option<&'v Value>),
) -> bool {
    schema.settings.iter().any(|setting| {
        let (stored, wanted) = values_of(&setting.key);
        moves(&setting.kind, stored, wanted)
    })
}

fn moves(kind: &SettingKind, stored: Option<&Value>, wanted: Option<&Value>) -> bool {
    let wanted = wanted.filter(|value| !value.is_null());
    match kind {
        SettingKind::Address | SettingKind::Host => stored != wanted,
        SettingKind::Group(schema) => {
            any_moves(schema, |key| (stored.and_then(|it| it.get(key)), wanted.and_then(|it| it.get(key))))
        }
        SettingKind::List { of: element } => {
            let (stored, wanted) = (stored.and_then(Value::as_array), wanted.and_then(Value::as_array));
            // Nothing is sealed for an entry that is added at the end.
            stored.into_iter().flatten().enumerate().any(|(index, stored)| {
                moves(element, Some(stored), wanted.and_then(|wanted| wanted.get(index)))
            })
        }
        _ => false,
    }
}

/// Returns whether settings equal the stored ones, compared without a description because the plugin is missing.
pub(super) fn are_stored(inputs: &SettingInputs, stored_json: &str, secrets: &[StoredSecret]) -> bool {
    let stored: SettingValues = serde_json::from_str(stored_json).unwrap_or_default();
    inputs.iter().all(|(key, input)| is_stored(input, stored.get(key), key, secrets))
}

fn is_stored(input: &SettingInput, stored: Option<&Value>, path: &str, secrets: &[StoredSecret]) -> bool {
    match input {
        SettingInput::Plain(value) if value.as_str() == Some("") && stored.is_none() => {
            secrets.iter().all(|secret| secret.key != path)
        }
        SettingInput::Plain(value) => stored == Some(value),
        SettingInput::List(entries) => stored.and_then(Value::as_array).is_some_and(|stored| {
            stored.len() == entries.len()
                && entries.iter().zip(stored).enumerate().all(|(index, (entry, stored))| {
                    is_stored(entry, Some(stored), &format!("{path}[{index}]"), secrets)
                })
        }),
        SettingInput::Group(inputs) => {
            let nested = |key: &String| stored.and_then(|stored| stored.get(key));
            inputs.iter().all(|(key, input)| is_stored(input, nested(key), &format!("{path}.{key}"), secrets))
                && stored
                    .and_then(Value::as_object)
                    .is_none_or(|stored| stored.keys().all(|key| inputs.contains_key(key)))
        }
        SettingInput::Reference { key, text, .. } if stored.is_some() => {
            stored == Some(&serde_json::json!({ key: text }))
        }
        SettingInput::Secret(secret) | SettingInput::Reference { secret, .. } => {
            let known = secrets.iter().find(|it| it.key == path);
            match (secret, known) {
                (SecretInput::Stored { .. }, known) => known.is_some(),
                (SecretInput::Value(given), Some(StoredSecret { value: Some(known), .. })) => {
                    is_same(given, known)
                }
                _ => false,
            }
        }
    }
}
