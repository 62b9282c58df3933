//! Word lists: the texts of an API for the words that Riser uses.

use serde::Deserialize;
use std::collections::BTreeMap;

use super::json_pointers::OneOrMany;

/// Riser's words, each with the texts of the API for it. The first is the one to write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "BTreeMap<String, OneOrMany>")]
pub(super) struct Words {
    lists: Vec<(String, Vec<String>)>,
}

impl From<BTreeMap<String, OneOrMany>> for Words {
    fn from(lists: BTreeMap<String, OneOrMany>) -> Self {
        Self { lists: lists.into_iter().map(|(word, texts)| (word, texts.into_vec())).collect() }
    }
}

impl Words {
    pub(super) const fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Returns Riser's words of the lists.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.lists.iter().map(|(word, _)| word.as_str())
    }

    /// Returns Riser's word for a text of the API.
    pub(super) fn word(&self, text: &str) -> Option<&str> {
        let known = self.lists.iter().find(|(_, texts)| texts.iter().any(|known| is_same_word(known, text)));
        known.map(|(word, _)| word.as_str())
    }

    /// Returns the text to write for a word of Riser.
    pub(super) fn text(&self, word: &str) -> Option<&str> {
        let known = self.lists.iter().find(|(known, _)| known == word);
        known.and_then(|(_, texts)| texts.first()).map(String::as_str)
    }
}

/// Compares words of the API loosely: `suspendedEV`, `SuspendedEV` and `suspended_ev` are equal.
pub(super) fn is_same_word(one: &str, other: &str) -> bool {
    one == other || letters(one).eq(letters(other))
}

fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|letter| !matches!(letter, '-' | '_' | ' ')).map(|letter| letter.to_ascii_lowercase())
}
