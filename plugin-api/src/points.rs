use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::abi::{NO_POINT, PointBatch};
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
pub struct Points {
    by_id: Arc<HashMap<Arc<str>, StoredPoint>>,
}

/// A stored point.
#[derive(Clone, Debug)]
pub struct StoredPoint {
    /// The point.
    pub point: Point,
    /// For a history, the handle of the value it records.
    pub recorded: Option<u32>,
    /// The class that publishes or records it.
    pub published_by: Arc<str>,
    /// Whether it is a history instead of a value.
    pub is_history: bool,
}

impl Points {
    pub(crate) fn from_batch(batch: PointBatch<'_>) -> Self {
        let texts = batch.texts.as_str();
        let mut by_id = HashMap::with_capacity(batch.records.len());
        // Neighbours have the same writer.
        let mut published_by: Arc<str> = Arc::default();
        for record in batch.records {
            let Some(kind) = Kind::from_tag(record.kind) else { continue };
            if *published_by != *record.published_by.of(texts) {
                published_by = record.published_by.of(texts).into();
            }
            let stored = StoredPoint {
                point: Point { handle: record.handle, kind },
                recorded: (record.recorded != NO_POINT).then_some(record.recorded),
                published_by: Arc::clone(&published_by),
                is_history: record.is_history,
            };
            by_id.insert(record.id.of(texts).into(), stored);
        }
        Self { by_id: Arc::new(by_id) }
    }

    /// Returns the point with this id.
    pub fn find(&self, id: &str) -> Option<Point> {
        self.by_id.get(id).map(|stored| stored.point)
    }

    /// Returns all points with their ids, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &StoredPoint)> {
        self.by_id.iter().map(|(id, stored)| (&**id, stored))
    }

    /// Returns the value point with this handle.
    pub fn by_handle(&self, handle: u32) -> Option<Point> {
        self.by_id.values().map(|stored| stored.point).find(|point| point.handle == handle)
    }

    /// Returns the number of points.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Returns whether the tree has no points.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}
