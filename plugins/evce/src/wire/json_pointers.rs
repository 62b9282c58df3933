//! JSON pointers with alternatives: the first that exists counts.

use serde::Deserialize;

/// JSON pointers (RFC 6901) to the alternatives of one field.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(super) struct JsonPointers {
    alternatives: Vec<Vec<Box<str>>>,
}

impl TryFrom<Vec<String>> for JsonPointers {
    type Error = String;

    fn try_from(pointers: Vec<String>) -> Result<Self, String> {
        let alternatives = pointers.iter().map(|pointer| segments(pointer)).collect::<Result<_, _>>()?;
        Ok(Self { alternatives })
    }
}

impl JsonPointers {
    /// Returns the segments of each alternative, best first.
    pub(super) fn alternatives(&self) -> impl Iterator<Item = &[Box<str>]> {
        self.alternatives.iter().map(Vec::as_slice)
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
