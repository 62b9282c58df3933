use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::time::SystemTime;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::abi::{NO_POINT, PointBatch, PointRecord, TextSpan};
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
    /// Why the state is not Good.
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

/// Records as they were received, and their places by id: a large tree needs no memory for each of its points.
#[derive(Debug, Default)]
struct PointIndex {
    batch: PointBatch,
    hasher: DefaultHashBuilder,
    by_id: HashTable<u32>,
}

/// A stored point.
#[derive(Clone, Copy, Debug)]
pub struct StoredPoint<'a> {
    /// The point.
    pub point: Point,
    /// For a history, the handle of the value it records.
    pub recorded: Option<u32>,
    /// The class that publishes or records it.
    pub published_by: &'a str,
    /// Whether it is a history instead of a value.
    pub is_history: bool,
}

impl PointIndex {
    fn new(batch: PointBatch) -> Self {
        let hasher = DefaultHashBuilder::default();
        let mut by_id = HashTable::with_capacity(batch.records.len());
        let texts = batch.texts.as_str();
        let id_at = |place: u32| batch.records[place as usize].id.of(texts);
        for (place, record) in (0..).zip(&batch.records) {
            // A newer host may store kinds that this library does not know.
            if Kind::from_tag(record.kind).is_none() {
                continue;
            }
            let id = record.id.of(texts);
            match by_id.entry(
                hasher.hash_one(id),
                |other| id_at(*other) == id,
                |other| hasher.hash_one(id_at(*other)),
            ) {
                Entry::Occupied(mut earlier) => *earlier.get_mut() = place,
                Entry::Vacant(free) => drop(free.insert(place)),
            }
        }
        Self { batch, hasher, by_id }
    }

    fn record(&self, place: u32) -> &PointRecord {
        &self.batch.records[place as usize]
    }

    fn text(&self, span: TextSpan) -> &str {
        span.of(&self.batch.texts)
    }

    fn stored(&self, place: u32) -> Option<StoredPoint<'_>> {
        let record = self.record(place);
        Some(StoredPoint {
            point: Point { handle: record.handle, kind: Kind::from_tag(record.kind)? },
            recorded: (record.recorded != NO_POINT).then_some(record.recorded),
            published_by: self.text(record.published_by),
            is_history: record.is_history,
        })
    }
}

impl Points {
    pub(crate) fn from_batch(batch: PointBatch) -> Self {
        Self(Arc::new(PointIndex::new(batch)))
    }

    /// Returns the point with this id.
    pub fn find(&self, id: &str) -> Option<Point> {
        let index = &*self.0;
        let is_it = |place: &u32| index.text(index.record(*place).id) == id;
        let place = index.by_id.find(index.hasher.hash_one(id), is_it)?;
        index.stored(*place).map(|stored| stored.point)
    }

    /// Returns all points with their ids, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, StoredPoint<'_>)> {
        let index = &*self.0;
        index
            .by_id
            .iter()
            .filter_map(|place| Some((index.text(index.record(*place).id), index.stored(*place)?)))
    }

    /// Returns the value point with this handle.
    pub fn by_handle(&self, handle: u32) -> Option<Point> {
        self.iter().map(|(_, stored)| stored.point).find(|point| point.handle == handle)
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
    use crate::abi::{PointEntry, PointTable};

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
        let mut table = PointTable::default();
        for (handle, id) in [(1, "a"), (2, "b"), (3, "a")] {
            table.push(entry(handle, id));
        }
        table.push(PointEntry {
            is_history: true,
            recorded: Some(2),
            published_by: "logs",
            ..entry(4, "b/log")
        });
        let points = Points::from_batch(table.into());
        assert_eq!(points.len(), 3);
        assert_eq!(points.find("a").map(Point::handle), Some(3));
        assert_eq!(points.find("c"), None);
        assert_eq!(points.by_handle(2), points.find("b"));
        let (_, log) = points.iter().find(|(id, _)| *id == "b/log").unwrap();
        assert_eq!((log.published_by, log.recorded, log.is_history), ("logs", Some(2), true));
    }

    #[test]
    fn a_point_of_an_unknown_kind_is_left_out() {
        let mut table = PointTable::default();
        table.push(entry(1, "known"));
        table.push(entry(2, "unknown"));
        table.records[1].kind = u8::MAX;
        let points = Points::from_batch(table.into());
        assert_eq!((points.len(), points.find("unknown")), (1, None));
        assert_eq!(points.iter().count(), 1);
    }
}
