//! The item store: trees and values of all EWS servers, in memory. SQLite remembers; readers never ask it.

mod server_tree;
mod value_table;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use riser_domain::{
    Actor, Clock, ConnectionId, DeclaredTree, EwsItem, EwsItemId, EwsServerId, ItemChange, PointHandle,
    Reading, StoredItem, TreeDifference, TreeError, TreeOwner, Value, ValueKind, ValueState, WriteId,
};
use riser_store::{Store, StoreError};

pub use server_tree::{ROOT_HANDLE, ServerTree, TreeNode};
pub(crate) use value_table::PublishError;
pub(crate) use value_table::{Published, ValueTable, WriterId};

use crate::changes::{Change, Changes};

/// Why a declared tree was not applied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeclareError {
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error("the tree could not be stored")]
    Store(#[from] StoreError),
}

/// What a declaration changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeclaredCounts {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    pub(crate) kept: usize,
    pub(crate) vanished: usize,
}

/// Trees and values.
#[derive(Debug)]
pub(crate) struct ItemStore {
    clock: Arc<dyn Clock>,
    store: Store,
    changes: Changes,
    pub(crate) values: ValueTable,
    servers: ArcSwap<HashMap<EwsServerId, Arc<ServerTree>>>,
    names: Mutex<HashMap<EwsServerId, String>>,
    /// Held while a declaration is compared and written, so that two of one owner follow each other.
    stored: tokio::sync::Mutex<HashMap<TreeOwner, Arc<Vec<StoredItem>>>>,
}

impl ItemStore {
    /// Loads what the store holds: trees as they were, values as last written.
    pub(crate) async fn load(
        store: Store,
        clock: Arc<dyn Clock>,
        changes: Changes,
    ) -> Result<Self, StoreError> {
        let mut by_owner: HashMap<TreeOwner, Vec<StoredItem>> = HashMap::new();
        for item in store.load_items().await? {
            by_owner.entry(item.owner.clone()).or_default().push(item);
        }
        let values = ValueTable::new(Arc::clone(&clock));
        for (owner, items) in &mut by_owner {
            items.sort_by_key(|item| item.position);
            ensure_slots(&values, owner, items);
        }
        values.restore(store.load_last_values().await?);
        let stored = by_owner.into_iter().map(|(owner, items)| (owner, Arc::new(items))).collect();
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

    /// Names a server, or gives it another name. It has a tree even before anything is declared on it.
    pub(crate) async fn name_server(&self, server: EwsServerId, name: &str) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(server, name.to_owned());
        let stored = self.stored.lock().await;
        self.rebuild(server, &stored);
        self.changes.send(Change::Tree(server));
    }

    /// Removes a server with its tree and values. Returns its points.
    pub(crate) async fn remove_server(&self, server: EwsServerId) -> Vec<PointHandle> {
        let removed = self.remove_trees(|owner| owner.ews_server == server).await;
        self.names.lock().unwrap_or_else(PoisonError::into_inner).remove(&server);
        self.servers.rcu(|servers| {
            let mut servers = HashMap::clone(servers);
            servers.remove(&server);
            servers
        });
        removed
    }

    /// Removes what was declared for a connection, on all servers. Returns the points.
    pub(crate) async fn remove_connection(&self, connection: ConnectionId) -> Vec<PointHandle> {
        self.remove_trees(|owner| owner.connection == Some(connection)).await
    }

    async fn remove_trees(&self, is_removed: impl Fn(&TreeOwner) -> bool) -> Vec<PointHandle> {
        let mut all = self.stored.lock().await;
        let mut removed = Vec::new();
        let mut servers = HashSet::new();
        all.retain(|owner, items| {
            let stays = !is_removed(owner);
            if !stays {
                removed.extend(items.iter().map(|item| item.handle));
                servers.insert(owner.ews_server);
            }
            stays
        });
        for server in servers {
            self.rebuild(server, &all);
            self.changes.send(Change::Tree(server));
        }
        self.values.remove(removed.iter().copied());
        removed
    }

    /// The tree of a server; an empty one for a server that is not known.
    pub(crate) fn server(&self, server: EwsServerId) -> Arc<ServerTree> {
        self.servers.load().get(&server).cloned().unwrap_or_else(|| Arc::new(ServerTree::build(0, "", [])))
    }

    /// What is served now for these points; `None` for what is no point.
    pub(crate) fn readings(&self, handles: &[PointHandle]) -> Vec<Option<Reading>> {
        self.values.readings(handles)
    }

    /// Items of all servers.
    pub(crate) fn len(&self) -> usize {
        self.servers.load().values().map(|tree| tree.len()).sum()
    }

    /// The stored tree of one owner, in order.
    pub(crate) async fn stored(&self, owner: &TreeOwner) -> Arc<Vec<StoredItem>> {
        self.stored.lock().await.get(owner).cloned().unwrap_or_default()
    }

    /// Applies a declared tree as a difference, in one transaction. A tree that is stored already writes
    /// nothing.
    pub(crate) async fn declare(
        &self,
        owner: &TreeOwner,
        tree: &DeclaredTree,
        initial: Vec<(EwsItemId, Value)>,
        actor: &Actor,
    ) -> Result<DeclaredCounts, DeclareError> {
        tree.check()?;
        let mut all = self.stored.lock().await;
        let before = all.get(owner).cloned().unwrap_or_default();
        let difference = TreeDifference::between(&before, tree);
        let (added, changed, vanished) = difference.counts();
        if !difference.changes.is_empty() {
            let now = self.clock.now();
            let handles = self.store.apply_tree(owner, &difference, actor, now).await?;
            let after = self.merge(owner, &before, &difference, &handles.into_iter().collect());
            ensure_slots(&self.values, owner, &after);
            let gone: Vec<PointHandle> = difference
                .changes
                .iter()
                .filter_map(|change| match change {
                    ItemChange::Vanish { handle } => Some(*handle),
                    _ => None,
                })
                .collect();
            self.values.vanish(&gone);
            all.insert(owner.clone(), Arc::new(after));
            self.rebuild(owner.ews_server, &all);
            self.changes.send(Change::Tree(owner.ews_server));
        }
        let server = self.server(owner.ews_server);
        let initial = initial
            .into_iter()
            .filter_map(|(id, value)| Some((server.find(&id)?, value)))
            .collect::<Vec<_>>();
        self.notify_values(self.values.initialise(initial));
        Ok(DeclaredCounts { added, changed, kept: difference.kept, vanished })
    }

    /// Applies a batch of one class and answers once it is readable over EWS.
    pub(crate) fn publish(&self, writer: WriterId, batch: Vec<Published>) -> Result<(), PublishError> {
        self.notify_values(self.values.publish(writer, batch)?);
        Ok(())
    }

    /// Serves a requested value until its write ends.
    pub(crate) fn request(&self, handle: PointHandle, write: WriteId, value: Value) {
        self.values.request(handle, write, value);
        self.notify_values(vec![handle]);
    }

    /// Ends the serving of a requested value.
    pub(crate) fn end_request(&self, handle: PointHandle, write: WriteId, is_confirmed: bool) {
        self.values.end_request(handle, write, is_confirmed);
        self.notify_values(vec![handle]);
    }

    /// Notes that a long-running class stopped.
    pub(crate) fn writer_stopped(&self, owner: &TreeOwner, class: &Arc<str>) {
        self.values.writer_stopped(self.values.writer(owner, class));
    }

    /// Removes what its source has not had for `age`.
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
        for (owner, items) in all.iter_mut() {
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

    fn merge(
        &self,
        owner: &TreeOwner,
        before: &[StoredItem],
        difference: &TreeDifference,
        handles: &HashMap<EwsItemId, PointHandle>,
    ) -> Vec<StoredItem> {
        let now = self.clock.now();
        let mut by_handle: HashMap<PointHandle, StoredItem> =
            before.iter().map(|stored| (stored.handle, stored.clone())).collect();
        for change in &difference.changes {
            let (handle, position, item) = match change {
                ItemChange::Add { position, item } => match handles.get(item.id()) {
                    Some(handle) => (*handle, *position, item),
                    None => continue,
                },
                ItemChange::Update { handle, position, item } => (*handle, *position, item),
                ItemChange::Vanish { handle } => {
                    if let Some(stored) = by_handle.get_mut(handle) {
                        stored.vanished_at = Some(now);
                    }
                    continue;
                }
            };
            let owner = owner.clone();
            by_handle.insert(
                handle,
                StoredItem { handle, owner, position, item: item.clone(), vanished_at: None },
            );
        }
        let mut after: Vec<StoredItem> = by_handle.into_values().collect();
        after.sort_by_key(|stored| (stored.position, stored.handle));
        after
    }

    fn rebuild(&self, server: EwsServerId, stored: &HashMap<TreeOwner, Arc<Vec<StoredItem>>>) {
        let name = self
            .names
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&server)
            .cloned()
            .unwrap_or_default();
        let mut owners: Vec<&TreeOwner> = stored.keys().filter(|owner| owner.ews_server == server).collect();
        owners.sort_by_key(|owner| (owner.plugin.clone(), owner.connection));
        self.servers.rcu(|servers| {
            let mut servers = HashMap::clone(servers);
            let version = servers.get(&server).map_or(1, |tree| tree.version + 1);
            let items = owners.iter().flat_map(|owner| stored[*owner].iter());
            servers.insert(server, Arc::new(ServerTree::build(version, &name, items)));
            servers
        });
    }
}

fn ensure_slots(values: &ValueTable, owner: &TreeOwner, items: &[StoredItem]) {
    let mut writers: HashMap<Arc<str>, WriterId> = HashMap::new();
    let points: Vec<(PointHandle, ValueKind, WriterId)> = items
        .iter()
        .filter_map(|stored| match &stored.item {
            EwsItem::Value(item) => {
                let writer = *writers
                    .entry(Arc::clone(&item.published_by))
                    .or_insert_with(|| values.writer(owner, &item.published_by));
                Some((stored.handle, item.kind, writer))
            }
            EwsItem::Container(_) | EwsItem::History(_) => None,
        })
        .collect();
    values.ensure(points);
}

/// Whether a class may say this of a value; Forced is the operator's alone.
pub(crate) const fn may_publish(state: ValueState) -> bool {
    !matches!(state, ValueState::Forced)
}
