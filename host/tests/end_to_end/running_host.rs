//! Riser in the process of the test, so that a test can change its configuration while it runs.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use riser_domain::{Actor, Clock, EwsServer, Problem, ProcessorConfiguration};
use riser_ews::client::{ClientOptions, EwsClient};
use riser_runtime::{
    ConfigurationChange, EwsServerStatus, LaunchOptions, ProcessorStatus, ReconfigureError, Runtime,
    RuntimeParts, SystemClock,
};
use riser_secrets::{KeyCreation, Keyring, RootKey, SecretContext, WrappedDataKey};
use riser_store::{Configuration, ConfigurationTransaction, SealedValue, Store, StoreError};

use crate::host::{BMS, BMS_PASSWORD, Installation};
use crate::programs::RISER;
use crate::waiting::until;

/// A running Riser; its processors end with this value.
pub(crate) struct RunningHost {
    pub(crate) runtime: Runtime,
    keyring: Arc<Keyring>,
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
        let keyring = Arc::new(Keyring::unlock(store.instance_id(), root, &wrapped));
        let worker = LaunchOptions {
            executable: RISER.into(),
            arguments: vec!["worker".into()],
            instance: store.instance_id().to_owned(),
        };
        let runtime = Runtime::load(RuntimeParts {
            store,
            keyring: Arc::clone(&keyring),
            clock,
            data_dir: installation.data(),
            plugin_dirs: vec![installation.plugins()],
            worker,
        })
        .await
        .unwrap();
        runtime.start().await.unwrap();
        Self { runtime, keyring }
    }

    /// Commits what `edit` does to the configuration, and applies it.
    pub(crate) async fn change<Editing>(
        &self,
        edit: impl FnOnce(ConfigurationTransaction, Arc<Configuration>) -> Editing + Send + 'static,
    ) -> Vec<Problem>
    where
        Editing: Future<Output = Result<ConfigurationTransaction, StoreError>> + Send + 'static,
    {
        let (store, now) = (self.runtime.store().clone(), self.runtime.clock().now());
        let committing = move |before: Arc<Configuration>| async move {
            let transaction = store.begin_configuration(&Actor::CommandLine, now).await?;
            edit(transaction, Arc::clone(&before)).await?.commit().await?;
            let after = Arc::new(store.load_configuration().await?);
            Ok(ConfigurationChange { before, after, changed_processor_secrets: [].into() })
        };
        let configured: Result<_, ReconfigureError<StoreError>> = self.runtime.configure(committing).await;
        configured.unwrap()
    }

    /// Changes an EWS server.
    pub(crate) async fn change_server(
        &self,
        name: &'static str,
        edit: impl FnOnce(&mut EwsServer) + Send + 'static,
    ) -> Vec<Problem> {
        self.change(async move |mut transaction: ConfigurationTransaction, now: Arc<Configuration>| {
            let mut server = now.ews_servers.iter().find(|it| it.name == name).unwrap().clone();
            edit(&mut server);
            transaction.update_ews_server(&server).await?;
            Ok(transaction)
        })
        .await
    }

    /// Changes a processor.
    pub(crate) async fn change_processor(
        &self,
        name: &'static str,
        edit: impl FnOnce(&mut ProcessorConfiguration) + Send + 'static,
    ) -> Vec<Problem> {
        self.change(async move |mut transaction: ConfigurationTransaction, now: Arc<Configuration>| {
            let mut processor = now.processors.iter().find(|it| it.name == name).unwrap().clone();
            edit(&mut processor);
            transaction.update_processor(&processor).await?;
            Ok(transaction)
        })
        .await
    }

    /// Adds an account to an EWS server.
    pub(crate) async fn add_account(&self, server: &'static str, name: &'static str, password: &'static str) {
        let keyring = Arc::clone(&self.keyring);
        self.change(async move |mut transaction: ConfigurationTransaction, now: Arc<Configuration>| {
            let server = now.ews_servers.iter().find(|it| it.name == server).unwrap().id;
            let id = transaction.add_account(server, name, riser_domain::AccountRights::Read).await?;
            let place = SecretContext::new("ews_accounts", id.0, "password");
            let sealed = keyring.seal(&place, &password.into()).unwrap();
            let sealed = SealedValue { kid: sealed.kid, bytes: sealed.bytes };
            transaction.update_account_password(id, &sealed).await?;
            Ok(transaction)
        })
        .await;
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
        is_wanted: impl Fn(&ProcessorStatus) -> bool,
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
