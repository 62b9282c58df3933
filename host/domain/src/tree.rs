use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::{ConnectionId, EwsItem, EwsItemId, EwsServerId, PointHandle, Timestamp};

/// Owner of a tree: one plugin with one connection on one EWS server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TreeOwner {
    pub ews_server: EwsServerId,
    /// The plugin's id.
    pub plugin: String,
    /// `None` for a plugin that needs no connection.
    pub connection: Option<ConnectionId>,
}

/// The whole tree that a plugin declares, in the order in which it is served. A container comes before its
/// content.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DeclaredTree {
    pub items: Vec<EwsItem>,
}

/// An item of an owner as the store holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredItem {
    pub handle: PointHandle,
    /// Index among all items of the owner.
    pub position: u32,
    /// Shared with the tree that is served.
    pub item: Arc<EwsItem>,
    /// When the item was last declared; `None` while it is declared.
    pub vanished_at: Option<Timestamp>,
}

/// Most items of a tree. A site with 10,000 stations has 907,006.
const MOST_ITEMS: usize = 950_000;

/// Longest id, name, unit or class of an item, in bytes.
const LONGEST_NAME_BYTES: usize = 1_000;
/// Longest description of an item, in bytes.
const LONGEST_DESCRIPTION_BYTES: usize = 10_000;

/// Error of a declared tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The same id twice.
    #[error("the item id {0} is declared twice")]
    DuplicateId(EwsItemId),
    /// A parent that is no container of this tree declared before the item.
    #[error("the item {item} has the parent {parent}, which is not a container declared before it")]
    UnknownParent { item: EwsItemId, parent: EwsItemId },
    /// A history of something that is no value item of this tree.
    #[error("the history {history} records {value_item}, which is no value of this tree")]
    UnknownValueItem { history: EwsItemId, value_item: EwsItemId },
    /// An id that is empty, too long, or the root's.
    #[error("the item id {0:?} is empty, longer than 1,000 bytes, or the root's")]
    BadId(String),
    #[error(
        "the tree has {0} items, and one processor may declare {MOST_ITEMS}: split it over several processors"
    )]
    TooManyItems(usize),
    #[error("the item {item} has a {text} of {bytes} bytes, which exceeds the limit of {most}")]
    TooLong { item: EwsItemId, text: &'static str, bytes: usize, most: usize },
}

impl DeclaredTree {
    /// Checks the rules of every tree.
    ///
    /// # Errors
    /// The first broken rule.
    pub fn check(&self) -> Result<(), TreeError> {
        if self.items.len() > MOST_ITEMS {
            return Err(TreeError::TooManyItems(self.items.len()));
        }
        let mut containers = HashSet::new();
        let mut values = HashSet::new();
        let mut seen = HashSet::new();
        for item in &self.items {
            let id = item.id();
            if id.is_empty() || id.len() > LONGEST_NAME_BYTES || id.as_str() == EwsItemId::ROOT {
                return Err(TreeError::BadId(id.to_string()));
            }
            if !seen.insert(id) {
                return Err(TreeError::DuplicateId(id.clone()));
            }
            check_lengths(item)?;
            if let Some(parent) = item.parent()
                && parent.as_str() != EwsItemId::ROOT
                && !containers.contains(parent)
            {
                return Err(TreeError::UnknownParent { item: id.clone(), parent: parent.clone() });
            }
            match item {
                EwsItem::Container(_) => drop(containers.insert(id)),
                EwsItem::Value(_) => drop(values.insert(id)),
                EwsItem::History(_) => {}
            }
        }
        for item in &self.items {
            if let EwsItem::History(history) = item
                && !values.contains(&*history.value_item)
            {
                return Err(TreeError::UnknownValueItem {
                    history: history.id.clone(),
                    value_item: EwsItemId::clone(&history.value_item),
                });
            }
        }
        Ok(())
    }
}

fn check_lengths(item: &EwsItem) -> Result<(), TreeError> {
    let (name, description) = (("name", &**item.name()), ("description", &**item.description()));
    let of_point = match item {
        EwsItem::Container(_) => [None, None, None],
        EwsItem::Value(value) => {
            let definition = &value.definition;
            let handler = definition.writes_handled_by.as_deref();
            [
                Some(("unit", &*definition.unit)),
                Some(("class", &*definition.published_by)),
                handler.map(|class| ("class", class)),
            ]
        }
        EwsItem::History(history) => {
            let definition = &history.definition;
            [Some(("unit", &*definition.unit)), Some(("class", &*definition.published_by)), None]
        }
    };
    for (text, content) in [Some(name), Some(description)].into_iter().chain(of_point).flatten() {
        let most = if text == "description" { LONGEST_DESCRIPTION_BYTES } else { LONGEST_NAME_BYTES };
        if content.len() > most {
            return Err(TreeError::TooLong { item: item.id().clone(), text, bytes: content.len(), most });
        }
    }
    Ok(())
}

/// A change of a stored tree.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemChange {
    /// A new item.
    Add { position: u32, item: Arc<EwsItem> },
    /// A stored item that is declared differently now, or that had vanished.
    Update { handle: PointHandle, position: u32, item: Arc<EwsItem> },
    /// A stored item that is not declared any more.
    Vanish { handle: PointHandle },
}

/// The difference between a stored tree and a declared one.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TreeDifference {
    /// What has to be written, additions in their order; empty when nothing changes.
    pub changes: Vec<ItemChange>,
    /// How many items stay as they are.
    pub kept: usize,
}

impl TreeDifference {
    /// Compares the stored items of one owner with what it declares now.
    ///
    /// An item whose kind of node changed (a value that became a history) is updated under its handle.
    pub fn between(stored: &[StoredItem], declared: DeclaredTree) -> Self {
        // What is left in it at the end is not declared any more.
        let mut by_id: HashMap<&EwsItemId, &StoredItem> =
            stored.iter().map(|stored| (stored.item.id(), stored)).collect();
        let mut difference = Self::default();
        for (position, item) in (0_u32..).zip(declared.items) {
            match by_id.remove(item.id()) {
                None => difference.changes.push(ItemChange::Add { position, item: Arc::new(item) }),
                Some(stored)
                    if *stored.item == item
                        && stored.position == position
                        && stored.vanished_at.is_none() =>
                {
                    difference.kept += 1;
                }
                Some(stored) => difference.changes.push(ItemChange::Update {
                    handle: stored.handle,
                    position,
                    item: Arc::new(item),
                }),
            }
        }
        difference.changes.extend(
            stored
                .iter()
                .filter(|stored| stored.vanished_at.is_none() && by_id.contains_key(stored.item.id()))
                .map(|stored| ItemChange::Vanish { handle: stored.handle }),
        );
        difference
    }

    /// Returns the numbers of added, changed and vanished items.
    pub fn counts(&self) -> (usize, usize, usize) {
        self.changes.iter().fold((0, 0, 0), |(added, changed, vanished), change| match change {
            ItemChange::Add { .. } => (added + 1, changed, vanished),
            ItemChange::Update { .. } => (added, changed + 1, vanished),
            ItemChange::Vanish { .. } => (added, changed, vanished + 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ContainerDefinition, ContainerItem, ContainerKind, ValueDefinition, ValueItem, ValueKind};

    fn folder(id: &str, name: &str) -> EwsItem {
        EwsItem::Container(ContainerItem {
            id: EwsItemId::new(id),
            parent: None,
            definition: ContainerDefinition {
                name: name.into(),
                description: "".into(),
                kind: ContainerKind::Folder,
            }
            .into(),
        })
    }

    fn value(id: &str, parent: &str) -> EwsItem {
        EwsItem::Value(ValueItem {
            id: EwsItemId::new(id),
            parent: EwsItemId::new(parent),
            definition: ValueDefinition {
                name: id.into(),
                description: "".into(),
                kind: ValueKind::Double,
                unit: "kW".into(),
                set_point: None,
                published_by: "status".into(),
                writes_handled_by: None,
            }
            .into(),
        })
    }

    fn stored(items: &[EwsItem]) -> Vec<StoredItem> {
        (0_u32..)
            .zip(items)
            .map(|(position, item)| StoredItem {
                handle: PointHandle(position + 10),
                position,
                item: Arc::new(item.clone()),
                vanished_at: None,
            })
            .collect()
    }

    #[test]
    fn declaring_the_same_tree_again_changes_nothing() {
        let tree = DeclaredTree { items: vec![folder("z1", "Z1"), value("z1/p", "z1")] };
        let difference = TreeDifference::between(&stored(&tree.items), tree.clone());
        assert_eq!((difference.changes.len(), difference.kept), (0, 2));
    }

    #[test]
    fn a_rename_keeps_the_handle_and_what_is_gone_vanishes() {
        let before = stored(&[folder("z1", "Z1"), value("z1/p", "z1"), value("z1/q", "z1")]);
        let tree =
            DeclaredTree { items: vec![folder("z1", "Level 1"), value("z1/p", "z1"), value("z1/r", "z1")] };
        let difference = TreeDifference::between(&before, tree);
        assert_eq!(difference.counts(), (1, 1, 1));
        assert!(matches!(&difference.changes[0], ItemChange::Update { handle: PointHandle(10), .. }));
        assert!(difference.changes.contains(&ItemChange::Vanish { handle: PointHandle(12) }));
    }

    #[test]
    fn a_tree_with_a_broken_rule_is_refused() {
        let check = |items: Vec<EwsItem>| DeclaredTree { items }.check();
        assert_eq!(
            check(vec![folder("a", "A"), folder("a", "B")]),
            Err(TreeError::DuplicateId(EwsItemId::new("a")))
        );
        assert!(matches!(check(vec![value("v", "nowhere")]), Err(TreeError::UnknownParent { .. })));
        assert!(matches!(check(vec![folder("root", "R")]), Err(TreeError::BadId(_))));
        assert_eq!(check(vec![value("v", EwsItemId::ROOT)]), Ok(()));
        let long_name = check(vec![folder("a", &"x".repeat(1 << 20))]).unwrap_err().to_string();
        assert_eq!(long_name, "the item a has a name of 1048576 bytes, which exceeds the limit of 1000");
        let too_many = vec![folder("a", "A"); MOST_ITEMS + 1];
        assert_eq!(check(too_many), Err(TreeError::TooManyItems(MOST_ITEMS + 1)));
    }
}
