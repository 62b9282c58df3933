//! Checks values of settings against their schema and finds all faults at once.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;

use super::duration_text;
use super::settings_schema::{Setting, SettingKind, SettingValues, SettingsSchema};

/// Longest text of a setting, in bytes: certificates fit, films do not.
const LONGEST_TEXT_BYTES: usize = 64 * 1024;

/// Most entries of a list.
const MOST_ENTRIES: usize = 1_000;

/// What is wrong with one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingFault {
    /// The path of the setting: `base_url`, `accounts[0].password`.
    pub key: String,
    /// What is wrong and what it takes, without the value: it may be a secret.
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
    /// All values that are no secrets, defaults filled in.
    pub values: SettingValues,
    /// The secrets that were given, by path.
    pub secrets: Vec<(String, SecretString)>,
}

impl SettingsSchema {
    /// Checks values, fills in defaults, takes out secrets. A required secret may be left out when its path is
    /// among `stored_secrets`.
    ///
    /// # Errors
    /// All faults, in the order of the schema, unknown keys last.
    pub fn check(
        &self,
        values: &SettingValues,
        stored_secrets: &[String],
    ) -> Result<CheckedSettings, Vec<SettingFault>> {
        let mut check = Check { stored_secrets, secrets: Vec::new(), faults: Vec::new() };
        let values = check.group(self, values, "");
        if check.faults.is_empty() {
            Ok(CheckedSettings { values, secrets: check.secrets })
        } else {
            Err(check.faults)
        }
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
                    Some(near) => format!("is no setting; did you mean {near}?"),
                    None => "is no setting: remove it".to_owned(),
                };
                self.fault(&join(path, key), what);
            }
        }
        checked
    }

    fn setting(&mut self, setting: &Setting, given: Option<&Value>, path: &str) -> Option<Value> {
        let given = given.filter(|value| !value.is_null()).or(setting.default.as_ref());
        match (given, &setting.kind) {
            // An empty secret means "keep".
            (Some(Value::String(text)), SettingKind::Secret) if text.is_empty() => {
                self.missing(setting, path);
                None
            }
            (Some(value), kind) => self.value(kind, value, path),
            // What is in a group has defaults of its own.
            (None, SettingKind::Group(schema)) => {
                Some(Value::Object(self.group(schema, &SettingValues::new(), path)))
            }
            (None, _) => {
                self.missing(setting, path);
                None
            }
        }
    }

    fn missing(&mut self, setting: &Setting, path: &str) {
        let is_stored =
            setting.kind == SettingKind::Secret && self.stored_secrets.iter().any(|at| at == path);
        if setting.is_required && !is_stored {
            let what = match &setting.example {
                Some(example) if setting.kind != SettingKind::Secret => {
                    format!("is missing: give a value, such as {example}")
                }
                _ => "is missing: give a value".to_owned(),
            };
            self.fault(path, what);
        }
    }

    /// The value as it is stored; `None` for a fault or a secret.
    fn value(&mut self, kind: &SettingKind, value: &Value, path: &str) -> Option<Value> {
        let fits = match kind {
            SettingKind::Group(schema) => return self.nested(schema, value, path),
            SettingKind::List(kind) => return self.list(kind, value, path),
            SettingKind::Secret => return self.secret(value, path),
            SettingKind::Text | SettingKind::ItemPath => text(value).map(drop),
            SettingKind::Number { min, max } => number(value, *min, *max),
            SettingKind::WholeNumber { min, max } => whole_number(value, *min, *max),
            SettingKind::YesNo => value.as_bool().map(drop).ok_or_else(|| "takes true or false".to_owned()),
            SettingKind::Choice(options) => choice(value, options),
            SettingKind::Duration { min, max } => duration(value, *min, *max),
            SettingKind::DateTime => date_time(value),
            SettingKind::Address => address(value),
            SettingKind::Host => host(value),
            SettingKind::File => file(value),
        };
        match fits {
            Ok(()) => Some(value.clone()),
            Err(what) => {
                self.fault(path, what);
                None
            }
        }
    }

    fn nested(&mut self, schema: &SettingsSchema, value: &Value, path: &str) -> Option<Value> {
        let Value::Object(values) = value else {
            self.fault(path, "takes a group of settings, such as { key = value }");
            return None;
        };
        Some(Value::Object(self.group(schema, values, path)))
    }

    fn list(&mut self, kind: &SettingKind, value: &Value, path: &str) -> Option<Value> {
        match value {
            Value::Array(entries) if entries.len() <= MOST_ENTRIES => {
                let checked = entries
                    .iter()
                    .enumerate()
                    .filter_map(|(index, entry)| self.value(kind, entry, &format!("{path}[{index}]")));
                Some(Value::Array(checked.collect()))
            }
            Value::Array(_) => {
                self.fault(path, format!("has more than {MOST_ENTRIES} entries"));
                None
            }
            _ => {
                self.fault(path, "takes a list, such as [ … ]");
                None
            }
        }
    }

    fn secret(&mut self, value: &Value, path: &str) -> Option<Value> {
        match text(value) {
            Ok(text) => self.secrets.push((path.to_owned(), SecretString::from(text))),
            Err(what) => self.fault(path, what),
        }
        None
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// A setting whose key is written almost like this.
fn nearest<'schema>(key: &str, schema: &'schema SettingsSchema) -> Option<&'schema str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let wanted = plain(key);
    schema.settings.iter().map(|setting| setting.key.as_str()).find(|known| {
        let known = plain(known);
        known == wanted || (wanted.len() > 2 && (known.starts_with(&wanted) || wanted.starts_with(&known)))
    })
}

fn text(value: &Value) -> Result<&str, String> {
    match value {
        Value::String(text) if text.len() > LONGEST_TEXT_BYTES => Err("is longer than 64 KiB".to_owned()),
        Value::String(text) if text.contains('\0') => Err("contains a NUL character".to_owned()),
        Value::String(text) => Ok(text),
        _ => Err("takes text".to_owned()),
    }
}

/// Whether a value lies within bounds; `shown` writes a bound.
fn within<T: PartialOrd + Copy>(
    value: T,
    min: Option<T>,
    max: Option<T>,
    shown: impl Fn(T) -> String,
) -> Result<(), String> {
    let too_small = min.is_some_and(|min| value < min);
    let too_large = max.is_some_and(|max| value > max);
    if !too_small && !too_large {
        return Ok(());
    }
    Err(match (min, max) {
        (Some(min), Some(max)) => format!("takes {} to {}", shown(min), shown(max)),
        (Some(min), None) => format!("takes {} or more", shown(min)),
        (None, Some(max)) => format!("takes {} or less", shown(max)),
        (None, None) => return Ok(()),
    })
}

fn number(value: &Value, min: Option<f64>, max: Option<f64>) -> Result<(), String> {
    let number = value.as_f64().filter(|number| number.is_finite()).ok_or("takes a number")?;
    within(number, min, max, |bound| bound.to_string())
}

fn whole_number(value: &Value, min: Option<i64>, max: Option<i64>) -> Result<(), String> {
    let number = value.as_i64().ok_or("takes a whole number")?;
    within(number, min, max, |bound| bound.to_string())
}

fn choice(value: &Value, options: &[String]) -> Result<(), String> {
    if value.as_str().is_some_and(|text| options.iter().any(|option| option == text)) {
        return Ok(());
    }
    Err(format!("takes one of: {}", options.join(", ")))
}

fn duration(value: &Value, min: Option<Duration>, max: Option<Duration>) -> Result<(), String> {
    let span = value
        .as_str()
        .and_then(duration_text::parse)
        .ok_or("takes a time span with its unit, such as 15 s, 15 min or 2 h")?;
    within(span, min, max, duration_text::write)
}

fn date_time(value: &Value) -> Result<(), String> {
    let is_moment = value.as_str().is_some_and(|text| chrono::DateTime::parse_from_rfc3339(text).is_ok());
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
        Err("takes an address without login and password: they have settings of their own".to_owned())
    }
}

fn host(value: &Value) -> Result<(), String> {
    let is_host = value.as_str().is_some_and(|text| {
        let is_name = !text.is_empty()
            && text.len() <= 253
            && text.split('.').all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            });
        is_name || text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
    });
    if is_host {
        Ok(())
    } else {
        Err("takes the name or address of a host, such as controller.local".to_owned())
    }
}

fn file(value: &Value) -> Result<(), String> {
    let path = text(value)?;
    if path.starts_with('/') {
        Ok(())
    } else {
        Err("takes the full path of a file, such as /etc/riser/ca.pem".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;

    fn setting(key: &str, kind: SettingKind) -> Setting {
        Setting {
            key: key.to_owned(),
            label: key.to_owned(),
            help: String::new(),
            kind,
            is_required: false,
            default: None,
            unit: None,
            group: None,
            is_advanced: false,
            example: None,
        }
    }

    fn required(key: &str, kind: SettingKind) -> Setting {
        Setting { is_required: true, ..setting(key, kind) }
    }

    fn object(value: Value) -> SettingValues {
        match value {
            Value::Object(values) => values,
            other => panic!("{other}"),
        }
    }

    fn connection() -> SettingsSchema {
        let proxy = SettingsSchema {
            settings: vec![
                required("host", SettingKind::Host),
                Setting {
                    default: Some(json!(8080)),
                    ..setting("port", SettingKind::WholeNumber { min: Some(1), max: Some(65_535) })
                },
                setting("password", SettingKind::Secret),
            ],
        };
        SettingsSchema {
            settings: vec![
                Setting {
                    example: Some("https://controller/api".to_owned()),
                    ..required("base_url", SettingKind::Address)
                },
                required("password", SettingKind::Secret),
                Setting {
                    default: Some(json!("15 s")),
                    ..setting(
                        "poll_every",
                        SettingKind::Duration {
                            min: Some(Duration::from_secs(5)),
                            max: Some(Duration::from_mins(5)),
                        },
                    )
                },
                setting("proxies", SettingKind::List(Box::new(SettingKind::Group(proxy)))),
            ],
        }
    }

    #[test]
    fn defaults_are_filled_in_and_secrets_taken_out() {
        let given = object(json!({
            "base_url": "https://evce/api/v2", "password": "one", "proxies": [{ "host": "a", "password": "two" }]
        }));
        let checked = connection().check(&given, &[]).unwrap();
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
    fn all_faults_are_found_at_once_each_with_its_path() {
        let given = object(json!({
            "base_url": "ftp://evce", "poll_every": "2 s", "pol_every": 1, "baseUrl": "x",
            "proxies": [{ "port": 0 }, 5]
        }));
        let faults = connection().check(&given, &[]).unwrap_err();
        let mut faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        faults.sort();
        assert_eq!(
            faults,
            [
                "baseUrl: is no setting; did you mean base_url?",
                "base_url: takes an address, such as https://controller.example/api",
                "password: is missing: give a value",
                "pol_every: is no setting: remove it",
                "poll_every: takes 5 s to 5 min",
                "proxies[0].host: is missing: give a value",
                "proxies[0].port: takes 1 to 65535",
                "proxies[1]: takes a group of settings, such as { key = value }",
            ]
        );
    }

    #[test]
    fn a_stored_secret_may_be_left_out_or_empty() {
        let stored = ["password".to_owned()];
        for given in [json!({ "base_url": "https://a" }), json!({ "base_url": "https://a", "password": "" })]
        {
            let given = object(given);
            assert!(connection().check(&given, &stored).unwrap().secrets.is_empty());
            assert_eq!(connection().check(&given, &[]).unwrap_err().len(), 1);
        }
    }

    #[test]
    fn each_kind_says_what_it_takes() {
        let check = |kind: SettingKind, value: Value| {
            let schema = SettingsSchema { settings: vec![setting("it", kind)] };
            let given = SettingValues::from_iter([("it".to_owned(), value)]);
            schema.check(&given, &[]).map_or_else(|faults| faults[0].what.clone(), |_| "fits".to_owned())
        };
        let choice = || SettingKind::Choice(vec!["fast".to_owned(), "slow".to_owned()]);
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
                "takes an address without login and password: they have settings of their own",
            ),
            (SettingKind::List(Box::new(SettingKind::YesNo)), json!(true), "takes a list, such as [ … ]"),
        ];
        for (kind, value, says) in cases {
            assert_eq!(check(kind.clone(), value.clone()), says, "{kind:?} {value}");
        }
    }
}
