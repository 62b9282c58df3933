//! JSON pointers with alternatives: the first that exists counts.

use serde::Deserialize;

/// JSON pointers (RFC 6901) to the alternatives of one field: one text, or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "OneOrMany")]
pub(super) struct JsonPointers {
    alternatives: Vec<Vec<Box<str>>>,
}

/// One text or a list of texts.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

impl TryFrom<OneOrMany> for JsonPointers {
    type Error = String;

    fn try_from(pointers: OneOrMany) -> Result<Self, String> {
        Self::try_from(pointers.into_vec())
    }
}

impl TryFrom<Vec<String>> for JsonPointers {
    type Error = String;

    fn try_from(pointers: Vec<String>) -> Result<Self, String> {
        let alternatives = pointers.iter().map(|pointer| segments(pointer)).collect::<Result<_, _>>()?;
        Ok(Self { alternatives })
    }
}

impl std::fmt::Display for JsonPointers {
    /// Writes the alternatives as in a profile: `/id, /zoneId`. The whole document is `""`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, segments) in self.alternatives.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            if segments.is_empty() {
                f.write_str("\"\"")?;
            }
            for segment in segments {
                write!(f, "/{}", segment.replace('~', "~0").replace('/', "~1"))?;
            }
        }
        Ok(())
    }
}

impl JsonPointers {
    /// Returns the segments of each alternative, best first.
    pub(super) fn alternatives(&self) -> impl Iterator<Item = &[Box<str>]> {
        self.alternatives.iter().map(Vec::as_slice)
    }

    /// Returns whether there is no alternative.
    pub(super) const fn is_empty(&self) -> bool {
        self.alternatives.is_empty()
    }

    /// Returns the pointer to the whole document.
    pub(super) fn whole() -> Self {
        Self { alternatives: vec![Vec::new()] }
    }

    /// Returns these pointers below each of the others.
    pub(super) fn below(&self, others: &Self) -> Self {
        let below = |other: &Vec<Box<str>>| {
            let joined = |own: &Vec<Box<str>>| other.iter().chain(own).cloned().collect();
            self.alternatives.iter().map(joined).collect::<Vec<_>>()
        };
        Self { alternatives: others.alternatives.iter().flat_map(below).collect() }
    }
}

fn segments(pointer: &str) -> Result<Vec<Box<str>>, String> {
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let Some(rest) = pointer.strip_prefix('/') else {
        return Err(format!("{pointer:?} is not a JSON pointer: it must begin with a slash"));
    };
    Ok(rest.split('/').map(|segment| segment.replace("~1", "/").replace("~0", "~").into()).collect())
}
