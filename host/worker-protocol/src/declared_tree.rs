//! Converts a tree that a plugin declares. What items have in common is converted once.

use std::collections::HashMap;
use std::sync::Arc;

use riser_domain::{
    ContainerDefinition, ContainerItem, ContainerKind, DeclaredTree, EwsItem, EwsItemId, HistoryDefinition,
    HistoryItem, ItemDefinition, SetPointRule, StringPool, Value, ValueDefinition, ValueItem,
};
use riser_plugin::abi::messages as contract;
use riser_plugin::abi::{NotATree, PackedItem, PackedTree};

use crate::contract::{value, value_kind};

/// A tree that this host cannot use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeclaredTreeError {
    #[error("{0} has a value or kind unknown to this version of Riser: update Riser")]
    Unknown(String),
    #[error("{0} must declare both a set point and the class that handles its writes, or neither")]
    Handler(String),
    #[error(transparent)]
    Tree(#[from] NotATree),
}

/// Converts a declared tree and collects its initial values.
///
/// # Errors
/// The first item that this host cannot use.
pub fn declared_tree(
    tree: &PackedTree,
) -> Result<(DeclaredTree, Vec<(EwsItemId, Value)>), DeclaredTreeError> {
    let mut conversion = Conversion::default();
    let items =
        tree.items().map(|item| conversion.item(item?)).collect::<Result<Vec<_>, DeclaredTreeError>>()?;
    Ok((DeclaredTree { items }, conversion.initial_values))
}

#[derive(Default)]
struct Conversion {
    texts: StringPool,
    /// By their number in the packed tree.
    definitions: HashMap<u32, ItemDefinition>,
    initial_values: Vec<(EwsItemId, Value)>,
}

impl Conversion {
    fn item(&mut self, item: PackedItem<'_>) -> Result<EwsItem, DeclaredTreeError> {
        let definition = match self.definitions.get(&item.definition) {
            Some(definition) => definition.clone(),
            None => {
                let definition = self.definition(&item)?;
                self.definitions.insert(item.definition, definition.clone());
                definition
            }
        };
        let id = EwsItemId::new(&item.id);
        if let Some(initial) = item.initial {
            let initial = value(initial.clone()).ok_or(DeclaredTreeError::Unknown(item.id))?;
            self.initial_values.push((id.clone(), initial));
        }
        let parent = item.parent.as_deref().map(|parent| self.texts.share(parent).into());
        let mut parent_or_root =
            || parent.clone().unwrap_or_else(|| self.texts.share(EwsItemId::ROOT).into());
        Ok(match definition {
            ItemDefinition::Container(definition) => {
                EwsItem::Container(ContainerItem { id, parent, definition })
            }
            ItemDefinition::Value(definition) => {
                EwsItem::Value(ValueItem { id, parent: parent_or_root(), definition })
            }
            ItemDefinition::History(definition) => {
                let value_item = EwsItemId::new(&item.value_item.unwrap_or_default());
                let value_item = Box::new(value_item);
                EwsItem::History(HistoryItem { id, parent: parent_or_root(), value_item, definition })
            }
        })
    }

    fn definition(&mut self, item: &PackedItem<'_>) -> Result<ItemDefinition, DeclaredTreeError> {
        let unknown = || DeclaredTreeError::Unknown(item.id.clone());
        let (name, description) = (self.texts.share(item.name), self.texts.share(item.description));
        Ok(match item.node {
            contract::NodeMessage::Container { kind } => {
                let kind = match kind {
                    contract::ContainerKind::Folder => ContainerKind::Folder,
                    contract::ContainerKind::Device => ContainerKind::Device,
                };
                ItemDefinition::Container(ContainerDefinition { name, description, kind }.into())
            }
            contract::NodeMessage::Value {
                kind, unit, published_by, writes_handled_by, set_point, ..
            } => {
                if writes_handled_by.is_some() != set_point.is_some() {
                    return Err(DeclaredTreeError::Handler(item.id.clone()));
                }
                let definition = ValueDefinition {
                    name,
                    description,
                    kind: value_kind(*kind).ok_or_else(unknown)?,
                    unit: self.texts.share(unit),
                    set_point: set_point.as_ref().map(|rule| self.rule(rule)),
                    published_by: self.texts.share(published_by),
                    writes_handled_by: writes_handled_by.as_deref().map(|class| self.texts.share(class)),
                };
                ItemDefinition::Value(definition.into())
            }
            contract::NodeMessage::History { kind, unit, published_by, .. } => {
                let definition = HistoryDefinition {
                    name,
                    description,
                    kind: value_kind(*kind).ok_or_else(unknown)?,
                    unit: self.texts.share(unit),
                    published_by: self.texts.share(published_by),
                };
                ItemDefinition::History(definition.into())
            }
        })
    }

    fn rule(&mut self, rule: &contract::SetPointRuleMessage) -> SetPointRule {
        let options: Vec<Arc<str>> = rule.options.iter().map(|option| self.texts.share(option)).collect();
        SetPointRule { min: rule.min, max: rule.max, options, future_only: rule.future_only }
    }
}

#[cfg(test)]
mod tests {
    use riser_plugin::{Kind, PointValue};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_set_point_without_a_class_that_handles_its_writes_is_refused() {
        let tree = |writes_handled_by: Option<&str>, set_point| {
            let node = contract::NodeMessage::Value {
                kind: Kind::Double,
                unit: "A".to_owned(),
                published_by: "status".to_owned(),
                writes_handled_by: writes_handled_by.map(str::to_owned),
                set_point,
                initial: None,
            };
            let shape = json!({ "id": "limit", "name": "Limit", "description": "", "node": node });
            let initial = json!([[0, PointValue::Double(16.0)]]);
            let packed = json!({ "prefixes": [], "shapes": [shape], "rows": [[0, 0, 0]], "initial": initial, "recorded_prefixes": [] });
            serde_json::from_value::<PackedTree>(packed).unwrap()
        };
        let rule = || Some(contract::SetPointRuleMessage::default());
        for broken in [tree(None, rule()), tree(Some("status"), None)] {
            assert_eq!(declared_tree(&broken), Err(DeclaredTreeError::Handler("limit".to_owned())));
        }
        let (tree, initial) = declared_tree(&tree(Some("status"), rule())).unwrap();
        assert_eq!(tree.items.len(), 1);
        assert_eq!(initial, [(EwsItemId::new("limit"), Value::Double(16.0))]);
    }
}
