//! The item store: trees and values of all EWS servers, in memory. SQLite keeps a copy that readers never query.

mod connection_containers;
mod declare;
mod search_index;
mod server_tree;
mod value_table;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::{Mutex, MutexGuard};
use riser_domain::{
    Actor, Clock, Connection, ConnectionId, EwsItem, EwsServer, EwsServerId, PointHandle, Reading,
    StoredItem, TreeKey, TreeOwner, Value, ValueKind, ValueState, WriteId,
};
use riser_store::{Store, StoreError};
use riser_worker_protocol::value_batch::ValueBatch;

pub(crate) use declare::DeclareError;
pub use search_index::Found;
pub use server_tree::{PlacedPoints, ROOT_HANDLE, ServerTree, TreeNode};
pub(crate) use value_table::PublishError;
pub(crate) use value_table::{ValueTable, WriterId, is_storable, may_publish};

use crate::changes::{Change, Changes};
use connection_containers::PlacedTree;

/// Trees and values.
#[derive(Debug)]
pub(crate) struct ItemStore {
    clock: Arc<dyn Clock>,
    store: Store,
    changes: Changes,
    pub(crate) values: ValueTable,
    servers: ArcSwap<HashMap<EwsServerId, Arc<ServerTree>>>,
    names: Mutex<Names>,
    /// Held while a declaration is compared and written, so that two of one owner follow each other.
    stored: tokio::sync::Mutex<StoredTrees>,
}

type StoredTrees = HashMap<TreeOwner, StoredTree>;

/// One owner's tree as the store holds it.
#[derive(Debug)]
struct StoredTree {
    key: TreeKey,
    items: Arc<Vec<StoredItem>>,
}

/// The names of servers and connections, which trees show and do not declare.
#[derive(Clone, Debug, Default)]
struct Names {
    servers: HashMap<EwsServerId, String>,
    connections: HashMap<ConnectionId, String>,
}

impl ItemStore {
    /// Loads the stored trees and last values.
    pub(crate) async fn load(
        store: Store,
        clock: Arc<dyn Clock>,
        changes: Changes,
    ) -> Result<Self, StoreError> {
        let by_owner = store.load_items().await?;
        let values = ValueTable::new(Arc::clone(&clock));
        for (owner, items) in &by_owner {
            ensure_slots(&values, owner, items);
        }
        values.restore(store.load_last_values().await?);
        // Their last values may be older than their end, or were never saved.
        let all = by_owner.iter().flat_map(|(_, items)| items);
        let vanished: Vec<PointHandle> =
            all.filter(|item| item.vanished_at.is_some()).map(|item| item.handle).collect();
        values.vanish(&vanished);
        let mut stored = StoredTrees::new();
        for (owner, items) in by_owner {
            let key = store.tree_key(&owner).await?;
            stored.insert(owner, StoredTree { key, items: Arc::new(items) });
        }
        Ok(Self {
            clock,
            store,
            changes,
            values,
            servers: ArcSwap::default(),
            names: Mutex::default(),
            stored: tokio::sync::Mutex::new(stored),
        })
    }

    /// Adopts the servers and connections, and their names. Forgets the trees of those that
    /// were removed, and returns their items. A renamed connection renames its container; every id stays.
    pub(crate) async fn configure(
        &self,
        servers: &[EwsServer],
        connections: &[Connection],
    ) -> Vec<PointHandle> {
        let mut stored = self.stored.lock().await;
        let names = Names {
            servers: servers.iter().map(|server| (server.id, server.name.clone())).collect(),
            connections: connections.iter().map(|one| (one.id, one.name.clone())).collect(),
        };
        let mut affected: HashSet<EwsServerId> = HashSet::new();
        let mut removed = Vec::new();
        stored.retain(|owner, tree| {
            let is_known = names.servers.contains_key(&owner.ews_server)
                && owner.connection.is_none_or(|connection| names.connections.contains_key(&connection));
            if !is_known {
                removed.extend(tree.items.iter().map(|item| item.handle));
                affected.insert(owner.ews_server);
            }
            is_known
        });
        self.values.remove(removed.iter().copied());
        let former = std::mem::replace(&mut *self.names(), names);
        let names = self.names().clone();
        let is_renamed = |owner: &&TreeOwner| {
            owner.connection.is_some_and(|one| former.connections.get(&one) != names.connections.get(&one))
        };
        affected.extend(stored.keys().filter(is_renamed).map(|owner| owner.ews_server));
        for (id, name) in &names.servers {
            if former.servers.get(id) != Some(name) {
                affected.insert(*id);
            }
        }
        self.servers.rcu(|trees| {
            let mut trees = HashMap::clone(trees);
            trees.retain(|server, _| names.servers.contains_key(server));
            trees
        });
        for server in affected.into_iter().filter(|server| names.servers.contains_key(server)) {
            self.rebuild(server, &stored);
            self.changes.send(Change::Tree(server));
        }
        removed
    }

    /// Returns the tree of a server; an empty one for an unknown server.
    pub(crate) fn server(&self, server: EwsServerId) -> Arc<ServerTree> {
        self.servers.load().get(&server).cloned().unwrap_or_else(|| Arc::new(ServerTree::build(0, "", &[])))
    }

    /// Returns the trees of all servers, in the order of the servers.
    pub(crate) fn trees(&self) -> Vec<(EwsServerId, Arc<ServerTree>)> {
        let servers = self.servers.load();
        let mut trees: Vec<_> = servers.iter().map(|(server, tree)| (*server, Arc::clone(tree))).collect();
        trees.sort_by_key(|(server, _)| *server);
        trees
    }

    /// Returns the served readings of these points; `None` for an unknown handle.
    pub(crate) fn readings(&self, handles: &[PointHandle]) -> Vec<Option<Reading>> {
        self.values.readings(handles)
    }

    /// Visits the served states of points in their order. Unknown handles are skipped.
    pub(crate) fn visit_states(&self, handles: &[PointHandle], mut visit: impl FnMut(usize, ValueState)) {
        self.values.visit(handles, |index, _, state| visit(index, state));
    }

    /// Returns the number of items of all servers.
    pub(crate) fn len(&self) -> usize {
        self.servers.load().values().map(|tree| tree.len()).sum()
    }

    /// Returns the stored tree of one owner, in order.
    pub(crate) async fn stored(&self, owner: &TreeOwner) -> Arc<Vec<StoredItem>> {
        self.stored.lock().await.get(owner).map(|tree| Arc::clone(&tree.items)).unwrap_or_default()
    }

    /// Applies a batch of one class. It is readable over EWS when the call returns.
    pub(crate) fn publish(&self, writer: WriterId, batch: &ValueBatch) -> Result<(), PublishError> {
        self.notify_values(self.values.publish(writer, batch)?);
        Ok(())
    }

    /// Serves a requested value until its write ends.
    pub(crate) fn request(&self, handle: PointHandle, write: WriteId, value: Value) {
        self.values.request(handle, write, value);
        self.notify_values(vec![handle]);
    }

    /// Stops serving a requested value.
    pub(crate) fn end_request(&self, handle: PointHandle, write: WriteId, is_confirmed: bool) {
        self.values.end_request(handle, write, is_confirmed);
        self.notify_values(vec![handle]);
    }

    /// Records that a long-running class stopped.
    pub(crate) fn writer_stopped(&self, owner: &TreeOwner, class: &Arc<str>) {
        self.values.writer_stopped(self.values.writer(owner, class));
    }

    /// Removes items that vanished from their source at least `age` ago.
    pub(crate) async fn remove_vanished(&self, age: Duration) -> Result<usize, StoreError> {
        let before = self.clock.now().minus(age);
        let mut all = self.stored.lock().await;
        let removed = self.store.remove_vanished_items(before, &Actor::System, self.clock.now()).await?;
        if removed.is_empty() {
            return Ok(0);
        }
        let removed: HashSet<PointHandle> = removed.into_iter().collect();
        self.values.remove(removed.iter().copied());
        let mut servers = Vec::new();
        for (owner, StoredTree { items, .. }) in all.iter_mut() {
            if items.iter().any(|item| removed.contains(&item.handle)) {
                servers.push(owner.ews_server);
                *items =
                    Arc::new(items.iter().filter(|item| !removed.contains(&item.handle)).cloned().collect());
            }
        }
        for server in servers {
            self.rebuild(server, &all);
            self.changes.send(Change::Tree(server));
        }
        Ok(removed.len())
    }

    fn notify_values(&self, handles: Vec<PointHandle>) {
        if !handles.is_empty() {
            self.changes.send(Change::Values(handles.into()));
        }
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock()
    }

    fn rebuild(&self, server: EwsServerId, stored: &StoredTrees) {
        let names = self.names().clone();
        let name = names.servers.get(&server).map_or("", String::as_str);
        let mut trees: Vec<PlacedTree<'_>> = stored
            .iter()
            .filter(|(owner, tree)| owner.ews_server == server && !tree.items.is_empty())
            .map(|(owner, tree)| PlacedTree {
                owner,
                key: tree.key,
                connection_name: owner
                    .connection
                    .and_then(|id| names.connections.get(&id))
                    .map(|name| &**name),
                items: &tree.items,
            })
            .collect();
        trees.sort_by_key(|tree| (&tree.owner.plugin, tree.owner.connection));
        self.servers.rcu(|servers| {
            let mut servers = HashMap::clone(servers);
            let version = servers.get(&server).map_or(1, |tree| tree.version + 1);
            servers.insert(server, Arc::new(ServerTree::build(version, name, &trees)));
            servers
        });
    }
}

fn ensure_slots(values: &ValueTable, owner: &TreeOwner, items: &[StoredItem]) {
    let mut writers: HashMap<Arc<str>, WriterId> = HashMap::new();
    let points: Vec<(PointHandle, ValueKind, WriterId)> = items
        .iter()
        .filter_map(|stored| match &*stored.item {
            EwsItem::Value(item) => {
                let writer = *writers
                    .entry(Arc::clone(&item.definition.published_by))
                    .or_insert_with(|| values.writer(owner, &item.definition.published_by));
                Some((stored.handle, item.definition.kind, writer))
            }
            EwsItem::Container(_) | EwsItem::History(_) => None,
        })
        .collect();
    values.ensure(&points);
}

#[cfg(test)]
mod tests {
    use riser_domain::{
        ClassId, ConfigurationId, ContainerDefinition, ContainerItem, ContainerKind, DeclaredTree,
        DigestAlgorithm, EwsItemId, FakeClock, ProcessorConfiguration, ProcessorFlags, Timestamp,
        ValueDefinition, ValueItem,
    };

    use super::*;

    struct Fixture {
        clock: Arc<FakeClock>,
        store: Store,
        items: ItemStore,
        server: EwsServerId,
        _directory: tempfile::TempDir,
    }

    impl Fixture {
        /// A host with one EWS server.
        async fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let clock = Arc::new(FakeClock::at(Timestamp::from_unix_ms(1_780_000_000_000)));
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
            let server = changes.add_ews_server(&server).await.unwrap();
            changes.commit().await.unwrap();
            let items = Self::load(&store, &clock).await;
            Self { clock, store, items, server, _directory: directory }
        }

        async fn load(store: &Store, clock: &Arc<FakeClock>) -> ItemStore {
            let items = ItemStore::load(store.clone(), clock.clone(), Changes::new()).await.unwrap();
            let stored = store.load_configuration().await.unwrap();
            items.configure(&stored.ews_servers, &stored.connections).await;
            items
        }

        async fn restart(&mut self) {
            self.items = Self::load(&self.store, &self.clock).await;
        }

        /// Changes the stored configuration and applies it, as a running host does.
        async fn change(&self, change: impl AsyncFnOnce(&mut riser_store::ConfigurationTransaction)) {
            let now = self.clock.now();
            let mut changes = self.store.begin_configuration(&Actor::CommandLine, now).await.unwrap();
            change(&mut changes).await;
            changes.commit().await.unwrap();
            let stored = self.store.load_configuration().await.unwrap();
            self.items.configure(&stored.ews_servers, &stored.connections).await;
        }

        /// Adds a connection with its EVCE processor, and returns the owner of their tree.
        async fn add(&self, name: &str) -> TreeOwner {
            let mut connection = connection(ConnectionId(0), name);
            let ews_server = self.server;
            self.change(async |changes| {
                connection.id = changes.add_connection(&connection).await.unwrap();
                let processor = ProcessorConfiguration {
                    id: ConfigurationId(0),
                    name: format!("{name} Status"),
                    class: ClassId::parse("riser.evce/status").unwrap(),
                    connection: Some(connection.id),
                    ews_server,
                    schedule: None,
                    flags: ProcessorFlags::default(),
                    settings_json: "{}".to_owned(),
                    secret_keys: Vec::new(),
                    memory_limit_mib: ProcessorConfiguration::DEFAULT_MEMORY_LIMIT_MIB,
                };
                changes.add_processor(&processor).await.unwrap();
            })
            .await;
            TreeOwner { ews_server, plugin: "riser.evce".to_owned(), connection: Some(connection.id) }
        }

        async fn declare(&self, owner: &TreeOwner) {
            let initial = vec![(EwsItemId::new("z1/p"), Value::Long(7))];
            self.items.declare(owner, tree(), initial, &Actor::System).await.unwrap();
        }

        /// Paths and ids of the served tree, in tree order.
        fn served(&self) -> Vec<(String, String)> {
            let tree = self.items.server(self.server);
            let mut lines = Vec::new();
            let mut open = vec![(tree.root(), String::new())];
            while let Some((node, path)) = open.pop() {
                for child in tree.children(node) {
                    let name = child.item().unwrap().name();
                    let path = if path.is_empty() { name.to_string() } else { format!("{path}/{name}") };
                    // The parent of an item is the container that lists it.
                    let parent = child.item().unwrap().parent().map_or("root", |id| id.as_str());
                    assert_eq!(parent, node.id());
                    assert_eq!(tree.find(child.id()), Some(child.handle));
                    lines.push((path.clone(), child.id().to_owned()));
                    open.push((child, path));
                }
            }
            lines.sort();
            lines
        }

        fn value_of(&self, id: &str) -> Value {
            let point = self.items.server(self.server).find(id).unwrap();
            self.items.readings(&[point]).remove(0).unwrap().value
        }
    }

    fn connection(id: ConnectionId, name: &str) -> Connection {
        Connection {
            id,
            name: name.to_owned(),
            kind: "riser.evce/evce".to_owned(),
            settings_json: "{}".to_owned(),
            secret_keys: Vec::new(),
            secret_version: 0,
        }
    }

    fn tree() -> DeclaredTree {
        let zone = ContainerItem {
            id: EwsItemId::new("z1"),
            parent: None,
            definition: ContainerDefinition {
                name: "Zones".into(),
                description: "".into(),
                kind: ContainerKind::Folder,
            }
            .into(),
        };
        let point = ValueItem {
            id: EwsItemId::new("z1/p"),
            parent: EwsItemId::new("z1"),
            definition: ValueDefinition {
                name: "Power".into(),
                description: "".into(),
                kind: ValueKind::Long,
                unit: "W".into(),
                set_point: None,
                published_by: "status".into(),
                writes_handled_by: None,
            }
            .into(),
        };
        DeclaredTree { items: vec![EwsItem::Container(zone), EwsItem::Value(point)] }
    }

    fn lines(lines: &[(&str, &str)]) -> Vec<(String, String)> {
        lines.iter().map(|(path, id)| ((*path).to_owned(), (*id).to_owned())).collect()
    }

    #[tokio::test]
    async fn ids_stay_when_a_second_connection_comes_is_renamed_the_host_restarts_and_the_second_goes() {
        let mut host = Fixture::new().await;
        let north = host.add("North").await;
        host.declare(&north).await;
        let alone = lines(&[("Zones", "t1.z1"), ("Zones/Power", "t1.z1/p")]);
        assert_eq!(host.served(), alone);
        let version = host.items.server(host.server).version;

        let south = host.add("South").await;
        host.declare(&south).await;
        let both = lines(&[
            ("North", "t1"),
            ("North/Zones", "t1.z1"),
            ("North/Zones/Power", "t1.z1/p"),
            ("South", "t2"),
            ("South/Zones", "t2.z1"),
            ("South/Zones/Power", "t2.z1/p"),
        ]);
        assert_eq!(host.served(), both);
        assert!(host.items.server(host.server).version > version);
        assert_eq!(host.value_of("t2.z1/p"), Value::Long(7));

        let version = host.items.server(host.server).version;
        let renamed = connection(north.connection.unwrap(), "Tower");
        host.change(async |changes| changes.update_connection(&renamed).await.unwrap()).await;
        let mut tower: Vec<_> = both.iter().map(|(path, id)| (path.replace("North", "Tower"), id)).collect();
        tower.sort();
        let tower: Vec<_> = tower.into_iter().map(|(path, id)| (path, id.clone())).collect();
        assert_eq!(host.served(), tower);
        assert!(host.items.server(host.server).version > version);

        host.restart().await;
        host.declare(&south).await;
        host.declare(&north).await;
        assert_eq!(host.served(), tower);

        let gone = host.items.server(host.server).find("t2.z1/p").unwrap();
        host.change(async |changes| {
            let processors = host.store.load_configuration().await.unwrap().processors;
            let processor = processors.iter().find(|one| one.connection == south.connection).unwrap();
            changes.remove_processor(processor.id).await.unwrap();
            changes.remove_connection(south.connection.unwrap()).await.unwrap();
        })
        .await;
        assert_eq!(host.served(), alone);
        assert_eq!(host.items.readings(&[gone]), [None]);
        host.restart().await;
        assert_eq!(host.served(), alone);
    }

    #[tokio::test]
    async fn an_item_that_vanished_is_error_after_a_restart_whatever_was_saved() {
        let mut host = Fixture::new().await;
        let north = host.add("North").await;
        host.declare(&north).await;
        let point = host.items.server(host.server).find("t1.z1/p").unwrap();
        let nothing = DeclaredTree::default();
        host.items.declare(&north, nothing, Vec::new(), &Actor::System).await.unwrap();
        host.restart().await;
        let state = |host: &Fixture| host.items.readings(&[point]).remove(0).unwrap().state;
        assert_eq!(state(&host), ValueState::Error);
    }

    #[tokio::test]
    async fn a_tree_that_a_plugin_declares_wrongly_is_refused_in_the_plugins_own_words() {
        let host = Fixture::new().await;
        let north = host.add("North").await;
        let mut items = tree().items;
        items.extend(tree().items);
        let declared = host.items.declare(&north, DeclaredTree { items }, Vec::new(), &Actor::System).await;
        let error = declared.unwrap_err();
        assert_eq!(error.to_string(), "the item id z1 is declared twice");
        assert!(host.served().is_empty());
    }
}
