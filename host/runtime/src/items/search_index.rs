//! Search by name and path: the names of a tree in one text, which a search scans without an allocation per item.

use std::collections::HashMap;

use memchr::memmem::find_iter;
use riser_domain::PointHandle;

use super::{ROOT_HANDLE, ServerTree};

/// Words of a search. Further ones are ignored.
const MOST_WORDS: usize = 8;
/// No word contains it, because words are separated by spaces.
const NAME_END: char = '\n';
/// The parent and the name of the root.
const NONE: u32 = u32::MAX;

/// The items that a search found, in the order of the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The first ones.
    pub items: Vec<PointHandle>,
    /// The number of all.
    pub count: usize,
}

/// The items of a tree in its order, each container before its content, and their names. Most names of a large tree
/// repeat, so each is kept and scanned once.
#[derive(Clone, Debug, Default)]
pub(super) struct SearchIndex {
    /// All names in lower case, each with [`NAME_END`] after it.
    names: String,
    /// The end of each name in the text.
    name_ends: Vec<usize>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    handle: PointHandle,
    /// The number of its name. The root has none: its name is in every path, so it would match every item.
    name: u32,
    /// The index of its container.
    parent: u32,
}

impl SearchIndex {
    pub(super) fn build(tree: &ServerTree) -> Self {
        let mut index = Self::default();
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut open = vec![(ROOT_HANDLE, NONE)];
        while let Some((handle, parent)) = open.pop() {
            let Some(node) = tree.node(handle) else { continue };
            let number = u32::try_from(index.entries.len()).unwrap_or(NONE);
            let name = node.item().map_or(NONE, |item| {
                *numbers.entry(item.name()).or_insert_with_key(|name| index.add_name(name))
            });
            index.entries.push(Entry { handle, name, parent });
            open.extend(node.children().iter().rev().map(|child| (*child, number)));
        }
        index
    }

    fn add_name(&mut self, name: &str) -> u32 {
        self.names.push_str(&name.to_lowercase());
        self.names.push(NAME_END);
        self.name_ends.push(self.names.len());
        u32::try_from(self.name_ends.len() - 1).unwrap_or(NONE)
    }

    /// Finds the items whose path contains all words of a query, at least one of them in the item's own name.
    pub(super) fn search(&self, query: &str, limit: usize) -> Found {
        let query = query.to_lowercase();
        let words = query.split(|letter: char| letter.is_whitespace() || letter == '/');
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).take(MOST_WORDS).collect();
        if words.is_empty() {
            return Found::default();
        }
        // One bit for each word.
        let mut in_name = vec![0_u8; self.name_ends.len()];
        for (bit, word) in words.iter().enumerate() {
            self.mark(word, 1 << bit, &mut in_name);
        }
        let all = u8::MAX >> (MOST_WORDS - words.len());
        let mut in_path: Vec<u8> = Vec::with_capacity(self.entries.len());
        let mut found = Found::default();
        for entry in &self.entries {
            let own = in_name.get(entry.name as usize).copied().unwrap_or_default();
            let path = own | in_path.get(entry.parent as usize).copied().unwrap_or_default();
            in_path.push(path);
            if own != 0 && path == all {
                found.count += 1;
                if found.items.len() < limit {
                    found.items.push(entry.handle);
                }
            }
        }
        found
    }

    /// Sets a bit for each name that contains a word.
    fn mark(&self, word: &str, bit: u8, marks: &mut [u8]) {
        let mut name = 0;
        for position in find_iter(self.names.as_bytes(), word) {
            while self.name_ends.get(name).is_some_and(|end| *end <= position) {
                name += 1;
            }
            if let Some(mark) = marks.get_mut(name) {
                *mark |= bit;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use riser_domain::{
        ContainerDefinition, ContainerItem, ContainerKind, EwsItem, EwsItemId, StoredItem, TreeKey, TreeOwner,
    };

    use super::super::connection_containers::PlacedTree;
    use super::*;

    fn owner() -> TreeOwner {
        TreeOwner {
            ews_server: riser_domain::EwsServerId(1),
            plugin: "a.plugin".to_owned(),
            connection: None,
        }
    }

    /// Builds a tree of containers from ids with their names; `a/b` is in `a`.
    fn tree(names: &[(String, String)]) -> ServerTree {
        let stored: Vec<StoredItem> = (1..)
            .zip(names)
            .map(|(handle, (id, name))| StoredItem {
                handle: PointHandle(handle),
                position: handle,
                item: Arc::new(EwsItem::Container(ContainerItem {
                    id: EwsItemId::new(id),
                    parent: id.rsplit_once('/').map(|(parent, _)| EwsItemId::new(parent)),
                    definition: ContainerDefinition {
                        name: name.as_str().into(),
                        description: "".into(),
                        kind: ContainerKind::Folder,
                    }
                    .into(),
                })),
                vanished_at: None,
            })
            .collect();
        let owner = owner();
        let placed = PlacedTree { owner: &owner, key: TreeKey(1), connection_name: None, items: &stored };
        ServerTree::build(1, "Main", &[placed])
    }

    fn names(tree: &ServerTree, query: &str, limit: usize) -> (Vec<String>, usize) {
        let found = tree.search(query, limit);
        let name = |handle: &PointHandle| tree.node(*handle).unwrap().item().unwrap().name().to_string();
        (found.items.iter().map(name).collect(), found.count)
    }

    #[test]
    fn words_are_found_in_names_and_paths_in_the_order_of_the_tree() {
        let items = [
            ("z", "EVCE Zones"),
            ("z/1", "Level 0"),
            ("z/1/p", "Power"),
            ("z/2", "Étage -1"),
            ("z/2/p", "Power"),
            ("z/2/s", "Power\nSet Point"),
            ("x", "Powerhouse"),
        ];
        let tree = tree(&items.map(|(id, name)| (id.to_owned(), name.to_owned())));
        let all = |query| names(&tree, query, 10).0;
        assert_eq!(all("POWER"), ["Power", "Power", "Power\nSet Point", "Powerhouse"]);
        assert_eq!(all("étage power"), ["Power", "Power\nSet Point"]);
        assert_eq!(all("zones/level 0/pow"), ["Power"]);
        assert_eq!(all("zones"), ["EVCE Zones"], "not all that is in it");
        assert!(all("level étage").is_empty() && all("main").is_empty());
        assert!(all("").is_empty() && all(" / ").is_empty());
        assert_eq!(names(&tree, "power", 2), (vec!["Power".to_owned(), "Power".to_owned()], 4));
    }

    #[test]
    fn a_search_of_a_large_tree_returns_the_first_items_and_the_count() {
        let mut items: Vec<(String, String)> = Vec::new();
        for zone in 0..20 {
            items.push((format!("z{zone}"), format!("Zone {zone}")));
            items.extend((0..500).map(|n| (format!("z{zone}/{n}"), format!("ZoneOverallActivePower {n}"))));
        }
        let tree = tree(&items);
        let found = tree.search("zone power", 100);
        assert_eq!((found.items.len(), found.count), (100, 10_000));
        assert_eq!(tree.search("7 499", 100).count, 2, "in zones 7 and 17");
    }
}
