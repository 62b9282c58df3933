//! Takes what is wanted out of a JSON document while it is being parsed: no tree of the whole document is
//! built, and texts stay in the body. A poll of a large site costs little more than parsing.
//!
//! A [`Shape`] is made of a profile's places once: a tree of member names whose leaves say which field stands
//! there. What no place leads to is skipped.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::place::Place;
use super::scalar::Scalar;

/// Added to the rank of a place with an empty text; no field has so many places.
const BEHIND_ALL: usize = 1 << 16;

/// Where the fields of a kind of object stand, and the objects that it holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    root: Node,
    fields: usize,
    held: Option<Box<Shape>>,
}

/// How many objects stand in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    One,
    List,
}

/// A place that some pointer leads to or through.
#[derive(Clone, Debug, Default)]
struct Node {
    /// Fields that stand here, each with the rank of this place among its alternatives.
    fields: Vec<(usize, usize)>,
    held: Option<(Held, usize)>,
    members: Vec<(Box<str>, Node)>,
}

/// What was taken out of one object.
#[derive(Clone, Debug)]
pub(super) struct Object<'a> {
    fields: Vec<Option<(usize, Scalar<'a>)>>,
    held: Option<(usize, Vec<Object<'a>>)>,
}

impl Shape {
    /// The shape of an object with these fields.
    pub(super) fn of<'p>(places: impl IntoIterator<Item = (usize, &'p Place)>) -> Self {
        let mut shape = Self::default();
        for (field, place) in places {
            shape.fields = shape.fields.max(field + 1);
            for (rank, segments) in place.alternatives().enumerate() {
                shape.root.at(segments).fields.push((field, rank));
            }
        }
        shape
    }

    /// The same, holding objects of another shape in a place.
    pub(super) fn holding(mut self, held: Held, place: &Place, shape: Self) -> Self {
        for (rank, segments) in place.alternatives().enumerate() {
            self.root.at(segments).held = Some((held, rank));
        }
        self.held = Some(Box::new(shape));
        self
    }

    /// Reads a whole document.
    pub(super) fn read<'a>(&self, body: &'a [u8]) -> serde_json::Result<Object<'a>> {
        let mut document = serde_json::Deserializer::from_slice(body);
        let mut object = Object::new(self);
        Here { node: &self.root, shape: self, object: &mut object }.deserialize(&mut document)?;
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

    /// Finds a member. Documents keep their order, so the search goes on behind the last hit.
    fn member(&self, name: &str, last_hit: &mut usize) -> Option<&Self> {
        let (before, behind) = self.members.split_at((*last_hit).min(self.members.len()));
        let found = behind.iter().chain(before).position(|(known, _)| **known == *name)?;
        let index = (found + before.len()) % self.members.len();
        *last_hit = index + 1;
        Some(&self.members[index].1)
    }

    /// Finds an element of a list by its number, which a pointer writes like a name.
    fn element(&self, index: usize) -> Option<&Self> {
        if self.members.is_empty() { None } else { self.member(&index.to_string(), &mut 0) }
    }
}

impl<'a> Object<'a> {
    fn new(shape: &Shape) -> Self {
        Self { fields: vec![None; shape.fields], held: None }
    }

    /// What stands in a field.
    pub(super) fn field(&self, field: impl Into<usize>) -> Option<&Scalar<'a>> {
        self.fields.get(field.into())?.as_ref().map(|(_, scalar)| scalar)
    }

    /// The objects that it holds; none is not the same as an empty list.
    pub(super) fn held(&self) -> Option<&[Self]> {
        self.held.as_ref().map(|(_, objects)| objects.as_slice())
    }

    fn note(&mut self, node: &Node, scalar: &Scalar<'a>) {
        // A place with something in it counts more than the best one that is empty.
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

/// Reads what stands in one place.
struct Here<'r, 'a> {
    node: &'r Node,
    shape: &'r Shape,
    object: &'r mut Object<'a>,
}

impl Here<'_, '_> {
    /// The shape of what is held here, when this place counts more than what was found before.
    fn holds(&self, held: Held) -> Option<(usize, &Shape)> {
        let (_, rank) = self.node.held.filter(|(here, _)| *here == held)?;
        let is_better = self.object.held.as_ref().is_none_or(|(known_rank, _)| rank < *known_rank);
        self.shape.held.as_deref().filter(|_| is_better).map(|shape| (rank, shape))
    }
}

impl<'a> DeserializeSeed<'a> for Here<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, document: D) -> Result<(), D::Error> {
        document.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Here<'_, 'a> {
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
        if let Some((rank, shape)) = self.holds(Held::One) {
            let mut held = Object::new(shape);
            Here { node: &shape.root, shape, object: &mut held }.visit_map(map)?;
            self.object.held = Some((rank, vec![held]));
            return Ok(());
        }
        let mut last_hit = 0;
        while let Some(member) = map.next_key_seed(Name { node: self.node, last_hit: &mut last_hit })? {
            match member {
                Some(node) => {
                    map.next_value_seed(Here { node, shape: self.shape, object: &mut *self.object })?;
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut list: S) -> Result<(), S::Error> {
        if let Some((rank, shape)) = self.holds(Held::List) {
            let mut objects = Vec::new();
            loop {
                // What is no object is one without fields: it is told as one without an id.
                let mut held = Object::new(shape);
                let element = Here { node: &shape.root, shape, object: &mut held };
                if list.next_element_seed(element)?.is_none() {
                    break;
                }
                objects.push(held);
            }
            self.object.held = Some((rank, objects));
            return Ok(());
        }
        // A pointer may lead to an element by its number; few do, so most lists are skipped.
        for index in 0_usize.. {
            let element = match self.node.element(index) {
                Some(node) => {
                    list.next_element_seed(Here { node, shape: self.shape, object: &mut *self.object })?
                }
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

    fn place(pointers: &[&str]) -> Place {
        Place::try_from(pointers.iter().map(|pointer| (*pointer).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    fn text(object: &Object<'_>, field: usize) -> Option<String> {
        object.field(field).map(Scalar::text)
    }

    #[test]
    fn the_first_alternative_that_is_there_counts_in_whatever_order_a_document_has_them() {
        let best = place(&["/a/b", "/c", "/list/1"]);
        let shape = Shape::of([(0, &best)]);
        let first = |document: &str| text(&shape.read(document.as_bytes()).unwrap(), 0);
        assert_eq!(first(r#"{"c":2,"a":{"x":[1,{"b":9}],"b":1}}"#).as_deref(), Some("1"));
        assert_eq!(first(r#"{"a":{"b":1},"c":2}"#).as_deref(), Some("1"));
        assert_eq!(first(r#"{"a":{"b":null},"c":2}"#).as_deref(), Some("2"));
        assert_eq!(first(r#"{"a":{"b":""},"c":{},"list":[7,"two"]}"#).as_deref(), Some("two"));
        assert_eq!(first(r#"{"a":{"b":""},"c":null}"#).as_deref(), Some(""));
        assert_eq!(first(r#"{"a":{"b":[]}}"#), None);
    }

    #[test]
    fn texts_stay_in_the_body_and_large_numbers_keep_their_digits() {
        let (name, id) = (place(&["/name"]), place(&["/id"]));
        let shape = Shape::of([(0, &name), (1, &id)]);
        let body = br#"{"id":18446744073709551615,"more":{"id":1},"name":"Z1"}"#;
        let object = shape.read(body).unwrap();
        assert!(matches!(object.field(0_usize), Some(Scalar::Text(Cow::Borrowed("Z1")))));
        assert_eq!(text(&object, 1).as_deref(), Some("18446744073709551615"));
        assert_eq!(text(&shape.read(br#"{"name":"A\u00e4"}"#).unwrap(), 0).as_deref(), Some("A\u{e4}"));
    }

    #[test]
    fn objects_are_held_by_the_best_place_and_none_is_not_an_empty_list() {
        let (items, id) = (place(&["", "/data", "/items"]), place(&["/id"]));
        let shape = Shape::of([]).holding(Held::List, &items, Shape::of([(0, &id)]));
        let ids = |document: &str| {
            let object = shape.read(document.as_bytes()).unwrap();
            object.held().map(|held| held.iter().map(|held| text(held, 0)).collect::<Vec<_>>())
        };
        let one_and_none = || Some(vec![Some("1".to_owned()), None]);
        assert_eq!(ids(r#"[{"id":1},{"x":[{"id":2}]}]"#), one_and_none());
        assert_eq!(ids(r#"{"items":[{"id":5}],"data":[{"id":1},7]}"#), one_and_none());
        assert_eq!(ids(r#"{"data":[]}"#), Some(Vec::new()));
        assert_eq!(ids(r#"{"data":{"id":1}}"#), None);
    }

    #[test]
    fn what_follows_a_document_or_nests_without_end_is_refused() {
        let shape = Shape::of([]);
        assert!(shape.read(b"{} {}").is_err());
        assert!(shape.read(&vec![b'['; 1_000_000]).is_err());
        assert!(shape.read(b"").unwrap_err().is_eof());
    }
}
