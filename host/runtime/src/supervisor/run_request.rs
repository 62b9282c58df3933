//! The request of a run: its settings with decrypted secrets, its connection, its tree, its open writes.

use std::sync::Arc;

use riser_domain::Connection;
use riser_secrets::{Keyring, SecretContext, SecretError};
use riser_store::{SealedSettings, Store, StoreError};
use riser_worker_host::{CachedLibrary, LaunchError, WorkerGone, open_settings};
use riser_worker_protocol::contract::write_message;
use riser_worker_protocol::frames::RunRequest;
use riser_worker_protocol::messages::{ConnectionMessage, RunRequestMessage};
use serde_json::Value;

use super::processor_setup::ProcessorSetup;
use crate::libraries::LibraryMissing;
use crate::outbox::Outbox;

/// Why a run could not be started.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunRequestError {
    #[error(transparent)]
    Library(#[from] LibraryMissing),
    #[error("the worker process could not be started")]
    Launch(#[from] LaunchError),
    #[error("the worker process ended before it was given its request")]
    Gone(#[from] WorkerGone),
    #[error("the data for the run could not be read from the store")]
    Store(#[from] StoreError),
    #[error("a secret of {of} could not be opened")]
    Secret {
        of: String,
        #[source]
        source: SecretError,
    },
    #[error("the settings of {of} cannot be used")]
    Settings {
        of: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("its connection no longer exists: choose another one for this processor")]
    ConnectionGone,
}

impl RunRequestError {
    /// Returns whether the next attempt may succeed without a change.
    pub(super) const fn is_retryable(&self) -> bool {
        !matches!(self, Self::Secret { .. } | Self::Settings { .. } | Self::ConnectionGone)
    }
}

/// Builds the requests of runs. Secrets are decrypted only here.
#[derive(Debug)]
pub(super) struct RunRequests {
    pub(super) store: Store,
    pub(super) keyring: Arc<Keyring>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) instance: String,
}

impl RunRequests {
    pub(super) async fn build(
        &self,
        setup: &ProcessorSetup,
        library: &CachedLibrary,
    ) -> Result<RunRequest, RunRequestError> {
        let (configuration, owner) = (&setup.configuration, setup.owner());
        let secrets = self.store.list_processor_secrets(configuration.id).await?;
        let settings = self.opened(
            &configuration.name,
            &configuration.settings_json,
            ("processor_secrets", configuration.id.0),
            secrets,
        )?;
        let connection = match (configuration.connection, &setup.connection) {
            (None, _) => None,
            (Some(_), Some(connection)) => Some(self.connection_request(connection).await?),
            (Some(_), None) => return Err(RunRequestError::ConnectionGone),
        };
        let writes = self.outbox.open_for(&owner, &configuration.class.class);
        let message = RunRequestMessage {
            configuration: configuration.name.clone(),
            instance: self.instance.clone(),
            settings,
            connection,
            writes: writes.iter().map(write_message).collect(),
        };
        let (library, class) = (library.path.display().to_string(), configuration.class.class.clone());
        RunRequest::new(library, class, &message)
            .map_err(|source| RunRequestError::Settings { of: configuration.name.clone(), source })
    }

    async fn connection_request(
        &self,
        connection: &Connection,
    ) -> Result<ConnectionMessage, RunRequestError> {
        let secrets = self.store.list_connection_secrets(connection.id).await?;
        let settings = self.opened(
            &connection.name,
            &connection.settings_json,
            ("connection_secrets", connection.id.0),
            secrets,
        )?;
        Ok(ConnectionMessage { name: connection.name.clone(), kind: connection.kind.clone(), settings })
    }

    fn opened(
        &self,
        of: &str,
        settings_json: &str,
        (table, row): (&'static str, i64),
        sealed: SealedSettings,
    ) -> Result<Value, RunRequestError> {
        let mut secrets = Vec::with_capacity(sealed.len());
        for (key, value) in sealed {
            let place = SecretContext::new(table, row, &key);
            let secret = self
                .keyring
                .open(&place, &value.bytes)
                .map_err(|source| RunRequestError::Secret { of: of.to_owned(), source })?;
            secrets.push((key, secret));
        }
        let values = serde_json::from_str(settings_json)
            .map_err(|source| RunRequestError::Settings { of: of.to_owned(), source })?;
        Ok(open_settings(values, &secrets))
    }
}
