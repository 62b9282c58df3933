//! The declaration of a tree: compares it with the stored one, stores the difference, and serves the new tree.

use std::collections::HashMap;
use std::sync::Arc;

use riser_domain::{
    Actor, DeclaredTree, EwsItemId, ItemChange, PointHandle, StoredItem, Timestamp, TreeDifference,
    TreeError, TreeOwner, Value,
};
use riser_platform::return_free_memory;
use riser_store::StoreError;
use riser_worker_protocol::long_work;

use super::{ItemStore, StoredTree, ensure_slots};
use crate::changes::Change;

/// More changes leave memory behind that is worth returning.
const MANY_CHANGES: usize = 100_000;

/// Why a declared tree was not applied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeclareError {
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error("the tree could not be stored")]
    Store(#[from] StoreError),
}

/// The changes of a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeclaredCounts {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    pub(crate) kept: usize,
    pub(crate) vanished: usize,
}

impl ItemStore {
    /// Applies a declared tree as a difference, in one transaction. A tree that is stored already writes
    /// nothing. The ids in `tree` and `initial` are the plugin's own.
    pub(crate) async fn declare(
        &self,
        owner: &TreeOwner,
        tree: DeclaredTree,
        initial: Vec<(EwsItemId, Value)>,
        actor: &Actor,
    ) -> Result<DeclaredCounts, DeclareError> {
        let tree = long_work(|| tree.check().map(|()| tree))?;
        let mut all = self.stored.lock().await;
        let (key, before) = match all.get(owner) {
            Some(stored) => (stored.key, Arc::clone(&stored.items)),
            None => (self.store.tree_key(owner).await?, Arc::default()),
        };
        let difference = long_work(|| TreeDifference::between(&before, key.serve(tree)));
        let ((added, changed, vanished), kept) = (difference.counts(), difference.kept);
        if !difference.changes.is_empty() {
            let now = self.clock.now();
            let new_handles = self.store.apply_tree(owner, &difference, actor, now).await?;
            long_work(|| {
                let gone: Vec<PointHandle> = difference
                    .changes
                    .iter()
                    .filter_map(|change| match change {
                        ItemChange::Vanish { handle } => Some(*handle),
                        _ => None,
                    })
                    .collect();
                let after = merge(&before, difference, new_handles, now);
                drop(before);
                ensure_slots(&self.values, owner, &after);
                self.values.vanish(&gone);
                all.insert(owner.clone(), StoredTree { key, items: Arc::new(after) });
                self.rebuild(owner.ews_server, &all);
            });
            self.changes.send(Change::Tree(owner.ews_server));
            if added + changed + vanished > MANY_CHANGES {
                long_work(return_free_memory);
            }
        }
        let server = self.server(owner.ews_server);
        let initialised = long_work(|| {
            let served = |(id, value): (EwsItemId, Value)| Some((server.find(&key.served_id(&id))?, value));
            self.values.initialise(initial.into_iter().filter_map(served))
        });
        self.notify_values(initialised);
        Ok(DeclaredCounts { added, changed, kept, vanished })
    }
}

/// Returns the stored items after a difference, in order. `new_handles` are those of the added items, in their order.
fn merge(
    before: &[StoredItem],
    difference: TreeDifference,
    new_handles: Vec<PointHandle>,
    now: Timestamp,
) -> Vec<StoredItem> {
    let mut after = before.to_vec();
    after.reserve_exact(new_handles.len());
    let places: HashMap<PointHandle, usize> =
        before.iter().enumerate().map(|(place, stored)| (stored.handle, place)).collect();
    let mut new_handles = new_handles.into_iter();
    for change in difference.changes {
        match change {
            ItemChange::Add { position, item } => {
                let new = |handle| StoredItem { handle, position, item, vanished_at: None };
                after.extend(new_handles.next().map(new));
            }
            ItemChange::Update { handle, position, item } => {
                if let Some(place) = places.get(&handle) {
                    after[*place] = StoredItem { handle, position, item, vanished_at: None };
                }
            }
            ItemChange::Vanish { handle } => {
                if let Some(place) = places.get(&handle) {
                    after[*place].vanished_at = Some(now);
                }
            }
        }
    }
    after.sort_unstable_by_key(|stored| (stored.position, stored.handle));
    after
}
