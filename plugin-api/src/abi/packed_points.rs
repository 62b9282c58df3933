//! Stored points, packed for a plugin: what points have in common is there once.

use std::hash::{Hash, Hasher};

use hashbrown::Equivalent;
use serde::{Deserialize, Serialize};

use super::id_prefixes::{IdPrefixes, join};
use super::places::Places;
use crate::Kind;

/// A stored point of the plugin's tree, to be packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointEntry<'a> {
    /// Its handle.
    pub handle: u32,
    /// Its id.
    pub id: &'a str,
    /// Its kind.
    pub kind: Kind,
    /// The class that publishes or records it.
    pub published_by: &'a str,
    /// Whether it is a history instead of a value.
    pub is_history: bool,
    /// For a history, the handle of the value it records.
    pub recorded: Option<u32>,
}

/// Points of a tree. As JSON a point takes about 15 bytes, in memory 12.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedPoints {
    prefixes: IdPrefixes,
    shapes: Vec<PointShape>,
    rows: Vec<PointRow>,
    /// Places of histories with the handles of the values that they record, in their order.
    recorded: Vec<(u32, u32)>,
}

/// What points at the same place of different containers have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PointShape {
    /// The id after its last slash.
    name: Box<str>,
    /// The kind as the tag of its values. A newer host may store kinds that this library does not know.
    kind: u8,
    published_by: Box<str>,
    is_history: bool,
}

/// The same, borrowed.
#[derive(Clone, Copy, Hash, PartialEq)]
struct PointShapeRef<'a> {
    name: &'a str,
    kind: u8,
    published_by: &'a str,
    is_history: bool,
}

/// A point: handle, number of its prefix, place of its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PointRow(u32, u32, u32);

/// A point of [`PackedPoints`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PackedPoint<'a> {
    pub(crate) handle: u32,
    /// The id before and after its last slash.
    pub(crate) id: (Option<&'a str>, &'a str),
    pub(crate) kind: Kind,
    pub(crate) published_by: &'a str,
    pub(crate) is_history: bool,
    /// For a history, the handle of the value it records.
    pub(crate) recorded: Option<u32>,
}

impl PackedPoint<'_> {
    /// Returns the id.
    pub(crate) fn id(&self) -> String {
        join(self.id.0, self.id.1)
    }
}

impl PointShape {
    fn as_ref(&self) -> PointShapeRef<'_> {
        let Self { name, kind, published_by, is_history } = self;
        PointShapeRef { name, kind: *kind, published_by, is_history: *is_history }
    }
}

impl Hash for PointShape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

impl Equivalent<PointShape> for PointShapeRef<'_> {
    fn equivalent(&self, shape: &PointShape) -> bool {
        *self == shape.as_ref()
    }
}

impl From<PointShapeRef<'_>> for PointShape {
    fn from(shape: PointShapeRef<'_>) -> Self {
        let PointShapeRef { name, kind, published_by, is_history } = shape;
        Self { name: name.into(), kind, published_by: published_by.into(), is_history }
    }
}

impl PackedPoints {
    /// Returns the number of points.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether there are no points.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the point at a place; `None` for a kind that this library does not know, and beyond the last place.
    pub(crate) fn get(&self, place: u32) -> Option<PackedPoint<'_>> {
        let PointRow(handle, prefix, shape) = *self.rows.get(place as usize)?;
        let shape = self.shapes.get(shape as usize)?;
        let recorded = self.recorded.binary_search_by_key(&place, |(place, _)| *place);
        Some(PackedPoint {
            handle,
            id: (self.prefixes.get(prefix)?, &shape.name),
            kind: Kind::from_tag(shape.kind)?,
            published_by: &shape.published_by,
            is_history: shape.is_history,
            recorded: recorded.ok().map(|found| self.recorded[found].1),
        })
    }
}

impl<'a> FromIterator<PointEntry<'a>> for PackedPoints {
    fn from_iter<I: IntoIterator<Item = PointEntry<'a>>>(points: I) -> Self {
        let (mut packed, mut prefixes, mut shapes) = (Self::default(), Places::default(), Places::default());
        for point in points {
            let PointEntry { handle, id, kind, published_by, is_history, recorded } = point;
            let (prefix, name) = packed.prefixes.add(&mut prefixes, id);
            let shape = PointShapeRef { name, kind: kind.tag(), published_by, is_history };
            let shape = shapes.find_or_add(&mut packed.shapes, &shape, || shape.into());
            let place = u32::try_from(packed.rows.len()).unwrap_or(u32::MAX);
            packed.recorded.extend(recorded.map(|handle| (place, handle)));
            packed.rows.push(PointRow(handle, prefix, shape));
        }
        packed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(handle: u32, id: &str, recorded: Option<u32>) -> PointEntry<'_> {
        PointEntry {
            handle,
            id,
            kind: Kind::Double,
            published_by: "status",
            is_history: recorded.is_some(),
            recorded,
        }
    }

    #[test]
    fn points_are_as_they_were_and_their_common_parts_are_there_once() {
        let ids = ["Load", "z1/Load", "z1/s2/Load", "z1/s3/Load", "/Load", "z1//Load"];
        let values = (1..).zip(ids).map(|(handle, id)| entry(handle, id, None));
        let entries: Vec<PointEntry<'_>> = values.chain([entry(9, "z1/Load-Readings", Some(2))]).collect();
        let packed: PackedPoints = entries.iter().copied().collect();
        assert_eq!((packed.len(), packed.shapes.len()), (7, 2));
        let json = serde_json::to_string(&packed).unwrap();
        assert_eq!(serde_json::from_str::<PackedPoints>(&json).unwrap(), packed);
        for (place, entry) in (0..).zip(&entries) {
            let point = packed.get(place).unwrap();
            assert_eq!((point.id(), point.handle), (entry.id.to_owned(), entry.handle));
            assert_eq!((point.recorded, point.is_history), (entry.recorded, entry.is_history));
            assert_eq!((point.kind, point.published_by), (entry.kind, entry.published_by));
        }
        assert!(packed.get(7).is_none());
    }

    #[test]
    fn rows_that_refer_to_something_unknown_are_no_points() {
        let shape = |kind: u8| {
            format!(r#"{{"name":"Load","kind":{kind},"published_by":"status","is_history":false}}"#)
        };
        let points = |row: &str, kind: u8| {
            let shape = shape(kind);
            let json = format!(r#"{{"prefixes":[],"shapes":[{shape}],"rows":[{row}],"recorded":[]}}"#);
            serde_json::from_str::<PackedPoints>(&json).unwrap()
        };
        assert_eq!(points("[1,0,0]", 4).get(0).unwrap().id(), "Load");
        for (row, kind) in [("[1,1,0]", 4), ("[1,0,1]", 4), ("[1,0,0]", u8::MAX)] {
            assert!(points(row, kind).get(0).is_none(), "{row} {kind}");
        }
    }
}
