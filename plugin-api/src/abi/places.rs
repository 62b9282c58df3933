//! The places of values in a list that has each value once.

use std::hash::{BuildHasher as _, Hash};

use hashbrown::{DefaultHashBuilder, Equivalent, HashTable};

/// An index of a list. The list is beside it, because a message consists of the list alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    hasher: DefaultHashBuilder,
    table: HashTable<u32>,
}

impl Places {
    /// Returns the place of a value, and adds the value if it is new. Equal values must have equal hashes.
    pub(super) fn find_or_add<T, Q>(&mut self, list: &mut Vec<T>, value: &Q, new: impl FnOnce() -> T) -> u32
    where
        T: Hash,
        Q: Hash + Equivalent<T> + ?Sized,
    {
        let hash = self.hasher.hash_one(value);
        if let Some(place) = self.table.find(hash, |place| value.equivalent(&list[*place as usize])) {
            return *place;
        }
        let place = u32::try_from(list.len()).unwrap_or(u32::MAX);
        list.push(new());
        self.table.insert_unique(hash, place, |other| self.hasher.hash_one(&list[*other as usize]));
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_each_value_once() {
        let (mut places, mut list): (_, Vec<Box<str>>) = (Places::default(), Vec::new());
        let texts = ["a", "b", "a", "", "b"];
        let found = texts.map(|text| places.find_or_add(&mut list, text, || text.into()));
        assert_eq!(found, [0, 1, 0, 2, 1]);
        assert_eq!(list.iter().map(|text| &**text).collect::<Vec<_>>(), ["a", "b", ""]);
        for number in 0..1_000_u32 {
            let text = number.to_string();
            assert_eq!(places.find_or_add(&mut list, text.as_str(), || text.as_str().into()), number + 3);
        }
    }
}
