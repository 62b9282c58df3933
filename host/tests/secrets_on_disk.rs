//! The data directory contains no plain secret (S-20), and does not suffice to decrypt one (S-22).

#![expect(clippy::unwrap_used, reason = "a failing test may panic")]

use std::path::Path;

use riser_domain::{
    AccountRights, Actor, Clock, Connection, ConnectionId, EwsServer, EwsServerId, Timestamp, Uptime,
};
use riser_secrets::{
    KeyCreation, Keyring, RootKey, SecretContext, SecretError, WrappedDataKey, root_key_path,
};
use riser_store::{NewUser, SealedValue, Store, WrappedKey};
use secrecy::{ExposeSecret as _, SecretString};

const CANARY: &str = "Kanarienvogel-4711";
/// The canary in base64, at each of the three offsets of a group.
const CANARY_IN_BASE64: [&str; 3] =
    ["S2FuYXJpZW52b2dlbC00NzEx", "thbmFyaWVudm9nZWwtNDcxM", "LYW5hcmllbnZvZ2VsLTQ3MT"];

const NOW: Timestamp = Timestamp::from_unix_ms(1_780_000_000_000);

#[derive(Debug)]
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn uptime(&self) -> Uptime {
        Uptime::START
    }
}

#[tokio::test]
async fn no_file_contains_a_canary_stored_in_every_secret() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data");
    let (store, _) = Store::open(&directory, &FixedClock).await.unwrap();
    let keyring = unlock(&store, &directory).await;
    fill_with_canaries(&store, &keyring).await;

    let root_key = std::fs::read_to_string(root_key_path(&directory)).unwrap();
    for moment in ["open", "closed"] {
        let files = read_dir(&directory);
        assert!(files.iter().any(|(name, _)| name == "riser.db"));
        for (name, bytes) in files {
            for form in forms_of_the_canary() {
                assert!(!contains(&bytes, &form), "{name} contains the canary while the store is {moment}");
            }
            assert!(!contains(&bytes, root_key.trim().as_bytes()), "{name} contains the root key");
        }
        store.close().await;
    }
}

#[tokio::test]
async fn a_wrong_root_key_opens_no_secret_and_the_error_names_the_data_key() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data");
    let (store, _) = Store::open(&directory, &FixedClock).await.unwrap();
    let keyring = unlock(&store, &directory).await;
    let connection = fill_with_canaries(&store, &keyring).await;
    let context = SecretContext::new("connection_secrets", connection.0, "password");
    let sealed = store.list_connection_secrets(connection).await.unwrap().remove(0).1;

    let key_file = root_key_path(&directory);
    let right_key = std::fs::read(&key_file).unwrap();
    std::fs::remove_file(&key_file).unwrap();
    std::fs::write(&key_file, "00".repeat(32)).unwrap();
    let refusal = unlock(&store, &directory).await.open(&context, &sealed.bytes).unwrap_err();
    assert!(matches!(&refusal, SecretError::KeyMissing { kid } if *kid == sealed.kid), "{refusal}");

    std::fs::write(&key_file, right_key).unwrap();
    let opened = unlock(&store, &directory).await.open(&context, &sealed.bytes).unwrap();
    assert_eq!(opened.expose_secret(), CANARY);
}

#[tokio::test]
async fn a_missing_root_key_is_not_replaced_while_secrets_need_it() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data");
    let (store, _) = Store::open(&directory, &FixedClock).await.unwrap();
    unlock(&store, &directory).await;
    std::fs::remove_file(root_key_path(&directory)).unwrap();
    assert!(store.has_sealed_rows().await.unwrap());
    let refusal = RootKey::obtain(&directory, None, KeyCreation::Forbidden).unwrap_err();
    assert!(matches!(refusal, SecretError::RootKeyMissing { .. }), "{refusal}");
}

/// Returns the keyring of a directory, as a start of the host does.
async fn unlock(store: &Store, directory: &Path) -> Keyring {
    let creation =
        if store.has_sealed_rows().await.unwrap() { KeyCreation::Forbidden } else { KeyCreation::Allowed };
    let root = RootKey::obtain(directory, None, creation).unwrap();
    let wrapped = store.list_data_keys().await.unwrap();
    let wrapped: Vec<WrappedDataKey> =
        wrapped.into_iter().map(|key| WrappedDataKey { kid: key.kid, wrapped: key.wrapped }).collect();
    let mut keyring = Keyring::unlock(store.instance_id(), root, &wrapped);
    if keyring.is_empty() {
        let WrappedDataKey { kid, wrapped } = keyring.add_data_key().unwrap();
        store.add_data_key(&WrappedKey { kid, wrapped }, &Actor::System, NOW).await.unwrap();
    }
    keyring
}

async fn fill_with_canaries(store: &Store, keyring: &Keyring) -> ConnectionId {
    let seal = |table, row, column| {
        let context = SecretContext::new(table, row, column);
        let sealed = keyring.seal(&context, &SecretString::from(CANARY)).unwrap();
        SealedValue { kid: sealed.kid, bytes: sealed.bytes }
    };
    let mut changes = store.begin_configuration(&Actor::CommandLine, NOW).await.unwrap();
    let server = changes.add_ews_server(&ews_server()).await.unwrap();
    let account = changes.add_account(server, "bms", AccountRights::Read).await.unwrap();
    changes.update_account_password(account, &seal("ews_accounts", account.0, "password")).await.unwrap();
    let connection = changes.add_connection(&connection()).await.unwrap();
    let password = seal("connection_secrets", connection.0, "password");
    changes.put_connection_secret(connection, "password", &password).await.unwrap();
    changes.commit().await.unwrap();
    let user = NewUser {
        name: "ada".to_owned(),
        role: riser_domain::Role::Admin,
        password_hash: riser_secrets::hash_password(&SecretString::from(CANARY)).unwrap(),
    };
    store.add_user(&user, &Actor::CommandLine, NOW).await.unwrap();
    connection
}

fn ews_server() -> EwsServer {
    EwsServer {
        id: EwsServerId(0),
        name: "Main".to_owned(),
        listen: "127.0.0.1:51358".to_owned(),
        path: EwsServer::DEFAULT_PATH.to_owned(),
        realm: "Riser".to_owned(),
        public_url: None,
        tls: None,
        page_size_items: EwsServer::DEFAULT_PAGE_SIZE_ITEMS,
        digest_order: vec![riser_domain::DigestAlgorithm::Sha256],
    }
}

fn connection() -> Connection {
    Connection {
        id: ConnectionId(0),
        name: "EVCE".to_owned(),
        kind: "riser.evce/evce".to_owned(),
        settings_json: r#"{"login":"riser"}"#.to_owned(),
        secret_keys: Vec::new(),
        secret_version: 1,
    }
}

/// Returns the canary in plain text, hexadecimal, base64 and UTF-16. URL encoding does not change it.
fn forms_of_the_canary() -> Vec<Vec<u8>> {
    let hex = CANARY.bytes().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let mut forms = vec![
        CANARY.into(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        CANARY.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        CANARY.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ];
    forms.extend(CANARY_IN_BASE64.map(|text| text.as_bytes().to_vec()));
    forms
}

fn contains(bytes: &[u8], form: &[u8]) -> bool {
    bytes.windows(form.len()).any(|window| window == form)
}

fn read_dir(directory: &Path) -> Vec<(String, Vec<u8>)> {
    std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap())
        })
        .collect()
}
