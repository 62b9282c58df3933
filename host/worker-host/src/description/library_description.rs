//! Reads and checks the description of a library.

use std::collections::BTreeSet;

use riser_domain::RunMode;
use riser_plugin::description::{self as plugin, SettingsSchema};

/// The checked description of a library.
#[derive(Clone, Debug, PartialEq)]
pub struct LibraryDescription {
    /// The plugin's id, such as `riser.evce`.
    pub id: String,
    pub name: String,
    pub version: String,
    pub company: String,
    pub licence: String,
    pub about: String,
    /// Its version of the plugin contract, such as `1.1`.
    pub contract: String,
    pub classes: Vec<ClassDescription>,
    pub connections: Vec<ConnectionDescription>,
    /// What a person runs once from the command line.
    pub commands: Vec<ClassDescription>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ClassDescription {
    /// Its id within the plugin, such as `status`.
    pub id: String,
    pub name: String,
    pub mode: RunMode,
    /// The kind of connection it needs, such as `riser.evce/evce`.
    pub connection: Option<String>,
    /// The class of this plugin that must have succeeded once for the same connection and server.
    pub requires: Option<String>,
    pub creates: String,
    pub about: String,
    pub accepts_writes: bool,
    pub settings: SettingsSchema,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionDescription {
    /// The kind, such as `riser.evce/evce`.
    pub kind: String,
    pub name: String,
    pub settings: SettingsSchema,
}

/// A description that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionFault {
    /// The JSON document does not have the form of the contract.
    #[error("it cannot be read ({0})")]
    Form(String),
    #[error(
        "{0:?} is not an id: use letters, digits, dots, dashes and underscores, and no dot at the beginning"
    )]
    Id(String),
    #[error("{0:?} is used twice")]
    Twice(String),
    /// A class requires a connection kind or a class that the library does not offer.
    #[error("the class {class} names {missing:?}, which the library does not offer")]
    Missing { class: String, missing: String },
}

impl LibraryDescription {
    /// Reads and checks a JSON document.
    pub fn parse(json: &str) -> Result<Self, DescriptionFault> {
        let described: plugin::LibraryDescription =
            serde_json::from_str(json).map_err(|error| DescriptionFault::Form(error.to_string()))?;
        check_ids(&described)?;
        let plugin::LibraryDescription {
            id,
            name,
            version,
            company,
            licence,
            about,
            contract,
            classes,
            connections,
            commands,
            ..
        } = described;
        let classes = classes.into_iter().map(|described| class(&id, described)).collect();
        let connections = connections
            .into_iter()
            .map(|connection| ConnectionDescription {
                kind: format!("{id}/{}", connection.id),
                name: connection.name,
                settings: connection.settings.into(),
            })
            .collect();
        let commands = commands.into_iter().map(|described| class(&id, described)).collect();
        Ok(Self { id, name, version, company, licence, about, contract, classes, connections, commands })
    }

    /// Returns the class with this id within the plugin.
    pub fn class(&self, id: &str) -> Option<&ClassDescription> {
        self.classes.iter().find(|class| class.id == id)
    }

    /// Returns the connection kind with this full name, such as `riser.evce/evce`.
    pub fn connection(&self, kind: &str) -> Option<&ConnectionDescription> {
        self.connections.iter().find(|connection| connection.kind == kind)
    }
}

fn class(plugin_id: &str, class: plugin::ClassDescription) -> ClassDescription {
    ClassDescription {
        id: class.id,
        name: class.name,
        mode: match class.mode {
            riser_plugin::Mode::Scheduled => RunMode::Scheduled,
            riser_plugin::Mode::LongRunning => RunMode::LongRunning,
        },
        connection: class.connection.map(|kind| format!("{plugin_id}/{kind}")),
        requires: class.requires,
        creates: class.creates,
        about: class.about,
        accepts_writes: class.accepts_writes,
        settings: class.settings.into(),
    }
}

fn check_ids(described: &plugin::LibraryDescription) -> Result<(), DescriptionFault> {
    check_id(&described.id)?;
    let all = || described.classes.iter().chain(&described.commands);
    let classes = unique(all().map(|class| class.id.as_str()))?;
    let connections = unique(described.connections.iter().map(|connection| connection.id.as_str()))?;
    for class in all() {
        let missing = [(&class.requires, &classes), (&class.connection, &connections)]
            .into_iter()
            .find_map(|(named, known)| named.as_ref().filter(|name| !known.contains(name.as_str())));
        if let Some(missing) = missing {
            return Err(DescriptionFault::Missing { class: class.id.clone(), missing: missing.clone() });
        }
    }
    Ok(())
}

fn unique<'a>(ids: impl Iterator<Item = &'a str>) -> Result<BTreeSet<&'a str>, DescriptionFault> {
    let mut known = BTreeSet::new();
    for id in ids {
        check_id(id)?;
        if !known.insert(id) {
            return Err(DescriptionFault::Twice(id.to_owned()));
        }
    }
    Ok(known)
}

fn check_id(id: &str) -> Result<(), DescriptionFault> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    // Ids are names of directories, too.
    if !id.is_empty() && id.len() <= 100 && !id.starts_with('.') && id.bytes().all(is_allowed) {
        Ok(())
    } else {
        Err(DescriptionFault::Id(id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::description::SettingKind;

    fn document() -> Value {
        json!({
            "schema": 1, "contract": "1.1", "id": "riser.evce", "name": "EVCE", "version": "0.1.0",
            "company": "Riser", "some_later_field": [1, 2, 3],
            "classes": [
                { "id": "setup", "name": "Setup", "mode": "scheduled", "connection": "evce" },
                {
                    "id": "status", "name": "Status", "mode": "long_running", "connection": "evce", "requires": "setup",
                    "accepts_writes": true,
                    "settings": [{
                        "key": "poll_every", "label": "Poll every", "kind": { "is": "duration", "min_ms": 5000 },
                        "default": "15 s"
                    }]
                }
            ],
            "connections": [{ "id": "evce", "name": "EVCE", "settings": [
                { "key": "password", "label": "Password", "kind": { "is": "secret" }, "required": true }
            ] }]
        })
    }

    #[test]
    fn a_description_is_read_and_unknown_fields_are_ignored() {
        let described = LibraryDescription::parse(&document().to_string()).unwrap();
        let status = described.class("status").unwrap();
        assert_eq!((status.mode, status.requires.as_deref()), (RunMode::LongRunning, Some("setup")));
        assert_eq!(status.connection.as_deref(), Some("riser.evce/evce"));
        assert!(status.accepts_writes && status.settings.setting("poll_every").is_some());
        let connection = described.connection("riser.evce/evce").unwrap();
        assert_eq!(connection.settings.settings[0].kind, SettingKind::Secret);
        assert!(described.commands.is_empty());
        assert!(described.class("none").is_none() && described.connection("evce").is_none());
    }

    #[test]
    fn a_description_that_contradicts_itself_is_refused() {
        let refusal = |change: fn(&mut Value)| {
            let mut document = document();
            change(&mut document);
            LibraryDescription::parse(&document.to_string()).unwrap_err().to_string()
        };
        assert_eq!(
            refusal(|document| document["id"] = json!("a/b")),
            "\"a/b\" is not an id: use letters, digits, dots, dashes and underscores, and no dot at the beginning"
        );
        assert!(refusal(|document| document["id"] = json!("..")).starts_with("\"..\" is not an id"));
        assert_eq!(
            refusal(|document| document["classes"][1]["id"] = json!("setup")),
            "\"setup\" is used twice"
        );
        assert!(refusal(|document| document["classes"][0]["mode"] = json!("hourly")).starts_with(
            "it cannot be read (unknown variant `hourly`, expected `scheduled` or `long_running`"
        ));
        assert_eq!(
            refusal(|document| document["classes"][1]["requires"] = json!("prepare")),
            "the class status names \"prepare\", which the library does not offer"
        );
        let twice = refusal(|document| {
            document["commands"] = json!([{ "id": "setup", "name": "Probe", "mode": "scheduled" }]);
        });
        assert_eq!(twice, "\"setup\" is used twice");
        assert!(refusal(|document| document["classes"] = json!("none")).starts_with("it cannot be read"));
    }
}
