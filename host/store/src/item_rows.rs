//! The columns of an item in the table `items`.

use riser_domain::{ContainerItem, EwsItem, EwsItemId, HistoryItem, ItemDefinition, StringPool, ValueItem};
use sqlx::Sqlite;
use sqlx::query_builder::Separated;

use crate::StoreError;

/// An item with its position and its handle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ItemRow<'a> {
    pub(crate) handle: u32,
    pub(crate) owner_id: i64,
    pub(crate) definition_id: i64,
    pub(crate) position: u32,
    pub(crate) item: &'a EwsItem,
}

impl ItemRow<'_> {
    /// Binds the row in the order of the columns of `bulk_statements::put_items`.
    pub(crate) fn bind(&self, row: &mut Separated<'_, Sqlite, &'static str>) {
        let item = self.item;
        let value_item = match item {
            EwsItem::History(history) => Some(history.value_item.to_shared()),
            EwsItem::Container(_) | EwsItem::Value(_) => None,
        };
        row.push_bind(i64::from(self.handle)).push_bind(self.owner_id).push_bind(self.definition_id);
        row.push_bind(i64::from(self.position)).push_bind(item.id().to_shared());
        row.push_bind(item.parent().map(EwsItemId::to_shared)).push_bind(value_item);
    }
}

/// What an item has for itself.
#[derive(Debug)]
pub(crate) struct ItemColumns<'a> {
    pub(crate) item_id: &'a str,
    pub(crate) parent_id: Option<&'a str>,
    pub(crate) value_item_id: Option<&'a str>,
}

impl ItemColumns<'_> {
    /// Returns the item. `handle` names the row in the error if it is damaged.
    pub(crate) fn into_item(
        self,
        handle: i64,
        definition: ItemDefinition,
        texts: &mut StringPool,
    ) -> Result<EwsItem, StoreError> {
        let damaged = |column| StoreError::damaged("items", column, &handle);
        let id = EwsItemId::from(texts.share(self.item_id));
        let parent = self.parent_id.map(|parent| EwsItemId::from(texts.share(parent)));
        Ok(match definition {
            ItemDefinition::Container(definition) => {
                EwsItem::Container(ContainerItem { id, parent, definition })
            }
            ItemDefinition::Value(definition) => {
                let parent = parent.ok_or_else(|| damaged("parent_id"))?;
                EwsItem::Value(ValueItem { id, parent, definition })
            }
            ItemDefinition::History(definition) => {
                let parent = parent.ok_or_else(|| damaged("parent_id"))?;
                let value_item = self.value_item_id.ok_or_else(|| damaged("value_item_id"))?;
                let value_item = Box::new(EwsItemId::from(texts.share(value_item)));
                EwsItem::History(HistoryItem { id, parent, value_item, definition })
            }
        })
    }
}
