//! Secrets of a file: never written in it, always read from a variable or another file; and settings that a
//! plugin describes, with the secrets among them.

use std::ops::Range;

use riser_secrets::{Keyring, SecretContext, SecretError};
use riser_store::{SealedSettings, SealedValue};
use riser_worker::{CheckedSettings, SettingKind, SettingValues, SettingsSchema, check_settings};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use toml::Spanned;
use toml::de::DeValue;

use super::fault::Faults;
use super::section::{Section, json_of};

const HOW_TO_GIVE: &str =
    "is not written into this file: give it as { env = \"VARIABLE\" } or { file = \"PATH\" }";

/// Reads `{ env = "…" }` or `{ file = "…" }`.
pub(super) fn read_secret(
    name: &str,
    value: &Spanned<DeValue<'_>>,
    faults: &mut Faults<'_>,
) -> Option<SecretString> {
    let Some(table) = value.get_ref().as_table().filter(|table| table.len() == 1) else {
        faults.add(value.span(), format!("{name} {HOW_TO_GIVE}"));
        return None;
    };
    let source = |key: &str| table.get(key).and_then(|value| value.get_ref().as_str());
    let read = match (source("env"), source("file")) {
        (Some(variable), _) => from_variable(variable),
        (_, Some(file)) => from_file(file),
        _ => Err(format!("{name} {HOW_TO_GIVE}")),
    };
    read.map_err(|what| faults.add(value.span(), what)).ok()
}

fn from_variable(variable: &str) -> Result<SecretString, String> {
    match std::env::var(variable) {
        Ok(secret) if !secret.is_empty() => Ok(secret.into()),
        Ok(_) => Err(format!("the environment variable {variable} is empty")),
        Err(_) => Err(format!("the environment variable {variable} is not set")),
    }
}

fn from_file(file: &str) -> Result<SecretString, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file} cannot be read: {error}"))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() { Err(format!("{file} is empty")) } else { Ok(secret.into()) }
}

/// The settings of an object, as they would be stored.
#[derive(Debug, Default)]
pub(super) struct WantedSettings {
    pub(super) json: String,
    /// Secrets that differ from the stored ones, by path.
    pub(super) new_secrets: Vec<(String, SecretString)>,
    /// An address changed: what was sealed for the other one is removed, whether it is given again or not.
    pub(super) forgets_secrets: bool,
}

/// What is stored of an object's settings.
pub(super) struct StoredSettings<'a> {
    pub(super) json: &'a str,
    pub(super) sealed: SealedSettings,
    pub(super) keyring: &'a Keyring,
    /// Table and row of the sealed secrets.
    pub(super) table: &'static str,
    pub(super) row: i64,
}

/// Reads settings against the schema of a plugin, over what is stored.
pub(super) fn read_settings(
    section: Option<&Section<'_>>,
    place: &Range<usize>,
    schema: &SettingsSchema,
    stored: Option<&StoredSettings<'_>>,
    faults: &mut Faults<'_>,
) -> Option<WantedSettings> {
    let mut values: SettingValues =
        stored.and_then(|stored| serde_json::from_str(stored.json).ok()).unwrap_or_default();
    let mut places = Vec::new();
    let mut is_readable = true;
    for (key, value) in section.into_iter().flat_map(Section::entries) {
        places.push((key.value.to_owned(), value.span()));
        let is_secret = schema.setting(key.value).is_some_and(|setting| setting.kind == SettingKind::Secret);
        if is_secret {
            let secret = read_secret(key.value, value, faults);
            is_readable &= secret.is_some();
            // The check takes it out again; it never reaches what is stored openly.
            let given = secret.map_or(Value::Null, |secret| secret.expose_secret().into());
            values.insert(key.value.to_owned(), given);
        } else {
            values.insert(key.value.to_owned(), json_of(value.get_ref()));
        }
    }
    let kept: Vec<String> = stored.map_or_else(Vec::new, |stored| {
        if moves_elsewhere(schema, stored.json, &values) { Vec::new() } else { stored.keys() }
    });
    let is_moved = kept.is_empty() && stored.is_some_and(|stored| !stored.sealed.is_empty());
    match check_settings(schema, &values, &kept) {
        Ok(checked) => {
            let kept = stored.filter(|_| !is_moved);
            is_readable.then(|| WantedSettings { forgets_secrets: is_moved, ..wanted(checked, kept) })
        }
        Err(found) => {
            for fault in found {
                let top = fault.key.split(['.', '[']).next().unwrap_or_default();
                let at = places.iter().find(|(key, _)| key == top).map_or(place, |(_, place)| place);
                // A secret that could not be read has its fault already.
                if is_readable || schema.setting(top).is_none_or(|it| it.kind != SettingKind::Secret) {
                    let again = if is_moved { "; the address changed, so give it again" } else { "" };
                    faults.add(at.clone(), format!("{fault}{again}"));
                }
            }
            None
        }
    }
}

fn wanted(checked: CheckedSettings, stored: Option<&StoredSettings<'_>>) -> WantedSettings {
    let is_new = |key: &str, secret: &SecretString| {
        stored.and_then(|stored| stored.open(key)).is_none_or(|known| !is_same(&known, secret))
    };
    let json = Value::Object(checked.values).to_string();
    let new_secrets = checked.secrets.into_iter().filter(|(key, secret)| is_new(key, secret)).collect();
    WantedSettings { json, new_secrets, forgets_secrets: false }
}

/// Whether an address or a host differs: a stored secret never goes to another place than it was given for.
fn moves_elsewhere(schema: &SettingsSchema, stored: &str, values: &SettingValues) -> bool {
    let stored: SettingValues = serde_json::from_str(stored).unwrap_or_default();
    any_moves(schema, |key| (stored.get(key), values.get(key)))
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
    match kind {
        SettingKind::Address | SettingKind::Host => stored != wanted,
        SettingKind::Group(schema) => {
            any_moves(schema, |key| (stored.and_then(|it| it.get(key)), wanted.and_then(|it| it.get(key))))
        }
        SettingKind::List { of: element } => {
            let (stored, wanted) = (stored.and_then(Value::as_array), wanted.and_then(Value::as_array));
            // Nothing is sealed for what is added at the end.
            stored.into_iter().flatten().enumerate().any(|(index, stored)| {
                moves(element, Some(stored), wanted.and_then(|wanted| wanted.get(index)))
            })
        }
        _ => false,
    }
}

impl StoredSettings<'_> {
    fn keys(&self) -> Vec<String> {
        self.sealed.iter().map(|(key, _)| key.clone()).collect()
    }

    fn open(&self, key: &str) -> Option<SecretString> {
        let (_, sealed) = self.sealed.iter().find(|(stored, _)| stored == key)?;
        self.keyring.open(&SecretContext::new(self.table, self.row, key), &sealed.bytes).ok()
    }
}

/// Whether two secrets are one.
pub(super) fn is_same(one: &SecretString, other: &SecretString) -> bool {
    use subtle::ConstantTimeEq as _;
    one.expose_secret().as_bytes().ct_eq(other.expose_secret().as_bytes()).into()
}

/// Seals a secret for its place.
pub(super) fn seal(
    keyring: &Keyring,
    (table, row, column): (&'static str, i64, &str),
    secret: &SecretString,
) -> Result<SealedValue, SecretError> {
    let sealed = keyring.seal(&SecretContext::new(table, row, column), secret)?;
    Ok(SealedValue { kid: sealed.kid, bytes: sealed.bytes })
}

#[cfg(test)]
mod tests {
    use riser_secrets::{KeyCreation, RootKey};
    use riser_worker::Setting;
    use serde_json::json;
    use toml::de::DeTable;

    use super::*;

    fn setting(key: &str, kind: SettingKind) -> Setting {
        Setting {
            key: key.to_owned(),
            label: key.to_owned(),
            help: String::new(),
            kind,
            required: false,
            default: None,
            unit: None,
            group: None,
            advanced: false,
            example: None,
        }
    }

    /// An address, and a password that not every remote system asks for.
    fn schema() -> SettingsSchema {
        let settings = vec![setting("host", SettingKind::Host)];
        SettingsSchema {
            settings: vec![
                setting("base_url", SettingKind::Address),
                setting("site", SettingKind::Text),
                setting("password", SettingKind::Secret),
                setting("proxies", SettingKind::List { of: Box::new(SettingKind::Group(settings.into())) }),
            ],
        }
    }

    /// Reads a file's settings over a stored address and password.
    fn read(text: &str) -> WantedSettings {
        let directory = tempfile::tempdir().unwrap();
        let root = RootKey::obtain(&directory.path().join("riser"), None, KeyCreation::Allowed).unwrap();
        let mut keyring = Keyring::unlock("instance", root, &[]);
        keyring.add_data_key().unwrap();
        let password = seal(&keyring, ("connection_secrets", 1, "password"), &"old".into()).unwrap();
        let stored = StoredSettings {
            json: r#"{"base_url":"https://one"}"#,
            sealed: [("password".to_owned(), password)].into_iter().collect(),
            keyring: &keyring,
            table: "connection_secrets",
            row: 1,
        };
        let document = DeTable::parse(text).unwrap();
        let section = Section::new(document.get_ref(), document.span(), "settings");
        let mut faults = Faults::new(text);
        let wanted = read_settings(Some(&section), &(0..0), &schema(), Some(&stored), &mut faults);
        faults.none().unwrap();
        wanted.unwrap()
    }

    #[test]
    fn a_secret_that_is_not_given_again_does_not_follow_to_another_address() {
        let moved = read("base_url = \"https://two\"");
        assert!(moved.forgets_secrets && moved.new_secrets.is_empty());
        let stays = read("base_url = \"https://one\"\nsite = \"north\"");
        assert!(!stays.forgets_secrets && stays.new_secrets.is_empty());
    }

    #[test]
    fn the_same_secret_given_again_with_another_address_is_sealed_anew() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "old").unwrap();
        let password = format!("password = {{ file = {:?} }}", file.path());
        let moved = read(&format!("base_url = \"https://two\"\n{password}"));
        assert!(moved.forgets_secrets && moved.new_secrets.len() == 1);
        assert!(read(&password).new_secrets.is_empty());
    }

    #[test]
    fn an_address_within_a_group_or_a_list_counts_as_well() {
        let stored = json!({ "proxies": [{ "host": "a" }] }).to_string();
        for (proxies, is_moved) in [
            (json!([{ "host": "a" }]), false),
            (json!([{ "host": "a" }, { "host": "b" }]), false),
            (json!([{ "host": "b" }]), true),
            (json!([]), true),
        ] {
            let Value::Object(values) = json!({ "proxies": proxies }) else { unreachable!() };
            assert_eq!(moves_elsewhere(&schema(), &stored, &values), is_moved, "{values:?}");
        }
    }
}
