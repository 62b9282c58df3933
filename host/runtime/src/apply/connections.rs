//! `[[connection]]`: name, kind, settings.

use riser_domain::{Connection, ConnectionId};
use riser_store::ConfigurationTransaction;
use riser_worker::{ConnectionDescription, SettingsSchema};
use secrecy::SecretString;

use super::fault::Faults;
use super::secret_settings::{StoredSettings, read_settings, seal};
use super::section::{Placed, Section};
use super::{ApplyError, Check, read_name};
use riser_store::StoreError;

const TABLE: &str = "connection_secrets";

pub(super) struct Plan {
    pub(super) wanted: Connection,
    is_new: bool,
    is_changed: bool,
    new_secrets: Vec<(String, SecretString)>,
    forgets_secrets: bool,
}

pub(super) async fn read(
    check: &Check<'_>,
    sections: Vec<Section<'_>>,
    faults: &mut Faults<'_>,
) -> Result<Vec<Plan>, StoreError> {
    let mut plans: Vec<Plan> = Vec::new();
    for mut section in sections {
        let is_taken = |name: &str| plans.iter().any(|plan| plan.wanted.name == name);
        let name = read_name(&mut section, "connection", is_taken, faults);
        let kind = section.text("kind", faults);
        let settings = section.table("settings", faults);
        let place = section.place().clone();
        section.finish(faults);
        let Some(name) = name else { continue };
        let stored = check.now.connections.iter().find(|connection| connection.name == name.value);
        let Some((kind, schema)) = schema(check, kind, stored, &name, faults) else { continue };
        let stored_settings = match stored {
            None => None,
            Some(stored) => Some(StoredSettings {
                json: &stored.settings_json,
                sealed: check.store.list_connection_secrets(stored.id).await?,
                keyring: check.keyring,
                table: TABLE,
                row: stored.id.0,
            }),
        };
        let Some(settings) =
            read_settings(settings.as_ref(), &place, schema, stored_settings.as_ref(), faults)
        else {
            continue;
        };
        let mut wanted = stored.cloned().unwrap_or_else(|| Connection {
            id: ConnectionId(0),
            name: name.value,
            kind,
            settings_json: String::new(),
            secret_keys: Vec::new(),
            secret_version: 0,
        });
        wanted.settings_json = settings.json;
        let is_changed = stored != Some(&wanted);
        plans.push(Plan {
            is_new: stored.is_none(),
            is_changed,
            wanted,
            new_secrets: settings.new_secrets,
            forgets_secrets: settings.forgets_secrets,
        });
    }
    Ok(plans)
}

/// The kind of a connection and the settings it has.
fn schema<'c>(
    check: &'c Check<'_>,
    kind: Option<Placed<String>>,
    stored: Option<&Connection>,
    name: &Placed<String>,
    faults: &mut Faults<'_>,
) -> Option<(String, &'c SettingsSchema)> {
    let Placed { value: kind, place } = match (kind, stored) {
        (Some(kind), Some(stored)) if kind.value != stored.kind => {
            let what = format!("{:?} is a connection of the kind {} and stays one", name.value, stored.kind);
            faults.add(kind.place, what);
            return None;
        }
        (Some(kind), _) => kind,
        (None, Some(stored)) => Placed { value: stored.kind.clone(), place: name.place.clone() },
        (None, None) => {
            faults.add(name.place.clone(), "a connection needs kind, such as \"riser.evce/evce\"");
            return None;
        }
    };
    match find(check, &kind) {
        Some(description) => Some((kind, &description.settings)),
        None => {
            let known: Vec<String> = known_kinds(check);
            let what = if known.is_empty() {
                format!(
                    "no plugin offers the connection kind {kind:?}: put its library into the plugin directory"
                )
            } else {
                format!("no plugin offers the connection kind {kind:?}; there are {}", known.join(", "))
            };
            faults.add(place, what);
            None
        }
    }
}

fn find<'c>(check: &'c Check<'_>, kind: &str) -> Option<&'c ConnectionDescription> {
    let (plugin, _) = kind.split_once('/')?;
    let library = check.libraries.iter().find(|library| library.description.id == plugin)?;
    library.description.connection(kind)
}

fn known_kinds(check: &Check<'_>) -> Vec<String> {
    let libraries = check.libraries.iter().flat_map(|library| &library.description.connections);
    libraries.map(|connection| connection.kind.clone()).collect()
}

pub(super) async fn execute(
    plans: Vec<Plan>,
    check: &Check<'_>,
    transaction: &mut ConfigurationTransaction,
    told: &mut Vec<String>,
) -> Result<(), ApplyError> {
    for plan in plans {
        let name = &plan.wanted.name;
        let mut id = plan.wanted.id;
        if plan.is_new {
            id = transaction.add_connection(&plan.wanted).await?;
            told.push(format!("connection {name:?} added"));
        } else if plan.is_changed {
            transaction.update_connection(&plan.wanted).await?;
            told.push(format!("connection {name:?} changed"));
        }
        if plan.forgets_secrets {
            transaction.remove_connection_secrets(id).await?;
            told.push(format!("connection {name:?} lost the secrets of its former address"));
        }
        for (key, secret) in &plan.new_secrets {
            let sealed = seal(check.keyring, (TABLE, id.0, key), secret)?;
            transaction.put_connection_secret(id, key, &sealed).await?;
            if !plan.is_new {
                told.push(format!("connection {name:?} has a new {key}"));
            }
        }
    }
    Ok(())
}
