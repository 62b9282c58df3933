//! A store in a temporary directory.

use std::path::Path;

use riser_calendar::Schedule;
use riser_domain::{
    AccountRights, Actor, ClassId, Clock as _, ConfigurationId, Connection, ConnectionId, DigestAlgorithm,
    EwsServer, EwsServerId, EwsTls, FakeClock, ProcessorConfiguration, ProcessorFlags, ScheduleId, Timestamp,
};
use riser_store::{Recovery, SealedValue, Store, WrappedKey};

pub(crate) const START: Timestamp = Timestamp::from_unix_ms(1_780_000_000_000);

pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) clock: FakeClock,
    pub(crate) directory: tempfile::TempDir,
}

impl TestStore {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = FakeClock::at(START);
        let (store, recovery) = Store::open(directory.path(), &clock).await.unwrap();
        assert_eq!(recovery, Recovery { is_new: true, ..Recovery::default() });
        Self { store, clock, directory }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Closes the store and opens it again, as the next start of the host does.
    pub(crate) async fn start_again(self) -> (Self, Recovery) {
        let Self { store, clock, directory } = self;
        store.close().await;
        drop(store);
        let (store, recovery) = Store::open(directory.path(), &clock).await.unwrap();
        (Self { store, clock, directory }, recovery)
    }

    /// Adds an EWS server, a connection and a processor configuration that uses them.
    pub(crate) async fn with_processor(self) -> (Self, EwsServerId, ConnectionId, ConfigurationId) {
        let mut changes = self.store.begin_configuration(&Actor::CommandLine, self.now()).await.unwrap();
        let server = changes.add_ews_server(&ews_server("Main", 51_358)).await.unwrap();
        let connection = changes.add_connection(&connection("EVCE")).await.unwrap();
        let schedule = changes.add_schedule(&schedule("Every 15 minutes")).await.unwrap();
        let mut processor = processor("EVCE Status", server, Some(connection));
        processor.schedule = Some(schedule);
        let processor = changes.add_processor(&processor).await.unwrap();
        changes.commit().await.unwrap();
        (self, server, connection, processor)
    }
}

pub(crate) fn ews_server(name: &str, port: u16) -> EwsServer {
    EwsServer {
        id: EwsServerId(0),
        name: name.to_owned(),
        listen: format!("127.0.0.1:{port}"),
        path: EwsServer::DEFAULT_PATH.to_owned(),
        realm: "Riser".to_owned(),
        public_url: None,
        tls: Some(EwsTls { certificate: "/etc/riser/c.pem".to_owned(), key: "/etc/riser/k.pem".to_owned() }),
        page_size_items: 1_000,
        digest_order: vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5],
    }
}

pub(crate) fn connection(name: &str) -> Connection {
    Connection {
        id: ConnectionId(0),
        name: name.to_owned(),
        kind: "riser.evce/evce".to_owned(),
        settings_json: r#"{"base_url":"https://evce"}"#.to_owned(),
        secret_keys: Vec::new(),
        secret_version: 1,
    }
}

pub(crate) fn schedule(name: &str) -> Schedule {
    let Ok(rule) = "every 15 min".parse();
    Schedule { id: ScheduleId(0), name: name.to_owned(), rule }
}

pub(crate) fn processor(
    name: &str,
    server: EwsServerId,
    connection: Option<ConnectionId>,
) -> ProcessorConfiguration {
    ProcessorConfiguration {
        id: ConfigurationId(0),
        name: name.to_owned(),
        class: ClassId::parse("riser.evce/status").unwrap(),
        connection,
        ews_server: server,
        schedule: None,
        flags: ProcessorFlags { runs_at_start: true, ..ProcessorFlags::default() },
        settings_json: "{}".to_owned(),
        secret_keys: Vec::new(),
        memory_limit_mib: ProcessorConfiguration::DEFAULT_MEMORY_LIMIT_MIB,
    }
}

/// Adds a data key for sealed values to refer to.
pub(crate) async fn add_data_key(test: &TestStore) -> String {
    let key = WrappedKey { kid: "k1".to_owned(), wrapped: vec![1, 2, 3] };
    test.store.add_data_key(&key, &Actor::System, test.now()).await.unwrap();
    key.kid
}

pub(crate) fn sealed(kid: &str, bytes: &[u8]) -> SealedValue {
    SealedValue { kid: kid.to_owned(), bytes: bytes.to_vec() }
}

pub(crate) const READ_WRITE: AccountRights = AccountRights::ReadWrite;

/// Returns the size of the file and its write-ahead log, which grow with every commit until the next checkpoint.
pub(crate) fn written_bytes(directory: &Path) -> u64 {
    let wal = std::fs::metadata(directory.join("riser.db-wal")).map_or(0, |metadata| metadata.len());
    let main = std::fs::metadata(directory.join("riser.db")).unwrap().len();
    wal + main
}
