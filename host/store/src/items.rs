//! Items of EWS servers: the trees that plugins declared.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use riser_domain::{
    Actor, ItemChange, PointHandle, StoredItem, StringPool, Timestamp, TreeDifference, TreeOwner,
};
use sqlx::SqliteConnection;

use crate::audit::{self, NewAuditEntry};
use crate::id_blocks::{self, Numbered, json_list};
use crate::item_definitions::DefinitionIds;
use crate::item_rows::{ItemColumns, ItemRow};
use crate::{Store, StoreError, bulk_statements, item_definitions, tree_keys};

impl Store {
    /// Returns the items of each owner, in their order.
    pub async fn load_items(&self) -> Result<Vec<(TreeOwner, Vec<StoredItem>)>, StoreError> {
        let mut texts = StringPool::default();
        let definitions = item_definitions::load_all(self.riser().read(), &mut texts).await?;
        let owners = tree_keys::load_owners(self.riser().read()).await?;
        let mut by_owner: BTreeMap<i64, Vec<StoredItem>> = BTreeMap::new();
        let mut rows = sqlx::query!(
            "SELECT handle, owner_id, definition_id, position, item_id, parent_id, value_item_id, vanished_at FROM items"
        )
        .fetch(self.riser().read());
        // Row by row: the rows of a large site take more memory than its items.
        while let Some(row) = rows.try_next().await? {
            let damaged = |column| StoreError::damaged("items", column, &row.handle);
            let definition = definitions.get(&row.definition_id).ok_or_else(|| damaged("definition_id"))?;
            let columns = ItemColumns {
                item_id: &row.item_id,
                parent_id: row.parent_id.as_deref(),
                value_item_id: row.value_item_id.as_deref(),
            };
            by_owner.entry(row.owner_id).or_default().push(StoredItem {
                handle: handle_from(row.handle, "items", "handle")?,
                position: u32::try_from(row.position).map_err(|_| damaged("position"))?,
                item: Arc::new(columns.into_item(row.handle, definition.clone(), &mut texts)?),
                vanished_at: row.vanished_at.map(Timestamp::from_unix_ms),
            });
        }
        let sorted = by_owner.into_iter().map(|(owner, mut items)| {
            items.shrink_to_fit();
            items.sort_unstable_by_key(|stored| (stored.position, stored.handle));
            let found = owners.get(&owner).cloned();
            found.map(|found| (found, items)).ok_or_else(|| StoreError::damaged("items", "owner_id", &owner))
        });
        sorted.collect()
    }

    /// Writes the difference of one owner's tree in one transaction. Returns the handles of new items, which
    /// follow each other in the order of the difference. An empty difference writes nothing. Every id has the
    /// owner's key ([`Store::tree_key`]).
    pub async fn apply_tree(
        &self,
        owner: &TreeOwner,
        difference: &TreeDifference,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<PointHandle>, StoreError> {
        if difference.changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut transaction = self.riser().write().await?;
        let owner_id = tree_keys::ensure_owner(&mut transaction, owner).await?;
        let (added, changed, vanished) = difference.counts();
        let first = id_blocks::take(&mut transaction, Numbered::Item, added).await?;
        let mut new_handle = u32::try_from(first)
            .ok()
            .filter(|first| u32::try_from(added).is_ok_and(|added| first.checked_add(added).is_some()))
            .ok_or_else(|| StoreError::damaged("id_blocks", "next_id", &"item"))?;
        let declared = difference.changes.iter().filter_map(|change| match change {
            ItemChange::Add { item, .. } | ItemChange::Update { item, .. } => Some(&**item),
            ItemChange::Vanish { .. } => None,
        });
        let mut definitions = DefinitionIds::load(&mut transaction, owner_id, declared).await?;
        let mut row = |handle, position, item| {
            let definition_id = definitions.id_of(item);
            ItemRow { handle, owner_id, definition_id, position, item }
        };
        let mut rows: Vec<ItemRow<'_>> = Vec::with_capacity(added + changed);
        let mut handles = Vec::with_capacity(added);
        let mut gone = Vec::with_capacity(vanished);
        for change in &difference.changes {
            match change {
                ItemChange::Add { position, item } => {
                    rows.push(row(new_handle, *position, item));
                    handles.push(PointHandle(new_handle));
                    new_handle += 1;
                }
                ItemChange::Update { handle, position, item } => rows.push(row(handle.0, *position, item)),
                ItemChange::Vanish { handle } => gone.push(*handle),
            }
        }
        definitions.store(&mut transaction).await?;
        bulk_statements::put_items(&mut transaction, &rows).await?;
        mark_vanished(&mut transaction, &gone, now).await?;
        let detail = format!("{added} added, {changed} changed, {vanished} vanished");
        let entry =
            NewAuditEntry { action: "update", subject: "tree", subject_name: &owner.plugin, detail: &detail };
        audit::record(&mut transaction, actor, now, entry).await?;
        transaction.commit().await?;
        Ok(handles)
    }

    /// Removes items that vanished before a time, with their last values and samples. Returns their handles.
    pub async fn remove_vanished_items(
        &self,
        before: Timestamp,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<PointHandle>, StoreError> {
        let mut transaction = self.riser().write().await?;
        let before_ms = before.unix_ms();
        let removed =
            sqlx::query!("DELETE FROM items WHERE vanished_at < ? RETURNING handle, item_id", before_ms)
                .fetch_all(&mut *transaction)
                .await?;
        item_definitions::remove_unused(&mut transaction).await?;
        if removed.is_empty() {
            transaction.commit().await?;
            return Ok(Vec::new());
        }
        let ids: Vec<&str> = removed.iter().map(|item| &*item.item_id).collect();
        bulk_statements::audit_removed_items(&mut transaction, &ids, actor, now).await?;
        transaction.commit().await?;
        let handles = removed
            .iter()
            .map(|item| handle_from(item.handle, "items", "handle"))
            .collect::<Result<Vec<_>, _>>()?;
        self.remove_recorded(&handles).await?;
        Ok(handles)
    }
}

/// A stored handle.
pub(crate) fn handle_from(
    number: i64,
    table: &'static str,
    column: &'static str,
) -> Result<PointHandle, StoreError> {
    u32::try_from(number).map(PointHandle).map_err(|_| StoreError::damaged(table, column, &number))
}

async fn mark_vanished(
    connection: &mut SqliteConnection,
    gone: &[PointHandle],
    now: Timestamp,
) -> Result<(), StoreError> {
    if gone.is_empty() {
        return Ok(());
    }
    let (list, now_ms) = (json_list(gone.iter().map(|handle| i64::from(handle.0))), now.unix_ms());
    sqlx::query!(
        "UPDATE items SET vanished_at = ? WHERE vanished_at IS NULL AND handle IN (SELECT value FROM json_each(?))",
        now_ms,
        list
    )
    .execute(connection)
    .await?;
    Ok(())
}
