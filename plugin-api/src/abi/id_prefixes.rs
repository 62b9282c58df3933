//! The parts of ids before their last slash, each once: items of one container differ only in the rest.

use serde::{Deserialize, Serialize};

use super::places::Places;

/// The number of an id without a slash.
const NONE: u32 = 0;

/// Prefixes of ids. Their numbers begin with 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IdPrefixes(Vec<Box<str>>);

impl IdPrefixes {
    /// Adds the prefix of an id, whose place in the list `places` knows. Returns its number and the rest of the id.
    pub(super) fn add<'a>(&mut self, places: &mut Places, id: &'a str) -> (u32, &'a str) {
        match split(id) {
            (Some(prefix), rest) => {
                (places.find_or_add(&mut self.0, prefix, || prefix.into()).saturating_add(1), rest)
            }
            (None, rest) => (NONE, rest),
        }
    }

    /// Returns the prefix with this number, which ids without a slash do not have. The outer `None` is an unknown number.
    #[expect(clippy::option_option, reason = "a number without a prefix differs from an id without one")]
    pub(super) fn get(&self, number: u32) -> Option<Option<&str>> {
        match number.checked_sub(1) {
            None => Some(None),
            Some(place) => self.0.get(place as usize).map(|prefix| Some(&**prefix)),
        }
    }
}

/// Returns the parts of an id before and after its last slash.
pub(crate) fn split(id: &str) -> (Option<&str>, &str) {
    id.rsplit_once('/').map_or((None, id), |(prefix, rest)| (Some(prefix), rest))
}

/// Returns the id with this prefix and rest.
pub(crate) fn join(prefix: Option<&str>, rest: &str) -> String {
    match prefix {
        Some(prefix) => [prefix, "/", rest].concat(),
        None => rest.to_owned(),
    }
}
