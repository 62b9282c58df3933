use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::time::SystemTime;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::abi::PackedPoints;
use crate::abi::id_prefixes::split;
use crate::abi::packed_points::PackedPoint;
use crate::value::{Kind, PointValue, State};

/// A stored point of the plugin's tree: a value or a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Point {
    handle: u32,
    kind: Kind,
}

impl Point {
    /// Returns the host's number of the point; stable for its life.
    pub const fn handle(self) -> u32 {
        self.handle
    }

    /// Returns the kind of its values.
    pub const fn kind(self) -> Kind {
        self.kind
    }

    /// Returns a fresh value.
    #[must_use]
    pub fn good(self, value: impl Into<PointValue>) -> Publication {
        self.publication(Some(value.into()), State::Good, None)
    }

    /// Returns a value that is incomplete.
    #[must_use]
    pub fn uncertain(self, value: impl Into<PointValue>, reason: impl Into<Arc<str>>) -> Publication {
        self.publication(Some(value.into()), State::Uncertain, Some(reason.into()))
    }

    /// Returns an update to Offline: the source cannot be reached. The last value stays.
    #[must_use]
    pub fn offline(self, reason: impl Into<Arc<str>>) -> Publication {
        self.publication(None, State::Offline, Some(reason.into()))
    }

    /// Returns an update to Error: the source sent an unusable value. The last value stays.
    #[must_use]
    pub fn error(self, reason: impl Into<Arc<str>>) -> Publication {
        self.publication(None, State::Error, Some(reason.into()))
    }

    fn publication(self, value: Option<PointValue>, state: State, reason: Option<Arc<str>>) -> Publication {
        let value = value.map(|value| value.fit(self.kind));
        Publication { point: self, value, state, reason, source_time: None }
    }

    /// Returns a sample of a history.
    #[must_use]
    pub fn sample(self, value: impl Into<PointValue>, state: State, at: SystemTime) -> Sample {
        Sample { point: self, value: value.into().fit(self.kind), state, at }
    }
}

/// A value to be published.
#[derive(Clone, Debug, PartialEq)]
pub struct Publication {
    /// The point.
    pub point: Point,
    /// The value; `None` keeps the last one.
    pub value: Option<PointValue>,
    /// Its state.
    pub state: State,
    /// Why the state is not Good; for a Good value a remark, such as who set it.
    pub reason: Option<Arc<str>>,
    /// When the source measured it; `None` means the current time.
    pub source_time: Option<SystemTime>,
}

impl Publication {
    /// Sets the time of measurement at the source.
    #[must_use]
    pub const fn measured_at(mut self, at: SystemTime) -> Self {
        self.source_time = Some(at);
        self
    }
}

/// A sample to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The history.
    pub point: Point,
    /// The value.
    pub value: PointValue,
    /// Its state.
    pub state: State,
    /// The time of the sample.
    pub at: SystemTime,
}

/// A value as it is served now.
#[derive(Clone, Debug, PartialEq)]
pub struct Served {
    /// The value.
    pub value: PointValue,
    /// Its state.
    pub state: State,
    /// When the source measured it.
    pub source_time: SystemTime,
    /// Whether it was ever published.
    pub is_known: bool,
}

/// The stored points of a plugin's tree, by id. A clone is another handle of the same points.
#[derive(Clone, Debug, Default)]
pub struct Points(Arc<PointIndex>);

/// Points as they were received, and their places by id: a large tree needs no memory for the id of each point.
#[derive(Debug, Default)]
struct PointIndex {
    packed: PackedPoints,
    hasher: DefaultHashBuilder,
    by_id: HashTable<u32>,
}

/// A stored point.
#[derive(Clone, Copy, Debug)]
pub struct StoredPoint<'a> {
    packed: PackedPoint<'a>,
}

impl<'a> StoredPoint<'a> {
    /// Returns the point.
    pub const fn point(&self) -> Point {
        Point { handle: self.packed.handle, kind: self.packed.kind }
    }

    /// Returns the id.
    pub fn id(&self) -> String {
        self.packed.id()
    }

    /// Returns the parts of the id before and after its last slash.
    pub const fn id_parts(&self) -> (Option<&'a str>, &'a str) {
        self.packed.id
    }

    /// Returns the class that publishes or records it.
    pub const fn published_by(&self) -> &'a str {
        self.packed.published_by
    }

    /// Returns whether it is a history instead of a value.
    pub const fn is_history(&self) -> bool {
        self.packed.is_history
    }

    /// Returns the handle of the value that a history records.
    pub const fn recorded(&self) -> Option<u32> {
        self.packed.recorded
    }
}

impl PointIndex {
    fn new(packed: PackedPoints) -> Self {
        let hasher = DefaultHashBuilder::default();
        let mut by_id = HashTable::with_capacity(packed.len());
        let id_at = |place: u32| packed.get(place).map(|point| point.id);
        for place in 0..u32::try_from(packed.len()).unwrap_or(u32::MAX) {
            // A newer host may store kinds that this library does not know.
            let Some(id) = id_at(place) else { continue };
            match by_id.entry(
                hasher.hash_one(id),
                |other| id_at(*other) == Some(id),
                |other| hasher.hash_one(id_at(*other).unwrap_or_default()),
            ) {
                Entry::Occupied(mut earlier) => *earlier.get_mut() = place,
                Entry::Vacant(free) => drop(free.insert(place)),
            }
        }
        Self { packed, hasher, by_id }
    }
}

impl Points {
    pub(crate) fn new(packed: PackedPoints) -> Self {
        Self(Arc::new(PointIndex::new(packed)))
    }

    /// Returns the point with this id.
    pub fn find(&self, id: &str) -> Option<Point> {
        self.find_parts(split(id))
    }

    /// Returns the point with the id that has these parts before and after its last slash.
    pub(crate) fn find_parts(&self, id: (Option<&str>, &str)) -> Option<Point> {
        let index = &*self.0;
        let at = |place: u32| index.packed.get(place);
        let is_it = |place: &u32| at(*place).is_some_and(|point| point.id == id);
        let packed = at(*index.by_id.find(index.hasher.hash_one(id), is_it)?)?;
        Some(StoredPoint { packed }.point())
    }

    /// Returns all points, in no order.
    pub fn iter(&self) -> impl Iterator<Item = StoredPoint<'_>> {
        let index = &*self.0;
        index.by_id.iter().filter_map(|place| Some(StoredPoint { packed: index.packed.get(*place)? }))
    }

    /// Returns the point with this handle.
    pub fn by_handle(&self, handle: u32) -> Option<Point> {
        self.iter().map(|stored| stored.point()).find(|point| point.handle == handle)
    }

    /// Returns the number of points.
    pub fn len(&self) -> usize {
        self.0.by_id.len()
    }

    /// Returns whether the tree has no points.
    pub fn is_empty(&self) -> bool {
        self.0.by_id.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::PointEntry;

    fn entry(handle: u32, id: &str) -> PointEntry<'_> {
        PointEntry {
            handle,
            id,
            kind: Kind::Double,
            published_by: "status",
            is_history: false,
            recorded: None,
        }
    }

    #[test]
    fn points_are_found_by_id_and_the_last_of_two_equal_ids_counts() {
        let values = [(1, "a"), (2, "b"), (3, "a"), (4, "b/a")].map(|(handle, id)| entry(handle, id));
        let log =
            PointEntry { is_history: true, recorded: Some(2), published_by: "logs", ..entry(5, "b/log") };
        let points = Points::new(values.into_iter().chain([log]).collect());
        assert_eq!(points.len(), 4);
        assert_eq!(points.find("a").map(Point::handle), Some(3));
        assert_eq!(points.find("b/a").map(Point::handle), Some(4));
        assert_eq!(points.find("c"), None);
        assert_eq!(points.by_handle(2), points.find("b"));
        let log = points.iter().find(|stored| stored.id() == "b/log").unwrap();
        assert_eq!(log.id_parts(), (Some("b"), "log"));
        assert_eq!((log.published_by(), log.recorded(), log.is_history()), ("logs", Some(2), true));
    }

    #[test]
    fn a_point_of_an_unknown_kind_is_left_out() {
        let packed: PackedPoints = [entry(1, "known"), entry(2, "unknown")].into_iter().collect();
        let json = serde_json::to_string(&packed).unwrap();
        let kind = format!("\"name\":\"unknown\",\"kind\":{}", Kind::Double.tag());
        assert!(json.contains(&kind), "{json}");
        let newer = json.replace(&kind, "\"name\":\"unknown\",\"kind\":255");
        let points = Points::new(serde_json::from_str(&newer).unwrap());
        assert_eq!((points.len(), points.find("unknown")), (1, None));
        assert_eq!(points.iter().count(), 1);
    }
}
