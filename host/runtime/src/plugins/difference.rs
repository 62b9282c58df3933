//! What changes for the processors of a plugin when another version of its library is used.

use riser_worker_host::{LibraryDescription, Setting, SettingsSchema};

/// The difference between two versions of a library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryDifference {
    /// Names of classes that only the new version has.
    pub new_classes: Vec<String>,
    /// Ids and names of classes that only the old version has.
    pub gone_classes: Vec<(String, String)>,
    /// Connection kinds, as the classes.
    pub new_connections: Vec<String>,
    pub gone_connections: Vec<(String, String)>,
    pub settings: Vec<SettingChange>,
}

/// A changed setting of a class or a connection kind that both versions have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingChange {
    /// The name of the class or of the connection kind.
    pub owner: String,
    pub label: String,
    /// In words, such as `is new and required`.
    pub what: &'static str,
}

impl LibraryDifference {
    /// Compares the version in use with a new one.
    pub fn between(old: &LibraryDescription, new: &LibraryDescription) -> Self {
        let mut difference = Self::default();
        for class in &new.classes {
            match old.class(&class.id) {
                None => difference.new_classes.push(class.name.clone()),
                Some(before) => difference.compare(&class.name, &before.settings, &class.settings),
            }
        }
        for connection in &new.connections {
            match old.connection(&connection.kind) {
                None => difference.new_connections.push(connection.name.clone()),
                Some(before) => difference.compare(&connection.name, &before.settings, &connection.settings),
            }
        }
        let gone = old.classes.iter().filter(|class| new.class(&class.id).is_none());
        difference.gone_classes = gone.map(|class| (class.id.clone(), class.name.clone())).collect();
        let gone = old.connections.iter().filter(|kind| new.connection(&kind.kind).is_none());
        difference.gone_connections = gone.map(|kind| (kind.kind.clone(), kind.name.clone())).collect();
        difference
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn compare(&mut self, owner: &str, before: &SettingsSchema, after: &SettingsSchema) {
        let mut note = |setting: &Setting, what| {
            let (owner, label) = (owner.to_owned(), setting.label.clone());
            self.settings.push(SettingChange { owner, label, what });
        };
        for setting in &after.settings {
            let needs_value = setting.required && setting.default.is_none();
            match before.setting(&setting.key) {
                None if needs_value => note(setting, "is new and required"),
                None => note(setting, "is new"),
                Some(known) if known.kind != setting.kind => note(setting, "accepts other values"),
                Some(known) if !known.required && needs_value => note(setting, "is now required"),
                Some(known) if known.default != setting.default => note(setting, "has another default"),
                Some(_) => {}
            }
        }
        for setting in before.settings.iter().filter(|setting| after.setting(&setting.key).is_none()) {
            note(setting, "is gone");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "the tests write the values in place")]
    fn library(classes: Value, connections: Value) -> LibraryDescription {
        let document = json!({
            "schema": 1, "contract": "1.1", "id": "a.b", "name": "B", "version": "1", "company": "C",
            "classes": classes, "connections": connections,
        });
        LibraryDescription::parse(&document.to_string()).unwrap()
    }

    #[expect(clippy::needless_pass_by_value, reason = "the tests write the values in place")]
    fn class(id: &str, settings: Value) -> Value {
        json!({ "id": id, "name": id.to_uppercase(), "mode": "scheduled", "settings": settings })
    }

    #[test]
    fn classes_kinds_and_settings_that_change_are_named() {
        let text = |key: &str| json!({ "key": key, "label": key, "kind": { "is": "text" } });
        let old = library(
            json!([
                class("same", json!([text("kept"), text("gone"), text("typed")])),
                class("old", json!([]))
            ]),
            json!([{ "id": "evce", "name": "EVCE", "settings": [text("url")] }]),
        );
        let new = library(
            json!([
                class(
                    "same",
                    json!([
                        text("kept"),
                        { "key": "typed", "label": "typed", "kind": { "is": "yes_no" } },
                        { "key": "needed", "label": "needed", "kind": { "is": "text" }, "required": true },
                    ])
                ),
                class("new", json!([])),
            ]),
            json!([{ "id": "evce", "name": "EVCE", "settings": [
                { "key": "url", "label": "url", "kind": { "is": "text" }, "default": "x" },
            ] }]),
        );
        let difference = LibraryDifference::between(&old, &new);
        assert_eq!(difference.new_classes, ["NEW"]);
        assert_eq!(difference.gone_classes, [("old".to_owned(), "OLD".to_owned())]);
        let changes: Vec<_> =
            difference.settings.iter().map(|it| (&*it.owner, &*it.label, it.what)).collect();
        assert_eq!(
            changes,
            [
                ("SAME", "typed", "accepts other values"),
                ("SAME", "needed", "is new and required"),
                ("SAME", "gone", "is gone"),
                ("EVCE", "url", "has another default"),
            ]
        );
        assert!(LibraryDifference::between(&old, &old).is_empty());
    }
}
