//! The stored configuration that a draft is checked against.

use std::collections::HashMap;
use std::sync::Arc;

use riser_secrets::{Keyring, SecretContext, SecretError};
use riser_store::{Configuration, SealedSettings, SealedValue, Store, StoreError, User};
use secrecy::{ExposeSecret as _, SecretString};

use super::draft::{ConfigurationDraft, Identity};

/// A table with sealed secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum SecretTable {
    Accounts,
    Connections,
    Processors,
}

impl SecretTable {
    const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "ews_accounts",
            Self::Connections => "connection_secrets",
            Self::Processors => "processor_secrets",
        }
    }
}

/// The column of an account's password.
pub(super) const PASSWORD: &str = "password";

/// The stored configuration, with the secrets of the objects that a draft names.
pub(super) struct Current {
    pub(super) configuration: Arc<Configuration>,
    pub(super) users: Vec<User>,
    secrets: HashMap<(SecretTable, i64), Vec<StoredSecret>>,
}

/// A stored secret.
pub(super) struct StoredSecret {
    /// The path of its setting.
    pub(super) key: String,
    /// `None` when no key of this installation decrypts it.
    pub(super) value: Option<SecretString>,
}

impl Current {
    pub(super) async fn load(
        store: &Store,
        keyring: &Keyring,
        draft: &ConfigurationDraft,
    ) -> Result<Self, StoreError> {
        let configuration = store.load_configuration().await?;
        let users = store.list_users().await?;
        let mut secrets = HashMap::new();
        for connection in &configuration.connections {
            if is_named(&connection.name, &draft.connections) && !connection.secret_keys.is_empty() {
                let (table, row) = (SecretTable::Connections, connection.id.0);
                let sealed = store.list_connection_secrets(connection.id).await?;
                secrets.insert((table, row), opened(keyring, table, row, sealed));
            }
        }
        for processor in &configuration.processors {
            if is_named(&processor.name, &draft.processors) && !processor.secret_keys.is_empty() {
                let (table, row) = (SecretTable::Processors, processor.id.0);
                let sealed = store.list_processor_secrets(processor.id).await?;
                secrets.insert((table, row), opened(keyring, table, row, sealed));
            }
        }
        if draft.ews_servers.iter().any(|server| !server.accounts.is_empty()) {
            for account in &configuration.accounts {
                let sealed =
                    account.password.iter().map(|sealed| (PASSWORD.to_owned(), sealed.clone())).collect();
                let (table, row) = (SecretTable::Accounts, account.id.0);
                secrets.insert((table, row), opened(keyring, table, row, sealed));
            }
        }
        Ok(Self { configuration: Arc::new(configuration), users, secrets })
    }

    /// Returns the secrets of a row; none for a new one.
    pub(super) fn secrets(&self, table: SecretTable, row: Option<i64>) -> &[StoredSecret] {
        row.and_then(|row| self.secrets.get(&(table, row))).map_or(&[], Vec::as_slice)
    }
}

fn is_named<D: AsRef<Identity>>(name: &str, drafts: &[D]) -> bool {
    drafts.iter().any(|draft| {
        let identity: &Identity = draft.as_ref();
        identity.name == name || identity.renamed_from.as_deref() == Some(name)
    })
}

fn opened(keyring: &Keyring, table: SecretTable, row: i64, sealed: SealedSettings) -> Vec<StoredSecret> {
    let open = |(key, sealed): (String, SealedValue)| {
        let value = keyring.open(&SecretContext::new(table.name(), row, &key), &sealed.bytes).ok();
        StoredSecret { key, value }
    };
    sealed.into_iter().map(open).collect()
}

/// Seals a secret for its row and column.
pub(super) fn seal(
    keyring: &Keyring,
    (table, row, column): (SecretTable, i64, &str),
    secret: &SecretString,
) -> Result<SealedValue, SecretError> {
    let sealed = keyring.seal(&SecretContext::new(table.name(), row, column), secret)?;
    Ok(SealedValue { kid: sealed.kid, bytes: sealed.bytes })
}

/// Compares two secrets in constant time.
pub(super) fn is_same(one: &SecretString, other: &SecretString) -> bool {
    use subtle::ConstantTimeEq as _;
    one.expose_secret().as_bytes().ct_eq(other.expose_secret().as_bytes()).into()
}
