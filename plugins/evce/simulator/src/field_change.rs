//! Changes of a JSON response: short lists and fields that are missing, renamed, or have odd values.

use std::sync::Arc;

use axum::body::Bytes;
use serde_json::Value;

use crate::document_change::change_lists;
use crate::faults::Details;

/// A change of a field.
#[derive(Clone, Debug)]
pub(crate) enum FieldChange {
    /// To this text, which need not be JSON.
    Set(String),
    Remove,
    /// To this name.
    Rename(String),
}

/// Marks a value that is replaced by a text that need not be JSON.
const RAW: &str = "\u{e000}";

/// Cuts the list of a response after `keep` objects.
pub(crate) fn cut_list(body: &Bytes, keep: usize) -> Bytes {
    change_lists(body, |list| list.truncate(keep))
}

/// Changes every field with the name, or the end of the path, of each change.
pub(crate) fn change_fields(body: &Bytes, changes: &[Arc<Details>]) -> Bytes {
    let Ok(mut document) = serde_json::from_slice::<Value>(body) else { return body.clone() };
    let mut raw = Vec::new();
    for details in changes {
        let Some((field, change)) = &details.change else { continue };
        let names: Vec<&str> = field.split('/').collect();
        let marker = format!("{RAW}{}", raw.len());
        let walk = Walk { names: &names, change, station: details.station, marker: &marker };
        walk.enter(&mut document, &mut Vec::new(), details.station.is_none());
        if let FieldChange::Set(text) = change {
            raw.push((marker, text));
        }
    }
    // Last: the document need not be JSON any more.
    let mut text = document.to_string();
    for (marker, raw) in raw {
        text = text.replace(&format!("\"{marker}\""), raw);
    }
    Bytes::from(text)
}

/// One walk through a document.
struct Walk<'a> {
    names: &'a [&'a str],
    change: &'a FieldChange,
    station: Option<u64>,
    /// Stands for the new value.
    marker: &'a str,
}

impl Walk<'_> {
    fn enter(&self, value: &mut Value, path: &mut Vec<String>, is_meant: bool) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(|value| self.enter(value, path, is_meant)),
            Value::Object(members) => {
                let is_station = members.contains_key("connectors");
                let id = members.get("id").and_then(Value::as_u64);
                let is_meant =
                    if is_station && self.station.is_some() { id == self.station } else { is_meant };
                let keys: Vec<String> = members.keys().cloned().collect();
                for key in keys {
                    path.push(key);
                    if is_meant && self.ends(path) {
                        self.apply(members, &path[path.len() - 1]);
                    } else if let Some(value) = members.get_mut(&path[path.len() - 1]) {
                        self.enter(value, path, is_meant);
                    }
                    path.pop();
                }
            }
            _ => {}
        }
    }

    fn ends(&self, path: &[String]) -> bool {
        path.len() >= self.names.len()
            && path[path.len() - self.names.len()..].iter().zip(self.names).all(|(one, other)| one == other)
    }

    fn apply(&self, members: &mut serde_json::Map<String, Value>, key: &str) {
        match self.change {
            FieldChange::Set(_) => drop(members.insert(key.to_owned(), self.marker.into())),
            FieldChange::Remove => drop(members.remove(key)),
            FieldChange::Rename(to) => {
                if let Some(value) = members.remove(key) {
                    members.insert(to.clone(), value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"[{"id":1,"connectors":[{"id":1,"power":{"phase1":5}}]},{"id":2,"connectors":[{"id":1,"power":{"phase1":6}}]}]"#;

    fn changed(field: &str, change: FieldChange, station: Option<u64>) -> String {
        let details = Details { change: Some((field.to_owned(), change)), station, ..Details::default() };
        String::from_utf8(change_fields(&Bytes::from(BODY), &[Arc::new(details)]).to_vec()).unwrap()
    }

    #[test]
    fn a_field_of_one_station_is_set_removed_or_renamed() {
        let set = changed("power/phase1", FieldChange::Set("1e999".to_owned()), Some(2));
        assert!(set.contains("\"phase1\":5") && set.contains("\"phase1\":1e999"), "{set}");
        let removed = changed("power", FieldChange::Remove, Some(1));
        assert!(!removed.contains(":5") && removed.contains(":6"), "{removed}");
        let renamed = changed("connectors", FieldChange::Rename("outlets".to_owned()), None);
        assert!(renamed.contains("outlets") && !renamed.contains("connectors"), "{renamed}");
    }

    #[test]
    fn a_list_is_cut() {
        assert_eq!(cut_list(&Bytes::from("[1,2,3]"), 1), Bytes::from("[1]"));
        assert_eq!(cut_list(&Bytes::from(r#"{"data":[1,2]}"#), 0), Bytes::from(r#"{"data":[]}"#));
    }
}
