//! What was read from a database, kept until its next commit. This process holds the lock of the data directory, so no
//! other process changes the file.

use std::collections::HashMap;
use std::hash::Hash;

use parking_lot::Mutex;

use crate::database::CommitCount;

/// Entries that are kept. When there are more, reading begins anew.
const MOST_ENTRIES: usize = 256;

/// Results of one query by its parameter.
#[derive(Debug)]
pub(crate) struct ReadCache<K, V> {
    read: Mutex<(CommitCount, HashMap<K, V>)>,
}

impl<K, V> Default for ReadCache<K, V> {
    fn default() -> Self {
        Self { read: Mutex::default() }
    }
}

impl<K: Eq + Hash, V: Clone> ReadCache<K, V> {
    /// Returns what was read for `key` since the commit with this number.
    pub(crate) fn get(&self, now: CommitCount, key: &K) -> Option<V> {
        let read = self.read.lock();
        if read.0 == now { read.1.get(key).cloned() } else { None }
    }

    /// Keeps what was read for `key`. `began` is the number of commits before the query.
    pub(crate) fn keep(&self, began: CommitCount, key: K, value: V) {
        let mut read = self.read.lock();
        if read.0 > began {
            return;
        }
        if read.0 < began || read.1.len() >= MOST_ENTRIES {
            read.1.clear();
        }
        read.0 = began;
        read.1.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_used_until_the_next_commit() {
        let cache = ReadCache::default();
        let [before, now] = [CommitCount::of(1), CommitCount::of(2)];
        cache.keep(before, "a", 1);
        assert_eq!((cache.get(before, &"a"), cache.get(before, &"b")), (Some(1), None));
        assert_eq!(cache.get(now, &"a"), None);
        cache.keep(now, "b", 2);
        // A query that began before the commit may have read the state before it.
        cache.keep(before, "a", 1);
        assert_eq!((cache.get(now, &"a"), cache.get(now, &"b")), (None, Some(2)));
    }

    #[test]
    fn it_stays_small() {
        let cache = ReadCache::default();
        for key in 0..10 * MOST_ENTRIES {
            cache.keep(CommitCount::of(1), key, ());
        }
        assert!(cache.read.lock().1.len() <= MOST_ENTRIES);
    }
}
