use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt;
use parking_lot::Mutex;
use riser_calendar::{MachineZone, MachineZoneSource};
use riser_domain::{
    Actor, ClassId, Clock as _, ConfigurationId, Connection, ConnectionId, ContainerDefinition,
    ContainerItem, ContainerKind, DeclaredTree, DigestAlgorithm, EwsItem, EwsItemId, EwsServer, EwsServerId,
    FakeClock, HistoryDefinition, HistoryItem, PointHandle, ProcessorConfiguration, ProcessorFlags, Reading,
    Role, SetPointRule, Timestamp, TreeDifference, TreeOwner, Value, ValueDefinition, ValueItem, ValueKind,
    ValueState, WriteState,
};
use riser_runtime::{LaunchOptions, Runtime, RuntimeParts};
use riser_secrets::{KeyCreation, Keyring, RootKey, hash_password};
use riser_store::{NewUser, NewWrite, Store, WrappedKey};
use tower::ServiceExt;

use crate::first_run::SetupCode;
use crate::guard::BasePath;
use crate::host_log::{HostLog, LogLevels, LogLines};
use crate::routes::router;
use crate::server::PeerAddress;
use crate::state::{Exposure, Portal, PortalSettings, PortalState};
use crate::testing::HOSTILE;

/// Thursday 25 March 2027, 14:32:09 in Paris.
const START: Timestamp = Timestamp::from_unix_ms(1_805_981_529_000);
pub(crate) const PASSWORD: &str = "a password for tests";
pub(crate) const SETUP_CODE: &str = "abcd-efgh-2345-6789-jkmn-pqrs-tuvw";
const OWNER_SERVER: EwsServerId = EwsServerId(1);

/// A portal over a host with a connection, an EWS server, an item tree, two processors and two users.
pub(crate) struct TestPortal {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) store: Store,
    pub(crate) runtime: Runtime,
    pub(crate) log: LogLines,
    /// The filter that the log page has applied last.
    pub(crate) log_filter: Arc<Mutex<String>>,
    state: PortalState,
    router: Router,
    _directory: tempfile::TempDir,
}

#[derive(Debug)]
pub(crate) struct TestResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl TestResponse {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns the cookie of the response as a browser sends it back.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    /// Returns the token in the page's forms.
    pub(crate) fn csrf(&self) -> String {
        let rest = self.body.split("name=\"csrf\" value=\"").nth(1).expect("the page has a form");
        rest.split('"').next().unwrap().to_owned()
    }
}

impl TestPortal {
    pub(crate) async fn new() -> Self {
        Self::with(Role::Operator, true).await
    }

    pub(crate) async fn without_configuration() -> Self {
        Self::with(Role::Admin, false).await
    }

    /// `anna` has the role, and `victor` is a viewer.
    pub(crate) async fn with(role: Role, is_set_up: bool) -> Self {
        Self::with_people(&[("anna", role), ("victor", Role::Viewer)], is_set_up).await
    }

    /// A new installation: nobody has an account.
    pub(crate) async fn new_installation() -> Self {
        Self::with_people(&[], false).await
    }

    async fn with_people(people: &[(&str, Role)], is_set_up: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(FakeClock::at(START));
        let data_dir = directory.path().join("data");
        std::fs::create_dir(&data_dir).unwrap();
        let (store, _) = Store::open(&data_dir, &*clock).await.unwrap();
        for &(name, role) in people {
            let password_hash = hash_password(&PASSWORD.into()).unwrap();
            let user = NewUser { name: name.to_owned(), role, password_hash };
            store.add_user(&user, &Actor::CommandLine, START).await.unwrap();
        }
        if is_set_up {
            set_up(&store).await;
        }
        let parts = RuntimeParts {
            store: store.clone(),
            keyring: Arc::new(keyring(&store, &data_dir).await),
            clock: clock.clone(),
            data_dir,
            plugin_dirs: Vec::new(),
            worker: LaunchOptions {
                executable: "/nonexistent".into(),
                arguments: Vec::new(),
                instance: store.instance_id().to_owned(),
            },
            machine_zone: MachineZone {
                zone: "Europe/Paris".parse().unwrap(),
                source: MachineZoneSource::Environment,
                problem: None,
            },
        };
        let runtime = Runtime::load(parts).await.unwrap();
        let settings = PortalSettings {
            machine_name: "Office Park North".to_owned(),
            host_names: Vec::new(),
            trusted_proxies: vec!["127.0.0.1".parse().unwrap()],
            base_path: BasePath::default(),
        };
        let exposure = Exposure { port: 8082, is_tls: false, is_beyond_loopback: false };
        let file = store.directory().join("setup-code");
        let setup_code = people.is_empty().then(|| {
            std::fs::write(&file, SETUP_CODE).unwrap();
            SetupCode::new(&SETUP_CODE.into(), file.clone())
        });
        let log_filter = Arc::<Mutex<String>>::default();
        let applied = Arc::clone(&log_filter);
        let levels = LogLevels::new("info,sqlx=warn", move |filter| {
            filter.clone_into(&mut applied.lock());
            Ok(())
        });
        let log = HostLog { lines: LogLines::default(), levels };
        let portal = Portal { runtime: runtime.clone(), settings, setup_code, log: log.clone() };
        let state = PortalState::new(portal, exposure);
        let router = router(state.clone());
        Self { clock, store, runtime, log: log.lines, log_filter, router, state, _directory: directory }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the state that the handlers share.
    pub(crate) fn state(&self) -> PortalState {
        self.state.clone()
    }

    /// Sends a request without reading the body of the response.
    pub(crate) async fn respond(&self, mut request: Request<Body>) -> Response {
        request.extensions_mut().insert(PeerAddress(SocketAddr::from(([127, 0, 0, 1], 50_000))));
        request.headers_mut().entry(header::HOST).or_insert("127.0.0.1:8082".parse().unwrap());
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> TestResponse {
        let (parts, body) = self.respond(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        TestResponse {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.into()).unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str, cookie: &str) -> TestResponse {
        let request = Request::get(path).header(header::COOKIE, cookie);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, cookie: &str, fields: &str) -> TestResponse {
        self.send(form(path, cookie).body(Body::from(fields.to_owned())).unwrap()).await
    }

    /// Returns the cookie of a new session.
    pub(crate) async fn sign_in(&self, name: &str) -> String {
        let response = self.log_in(name, PASSWORD, "").await;
        assert_eq!(response.status, StatusCode::SEE_OTHER, "{}", response.body);
        response.cookie()
    }

    pub(crate) async fn log_in(&self, name: &str, password: &str, next: &str) -> TestResponse {
        let password = password.replace(' ', "+");
        self.post("/login", "", &format!("user={name}&password={password}&next={next}")).await
    }
}

/// Returns a request with a form as a browser sends it from a page of this site.
pub(crate) fn form(path: &str, cookie: &str) -> axum::http::request::Builder {
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, cookie)
        .header("sec-fetch-site", "same-origin")
}

async fn keyring(store: &Store, data_dir: &Path) -> Keyring {
    let root = RootKey::obtain(data_dir, None, KeyCreation::Allowed).unwrap();
    let mut keyring = Keyring::unlock(store.instance_id(), root, &[]);
    let key = keyring.add_data_key().unwrap();
    let key = WrappedKey { kid: key.kid, wrapped: key.wrapped };
    store.add_data_key(&key, &Actor::System, START).await.unwrap();
    keyring
}

async fn set_up(store: &Store) {
    let actor = Actor::CommandLine;
    let mut transaction = store.begin_configuration(&actor, START).await.unwrap();
    let server = EwsServer {
        id: EwsServerId(0),
        name: "EVCE Ews Server".to_owned(),
        listen: "127.0.0.1:0".to_owned(),
        path: EwsServer::DEFAULT_PATH.to_owned(),
        realm: "Riser".to_owned(),
        public_url: None,
        tls: None,
        page_size_items: EwsServer::DEFAULT_PAGE_SIZE_ITEMS,
        digest_order: vec![DigestAlgorithm::Sha256],
    };
    let server = transaction.add_ews_server(&server).await.unwrap();
    let connection = Connection {
        id: ConnectionId(0),
        name: "EVCE".to_owned(),
        kind: "riser.evce/evce".to_owned(),
        settings_json: "{}".to_owned(),
        secret_keys: Vec::new(),
        secret_version: 0,
    };
    let connection = transaction.add_connection(&connection).await.unwrap();
    for (name, class) in [("EVCE Setup", "setup"), (HOSTILE, "status")] {
        let processor = ProcessorConfiguration {
            id: ConfigurationId(0),
            name: name.to_owned(),
            class: ClassId { plugin: "riser.evce".to_owned(), class: class.to_owned() },
            connection: Some(connection),
            ews_server: server,
            schedule: None,
            flags: ProcessorFlags::default(),
            settings_json: "{}".to_owned(),
            secret_keys: Vec::new(),
            memory_limit_mib: ProcessorConfiguration::DEFAULT_MEMORY_LIMIT_MIB,
        };
        transaction.add_processor(&processor).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let handles = declare(store, server, connection).await;
    record_values(store, &handles).await;
}

async fn declare(
    store: &Store,
    server: EwsServerId,
    connection: ConnectionId,
) -> Vec<(EwsItemId, PointHandle)> {
    let owner =
        TreeOwner { ews_server: server, plugin: "riser.evce".to_owned(), connection: Some(connection) };
    let mut items =
        vec![container("zones", EwsItemId::ROOT, "EVCE Zones"), container("z2", "zones", HOSTILE)];
    items.extend((0..250).map(|number| container(&format!("s{number}"), "z2", &format!("EVP-{number:03}"))));
    items.push(value("z2/r", "z2", "ZoneReduction", true));
    items.push(value("z2/h", "z2", HOSTILE, false));
    items.push(value("z2/n", "z2", "ZoneMaxCurrent(A)", false));
    items.push(with_unit("kW", value("z2/p", "z2", "ZonePower", false)));
    items.push(with_unit("kW", value("z2/s", "z2", HOSTILE, false)));
    items.push(EwsItem::History(HistoryItem {
        id: EwsItemId::new("z2/log"),
        parent: EwsItemId::new("z2"),
        value_item: Box::new(EwsItemId::new("z2/r")),
        definition: HistoryDefinition {
            name: "ZoneReductionLog".into(),
            description: "".into(),
            kind: ValueKind::Double,
            unit: "%".into(),
            published_by: "logs".into(),
        }
        .into(),
    }));
    let ids: Vec<EwsItemId> = items.iter().map(|item| item.id().clone()).collect();
    let difference = TreeDifference::between(&[], DeclaredTree { items });
    let handles = store.apply_tree(&owner, &difference, &Actor::System, START).await.unwrap();
    ids.into_iter().zip(handles).collect()
}

fn container(id: &str, parent: &str, name: &str) -> EwsItem {
    EwsItem::Container(ContainerItem {
        id: EwsItemId::new(id),
        parent: Some(EwsItemId::new(parent)),
        definition: ContainerDefinition {
            name: name.into(),
            description: "".into(),
            kind: ContainerKind::Folder,
        }
        .into(),
    })
}

fn value(id: &str, parent: &str, name: &str, is_writable: bool) -> EwsItem {
    EwsItem::Value(ValueItem {
        id: EwsItemId::new(id),
        parent: EwsItemId::new(parent),
        definition: ValueDefinition {
            name: name.into(),
            description: HOSTILE.into(),
            kind: ValueKind::Double,
            unit: "%".into(),
            set_point: is_writable.then(|| SetPointRule {
                min: Some(0.0),
                max: Some(100.0),
                ..Default::default()
            }),
            published_by: "status".into(),
            writes_handled_by: is_writable.then(|| "status".into()),
        }
        .into(),
    })
}

fn with_unit(unit: &str, mut item: EwsItem) -> EwsItem {
    if let EwsItem::Value(item) = &mut item {
        Arc::make_mut(&mut item.definition).unit = unit.into();
    }
    item
}

/// Stores a confirmed write of 60 to the reduction. One point gets no value.
async fn record_values(store: &Store, handles: &[(EwsItemId, PointHandle)]) {
    let handle = |id: &str| handles.iter().find(|(known, _)| known.as_str() == id).unwrap().1;
    let earlier = START.minus(Duration::from_secs(4));
    let reading = |number| Reading {
        value: Value::Double(number),
        state: ValueState::Good,
        reason: None,
        source_time: earlier,
        received_time: earlier,
    };
    store
        .save_last_values(&[
            (handle("z2/r"), reading(60.0)),
            (handle("z2/h"), reading(136.463_333_333_333_34)),
        ])
        .await
        .unwrap();
    let write = NewWrite {
        point: handle("z2/r"),
        item: EwsItemId::new("z2/r"),
        ews_server: OWNER_SERVER,
        value: Value::Double(60.0),
        expires_at: START.plus(Duration::from_mins(15)),
    };
    let bms = Actor::EwsAccount { server: "EVCE Ews Server".to_owned(), account: "bms".to_owned() };
    let writes = store.accept_writes(&[write], &bms, earlier).await.unwrap();
    store.update_write(writes[0].id, WriteState::Sent, "", earlier).await.unwrap();
    store.update_write(writes[0].id, WriteState::Confirmed, "", earlier).await.unwrap();
}
