//! Changes of a whole JSON document: members twice, unknown members, numbers as texts, lists that are wrong.

use axum::body::Bytes;
use serde_json::{Value, json};

/// Returns a document whose objects have their first member twice, the second time null.
pub(crate) fn with_duplicate_keys(body: &Bytes) -> Bytes {
    let Ok(document) = serde_json::from_slice::<Value>(body) else { return body.clone() };
    let mut text = String::new();
    write_with_duplicates(&document, &mut text);
    Bytes::from(text)
}

fn write_with_duplicates(value: &Value, text: &mut String) {
    match value {
        Value::Array(list) => {
            text.push('[');
            for (index, value) in list.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                write_with_duplicates(value, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (key, value) in members {
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write_with_duplicates(value, text);
                text.push(',');
            }
            let first = members.keys().next().map_or("", String::as_str);
            text.push_str(&Value::from(first).to_string());
            text.push_str(":null}");
        }
        _ => text.push_str(&value.to_string()),
    }
}

/// Returns a document whose objects have a member that no dialect knows.
pub(crate) fn with_extra_fields(body: &Bytes) -> Bytes {
    every_value(body, &|value| {
        if let Some(members) = value.as_object_mut() {
            members.insert("vendorData".to_owned(), json!({ "revision": [1, 2, { "beta": null }] }));
        }
    })
}

/// Returns a document whose numbers are texts.
pub(crate) fn with_text_numbers(body: &Bytes) -> Bytes {
    every_value(body, &|value| {
        if let Value::Number(number) = value {
            *value = Value::String(number.to_string());
        }
    })
}

/// Returns a document with the first object of its list once more at the end.
pub(crate) fn with_duplicate_object(body: &Bytes) -> Bytes {
    change_lists(body, |list| list.extend(list.first().cloned()))
}

/// Returns a document without the first object of its list.
pub(crate) fn without_first_object(body: &Bytes) -> Bytes {
    change_lists(body, |list| drop(list.drain(..list.len().min(1))))
}

/// Changes the list of a document: the document itself, or a member of it.
pub(crate) fn change_lists(body: &Bytes, mut change: impl FnMut(&mut Vec<Value>)) -> Bytes {
    let Ok(mut document) = serde_json::from_slice::<Value>(body) else { return body.clone() };
    match &mut document {
        Value::Array(list) => change(list),
        Value::Object(members) => members.values_mut().filter_map(Value::as_array_mut).for_each(change),
        _ => {}
    }
    Bytes::from(document.to_string())
}

fn every_value(body: &Bytes, change: &dyn Fn(&mut Value)) -> Bytes {
    let Ok(mut document) = serde_json::from_slice::<Value>(body) else { return body.clone() };
    enter(&mut document, change);
    Bytes::from(document.to_string())
}

fn enter(value: &mut Value, change: &dyn Fn(&mut Value)) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|value| enter(value, change)),
        Value::Object(members) => members.values_mut().for_each(|value| enter(value, change)),
        _ => {}
    }
    change(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"data":[{"id":1,"power":1.5},{"id":2,"power":null}]}"#;

    fn text(changed: impl Fn(&Bytes) -> Bytes) -> String {
        String::from_utf8(changed(&Bytes::from(BODY)).to_vec()).unwrap()
    }

    #[test]
    fn a_document_is_changed_everywhere() {
        assert_eq!(
            text(with_duplicate_keys),
            r#"{"data":[{"id":1,"power":1.5,"id":null},{"id":2,"power":null,"id":null}],"data":null}"#
        );
        assert_eq!(text(with_extra_fields).matches("vendorData").count(), 3);
        assert_eq!(text(with_text_numbers), r#"{"data":[{"id":"1","power":"1.5"},{"id":"2","power":null}]}"#);
    }

    #[test]
    fn a_list_has_an_object_more_or_less() {
        assert_eq!(text(with_duplicate_object).matches(r#""id":1"#).count(), 2);
        assert_eq!(text(without_first_object), r#"{"data":[{"id":2,"power":null}]}"#);
        assert_eq!(without_first_object(&Bytes::from("[]")), Bytes::from("[]"));
    }
}
