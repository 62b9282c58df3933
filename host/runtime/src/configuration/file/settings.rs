//! Secrets of a file, which are never written in it, and settings, which plugins define.

use serde_json::{Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Reading;
use super::section::Section;
use crate::configuration::field_path::FieldPath;
use crate::configuration::inputs::{SECRET_SOURCES, SecretInput, SettingInput, SettingInputs};

const VARIABLE: &str = "env";
const FILE: &str = "file";
/// With `env`: keeps the stored secret while the variable is not set.
const OR_STORED: &str = "or_stored";

const HOW_TO_GIVE: &str =
    "is a secret: give it as { env = \"VARIABLE\" } or { file = \"PATH\" }, not in plain text";

/// Reads `{ env = "…" }` or `{ file = "…" }`.
pub(super) fn read_secret(
    name: &str,
    value: &Spanned<DeValue<'_>>,
    reading: &mut Reading<'_>,
) -> SecretInput {
    let table = value.get_ref().as_table();
    match table.and_then(|table| reference(table, reading)) {
        Some(SettingInput::Reference { secret, .. }) => secret,
        _ if table.is_some() => SecretInput::Unreadable { reason: format!("{name} {SECRET_SOURCES}") },
        _ => SecretInput::Unreadable { reason: format!("{name} {HOW_TO_GIVE}") },
    }
}

/// The settings of a section.
pub(super) fn read_settings(section: &mut Section<'_>, reading: &mut Reading<'_>) -> Option<SettingInputs> {
    let path = section.path().key("settings");
    let value = section.value("settings", reading)?;
    let Some(table) = value.get_ref().as_table() else {
        reading.error(&value.span(), "settings takes a table such as { key = value }");
        return None;
    };
    Some(read_table(table, &path, reading))
}

fn read_table(table: &DeTable<'_>, path: &FieldPath, reading: &mut Reading<'_>) -> SettingInputs {
    let mut inputs = SettingInputs::new();
    for (key, value) in table {
        let key = key.get_ref().to_string();
        let path = path.key(&key);
        let input = read_setting(value, &path, reading);
        inputs.insert(key, input);
    }
    inputs
}

fn read_setting(value: &Spanned<DeValue<'_>>, path: &FieldPath, reading: &mut Reading<'_>) -> SettingInput {
    reading.places.insert(path.clone(), value.span());
    match value.get_ref() {
        DeValue::Table(table) => match reference(table, reading) {
            Some(reference) => reference,
            None => SettingInput::Group(read_table(table, path, reading)),
        },
        DeValue::Array(entries) => {
            let entries = entries.iter().enumerate();
            SettingInput::List(
                entries.map(|(index, entry)| read_setting(entry, &path.index(index), reading)).collect(),
            )
        }
        value => SettingInput::Plain(plain(value)),
    }
}

/// A table that may be the source of a secret.
fn reference(table: &DeTable<'_>, reading: &Reading<'_>) -> Option<SettingInput> {
    let text = |key: &str| table.get(key)?.get_ref().as_str().map(str::to_owned);
    let keeps_stored = table.get(OR_STORED).map(|value| value.get_ref().as_bool());
    match (table.len(), text(VARIABLE), text(FILE), keeps_stored) {
        (1, Some(variable), ..) => {
            let secret = from_variable(&variable, reading);
            Some(SettingInput::Reference { key: VARIABLE.to_owned(), text: variable, secret })
        }
        (2, Some(variable), _, Some(Some(keeps_stored))) => {
            let secret = match from_variable(&variable, reading) {
                SecretInput::Unreadable { reason } if keeps_stored => SecretInput::Stored { reason },
                other => other,
            };
            Some(SettingInput::Reference { key: VARIABLE.to_owned(), text: variable, secret })
        }
        (1, _, Some(file), _) => {
            let secret = from_file(&file, reading);
            Some(SettingInput::Reference { key: FILE.to_owned(), text: file, secret })
        }
        _ => None,
    }
}

fn from_variable(variable: &str, reading: &Reading<'_>) -> SecretInput {
    let reason = match (reading.sources.variable)(variable) {
        Some(secret) if !secret.is_empty() => return SecretInput::Value(secret.into()),
        Some(_) => format!("the environment variable {variable} is empty"),
        None => format!("the environment variable {variable} is not set"),
    };
    SecretInput::Unreadable { reason }
}

fn from_file(file: &str, reading: &Reading<'_>) -> SecretInput {
    let reason = match (reading.sources.file)(file) {
        Ok(text) => match text.trim_end_matches(['\r', '\n']) {
            "" => format!("{file} is empty"),
            secret => return SecretInput::Value(secret.to_owned().into()),
        },
        Err(error) => format!("{file} cannot be read: {error}"),
    };
    SecretInput::Unreadable { reason }
}

fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Datetime(moment) => Value::String(moment.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::String(number.as_str().to_owned()), Value::from),
        DeValue::Float(number) => {
            let parsed = number.as_str().parse().ok().and_then(Number::from_f64);
            parsed.map_or_else(|| Value::String(number.as_str().to_owned()), Value::Number)
        }
        DeValue::Array(_) | DeValue::Table(_) => Value::Null,
    }
}
