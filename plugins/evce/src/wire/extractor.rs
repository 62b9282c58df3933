//! Extracts fields from a JSON document while parsing it: without a tree of the whole document and without
//! copying texts. A poll of a large site costs little more than parsing.
//!
//! An [`Extractor`] is built once from a profile's pointers: a tree of member names whose leaves name the
//! fields. All other members are skipped.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json_pointers::JsonPointers;
use super::scalar::Scalar;

/// Added to the rank of an empty text; no field has so many pointers.
const BEHIND_ALL: usize = 1 << 16;

/// Extracts the fields of one object type and its nested objects.
#[derive(Clone, Debug, Default)]
pub(super) struct Extractor {
    root: Node,
    fields: usize,
    nested: Option<Box<Extractor>>,
}

/// A node on the way of some pointer.
#[derive(Clone, Debug, Default)]
struct Node {
    /// Fields at this node, each with the rank among its alternatives.
    fields: Vec<(usize, usize)>,
    /// The rank of this node among those with the list of nested objects.
    nested: Option<usize>,
    members: Vec<(Box<str>, Node)>,
}

/// The extracted fields of one object.
#[derive(Clone, Debug)]
pub(super) struct Object<'a> {
    fields: Vec<Option<(usize, Scalar<'a>)>>,
    nested: Option<(usize, Vec<Object<'a>>)>,
}

impl Extractor {
    /// Adds a field, by its number.
    pub(super) fn with_field(mut self, field: usize, pointers: &JsonPointers) -> Self {
        self.fields = self.fields.max(field + 1);
        for (rank, segments) in pointers.alternatives().enumerate() {
            self.root.at(segments).fields.push((field, rank));
        }
        self
    }

    /// Adds a list of nested objects with their own extractor.
    pub(super) fn with_nested(mut self, pointers: &JsonPointers, extractor: Self) -> Self {
        for (rank, segments) in pointers.alternatives().enumerate() {
            self.root.at(segments).nested = Some(rank);
        }
        self.nested = Some(Box::new(extractor));
        self
    }

    /// Extracts from a whole document.
    pub(super) fn read<'a>(&self, body: &'a [u8]) -> serde_json::Result<Object<'a>> {
        let mut document = serde_json::Deserializer::from_slice(body);
        let mut object = Object::new(self);
        Cursor { node: &self.root, extractor: self, object: &mut object }.deserialize(&mut document)?;
        document.end()?;
        Ok(object)
    }
}

impl Node {
    fn at(&mut self, segments: &[Box<str>]) -> &mut Self {
        let Some((first, rest)) = segments.split_first() else { return self };
        let index = self.members.iter().position(|(name, _)| name == first).unwrap_or_else(|| {
            self.members.push((first.clone(), Self::default()));
            self.members.len() - 1
        });
        self.members[index].1.at(rest)
    }

    /// Finds a member. Members keep their order, so the search starts after the last hit.
    fn member(&self, name: &str, last_hit: &mut usize) -> Option<&Self> {
        let (before, behind) = self.members.split_at((*last_hit).min(self.members.len()));
        let found = behind.iter().chain(before).position(|(known, _)| **known == *name)?;
        let index = (found + before.len()) % self.members.len();
        *last_hit = index + 1;
        Some(&self.members[index].1)
    }

    /// Finds an element of a list by its index, which is a name in a pointer.
    fn element(&self, index: usize) -> Option<&Self> {
        if self.members.is_empty() { None } else { self.member(&index.to_string(), &mut 0) }
    }
}

impl<'a> Object<'a> {
    fn new(extractor: &Extractor) -> Self {
        Self { fields: vec![None; extractor.fields], nested: None }
    }

    /// Returns a field.
    pub(super) fn field(&self, field: impl Into<usize>) -> Option<&Scalar<'a>> {
        self.fields.get(field.into())?.as_ref().map(|(_, scalar)| scalar)
    }

    /// Returns the nested objects; `None` differs from an empty list.
    pub(super) fn nested(&self) -> Option<&[Self]> {
        self.nested.as_ref().map(|(_, objects)| objects.as_slice())
    }

    /// Returns the nested objects; none without a list.
    pub(super) fn into_nested(self) -> Vec<Self> {
        self.nested.map(|(_, objects)| objects).unwrap_or_default()
    }

    fn note(&mut self, node: &Node, scalar: &Scalar<'a>) {
        // A filled alternative precedes the best empty one.
        let behind = if scalar.is_empty() { BEHIND_ALL } else { 0 };
        for (field, rank) in &node.fields {
            let rank = rank + behind;
            let known = &mut self.fields[*field];
            if known.as_ref().is_none_or(|(known_rank, _)| rank < *known_rank) {
                *known = Some((rank, scalar.clone()));
            }
        }
    }
}

/// Reads one node of the document.
struct Cursor<'r, 'a> {
    node: &'r Node,
    extractor: &'r Extractor,
    object: &'r mut Object<'a>,
}

impl Cursor<'_, '_> {
    /// Returns the extractor of the nested objects at this node, unless a better alternative was found.
    fn nested_here(&self) -> Option<(usize, &Extractor)> {
        let rank = self.node.nested?;
        let is_better = self.object.nested.as_ref().is_none_or(|(known_rank, _)| rank < *known_rank);
        self.extractor.nested.as_deref().filter(|_| is_better).map(|extractor| (rank, extractor))
    }
}

impl<'a> DeserializeSeed<'a> for Cursor<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, document: D) -> Result<(), D::Error> {
        document.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Cursor<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<(), E> {
        self.object.note(self.node, &Scalar::Truth(truth));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.object.note(self.node, &Scalar::Whole(number));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        // As a number a large id would lose its last digits.
        let scalar =
            i64::try_from(number).map_or_else(|_| Scalar::Text(number.to_string().into()), Scalar::Whole);
        self.object.note(self.node, &scalar);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.object.note(self.node, &Scalar::Number(number));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<(), E> {
        self.object.note(self.node, &Scalar::Text(Cow::Borrowed(text)));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.object.note(self.node, &Scalar::Text(Cow::Owned(text.to_owned())));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        let mut last_hit = 0;
        while let Some(member) = map.next_key_seed(Name { node: self.node, last_hit: &mut last_hit })? {
            match member {
                Some(node) => {
                    map.next_value_seed(Cursor {
                        node,
                        extractor: self.extractor,
                        object: &mut *self.object,
                    })?;
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut list: S) -> Result<(), S::Error> {
        if let Some((rank, extractor)) = self.nested_here() {
            let mut objects = Vec::new();
            loop {
                // An element of another type becomes an object without fields, and is reported for its
                // missing id.
                let mut nested = Object::new(extractor);
                let element = Cursor { node: &extractor.root, extractor, object: &mut nested };
                if list.next_element_seed(element)?.is_none() {
                    break;
                }
                objects.push(nested);
            }
            self.object.nested = Some((rank, objects));
            return Ok(());
        }
        // Few pointers lead to an element by its index, so most lists are skipped.
        for index in 0_usize.. {
            let element = match self.node.element(index) {
                Some(node) => list.next_element_seed(Cursor {
                    node,
                    extractor: self.extractor,
                    object: &mut *self.object,
                })?,
                None => list.next_element::<IgnoredAny>()?.map(drop),
            };
            if element.is_none() {
                break;
            }
        }
        Ok(())
    }
}

/// Finds a member by its name, without keeping the name.
struct Name<'r, 'h> {
    node: &'r Node,
    last_hit: &'h mut usize,
}

impl<'a, 'r> DeserializeSeed<'a> for Name<'r, '_> {
    type Value = Option<&'r Node>;

    fn deserialize<D: Deserializer<'a>>(self, document: D) -> Result<Self::Value, D::Error> {
        document.deserialize_str(self)
    }
}

impl<'r> Visitor<'_> for Name<'r, '_> {
    type Value = Option<&'r Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.node.member(name, self.last_hit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(pointers: &[&str]) -> JsonPointers {
        JsonPointers::try_from(pointers.iter().map(|pointer| (*pointer).to_owned()).collect::<Vec<_>>())
            .unwrap()
    }

    fn text(object: &Object<'_>, field: usize) -> Option<String> {
        object.field(field).map(Scalar::text)
    }

    #[test]
    fn the_first_existing_alternative_counts_in_any_order_of_members() {
        let best = pointers(&["/a/b", "/c", "/list/1"]);
        let extractor = Extractor::default().with_field(0, &best);
        let first = |document: &str| text(&extractor.read(document.as_bytes()).unwrap(), 0);
        assert_eq!(first(r#"{"c":2,"a":{"x":[1,{"b":9}],"b":1}}"#).as_deref(), Some("1"));
        assert_eq!(first(r#"{"a":{"b":1},"c":2}"#).as_deref(), Some("1"));
        assert_eq!(first(r#"{"a":{"b":null},"c":2}"#).as_deref(), Some("2"));
        assert_eq!(first(r#"{"a":{"b":""},"c":{},"list":[7,"two"]}"#).as_deref(), Some("two"));
        assert_eq!(first(r#"{"a":{"b":""},"c":null}"#).as_deref(), Some(""));
        assert_eq!(first(r#"{"a":{"b":[]}}"#), None);
    }

    #[test]
    fn texts_stay_in_the_body_and_large_numbers_keep_their_digits() {
        let (name, id) = (pointers(&["/name"]), pointers(&["/id"]));
        let extractor = Extractor::default().with_field(0, &name).with_field(1, &id);
        let body = br#"{"id":18446744073709551615,"more":{"id":1},"name":"Z1"}"#;
        let object = extractor.read(body).unwrap();
        assert!(matches!(object.field(0_usize), Some(Scalar::Text(Cow::Borrowed("Z1")))));
        assert_eq!(text(&object, 1).as_deref(), Some("18446744073709551615"));
        assert_eq!(text(&extractor.read(br#"{"name":"A\u00e4"}"#).unwrap(), 0).as_deref(), Some("A\u{e4}"));
    }

    #[test]
    fn objects_are_nested_at_the_best_pointer_and_none_is_not_an_empty_list() {
        let (items, id) = (pointers(&["", "/data", "/items"]), pointers(&["/id"]));
        let extractor = Extractor::default().with_nested(&items, Extractor::default().with_field(0, &id));
        let ids = |document: &str| {
            let object = extractor.read(document.as_bytes()).unwrap();
            object.nested().map(|nested| nested.iter().map(|nested| text(nested, 0)).collect::<Vec<_>>())
        };
        let one_and_none = || Some(vec![Some("1".to_owned()), None]);
        assert_eq!(ids(r#"[{"id":1},{"x":[{"id":2}]}]"#), one_and_none());
        assert_eq!(ids(r#"{"items":[{"id":5}],"data":[{"id":1},7]}"#), one_and_none());
        assert_eq!(ids(r#"{"data":[]}"#), Some(Vec::new()));
        assert_eq!(ids(r#"{"data":{"id":1}}"#), None);
    }

    #[test]
    fn trailing_data_and_endless_nesting_are_refused() {
        let extractor = Extractor::default();
        assert!(extractor.read(b"{} {}").is_err());
        assert!(extractor.read(&vec![b'['; 1_000_000]).is_err());
        assert!(extractor.read(b"").unwrap_err().is_eof());
    }
}
