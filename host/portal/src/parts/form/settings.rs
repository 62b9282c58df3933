//! The settings of a plugin as fields of a form.

use riser_runtime::{SecretInput, Setting, SettingInput, SettingInputs, SettingKind, SettingsSchema};
use serde_json::{Map, Value};

use super::{FieldDescription, FieldKind, SecretOrigin};
use crate::form_input::FormInput;

/// The heading of settings that few people change.
const ADVANCED: &str = "Advanced";

/// Returns the fields of settings. Their names begin with `prefix` and `settings.`; `origin` finds stored secrets by
/// their path.
pub(crate) fn describe_settings(
    schema: &SettingsSchema,
    prefix: &str,
    origin: &dyn Fn(&str) -> Option<SecretOrigin>,
) -> Vec<FieldDescription> {
    let describe = |setting: &Setting| FieldDescription {
        group: if setting.advanced { Some(ADVANCED.to_owned()) } else { setting.group.clone() },
        ..describe(setting, &format!("{prefix}settings."), &setting.key, origin)
    };
    let (advanced, usual): (Vec<_>, Vec<_>) = schema.settings.iter().partition(|setting| setting.advanced);
    usual.into_iter().chain(advanced).map(describe).collect()
}

fn describe(
    setting: &Setting,
    prefix: &str,
    path: &str,
    origin: &dyn Fn(&str) -> Option<SecretOrigin>,
) -> FieldDescription {
    FieldDescription {
        name: format!("{prefix}{path}"),
        label: setting.label.clone(),
        help: setting.help.clone(),
        kind: kind_of(&setting.kind, prefix, path, origin),
        default: setting.default.as_ref().map(text_of),
        example: setting.example.clone(),
        unit: setting.unit.clone(),
        is_required: setting.required,
        group: None,
        section: Some("settings-of-a-plugin"),
    }
}

fn kind_of(
    kind: &SettingKind,
    prefix: &str,
    path: &str,
    origin: &dyn Fn(&str) -> Option<SecretOrigin>,
) -> FieldKind {
    match kind {
        SettingKind::Number { .. } => FieldKind::Number,
        SettingKind::WholeNumber { .. } => FieldKind::WholeNumber,
        SettingKind::YesNo => FieldKind::YesNo,
        SettingKind::Address => FieldKind::Address,
        SettingKind::Choice { options } => {
            FieldKind::Choice(options.iter().map(|option| (option.clone(), option.clone())).collect())
        }
        SettingKind::Secret => FieldKind::Secret(origin(path)),
        SettingKind::Group(schema) => {
            let inner =
                |setting: &Setting| describe(setting, prefix, &format!("{path}.{}", setting.key), origin);
            FieldKind::Group(schema.settings.iter().map(inner).collect())
        }
        SettingKind::List { of } => match &**of {
            // The names of the fields are completed for each entry.
            SettingKind::Group(schema) => FieldKind::Entries(
                schema
                    .settings
                    .iter()
                    .map(|setting| describe(setting, "", &setting.key, &|_| None))
                    .collect(),
            ),
            _ => FieldKind::Lines,
        },
        _ => FieldKind::Text,
    }
}

/// Fills the fields with stored settings.
pub(crate) fn add_settings(
    input: &mut FormInput,
    schema: &SettingsSchema,
    prefix: &str,
    values: &Map<String, Value>,
) {
    add_group(input, schema, &format!("{prefix}settings."), values);
}

fn add_group(input: &mut FormInput, schema: &SettingsSchema, prefix: &str, values: &Map<String, Value>) {
    for setting in &schema.settings {
        let name = format!("{prefix}{}", setting.key);
        match (values.get(&setting.key), &setting.kind) {
            (Some(Value::Object(values)), SettingKind::Group(schema)) => {
                add_group(input, schema, &format!("{name}."), values);
            }
            (Some(Value::Array(entries)), SettingKind::List { of }) => match &**of {
                SettingKind::Group(schema) => {
                    for (index, entry) in entries.iter().enumerate() {
                        let empty = Map::new();
                        let values = entry.as_object().unwrap_or(&empty);
                        add_group(input, schema, &format!("{name}[{index}]."), values);
                    }
                }
                _ => input.set(name, entries.iter().map(text_of).collect::<Vec<_>>().join("\n")),
            },
            (Some(value), _) => input.set(name, text_of(value)),
            // An emptied setting stays empty; a default would be shown instead.
            (None, SettingKind::Group(_) | SettingKind::Secret) => {}
            (None, _) => input.set(name, ""),
        }
    }
}

/// Reads the settings of a form. A secret that is left empty keeps the stored one.
pub(crate) fn settings_of(
    schema: &SettingsSchema,
    prefix: &str,
    input: &FormInput,
    stored_secrets: &[String],
) -> SettingInputs {
    let prefix = format!("{prefix}settings.");
    let is_stored = |name: &str| {
        let path = name.strip_prefix(&prefix).unwrap_or_default();
        stored_secrets.iter().any(|stored| stored == path)
    };
    group_of(schema, &prefix, input, &is_stored)
}

fn group_of(
    schema: &SettingsSchema,
    prefix: &str,
    input: &FormInput,
    is_stored: &dyn Fn(&str) -> bool,
) -> SettingInputs {
    let read = |setting: &Setting| {
        let name = format!("{prefix}{}", setting.key);
        Some((setting.key.clone(), value_of(&setting.kind, &name, input, is_stored)?))
    };
    schema.settings.iter().filter_map(read).collect()
}

fn value_of(
    kind: &SettingKind,
    name: &str,
    input: &FormInput,
    is_stored: &dyn Fn(&str) -> bool,
) -> Option<SettingInput> {
    Some(match kind {
        SettingKind::Group(schema) => {
            SettingInput::Group(group_of(schema, &format!("{name}."), input, is_stored))
        }
        SettingKind::List { of } => match &**of {
            SettingKind::Group(schema) => {
                let prefix = |index: usize| format!("{name}[{index}].");
                let mut sent = 0;
                while input.has_field(&prefix(sent)) {
                    sent += 1;
                }
                // An empty entry before a given one stays, so that no later entry gets its place and its secrets: the
                // check names the fields that it needs.
                let last = (0..sent).rfind(|index| is_given(schema, &prefix(*index), input));
                let entry = |index| SettingInput::Group(group_of(schema, &prefix(index), input, is_stored));
                SettingInput::List((0..last.map_or(0, |last| last + 1)).map(entry).collect())
            }
            kind => {
                let lines = input.get(name)?.lines().map(str::trim).filter(|line| !line.is_empty());
                SettingInput::List(lines.map(|line| SettingInput::Plain(json_of(kind, line))).collect())
            }
        },
        // A secret may begin or end with a space.
        SettingKind::Secret => match input.get(name).filter(|secret| !secret.is_empty()) {
            Some(secret) => SettingInput::Secret(SecretInput::Value(secret.into())),
            None if is_stored(name) => {
                SettingInput::Secret(SecretInput::Stored { reason: "is empty".to_owned() })
            }
            None => return None,
        },
        kind => SettingInput::Plain(json_of(kind, input.get(name)?.trim())),
    })
}

/// Returns whether a person filled in a group: whether a field of it has another value than an untouched one.
fn is_given(schema: &SettingsSchema, prefix: &str, input: &FormInput) -> bool {
    schema.settings.iter().any(|setting| {
        let name = format!("{prefix}{}", setting.key);
        match &setting.kind {
            SettingKind::Group(schema) => is_given(schema, &format!("{name}."), input),
            SettingKind::List { .. } => input.has_any(&name),
            kind => {
                // A box that is not checked sends `false`.
                let unchecked = matches!(kind, SettingKind::YesNo).then(|| "false".to_owned());
                let untouched = setting.default.as_ref().map(text_of).or(unchecked);
                input
                    .get(&name)
                    .is_some_and(|text| !text.is_empty() && untouched.as_deref() != Some(text.trim()))
            }
        }
    })
}

/// Returns the value that a text means. A text that does not fit is returned as it is: the check names the fault.
fn json_of(kind: &SettingKind, text: &str) -> Value {
    let number =
        |text: &str| text.replace(',', ".").parse::<f64>().ok().and_then(serde_json::Number::from_f64);
    let known = match kind {
        _ if text.is_empty() => Some(Value::Null),
        SettingKind::YesNo => text.parse::<bool>().ok().map(Value::from),
        SettingKind::WholeNumber { .. } => text.parse::<i64>().ok().map(Value::from),
        SettingKind::Number { .. } => number(text).map(Value::from),
        _ => None,
    };
    known.unwrap_or_else(|| Value::from(text))
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn setting(key: &str, kind: &Value) -> Value {
        json!({ "key": key, "label": key, "kind": kind })
    }

    fn schema() -> SettingsSchema {
        let mut port = setting("port", &json!({ "is": "whole_number" }));
        port["default"] = json!(443);
        let proxy = json!({ "is": "group", "settings": [
            setting("host", &json!({ "is": "host" })), setting("password", &json!({ "is": "secret" })), port
        ] });
        let settings = [
            setting("url", &json!({ "is": "address" })),
            setting("password", &json!({ "is": "secret" })),
            setting("count", &json!({ "is": "whole_number" })),
            setting("ratio", &json!({ "is": "number" })),
            setting("on", &json!({ "is": "yes_no" })),
            setting("codes", &json!({ "is": "list", "of": { "is": "whole_number" } })),
            setting("proxies", &json!({ "is": "list", "of": proxy })),
        ];
        SettingsSchema {
            settings: settings.into_iter().map(|it| serde_json::from_value(it).unwrap()).collect(),
        }
    }

    /// Returns the inputs as JSON, secrets included.
    fn inputs(input: &FormInput, stored: &[String]) -> Value {
        fn plain(input: &SettingInput) -> Value {
            match input {
                SettingInput::Plain(value) => value.clone(),
                SettingInput::List(entries) => entries.iter().map(plain).collect(),
                SettingInput::Group(inputs) => {
                    Value::Object(inputs.iter().map(|(key, input)| (key.clone(), plain(input))).collect())
                }
                other => serde_json::to_value(other).unwrap(),
            }
        }
        plain(&SettingInput::Group(settings_of(&schema(), "c.", input, stored)))
    }

    #[test]
    fn fields_become_values_of_their_kinds() {
        let input = FormInput::from([
            ("c.settings.url", " https://evce "),
            ("c.settings.password", " sesame "),
            ("c.settings.count", "12"),
            ("c.settings.ratio", "0,5"),
            ("c.settings.on", "false"),
            ("c.settings.on", "true"),
            ("c.settings.codes", "1\r\n\r\nx\r\n"),
            ("c.settings.proxies[0].host", "a"),
            ("c.settings.proxies[0].password", ""),
            // An untouched entry at the end is none.
            ("c.settings.proxies[1].host", ""),
            ("c.settings.proxies[1].port", "443"),
        ]);
        let expected = json!({
            "url": "https://evce", "password": { "secret": { "value": " sesame " } }, "count": 12, "ratio": 0.5,
            "on": true, "codes": [1, "x"], "proxies": [{ "host": "a" }]
        });
        assert_eq!(inputs(&input, &[]), expected);
    }

    #[test]
    fn an_empty_entry_of_a_list_does_not_hide_the_next_one() {
        let input = FormInput::from([
            ("c.settings.proxies[0].host", ""),
            ("c.settings.proxies[0].port", "443"),
            ("c.settings.proxies[1].host", "b"),
        ]);
        let proxies = json!([{ "host": null, "port": 443 }, { "host": "b" }]);
        assert_eq!(inputs(&input, &[])["proxies"], proxies);
    }

    #[test]
    fn an_empty_secret_keeps_the_stored_one_and_an_empty_field_takes_the_default() {
        let input = FormInput::from([("c.settings.password", ""), ("c.settings.count", "")]);
        let kept = json!({ "secret": { "stored": { "reason": "is empty" } } });
        let stored = ["password".to_owned()];
        assert_eq!(inputs(&input, &stored), json!({ "password": kept, "count": null, "proxies": [] }));
        assert_eq!(inputs(&input, &[]), json!({ "count": null, "proxies": [] }));
    }

    #[test]
    fn stored_values_fill_the_fields_they_came_from() {
        let values = json!({
            "url": "https://evce", "count": 12, "ratio": 0.5, "on": true, "codes": [1, 2],
            "proxies": [{ "host": "a", "port": 8443 }]
        });
        let mut input = FormInput::default();
        add_settings(&mut input, &schema(), "c.", values.as_object().unwrap());
        assert_eq!(inputs(&input, &[]), values);
    }
}
