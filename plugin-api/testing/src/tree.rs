//! The stored tree: the declared items, with stable handles.

use std::collections::{HashMap, HashSet};

use riser_plugin::abi::messages::{ItemMessage, NodeMessage};
use riser_plugin::abi::{PackedPoints, PointEntry};

/// Longest id, in bytes.
const LONGEST_ID_BYTES: usize = 1_000;

/// Longest name, in bytes.
const LONGEST_NAME_BYTES: usize = 1_000;

/// Most items of a tree.
const MOST_ITEMS: usize = 950_000;

/// The items that a declaration changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TreeDifference {
    /// New.
    pub added: u32,
    /// Changed.
    pub changed: u32,
    /// Unchanged.
    pub kept: u32,
    /// No longer declared.
    pub vanished: u32,
}

impl TreeDifference {
    /// Returns whether nothing changed.
    pub const fn is_empty(self) -> bool {
        self.added == 0 && self.changed == 0 && self.vanished == 0
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct StoredTree {
    items: Vec<ItemMessage>,
    handles: HashMap<String, u32>,
}

impl StoredTree {
    /// Replaces the stored items with the declared ones.
    ///
    /// # Errors
    /// The first broken rule; nothing changes then.
    pub(crate) fn declare(&mut self, items: Vec<ItemMessage>) -> Result<TreeDifference, String> {
        check(&items)?;
        let before: HashMap<&str, &ItemMessage> =
            self.items.iter().map(|item| (item.id.as_str(), item)).collect();
        let mut difference = TreeDifference::default();
        for item in &items {
            match before.get(item.id.as_str()) {
                None => difference.added += 1,
                Some(stored) if *stored == item => difference.kept += 1,
                Some(_) => difference.changed += 1,
            }
        }
        let stayed = (difference.kept + difference.changed) as usize;
        difference.vanished = u32::try_from(before.len() - stayed).unwrap_or(u32::MAX);
        for item in &items {
            let next = u32::try_from(self.handles.len()).unwrap_or(u32::MAX) + 1;
            self.handles.entry(item.id.clone()).or_insert(next);
        }
        self.items = items;
        Ok(difference)
    }

    pub(crate) fn items(&self) -> &[ItemMessage] {
        &self.items
    }

    pub(crate) fn find(&self, id: &str) -> Option<(u32, &ItemMessage)> {
        let item = self.items.iter().find(|item| item.id == id)?;
        Some((self.handles.get(id).copied()?, item))
    }

    pub(crate) fn by_handle(&self, handle: u32) -> Option<&ItemMessage> {
        self.items.iter().find(|item| self.handles.get(&item.id) == Some(&handle))
    }

    /// Returns values and histories, as a run gets them.
    pub(crate) fn points(&self) -> PackedPoints {
        self.items.iter().filter_map(|item| self.point(item)).collect()
    }

    fn point<'a>(&self, item: &'a ItemMessage) -> Option<PointEntry<'a>> {
        let (recorded, kind, published_by) = match &item.node {
            NodeMessage::Container { .. } => return None,
            NodeMessage::Value { kind, published_by, .. } => (None, *kind, published_by),
            NodeMessage::History { value_item, kind, published_by, .. } => {
                (self.handles.get(value_item).copied(), *kind, published_by)
            }
        };
        Some(PointEntry {
            handle: *self.handles.get(&item.id)?,
            id: &item.id,
            kind,
            published_by,
            is_history: matches!(item.node, NodeMessage::History { .. }),
            recorded,
        })
    }
}

fn check(items: &[ItemMessage]) -> Result<(), String> {
    if items.len() > MOST_ITEMS {
        return Err(format!(
            "the tree has {} items, and one processor may declare {MOST_ITEMS}: split it over several processors",
            items.len()
        ));
    }
    let mut containers = HashSet::new();
    let mut values = HashSet::new();
    let mut seen = HashSet::new();
    for item in items {
        let id = item.id.as_str();
        if id.is_empty() || id.len() > LONGEST_ID_BYTES || id == "root" {
            return Err(format!("the item id {id:?} is empty, longer than 1,000 bytes, or the root's"));
        }
        if item.name.len() > LONGEST_NAME_BYTES {
            let bytes = item.name.len();
            return Err(format!(
                "the item {id} has a name of {bytes} bytes, which exceeds the limit of {LONGEST_NAME_BYTES}"
            ));
        }
        if !seen.insert(id) {
            return Err(format!("the item id {id} is declared twice"));
        }
        if let Some(parent) = item.parent.as_deref().filter(|parent| !containers.contains(parent)) {
            return Err(format!(
                "the parent {parent} of the item {id} is not a container declared before it"
            ));
        }
        match &item.node {
            NodeMessage::Container { .. } => drop(containers.insert(id)),
            NodeMessage::Value { .. } => drop(values.insert(id)),
            NodeMessage::History { .. } => {}
        }
    }
    for item in items {
        if let NodeMessage::History { value_item, .. } = &item.node
            && !values.contains(value_item.as_str())
        {
            return Err(format!(
                "the history {} records {value_item}, which is not a value of this tree",
                item.id
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use riser_plugin::abi::messages::ContainerKind;

    use super::*;

    fn folder(id: &str, name: &str) -> ItemMessage {
        ItemMessage {
            id: id.to_owned(),
            parent: None,
            name: name.to_owned(),
            description: String::new(),
            node: NodeMessage::Container { kind: ContainerKind::Folder },
        }
    }

    #[test]
    fn a_declaration_is_stored_as_a_difference_and_handles_stay() {
        let mut tree = StoredTree::default();
        tree.declare(vec![folder("a", "A"), folder("b", "B")]).unwrap();
        let handle = tree.find("b").unwrap().0;
        let difference = tree.declare(vec![folder("b", "Bee"), folder("c", "C")]).unwrap();
        assert_eq!(difference, TreeDifference { added: 1, changed: 1, kept: 0, vanished: 1 });
        assert_eq!(tree.find("b").unwrap().0, handle);
        tree.declare(vec![folder("a", "A"), folder("b", "Bee")]).unwrap();
        assert_eq!(tree.find("b").unwrap().0, handle);
    }

    #[test]
    fn a_tree_that_breaks_a_rule_changes_nothing() {
        let mut tree = StoredTree::default();
        tree.declare(vec![folder("a", "A")]).unwrap();
        let orphan = ItemMessage { parent: Some("nowhere".to_owned()), ..folder("c", "C") };
        assert!(tree.declare(vec![orphan]).unwrap_err().contains("nowhere"));
        assert!(tree.declare(vec![folder("b", "B"), folder("b", "B")]).unwrap_err().contains("twice"));
        assert!(tree.declare(vec![folder("b", &"x".repeat(2_000))]).unwrap_err().contains("2000 bytes"));
        assert_eq!(tree.items().len(), 1);
    }
}
