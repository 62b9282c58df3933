//! A store, and a plugin described by hand: settings are taken as they are, since no worker runs.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use riser_calendar::{MachineZone, MachineZoneSource};
use riser_domain::{Actor, Clock as _, FakeClock, Timestamp};
use riser_secrets::{KeyCreation, Keyring, RootKey};
use riser_store::{Configuration, Store, WrappedKey};
use riser_worker_host::{CachedLibrary, LibraryDescription};
use serde_json::json;

use crate::configuration::{
    CheckedDraft, ConfigurationChange, ConfigurationDraft, ConfigurationFile, ConfigureError, ExportScope,
    Plan, SecretSources, check_draft, commit, export,
};
use crate::libraries::Library;

pub(super) struct Site {
    pub(super) store: Store,
    keyring: Keyring,
    clock: Arc<FakeClock>,
    pub(super) libraries: Vec<Library>,
    _directory: tempfile::TempDir,
}

/// A file with one object of each kind.
pub(super) const SITE: &str = r#"
[[ews_server]]
name = "Building"
listen = "127.0.0.1:51358"
  [[ews_server.account]]
  name = "bms"
  rights = "read-write"
  password = { env = "BMS" }

[[connection]]
name = "EVCE"
kind = "riser.test/device"
  [connection.settings]
  base_url = "https://one.example"
  password = { env = "EVCE" }
  proxies = [{ host = "a", password = { env = "PROXY" } }]

[[schedule]]
name = "Hourly"
rule = "every 1 h"

[[processor]]
name = "Setup"
class = "riser.test/setup"
connection = "EVCE"
ews_server = "Building"
schedule = "Hourly"

[[processor]]
name = "Status"
class = "riser.test/status"
connection = "EVCE"
ews_server = "Building"
"#;

/// The value of every variable that a test does not set.
#[expect(clippy::unnecessary_wraps, reason = "the signature of a source of variables")]
pub(super) fn any_variable(name: &str) -> Option<String> {
    Some(format!("secret {name}"))
}

pub(super) fn no_variable(_: &str) -> Option<String> {
    None
}

impl Site {
    pub(super) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(FakeClock::at(Timestamp::from_unix_ms(1_780_000_000_000)));
        let data = directory.path().join("data");
        let (store, _) = Store::open(&data, &*clock).await.unwrap();
        let root = RootKey::obtain(&data, None, KeyCreation::Allowed).unwrap();
        let mut keyring = Keyring::unlock(store.instance_id(), root, &[]);
        let key = keyring.add_data_key().unwrap();
        let key = WrappedKey { kid: key.kid, wrapped: key.wrapped };
        store.add_data_key(&key, &Actor::System, clock.now()).await.unwrap();
        Self { store, keyring, clock, libraries: vec![library()], _directory: directory }
    }

    pub(super) async fn with_site() -> Self {
        let site = Self::new().await;
        site.apply_file(SITE).await.unwrap();
        site
    }

    pub(super) async fn check(&self, draft: &ConfigurationDraft) -> Result<CheckedDraft, ConfigureError> {
        check_draft(
            draft,
            (&self.store, &self.keyring),
            (&self.libraries, None),
            &MachineZone {
                zone: "Europe/Berlin".parse().unwrap(),
                source: MachineZoneSource::Environment,
                problem: None,
            },
        )
        .await
    }

    pub(super) async fn commit(&self, checked: CheckedDraft) -> Result<ConfigurationChange, ConfigureError> {
        commit(checked, (&self.store, &self.keyring), (&Actor::CommandLine, self.clock.now())).await
    }

    pub(super) async fn apply(
        &self,
        draft: &ConfigurationDraft,
    ) -> Result<(ConfigurationChange, Plan), ConfigureError> {
        let checked = self.check(draft).await?;
        let plan = checked.plan();
        Ok((self.commit(checked).await?, plan))
    }

    /// Applies a file whose variables are all set; returns the change and its lines.
    pub(super) async fn apply_file(
        &self,
        text: &str,
    ) -> Result<(ConfigurationChange, Vec<String>), Vec<String>> {
        let file = read(text, &any_variable);
        match self.apply(&file.draft).await {
            Ok((change, plan)) if file.is_readable() => Ok((change, texts(&plan))),
            Ok(_) => Err(file.locate(&[]).iter().map(ToString::to_string).collect()),
            Err(ConfigureError::Fields(errors)) => Err(errors.iter().map(ToString::to_string).collect()),
            Err(other) => panic!("{other:?}"),
        }
    }

    /// The difference that a file makes when no variable is set.
    pub(super) async fn plan_without_variables(&self, text: &str) -> Vec<String> {
        let file = read(text, &no_variable);
        assert!(file.is_readable(), "{:?}\n{text}", file.locate(&[]));
        match self.check(&file.draft).await {
            Ok(checked) => texts(&checked.plan()),
            Err(error) => panic!("{error:?}\n{text}"),
        }
    }

    pub(super) async fn configuration(&self) -> Configuration {
        self.store.load_configuration().await.unwrap()
    }

    pub(super) async fn export(&self) -> String {
        export(&self.configuration().await, ExportScope::All)
    }
}

pub(super) fn read(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> ConfigurationFile {
    let file = |_: &str| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    ConfigurationFile::read(text, SecretSources { variable, file: &file })
}

fn texts(plan: &Plan) -> Vec<String> {
    plan.lines.iter().map(|line| line.text.clone()).collect()
}

/// A configuration without its numbers: references by name, secrets by their keys.
pub(super) fn shape(configuration: &Configuration) -> Vec<String> {
    let servers: HashMap<_, _> =
        configuration.ews_servers.iter().map(|it| (it.id, it.name.clone())).collect();
    let connections: HashMap<_, _> =
        configuration.connections.iter().map(|it| (it.id, it.name.clone())).collect();
    let schedules: HashMap<_, _> =
        configuration.schedules.iter().map(|it| (it.id, it.name.clone())).collect();
    let mut shape = vec![format!("{:?}", configuration.site)];
    for server in &configuration.ews_servers {
        let mut server = server.clone();
        server.id = riser_domain::EwsServerId(0);
        shape.push(format!("{server:?}"));
    }
    for account in &configuration.accounts {
        let has_password = account.password.is_some();
        shape.push(format!(
            "{} {} {:?} {has_password}",
            servers[&account.ews_server], account.name, account.rights
        ));
    }
    for it in &configuration.connections {
        shape.push(format!("{} {} {} {:?}", it.name, it.kind, it.settings_json, it.secret_keys));
    }
    shape.extend(configuration.schedules.iter().map(|it| format!("{} {:?}", it.name, it.rule)));
    for it in &configuration.processors {
        let connection = it.connection.map(|id| connections[&id].clone());
        let schedule = it.schedule.map(|id| schedules[&id].clone());
        let server = &servers[&it.ews_server];
        shape.push(format!(
            "{} {} {connection:?} {server} {schedule:?} {:?} {} {:?} {}",
            it.name, it.class, it.flags, it.settings_json, it.secret_keys, it.memory_limit_mib
        ));
    }
    // Their order is that of numbers.
    shape.sort();
    shape
}

pub(super) fn library() -> Library {
    let text = |key: &str, kind: &str| json!({ "key": key, "label": key, "kind": { "is": kind } });
    let required =
        |key: &str, kind: &str| json!({ "key": key, "label": key, "kind": { "is": kind }, "required": true });
    let proxy = json!([required("host", "host"), text("password", "secret")]);
    let description = json!({
        "schema": 1, "contract": "1.1", "id": "riser.test", "name": "Test", "version": "1", "company": "Riser",
        "classes": [
            { "id": "setup", "name": "Setup", "mode": "scheduled", "connection": "device" },
            { "id": "status", "name": "Status", "mode": "long_running", "connection": "device", "settings": [
                { "key": "interval", "label": "Interval", "kind": { "is": "duration" }, "default": "15 s" }
            ] },
            { "id": "meter", "name": "Meter", "mode": "scheduled", "settings": [
                text("note", "text"), text("token", "secret"),
                { "key": "factor", "label": "Factor", "kind": { "is": "number" } },
                { "key": "places", "label": "Places", "kind": { "is": "list", "of": { "is": "text" } } }
            ] }
        ],
        "connections": [{ "id": "device", "name": "Device", "settings": [
            required("base_url", "address"), required("password", "secret"),
            { "key": "proxies", "label": "Proxies", "kind": {
                "is": "list", "of": { "is": "group", "settings": proxy } } }
        ] }]
    });
    let nowhere = PathBuf::from("/nowhere");
    let cached = CachedLibrary { path: nowhere.clone(), sha256: String::new(), source: nowhere };
    let description = LibraryDescription::parse(&description.to_string()).unwrap();
    Library { cached, description: Arc::new(description) }
}
