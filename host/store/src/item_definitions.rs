//! Definitions of items: what many items of an owner have in common.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use riser_domain::{
    ContainerDefinition, EwsItem, HistoryDefinition, ItemDefinition, SetPointRule, StringPool,
    ValueDefinition,
};
use sqlx::query_builder::Separated;
use sqlx::{Sqlite, SqliteConnection, SqlitePool};

use crate::{StoreError, bulk_statements};

/// A row of the table `item_definitions`.
#[derive(Debug, Default)]
pub(crate) struct DefinitionRow {
    id: i64,
    owner_id: i64,
    node: String,
    name: String,
    description: String,
    container_kind: Option<String>,
    value_kind: Option<String>,
    unit: Option<String>,
    published_by: Option<String>,
    writes_handled_by: Option<String>,
    is_writable: i64,
    set_point_min: Option<f64>,
    set_point_max: Option<f64>,
    set_point_future: i64,
    /// The accepted texts, each ended by a line feed. A text contains no line feed.
    set_point_options: Option<String>,
}

impl DefinitionRow {
    fn new(id: i64, owner_id: i64, definition: &ItemDefinition) -> Self {
        let row = |node: &str, name: &str, description: &str| Self {
            id,
            owner_id,
            node: node.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            ..Self::default()
        };
        match definition {
            ItemDefinition::Container(definition) => Self {
                container_kind: Some(definition.kind.as_str().to_owned()),
                ..row("container", &definition.name, &definition.description)
            },
            ItemDefinition::Value(definition) => {
                let rule = definition.set_point.as_ref();
                Self {
                    value_kind: Some(definition.kind.as_str().to_owned()),
                    unit: Some(definition.unit.to_string()),
                    published_by: Some(definition.published_by.to_string()),
                    writes_handled_by: definition.writes_handled_by.as_deref().map(str::to_owned),
                    is_writable: i64::from(rule.is_some()),
                    set_point_min: rule.and_then(|rule| rule.min),
                    set_point_max: rule.and_then(|rule| rule.max),
                    set_point_future: i64::from(rule.is_some_and(|rule| rule.future_only)),
                    set_point_options: rule.map(|rule| rule.options.iter().fold(String::new(), add_line)),
                    ..row("value", &definition.name, &definition.description)
                }
            }
            ItemDefinition::History(definition) => Self {
                value_kind: Some(definition.kind.as_str().to_owned()),
                unit: Some(definition.unit.to_string()),
                published_by: Some(definition.published_by.to_string()),
                ..row("history", &definition.name, &definition.description)
            },
        }
    }

    fn definition(&self, texts: &mut StringPool) -> Result<ItemDefinition, StoreError> {
        let damaged = |column| StoreError::damaged("item_definitions", column, &self.id);
        let (name, description) = (texts.share(&self.name), texts.share(&self.description));
        if self.node == "container" {
            let kind = self.container_kind.as_deref().and_then(|text| text.parse().ok());
            let kind = kind.ok_or_else(|| damaged("container_kind"))?;
            return Ok(ItemDefinition::Container(ContainerDefinition { name, description, kind }.into()));
        }
        let kind = self.value_kind.as_deref().and_then(|text| text.parse().ok());
        let kind = kind.ok_or_else(|| damaged("value_kind"))?;
        let unit = texts.share(self.unit.as_deref().unwrap_or_default());
        let published_by = texts.share(self.published_by.as_deref().unwrap_or_default());
        match self.node.as_str() {
            "value" => {
                let set_point = (self.is_writable != 0).then(|| self.set_point(texts));
                let writes_handled_by = self.writes_handled_by.as_deref().map(|class| texts.share(class));
                let definition = ValueDefinition {
                    name,
                    description,
                    kind,
                    unit,
                    set_point,
                    published_by,
                    writes_handled_by,
                };
                Ok(ItemDefinition::Value(definition.into()))
            }
            "history" => {
                let definition = HistoryDefinition { name, description, kind, unit, published_by };
                Ok(ItemDefinition::History(definition.into()))
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
            future_only: self.set_point_future != 0,
        }
    }

    /// Binds the row in the order of the columns of `bulk_statements::add_item_definitions`.
    pub(crate) fn bind(&self, row: &mut Separated<'_, Sqlite, &'static str>) {
        row.push_bind(self.id).push_bind(self.owner_id);
        row.push_bind(&self.node).push_bind(&self.name).push_bind(&self.description);
        row.push_bind(&self.container_kind).push_bind(&self.value_kind).push_bind(&self.unit);
        row.push_bind(&self.published_by).push_bind(&self.writes_handled_by);
        row.push_bind(self.is_writable).push_bind(self.set_point_min).push_bind(self.set_point_max);
        row.push_bind(self.set_point_future).push_bind(&self.set_point_options);
    }
}

fn add_line(mut lines: String, text: &Arc<str>) -> String {
    lines.push_str(text);
    lines.push('\n');
    lines
}

/// The numbers of the definitions of one owner.
#[derive(Debug)]
pub(crate) struct DefinitionIds {
    owner_id: i64,
    by_name: HashMap<Arc<str>, Vec<(ItemDefinition, i64)>>,
    next_id: i64,
    new: Vec<DefinitionRow>,
}

impl DefinitionIds {
    /// Reads the stored definitions with the names of these items.
    pub(crate) async fn load(
        connection: &mut SqliteConnection,
        owner_id: i64,
        items: impl Iterator<Item = &EwsItem>,
    ) -> Result<Self, StoreError> {
        let last = sqlx::query_scalar!(r#"SELECT max(id) AS "id: i64" FROM item_definitions"#)
            .fetch_one(&mut *connection)
            .await?;
        let mut ids =
            Self { owner_id, by_name: HashMap::new(), next_id: last.unwrap_or(0) + 1, new: Vec::new() };
        let names: HashSet<&str> = items.map(|item| &**item.name()).collect();
        let names = serde_json::Value::from_iter(names).to_string();
        let rows = sqlx::query_as!(
            DefinitionRow,
            "SELECT * FROM item_definitions WHERE owner_id = ? AND name IN (SELECT value FROM json_each(?))",
            owner_id,
            names
        )
        .fetch_all(connection)
        .await?;
        let mut texts = StringPool::default();
        for row in rows {
            let definition = row.definition(&mut texts)?;
            ids.by_name.entry(Arc::clone(definition.name())).or_default().push((definition, row.id));
        }
        Ok(ids)
    }

    /// Returns the number of an item's definition; assigns one to a new definition.
    pub(crate) fn id_of(&mut self, item: &EwsItem) -> i64 {
        let definition = item.definition();
        let known = self.by_name.entry(Arc::clone(definition.name())).or_default();
        if let Some((_, id)) = known.iter().find(|(known, _)| *known == definition) {
            return *id;
        }
        let id = self.next_id;
        self.next_id += 1;
        self.new.push(DefinitionRow::new(id, self.owner_id, &definition));
        known.push((definition, id));
        id
    }

    /// Stores the new definitions.
    pub(crate) async fn store(self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        bulk_statements::add_item_definitions(connection, &self.new).await
    }
}

/// Returns all definitions by their numbers.
pub(crate) async fn load_all(
    database: &SqlitePool,
    texts: &mut StringPool,
) -> Result<HashMap<i64, ItemDefinition>, StoreError> {
    let mut rows = sqlx::query_as!(DefinitionRow, "SELECT * FROM item_definitions").fetch(database);
    let mut definitions = HashMap::new();
    while let Some(row) = rows.try_next().await? {
        definitions.insert(row.id, row.definition(texts)?);
    }
    Ok(definitions)
}

/// Removes the definitions that no item has any more.
pub(crate) async fn remove_unused(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM item_definitions WHERE NOT EXISTS (SELECT 1 FROM items WHERE definition_id = item_definitions.id)"
    )
    .execute(connection)
    .await?;
    Ok(())
}
