//! Riser in the process of the test, so that a test can change its configuration while it runs.

use std::sync::Arc;
use std::time::Duration;

use riser_calendar::machine_zone;
use riser_domain::{Actor, Clock, Problem};
use riser_ews::client::{ClientOptions, EwsClient};
use riser_runtime::{
    ConfigurationFile, EwsServerStatus, LaunchOptions, ProcessorStatus, Runtime, RuntimeParts, SecretSources,
    SystemClock,
};
use riser_secrets::{KeyCreation, Keyring, RootKey, WrappedDataKey};
use riser_store::Store;

use crate::host::{BMS, BMS_PASSWORD, Installation};
use crate::programs::RISER;
use crate::waiting::until;

/// A running Riser; its processors end with this value.
pub(crate) struct RunningHost {
    pub(crate) runtime: Runtime,
}

impl RunningHost {
    /// Starts on the data of an installation that was applied.
    pub(crate) async fn start(installation: &Installation) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (store, _) = Store::open(&installation.data(), &*clock).await.unwrap();
        let root = RootKey::obtain(&installation.data(), None, KeyCreation::Forbidden).unwrap();
        let wrapped = store.list_data_keys().await.unwrap().into_iter();
        let wrapped: Vec<_> =
            wrapped.map(|key| WrappedDataKey { kid: key.kid, wrapped: key.wrapped }).collect();
        let keyring = Keyring::unlock(store.instance_id(), root, &wrapped);
        let worker = LaunchOptions {
            executable: RISER.into(),
            arguments: vec!["worker".into()],
            instance: store.instance_id().to_owned(),
        };
        let runtime = Runtime::load(RuntimeParts {
            store,
            keyring: Arc::new(keyring),
            clock,
            data_dir: installation.data(),
            plugin_dirs: vec![installation.plugins()],
            worker,
            machine_zone: machine_zone(),
        })
        .await
        .unwrap();
        runtime.start().await.unwrap();
        Self { runtime }
    }

    /// Applies a configuration file to the running host. Returns the problems that keep parts of it from acting.
    pub(crate) async fn apply(&self, text: &str) -> Vec<Problem> {
        let file = ConfigurationFile::read(text, SecretSources::of_this_process());
        assert!(file.is_readable(), "{text}: {:?}", file.locate(&[]));
        self.runtime.configure(file.draft, Actor::CommandLine).await.unwrap().problems
    }

    /// Changes keys of an EWS server.
    pub(crate) async fn change_server(&self, name: &str, keys: &str) -> Vec<Problem> {
        self.apply(&format!("[[ews_server]]\nname = {name:?}\n{keys}\n")).await
    }

    /// Changes keys of a processor.
    pub(crate) async fn change_processor(&self, name: &str, keys: &str) -> Vec<Problem> {
        self.apply(&format!("[[processor]]\nname = {name:?}\n{keys}\n")).await
    }

    /// Adds an account to an EWS server.
    pub(crate) async fn add_account(&self, server: &str, name: &str, password: &str) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), password).unwrap();
        let password = format!("password = {{ file = {:?} }}", file.path().display().to_string());
        let account = format!("[[ews_server.account]]\nname = {name:?}\nrights = \"read\"\n{password}");
        self.change_server(server, &account).await;
    }

    pub(crate) fn server(&self, name: &str) -> EwsServerStatus {
        self.runtime.ews_servers().into_iter().find(|server| server.name == name).unwrap()
    }

    pub(crate) fn processor(&self, name: &str) -> ProcessorStatus {
        self.runtime.processors().into_iter().find(|processor| processor.name == name).unwrap()
    }

    /// A BMS that reads an EWS server at the address it has now.
    pub(crate) fn bms(&self, server: &str) -> EwsClient {
        client_of(&self.server(server).address, BMS, BMS_PASSWORD)
    }

    /// Waits until the status of a processor is as wanted, and returns it.
    pub(crate) async fn processor_until(
        &self,
        name: &str,
        is_wanted: impl Fn(&ProcessorStatus) -> bool + Send + Sync,
    ) -> ProcessorStatus {
        until(name, async || {
            let status = self.processor(name);
            if is_wanted(&status) { Ok(status) } else { Err(status) }
        })
        .await
    }
}

pub(crate) fn client_of(url: &str, user_name: &str, password: &str) -> EwsClient {
    EwsClient::new(ClientOptions {
        url: url.parse().unwrap(),
        user_name: user_name.to_owned(),
        password: password.into(),
        time_limit: Duration::from_secs(30),
    })
    .unwrap()
}
