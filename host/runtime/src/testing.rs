//! The fixture of a test: a real store, a server with two points that were read, an outbox.

use std::sync::Arc;

use riser_domain::{
    Actor, ClassId, Clock as _, ConfigurationId, ContainerDefinition, ContainerItem, ContainerKind,
    DeclaredTree, DigestAlgorithm, EwsItem, EwsItemId, EwsServer, EwsServerId, FakeClock, HistoryDefinition,
    HistoryItem, PointHandle, ProcessorConfiguration, ProcessorFlags, Published, SetPointRule, SetPointWrite,
    Timestamp, TreeOwner, Value, ValueDefinition, ValueItem, ValueKind, ValueState,
};
use riser_store::Store;

use crate::changes::Changes;
use crate::configuration::Configurations;
use crate::items::ItemStore;
use crate::outbox::Outbox;
use crate::set_points::{PointWrite, SetPoints};
use crate::supervisor::ProcessorRegistry;

pub(crate) struct Fixture {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) store: Store,
    pub(crate) items: Arc<ItemStore>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) set_points: Arc<SetPoints>,
    pub(crate) owner: TreeOwner,
    pub(crate) processor: ConfigurationId,
    pub(crate) points: [PointHandle; 2],
    _folder: tempfile::TempDir,
}

/// A server with two points of EVCE Status, both read as 1.
pub(crate) async fn fixture() -> Fixture {
    fixture_at(Timestamp::from_unix_ms(1_780_000_000_000)).await
}

/// The same at a time.
pub(crate) async fn fixture_at(now: Timestamp) -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(FakeClock::at(now));
    let (store, _) = Store::open(directory.path(), &*clock).await.unwrap();
    let server = EwsServer {
        id: EwsServerId(0),
        name: "Main".to_owned(),
        listen: "127.0.0.1:0".to_owned(),
        path: EwsServer::DEFAULT_PATH.to_owned(),
        realm: "Riser".to_owned(),
        public_url: None,
        tls: None,
        page_size_items: 1_000,
        digest_order: vec![DigestAlgorithm::Sha256],
    };
    let mut changes = store.begin_configuration(&Actor::CommandLine, clock.now()).await.unwrap();
    let ews_server = changes.add_ews_server(&server).await.unwrap();
    let processor = ProcessorConfiguration {
        id: ConfigurationId(0),
        name: "EVCE Status".to_owned(),
        class: ClassId::parse("riser.evce/status").unwrap(),
        connection: None,
        ews_server,
        schedule: None,
        flags: ProcessorFlags::default(),
        settings_json: "{}".to_owned(),
        secret_keys: Vec::new(),
        memory_limit_mib: ProcessorConfiguration::DEFAULT_MEMORY_LIMIT_MIB,
    };
    let processor = changes.add_processor(&processor).await.unwrap();
    changes.commit().await.unwrap();
    let configurations = Arc::new(Configurations::load(&store).await.unwrap());
    let changes = Changes::new();
    let items = Arc::new(ItemStore::load(store.clone(), clock.clone(), changes.clone()).await.unwrap());
    let configured = configurations.now();
    items.configure(&configured.ews_servers, &configured.connections).await;
    let owner = TreeOwner { ews_server, plugin: "riser.evce".to_owned(), connection: None };
    items.declare(&owner, tree(), Vec::new(), &Actor::System).await.unwrap();
    let tree = items.server(ews_server);
    let points = ["t1.a", "t1.b"].map(|id| tree.find(id).unwrap());
    let writer = items.values.writer(&owner, &Arc::from("status"));
    items.publish(writer, &points.map(|point| good(point, 1)).into_iter().collect()).unwrap();
    let outbox = Outbox::load(store.clone(), clock.clone(), Arc::clone(&items), changes).await.unwrap();
    let outbox = Arc::new(outbox);
    let set_points = Arc::new(SetPoints {
        clock: clock.clone(),
        items: Arc::clone(&items),
        configurations,
        outbox: Arc::clone(&outbox),
        processors: Arc::<ProcessorRegistry>::default(),
    });
    Fixture { clock, store, items, outbox, set_points, owner, processor, points, _folder: directory }
}

fn tree() -> DeclaredTree {
    let container = ContainerItem {
        id: EwsItemId::new("site"),
        parent: None,
        definition: ContainerDefinition {
            name: "Site".into(),
            description: "".into(),
            kind: ContainerKind::Folder,
        }
        .into(),
    };
    let point = |id: &str| {
        EwsItem::Value(ValueItem {
            id: EwsItemId::new(id),
            parent: EwsItemId::new("site"),
            definition: ValueDefinition {
                name: id.into(),
                description: "".into(),
                kind: ValueKind::Long,
                unit: "".into(),
                set_point: Some(SetPointRule::default()),
                published_by: "status".into(),
                writes_handled_by: Some("status".into()),
            }
            .into(),
        })
    };
    let history = EwsItem::History(HistoryItem {
        id: EwsItemId::new("a/history"),
        parent: EwsItemId::new("site"),
        value_item: Box::new(EwsItemId::new("a")),
        definition: HistoryDefinition {
            name: "a".into(),
            description: "".into(),
            kind: ValueKind::Long,
            unit: "".into(),
            published_by: "logs".into(),
        }
        .into(),
    });
    DeclaredTree { items: vec![EwsItem::Container(container), point("a"), point("b"), history] }
}

fn good(handle: PointHandle, number: i64) -> Published {
    let value = Some(Value::Long(number));
    Published { point: handle, value, state: ValueState::Good, reason: None, source_time: None }
}

pub(crate) fn bms() -> Actor {
    Actor::EwsAccount { server: "Main".to_owned(), account: "bms".to_owned() }
}

impl Fixture {
    pub(crate) async fn write<const N: usize>(&self, writes: [(PointHandle, i64); N]) -> Vec<SetPointWrite> {
        let point_writes = writes.map(|(point, number)| PointWrite { point, value: Value::Long(number) });
        let server = self.owner.ews_server;
        let results = self.set_points.write(server, bms(), point_writes.to_vec()).await.unwrap();
        assert!(results.iter().all(Result::is_ok));
        let mut written = writes.map(|(point, _)| self.outbox.newest_of(point).unwrap()).to_vec();
        written.dedup();
        written
    }

    pub(crate) fn served(&self, point: PointHandle) -> (Value, ValueState) {
        let reading = self.items.readings(&[point]).remove(0).unwrap();
        (reading.value, reading.state)
    }
}
