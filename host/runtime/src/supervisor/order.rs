//! What a run is given: its settings with the secrets opened, its connection, its tree, its open wishes.

use riser_domain::{Connection, ProcessorConfiguration, TreeOwner};
use riser_secrets::{SecretError, SecretPlace};
use riser_store::{SealedSettings, StoreError};
use riser_worker::frames::{ConnectionOrder, RunOrder};
use riser_worker::{LaunchError, ShelvedLibrary, WorkerGone, open_settings};

use super::Context;
use super::border::{point_frames, wish_frame};
use crate::libraries::LibraryMissing;

/// Why a run could not be started.
#[derive(Debug, thiserror::Error)]
pub(super) enum OrderError {
    #[error(transparent)]
    Library(#[from] LibraryMissing),
    #[error("the worker process could not be started")]
    Launch(#[from] LaunchError),
    #[error("the worker process ended before it was given its order")]
    Gone(#[from] WorkerGone),
    #[error("what the run needs could not be read from the store")]
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

impl OrderError {
    /// Whether the next attempt may go better without anyone changing anything.
    pub(super) const fn may_try_again(&self) -> bool {
        !matches!(self, Self::Secret { .. } | Self::Settings { .. } | Self::ConnectionGone)
    }
}

/// Builds the order of a run. Secrets are opened here and nowhere earlier.
pub(super) async fn run_order(
    context: &Context,
    configuration: &ProcessorConfiguration,
    owner: &TreeOwner,
    library: &ShelvedLibrary,
) -> Result<RunOrder, OrderError> {
    let secrets = context.store.list_processor_secrets(configuration.id).await?;
    let settings_json = opened(
        context,
        &configuration.name,
        &configuration.settings_json,
        ("processor_secrets", configuration.id.0),
        secrets,
    )?;
    let connection = match configuration.connection {
        None => None,
        Some(id) => {
            let connection = context.configurations.connection(id).ok_or(OrderError::ConnectionGone)?;
            Some(connection_order(context, &connection).await?)
        }
    };
    let wishes = context.outbox.open_for(owner, &configuration.class.class);
    Ok(RunOrder {
        library: library.path.display().to_string(),
        class: configuration.class.class.clone(),
        configuration: configuration.name.clone(),
        instance: context.instance.clone(),
        settings_json,
        connection,
        points: point_frames(&context.items.stored(owner).await),
        wishes: wishes.iter().map(wish_frame).collect(),
    })
}

async fn connection_order(context: &Context, connection: &Connection) -> Result<ConnectionOrder, OrderError> {
    let secrets = context.store.list_connection_secrets(connection.id).await?;
    let settings_json = opened(
        context,
        &connection.name,
        &connection.settings_json,
        ("connection_secrets", connection.id.0),
        secrets,
    )?;
    Ok(ConnectionOrder { name: connection.name.clone(), kind: connection.kind.clone(), settings_json })
}

fn opened(
    context: &Context,
    of: &str,
    settings_json: &str,
    (table, row): (&'static str, i64),
    sealed: SealedSettings,
) -> Result<String, OrderError> {
    let mut secrets = Vec::with_capacity(sealed.len());
    for (key, value) in sealed {
        let place = SecretPlace::new(table, row, &key);
        let secret = context
            .keyring
            .open(&place, &value.bytes)
            .map_err(|source| OrderError::Secret { of: of.to_owned(), source })?;
        secrets.push((key, secret));
    }
    let values = serde_json::from_str(settings_json)
        .map_err(|source| OrderError::Settings { of: of.to_owned(), source })?;
    Ok(open_settings(&values, &secrets))
}
