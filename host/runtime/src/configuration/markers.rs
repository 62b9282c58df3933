//! Replaces secrets by markers, so that settings can be migrated and checked without secrets.

use riser_worker_host::{SettingKind, SettingValues, SettingsSchema};
use serde_json::Value;

use super::current::StoredSecret;
use super::inputs::{SecretInput, SettingInput, SettingInputs};

const MARKER_BYTES: usize = 16;

/// The secrets of one object and their markers.
#[derive(Debug)]
pub(super) struct Markers {
    /// Random, so that no setting contains it by accident or by intent.
    prefix: String,
    marked: Vec<Marked>,
    /// Stored secrets whose path does not exist in the stored values.
    unplaced: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) enum Marked {
    Given(SecretInput),
    /// Returns the stored secret with this key.
    Stored(String),
}

impl Markers {
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; MARKER_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self {
            prefix: format!("riser-secret-{}-", hex::encode(bytes)),
            marked: Vec::new(),
            unplaced: Vec::new(),
        })
    }

    fn add(&mut self, marked: Marked) -> Value {
        self.marked.push(marked);
        Value::String(format!("{}{}", self.prefix, self.marked.len() - 1))
    }

    /// Returns the secret of a marker.
    pub(super) fn find(&self, value: &Value) -> Option<&Marked> {
        let number = value.as_str()?.strip_prefix(&self.prefix)?;
        self.marked.get(number.parse::<usize>().ok()?)
    }

    /// Returns the settings of a draft with markers in place of secrets.
    pub(super) fn mark_given(&mut self, schema: &SettingsSchema, inputs: &SettingInputs) -> SettingValues {
        inputs
            .iter()
            .map(|(key, input)| {
                let kind = schema.setting(key).map(|setting| &setting.kind);
                (key.clone(), self.mark_input(kind, input))
            })
            .collect()
    }

    fn mark_input(&mut self, kind: Option<&SettingKind>, input: &SettingInput) -> Value {
        match (input, kind) {
            (SettingInput::Plain(value), _) => value.clone(),
            (SettingInput::List(entries), Some(SettingKind::List { of: kind })) => {
                entries.iter().map(|entry| self.mark_input(Some(kind), entry)).collect()
            }
            (SettingInput::List(entries), _) => {
                entries.iter().map(|entry| self.mark_input(None, entry)).collect()
            }
            (SettingInput::Group(inputs), Some(SettingKind::Group(schema))) => {
                Value::Object(self.mark_given(schema, inputs))
            }
            (SettingInput::Group(inputs), _) => {
                let unknown = SettingsSchema::default();
                Value::Object(self.mark_given(&unknown, inputs))
            }
            (SettingInput::Reference { key, text, .. }, Some(SettingKind::Group(_))) => {
                Value::Object([(key.clone(), Value::String(text.clone()))].into_iter().collect())
            }
            (SettingInput::Secret(secret) | SettingInput::Reference { secret, .. }, _) => {
                self.add(Marked::Given(secret.clone()))
            }
        }
    }

    /// Returns stored settings with markers in place of secrets.
    pub(super) fn mark_stored(&mut self, values: &SettingValues, secrets: &[StoredSecret]) -> SettingValues {
        let mut all = Value::Object(values.clone());
        for secret in secrets {
            match place(&mut all, &secret.key) {
                Some(at) => *at = self.add(Marked::Stored(secret.key.clone())),
                None => self.unplaced.push(secret.key.clone()),
            }
        }
        match all {
            Value::Object(all) => all,
            _ => SettingValues::new(),
        }
    }

    /// Removes the markers of stored secrets. Returns the path and the stored key of each.
    pub(super) fn take_stored(&self, values: &mut SettingValues) -> Vec<(String, String)> {
        let mut found: Vec<_> = self.unplaced.iter().map(|key| (key.clone(), key.clone())).collect();
        values.retain(|key, value| !self.take(key, value, &mut found));
        found
    }

    /// Returns whether the value itself is a marker to remove.
    fn take(&self, path: &str, value: &mut Value, found: &mut Vec<(String, String)>) -> bool {
        match value {
            Value::String(_) => {
                let Some(Marked::Stored(key)) = self.find(value) else { return false };
                found.push((path.to_owned(), key.clone()));
                return true;
            }
            Value::Object(values) => {
                values.retain(|key, value| !self.take(&format!("{path}.{key}"), value, found));
            }
            Value::Array(entries) => {
                let mut index = 0;
                entries.retain_mut(|entry| {
                    let path = format!("{path}[{index}]");
                    index += 1;
                    !self.take(&path, entry, found)
                });
            }
            _ => {}
        }
        false
    }

    /// Returns the paths of values that are markers.
    pub(super) fn paths_of_markers(&self, values: &SettingValues) -> Vec<String> {
        let mut paths = Vec::new();
        for (key, value) in values {
            self.collect_paths(key, value, &mut paths);
        }
        paths
    }

    fn collect_paths(&self, path: &str, value: &Value, paths: &mut Vec<String>) {
        match value {
            Value::String(text) if text.contains(&self.prefix) => paths.push(path.to_owned()),
            Value::Object(values) => {
                for (key, value) in values {
                    self.collect_paths(&format!("{path}.{key}"), value, paths);
                }
            }
            Value::Array(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    self.collect_paths(&format!("{path}[{index}]"), entry, paths);
                }
            }
            _ => {}
        }
    }
}

/// Returns the value at a path such as `accounts[0].password`. Creates it if its group exists.
pub(super) fn place<'value>(root: &'value mut Value, path: &str) -> Option<&'value mut Value> {
    let mut here = root;
    for step in path.split('.') {
        let (key, indexes) = step.split_once('[').unwrap_or((step, ""));
        here = here.as_object_mut()?.entry(key).or_insert(Value::Null);
        for index in indexes.split('[').filter(|index| !index.is_empty()) {
            here = here.as_array_mut()?.get_mut(index.trim_end_matches(']').parse::<usize>().ok()?)?;
        }
    }
    Some(here)
}
