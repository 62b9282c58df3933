//! Opens a data directory: the store, repaired after a crash, and the keys of its secrets.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use riser_calendar::{Schedule, ScheduleRule, Zone};
use riser_domain::{Actor, Clock, ScheduleId};
use riser_secrets::{KeyCreation, Keyring, RootKey, SecretError, WrappedDataKey};
use riser_store::{Recovery, Store, WrappedKey};

/// The directory where systemd puts the credentials of a service.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Name and rule of the schedule that every installation begins with.
const FIRST_SCHEDULE: (&str, &str) = ("Every 15 Minutes", "every 15 min");

/// An open data directory.
#[derive(Debug)]
pub(crate) struct OpenDataDir {
    pub(crate) store: Store,
    pub(crate) keyring: Keyring,
    /// Why secrets cannot be decrypted, if they cannot.
    pub(crate) locked_because: Option<SecretError>,
    pub(crate) recovery: Recovery,
}

/// Opens a data directory, and creates it if necessary.
///
/// A missing or unreadable root key is not an error here: everything but secrets works, and a missing key is
/// replaced only while nothing is sealed under it.
pub(crate) async fn open_data_dir(directory: &Path, clock: &dyn Clock) -> anyhow::Result<OpenDataDir> {
    let (store, recovery) = Store::open(directory, clock).await?;
    if recovery.is_new {
        add_first_schedule(&store, clock).await?;
    }
    let creation = if store.has_sealed_rows().await? { KeyCreation::Forbidden } else { KeyCreation::Allowed };
    let wrapped: Vec<_> = store.list_data_keys().await?.into_iter().map(wrapped_key).collect();
    let credentials = std::env::var_os(CREDENTIALS).map(PathBuf::from);
    let (keyring, locked_because) = match RootKey::obtain(directory, credentials.as_deref(), creation) {
        Ok(root) => (unlock(&store, root, &wrapped, clock).await?, None),
        Err(refusal) => (Keyring::locked(store.instance_id(), &wrapped), Some(refusal)),
    };
    Ok(OpenDataDir { store, keyring, locked_because, recovery })
}

/// Adds the schedule that every installation begins with.
async fn add_first_schedule(store: &Store, clock: &dyn Clock) -> anyhow::Result<()> {
    let rule = ScheduleRule::parse(FIRST_SCHEDULE.1, &Zone::utc()).context("the first schedule")?;
    let schedule = Schedule { id: ScheduleId(0), name: FIRST_SCHEDULE.0.to_owned(), rule: rule.into() };
    let mut transaction = store.begin_configuration(&Actor::System, clock.now()).await?;
    transaction.add_schedule(&schedule).await?;
    Ok(transaction.commit().await?)
}

async fn unlock(
    store: &Store,
    root: RootKey,
    wrapped: &[WrappedDataKey],
    clock: &dyn Clock,
) -> anyhow::Result<Keyring> {
    let mut keyring = Keyring::unlock(store.instance_id(), root, wrapped);
    if keyring.is_empty() {
        let WrappedDataKey { kid, wrapped } = keyring.add_data_key().context("no data key could be made")?;
        store.add_data_key(&WrappedKey { kid, wrapped }, &Actor::System, clock.now()).await?;
    }
    Ok(keyring)
}

fn wrapped_key(key: WrappedKey) -> WrappedDataKey {
    WrappedDataKey { kid: key.kid, wrapped: key.wrapped }
}
