//! Checks values of settings against their schema and returns all faults at once.

use std::fmt;

use riser_plugin::description::{SettingDescription, SettingKind, SettingsSchema};
use riser_plugin::settings::check_value;
use secrecy::SecretString;
use serde_json::{Map, Value};

/// Values of settings by setting key, as they are stored.
pub type SettingValues = Map<String, Value>;

const MOST_ENTRIES: usize = 1_000;

/// A fault in one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingFault {
    /// The path of the setting: `base_url`, `accounts[0].password`.
    pub key: String,
    /// The fault and the accepted values, without the value, which may be a secret.
    pub what: String,
}

impl fmt::Display for SettingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.what)
    }
}

impl std::error::Error for SettingFault {}

/// Values that fit their schema.
#[derive(Debug, Default)]
pub struct CheckedSettings {
    /// All values except secrets, with defaults.
    pub values: SettingValues,
    /// The given secrets, by path.
    pub secrets: Vec<(String, SecretString)>,
}

/// Checks values, adds defaults and separates secrets. A required secret may be absent if its path is in
/// `stored_secrets`.
///
/// # Errors
/// All faults, in the order of the schema, unknown keys last.
pub fn check_settings(
    schema: &SettingsSchema,
    values: &SettingValues,
    stored_secrets: &[String],
) -> Result<CheckedSettings, Vec<SettingFault>> {
    let mut check = Check { stored_secrets, secrets: Vec::new(), faults: Vec::new() };
    let values = check.group(schema, values, "");
    if check.faults.is_empty() {
        Ok(CheckedSettings { values, secrets: check.secrets })
    } else {
        Err(check.faults)
    }
}

struct Check<'a> {
    stored_secrets: &'a [String],
    secrets: Vec<(String, SecretString)>,
    faults: Vec<SettingFault>,
}

impl Check<'_> {
    fn fault(&mut self, path: &str, what: impl Into<String>) {
        self.faults.push(SettingFault { key: path.to_owned(), what: what.into() });
    }

    fn group(&mut self, schema: &SettingsSchema, given: &SettingValues, path: &str) -> SettingValues {
        let mut checked = SettingValues::new();
        for setting in &schema.settings {
            let path = join(path, &setting.key);
            if let Some(value) = self.setting(setting, given.get(&setting.key), &path) {
                checked.insert(setting.key.clone(), value);
            }
        }
        for key in given.keys() {
            if schema.settings.iter().all(|setting| setting.key != *key) {
                let what = match nearest(key, schema) {
                    Some(near) => format!("is not a setting; did you mean {near}?"),
                    None => "is not a setting: remove it".to_owned(),
                };
                self.fault(&join(path, key), what);
            }
        }
        checked
    }

    fn setting(&mut self, setting: &SettingDescription, given: Option<&Value>, path: &str) -> Option<Value> {
        let given = given.filter(|value| !value.is_null()).or(setting.default.as_ref());
        match (given, &setting.kind) {
            // An empty secret keeps the stored one.
            (Some(Value::String(text)), SettingKind::Secret) if text.is_empty() => {
                self.missing(setting, path);
                None
            }
            (Some(value), kind) => self.value(kind, value, path),
            // Settings in a group may have defaults.
            (None, SettingKind::Group(schema)) => {
                Some(Value::Object(self.group(schema, &SettingValues::new(), path)))
            }
            (None, _) => {
                self.missing(setting, path);
                None
            }
        }
    }

    fn missing(&mut self, setting: &SettingDescription, path: &str) {
        let is_stored =
            setting.kind == SettingKind::Secret && self.stored_secrets.iter().any(|at| at == path);
        if setting.required && !is_stored {
            let what = match &setting.example {
                Some(example) if setting.kind != SettingKind::Secret => {
                    format!("is missing: give a value, such as {example}")
                }
                _ => "is missing: give a value".to_owned(),
            };
            self.fault(path, what);
        }
    }

    /// Returns the value to store, or `None` for a fault or a secret.
    fn value(&mut self, kind: &SettingKind, value: &Value, path: &str) -> Option<Value> {
        let fits = match kind {
            SettingKind::DateTime => date_time(value),
            SettingKind::Address => address(value),
            _ => Ok(()),
        };
        if let Err(what) = check_value(kind, value).and(fits) {
            self.fault(path, what);
            return None;
        }
        match (kind, value) {
            (SettingKind::Group(schema), Value::Object(values)) => {
                Some(Value::Object(self.group(schema, values, path)))
            }
            (SettingKind::List { of }, Value::Array(entries)) => self.list(of, entries, path),
            (SettingKind::Secret, Value::String(text)) => {
                self.secrets.push((path.to_owned(), SecretString::from(text.as_str())));
                None
            }
            _ => Some(value.clone()),
        }
    }

    fn list(&mut self, kind: &SettingKind, entries: &[Value], path: &str) -> Option<Value> {
        if entries.len() > MOST_ENTRIES {
            self.fault(path, format!("has more than {MOST_ENTRIES} entries"));
            return None;
        }
        let checked = entries
            .iter()
            .enumerate()
            .filter_map(|(index, entry)| self.value(kind, entry, &format!("{path}[{index}]")));
        Some(Value::Array(checked.collect()))
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Returns a setting with a similar key.
fn nearest<'schema>(key: &str, schema: &'schema SettingsSchema) -> Option<&'schema str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let wanted = plain(key);
    schema.settings.iter().map(|setting| setting.key.as_str()).find(|known| {
        let known = plain(known);
        known == wanted || (wanted.len() > 2 && (known.starts_with(&wanted) || wanted.starts_with(&known)))
    })
}

fn date_time(value: &Value) -> Result<(), String> {
    let is_moment = value.as_str().is_some_and(|text| text.parse::<riser_domain::Timestamp>().is_ok());
    if is_moment { Ok(()) } else { Err("takes date and time, such as 2026-11-23T09:30:00Z".to_owned()) }
}

fn address(value: &Value) -> Result<(), String> {
    let parsed = value.as_str().and_then(|text| url::Url::parse(text).ok());
    let url = parsed
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or("takes an address, such as https://controller.example/api")?;
    if url.username().is_empty() && url.password().is_none() {
        Ok(())
    } else {
        Err("takes an address without login and password: enter them in their own settings".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;

    fn setting(key: &str, kind: SettingKind) -> SettingDescription {
        SettingDescription {
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

    fn required(key: &str, kind: SettingKind) -> SettingDescription {
        SettingDescription { required: true, ..setting(key, kind) }
    }

    fn object(value: Value) -> SettingValues {
        match value {
            Value::Object(values) => values,
            other => panic!("{other}"),
        }
    }

    fn connection() -> SettingsSchema {
        let settings = vec![
            required("host", SettingKind::Host),
            SettingDescription {
                default: Some(json!(8080)),
                ..setting("port", SettingKind::WholeNumber { min: Some(1), max: Some(65_535) })
            },
            setting("password", SettingKind::Secret),
        ];
        SettingsSchema {
            settings: vec![
                SettingDescription {
                    example: Some("https://controller/api".to_owned()),
                    ..required("base_url", SettingKind::Address)
                },
                required("password", SettingKind::Secret),
                SettingDescription {
                    default: Some(json!("15 s")),
                    ..setting(
                        "poll_every",
                        SettingKind::Duration { min_ms: Some(5_000), max_ms: Some(300_000) },
                    )
                },
                setting("proxies", SettingKind::List { of: Box::new(SettingKind::Group(settings.into())) }),
            ],
        }
    }

    #[test]
    fn defaults_are_added_and_secrets_are_separated() {
        let given = object(json!({
            "base_url": "https://evce/api/v2", "password": "one", "proxies": [{ "host": "a", "password": "two" }]
        }));
        let checked = check_settings(&connection(), &given, &[]).unwrap();
        assert_eq!(
            Value::Object(checked.values),
            json!({
                "base_url": "https://evce/api/v2",
                "poll_every": "15 s",
                "proxies": [{ "host": "a", "port": 8080 }]
            })
        );
        let secrets: Vec<_> =
            checked.secrets.iter().map(|(path, secret)| (path.as_str(), secret.expose_secret())).collect();
        assert_eq!(secrets, [("password", "one"), ("proxies[0].password", "two")]);
    }

    #[test]
    fn all_faults_are_returned_at_once_each_with_its_path() {
        let given = object(json!({
            "base_url": "ftp://evce", "poll_every": "2 s", "pol_every": 1, "baseUrl": "x",
            "proxies": [{ "port": 0 }, 5]
        }));
        let faults = check_settings(&connection(), &given, &[]).unwrap_err();
        let mut faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        faults.sort();
        assert_eq!(
            faults,
            [
                "baseUrl: is not a setting; did you mean base_url?",
                "base_url: takes an address, such as https://controller.example/api",
                "password: is missing: give a value",
                "pol_every: is not a setting: remove it",
                "poll_every: takes 5 s to 5 min",
                "proxies[0].host: is missing: give a value",
                "proxies[0].port: takes 1 to 65535",
                "proxies[1]: takes a group of settings, such as { key = value }",
            ]
        );
    }

    #[test]
    fn a_stored_secret_may_be_absent_or_empty() {
        let stored = ["password".to_owned()];
        for given in [json!({ "base_url": "https://a" }), json!({ "base_url": "https://a", "password": "" })]
        {
            let given = object(given);
            assert!(check_settings(&connection(), &given, &stored).unwrap().secrets.is_empty());
            assert_eq!(check_settings(&connection(), &given, &[]).unwrap_err().len(), 1);
        }
    }

    #[test]
    fn each_kind_reports_its_accepted_values() {
        let check = |kind: SettingKind, value: Value| {
            let schema = SettingsSchema { settings: vec![setting("it", kind)] };
            let given = SettingValues::from_iter([("it".to_owned(), value)]);
            check_settings(&schema, &given, &[])
                .map_or_else(|faults| faults[0].what.clone(), |_| "fits".to_owned())
        };
        let choice = || SettingKind::Choice { options: vec!["fast".to_owned(), "slow".to_owned()] };
        let percent = || SettingKind::Number { min: Some(0.0), max: Some(100.0) };
        let cases = [
            (SettingKind::Text, json!("x"), "fits"),
            (SettingKind::Text, json!(1), "takes text"),
            (SettingKind::Text, json!("x".repeat(70_000)), "is longer than 64 KiB"),
            (percent(), json!(12.5), "fits"),
            (percent(), json!("12,5"), "takes a number"),
            (percent(), json!(101), "takes 0 to 100"),
            (SettingKind::WholeNumber { min: Some(1), max: None }, json!(0), "takes 1 or more"),
            (SettingKind::WholeNumber { min: None, max: None }, json!(1.5), "takes a whole number"),
            (SettingKind::YesNo, json!("yes"), "takes true or false"),
            (choice(), json!("slow"), "fits"),
            (choice(), json!("Slow"), "takes one of: fast, slow"),
            (SettingKind::DateTime, json!("2026-11-23T09:30:00+01:00"), "fits"),
            (SettingKind::DateTime, json!("tomorrow"), "takes date and time, such as 2026-11-23T09:30:00Z"),
            (SettingKind::Host, json!("[::1]"), "fits"),
            (
                SettingKind::Host,
                json!("a b"),
                "takes the name or address of a host, such as controller.local",
            ),
            (SettingKind::File, json!("ca.pem"), "takes the full path of a file, such as /etc/riser/ca.pem"),
            (
                SettingKind::Address,
                json!("https://me:pw@evce"),
                "takes an address without login and password: enter them in their own settings",
            ),
            (
                SettingKind::List { of: Box::new(SettingKind::YesNo) },
                json!(true),
                "takes a list, such as [ … ]",
            ),
        ];
        for (kind, value, expected) in cases {
            assert_eq!(check(kind.clone(), value.clone()), expected, "{kind:?} {value}");
        }
    }
}
