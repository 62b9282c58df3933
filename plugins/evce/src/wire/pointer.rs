//! Places in a JSON document: several pointers, the first that is there counts.

use serde::Deserialize;
use serde_json::Value;

/// Where something stands in a JSON document (RFC 6901), with alternatives.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(super) struct Place {
    alternatives: Vec<Vec<Box<str>>>,
}

impl TryFrom<Vec<String>> for Place {
    type Error = String;

    fn try_from(pointers: Vec<String>) -> Result<Self, String> {
        let alternatives = pointers.iter().map(|pointer| segments(pointer)).collect::<Result<_, _>>()?;
        Ok(Self { alternatives })
    }
}

impl Place {
    /// What stands there; an empty text and `null` are nothing.
    pub(super) fn find<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        self.all(document).find(|found| !found.is_null() && *found != "")
    }

    /// The list that stands there.
    pub(super) fn find_list<'a>(&self, document: &'a Value) -> Option<&'a [Value]> {
        self.all(document).find_map(Value::as_array).map(Vec::as_slice)
    }

    fn all<'a>(&self, document: &'a Value) -> impl Iterator<Item = &'a Value> {
        self.alternatives.iter().filter_map(move |segments| {
            segments.iter().try_fold(document, |value, segment| match value {
                Value::Object(members) => members.get(&**segment),
                Value::Array(elements) => elements.get(segment.parse::<usize>().ok()?),
                _ => None,
            })
        })
    }
}

fn segments(pointer: &str) -> Result<Vec<Box<str>>, String> {
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let Some(rest) = pointer.strip_prefix('/') else {
        return Err(format!("{pointer:?} is no JSON pointer: it begins with a slash"));
    };
    Ok(rest.split('/').map(|segment| segment.replace("~1", "/").replace("~0", "~").into()).collect())
}
