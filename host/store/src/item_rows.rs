//! The columns of an item in the table `items`.

use std::sync::Arc;

use riser_domain::{ContainerItem, EwsItem, EwsItemId, HistoryItem, SetPointRule, StringPool, ValueItem};
use sqlx::Sqlite;
use sqlx::query_builder::Separated;

use crate::StoreError;

/// An item with its position and its handle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ItemRow<'a> {
    pub(crate) handle: u32,
    pub(crate) owner_id: i64,
    pub(crate) ews_server_id: i64,
    pub(crate) position: u32,
    pub(crate) item: &'a EwsItem,
}

/// The columns that only some kinds of item have.
#[derive(Debug, Default)]
pub(crate) struct ItemColumns {
    pub(crate) item_id: String,
    pub(crate) parent_id: Option<String>,
    pub(crate) node: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) container_kind: Option<String>,
    pub(crate) value_kind: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) value_item_id: Option<String>,
    pub(crate) published_by: Option<String>,
    pub(crate) writes_handled_by: Option<String>,
    pub(crate) is_writable: bool,
    pub(crate) set_point_min: Option<f64>,
    pub(crate) set_point_max: Option<f64>,
    pub(crate) set_point_future: bool,
    /// The accepted texts, each ended by a line feed. A text contains no line feed.
    pub(crate) set_point_options: Option<String>,
}

impl ItemRow<'_> {
    /// Binds the row in the order of the columns of `bulk_statements::put_items`.
    pub(crate) fn bind(&self, row: &mut Separated<'_, Sqlite, &'static str>) {
        let columns = ItemColumns::from(self.item);
        row.push_bind(i64::from(self.handle)).push_bind(self.owner_id).push_bind(self.ews_server_id);
        row.push_bind(i64::from(self.position)).push_bind(columns.item_id).push_bind(columns.parent_id);
        row.push_bind(columns.node).push_bind(columns.name).push_bind(columns.description);
        row.push_bind(columns.container_kind).push_bind(columns.value_kind).push_bind(columns.unit);
        row.push_bind(columns.value_item_id)
            .push_bind(columns.published_by)
            .push_bind(columns.writes_handled_by);
        row.push_bind(columns.is_writable).push_bind(columns.set_point_min).push_bind(columns.set_point_max);
        row.push_bind(columns.set_point_future).push_bind(columns.set_point_options);
    }
}

impl From<&EwsItem> for ItemColumns {
    fn from(item: &EwsItem) -> Self {
        match item {
            EwsItem::Container(item) => Self {
                item_id: item.id.to_string(),
                parent_id: item.parent.as_deref().map(str::to_owned),
                node: "container".to_owned(),
                name: item.name.to_string(),
                description: item.description.to_string(),
                container_kind: Some(item.kind.as_str().to_owned()),
                ..Self::default()
            },
            EwsItem::Value(item) => {
                let rule = item.set_point.as_ref();
                Self {
                    item_id: item.id.to_string(),
                    parent_id: Some(item.parent.to_string()),
                    node: "value".to_owned(),
                    name: item.name.to_string(),
                    description: item.description.to_string(),
                    value_kind: Some(item.kind.as_str().to_owned()),
                    unit: Some(item.unit.to_string()),
                    published_by: Some(item.published_by.to_string()),
                    writes_handled_by: item.writes_handled_by.as_deref().map(str::to_owned),
                    is_writable: rule.is_some(),
                    set_point_min: rule.and_then(|rule| rule.min),
                    set_point_max: rule.and_then(|rule| rule.max),
                    set_point_future: rule.is_some_and(|rule| rule.future_only),
                    set_point_options: rule.map(|rule| rule.options.iter().fold(String::new(), add_line)),
                    ..Self::default()
                }
            }
            EwsItem::History(item) => Self {
                item_id: item.id.to_string(),
                parent_id: Some(item.parent.to_string()),
                node: "history".to_owned(),
                name: item.name.to_string(),
                description: item.description.to_string(),
                value_kind: Some(item.kind.as_str().to_owned()),
                unit: Some(item.unit.to_string()),
                value_item_id: Some(item.value_item.to_string()),
                published_by: Some(item.published_by.to_string()),
                ..Self::default()
            },
        }
    }
}

impl ItemColumns {
    /// Returns the item. `handle` names the row in the error if it is damaged.
    pub(crate) fn into_item(self, handle: i64, texts: &mut StringPool) -> Result<EwsItem, StoreError> {
        let damaged = |column| StoreError::damaged("items", column, &handle);
        let id = EwsItemId::from(texts.share(&self.item_id));
        let name = texts.share(&self.name);
        let description = texts.share(&self.description);
        if self.node == "container" {
            let kind = self.container_kind.as_deref().and_then(|text| text.parse().ok());
            let kind = kind.ok_or_else(|| damaged("container_kind"))?;
            let parent = self.parent_id.as_deref().map(|parent| texts.share(parent).into());
            return Ok(EwsItem::Container(ContainerItem { id, parent, name, description, kind }));
        }
        let parent = self.parent_id.as_deref().ok_or_else(|| damaged("parent_id"))?;
        let parent = EwsItemId::from(texts.share(parent));
        let kind = self.value_kind.as_deref().and_then(|text| text.parse().ok());
        let kind = kind.ok_or_else(|| damaged("value_kind"))?;
        let unit = texts.share(self.unit.as_deref().unwrap_or_default());
        let published_by = texts.share(self.published_by.as_deref().unwrap_or_default());
        match self.node.as_str() {
            "value" => Ok(EwsItem::Value(ValueItem {
                id,
                parent,
                name,
                description,
                kind,
                unit,
                set_point: self.is_writable.then(|| Box::new(self.set_point(texts))),
                published_by,
                writes_handled_by: self.writes_handled_by.as_deref().map(|class| texts.share(class)),
            })),
            "history" => {
                let value_item = self.value_item_id.as_deref().ok_or_else(|| damaged("value_item_id"))?;
                let value_item = texts.share(value_item).into();
                Ok(EwsItem::History(HistoryItem {
                    id,
                    parent,
                    name,
                    description,
                    value_item,
                    kind,
                    unit,
                    published_by,
                }))
            }
            _ => Err(damaged("node")),
        }
    }

    fn set_point(&self, texts: &mut StringPool) -> SetPointRule {
        let options = self.set_point_options.as_deref().unwrap_or_default();
        SetPointRule {
            min: self.set_point_min,
            max: self.set_point_max,
            options: options.split_terminator('\n').map(|text| texts.share(text)).collect(),
            future_only: self.set_point_future,
        }
    }
}

fn add_line(mut lines: String, text: &Arc<str>) -> String {
    lines.push_str(text);
    lines.push('\n');
    lines
}
