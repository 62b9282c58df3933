use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::abi::messages::PointMessage;
use crate::abi::{
    ReadingBatch, ReadingRecord, SampleRecord, TAG_BOOLEAN, TAG_DATE_TIME, TAG_DOUBLE, TAG_DURATION,
    TAG_INTEGER, TAG_KEEP, TAG_LONG, TAG_STRING, TIME_NOW, TextSpan, ValueRecord,
};
use crate::value::{Kind, PointValue, State, moment, unix_ms};

/// A stored point of the plugin's tree: a value or a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Point {
    handle: u32,
    kind: Kind,
}

impl Point {
    /// The host's number of the point; stable for its life.
    pub const fn handle(self) -> u32 {
        self.handle
    }

    /// The kind of its values.
    pub const fn kind(self) -> Kind {
        self.kind
    }

    /// A fresh value.
    #[must_use]
    pub fn good(self, value: impl Into<PointValue>) -> Publication {
        self.publication(Some(value.into()), State::Good, None)
    }

    /// A value that is incomplete.
    #[must_use]
    pub fn uncertain(self, value: impl Into<PointValue>, reason: impl Into<Arc<str>>) -> Publication {
        self.publication(Some(value.into()), State::Uncertain, Some(reason.into()))
    }

    /// The source cannot be reached; the last value stays.
    #[must_use]
    pub fn offline(self, reason: impl Into<Arc<str>>) -> Publication {
        self.publication(None, State::Offline, Some(reason.into()))
    }

    /// The source gave something that cannot be this value; the last value stays.
    #[must_use]
    pub fn error(self, reason: impl Into<Arc<str>>) -> Publication {
        self.publication(None, State::Error, Some(reason.into()))
    }

    fn publication(self, value: Option<PointValue>, state: State, reason: Option<Arc<str>>) -> Publication {
        let value = value.map(|value| value.fit(self.kind));
        Publication { point: self, value, state, reason, source_time: None }
    }

    /// A sample of a history.
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
    /// When the source measured it; `None` for now.
    pub source_time: Option<SystemTime>,
}

impl Publication {
    /// Says when the source measured it.
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
    /// The moment it stands for.
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
    /// Whether anyone ever published it.
    pub is_known: bool,
}

/// The stored points of a plugin's tree, by id.
#[derive(Clone, Debug, Default)]
pub struct Points {
    by_id: HashMap<Arc<str>, StoredPoint>,
}

/// What is stored of a point.
#[derive(Clone, Debug)]
pub struct StoredPoint {
    /// The point.
    pub point: Point,
    /// For a history, the handle of the value it records.
    pub recorded: Option<u32>,
    /// The class that writes it.
    pub written_by: Arc<str>,
    /// A history, and not a value.
    pub is_history: bool,
}

impl Points {
    pub(crate) fn from_messages(messages: Vec<PointMessage>) -> Self {
        let by_id = messages
            .into_iter()
            .filter_map(|message| {
                let stored = StoredPoint {
                    point: Point { handle: message.handle, kind: Kind::from_name(&message.kind)? },
                    recorded: message.recorded,
                    written_by: Arc::from(message.written_by),
                    is_history: message.is_history,
                };
                Some((Arc::from(message.id), stored))
            })
            .collect();
        Self { by_id }
    }

    /// The point with this id.
    pub fn find(&self, id: &str) -> Option<Point> {
        self.by_id.get(id).map(|stored| stored.point)
    }

    /// All points with their ids, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &StoredPoint)> {
        self.by_id.iter().map(|(id, stored)| (&**id, stored))
    }

    /// The value point with this handle.
    pub fn by_handle(&self, handle: u32) -> Option<Point> {
        self.by_id.values().map(|stored| stored.point).find(|point| point.handle == handle)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

/// Texts of a batch, gathered; equal reasons that follow each other are stored once.
#[derive(Debug, Default)]
struct Texts {
    buffer: String,
    last: Option<(Arc<str>, TextSpan)>,
}

impl Texts {
    fn add(&mut self, text: &Arc<str>) -> TextSpan {
        if let Some((last, span)) = &self.last
            && Arc::ptr_eq(last, text)
        {
            return *span;
        }
        let offset = u32::try_from(self.buffer.len()).unwrap_or(u32::MAX);
        self.buffer.push_str(text);
        let span = TextSpan { offset, length: u32::try_from(text.len()).unwrap_or(u32::MAX) };
        self.last = Some((Arc::clone(text), span));
        span
    }
}

fn packed(value: Option<&PointValue>, texts: &mut Texts) -> (u8, u64, TextSpan) {
    let none = TextSpan::default();
    match value {
        None => (TAG_KEEP, 0, none),
        Some(PointValue::DateTimeMs(ms)) => (TAG_DATE_TIME, ms.cast_unsigned(), none),
        Some(PointValue::Boolean(truth)) => (TAG_BOOLEAN, u64::from(*truth), none),
        Some(PointValue::String(text)) => (TAG_STRING, 0, texts.add(text)),
        Some(PointValue::Double(number)) => (TAG_DOUBLE, number.to_bits(), none),
        Some(PointValue::Long(number)) => (TAG_LONG, number.cast_unsigned(), none),
        Some(PointValue::Integer(number)) => (TAG_INTEGER, i64::from(*number).cast_unsigned(), none),
        Some(PointValue::DurationMs(ms)) => (TAG_DURATION, ms.cast_unsigned(), none),
    }
}

fn unpacked(tag: u8, bits: u64, text: &str) -> Option<PointValue> {
    Some(match tag {
        TAG_DATE_TIME => PointValue::DateTimeMs(bits.cast_signed()),
        TAG_BOOLEAN => PointValue::Boolean(bits != 0),
        TAG_STRING => PointValue::String(Arc::from(text)),
        TAG_DOUBLE => PointValue::Double(f64::from_bits(bits)),
        TAG_LONG => PointValue::Long(bits.cast_signed()),
        TAG_INTEGER => PointValue::Integer(i32::try_from(bits.cast_signed()).ok()?),
        TAG_DURATION => PointValue::DurationMs(bits.cast_signed()),
        _ => return None,
    })
}

const NS_PER_MS: i64 = 1_000_000;

/// The records of published values and their texts.
pub(crate) fn value_records(batch: &[Publication]) -> (Vec<ValueRecord>, String) {
    let mut texts = Texts::default();
    let records = batch
        .iter()
        .map(|publication| {
            let (tag, bits, text) = packed(publication.value.as_ref(), &mut texts);
            ValueRecord {
                source_time_ns: publication
                    .source_time
                    .map_or(TIME_NOW, |at| unix_ms(at).saturating_mul(NS_PER_MS)),
                bits,
                handle: publication.point.handle,
                text,
                reason: publication.reason.as_ref().map_or_else(TextSpan::default, |text| texts.add(text)),
                tag,
                state: publication.state.number(),
            }
        })
        .collect();
    (records, texts.buffer)
}

/// The records of samples and their texts.
pub(crate) fn sample_records(batch: &[Sample]) -> (Vec<SampleRecord>, String) {
    let mut texts = Texts::default();
    let records = batch
        .iter()
        .map(|sample| {
            let (tag, bits, text) = packed(Some(&sample.value), &mut texts);
            SampleRecord {
                time_ns: unix_ms(sample.at).saturating_mul(NS_PER_MS),
                bits,
                handle: sample.point.handle,
                text,
                tag,
                state: sample.state.number(),
            }
        })
        .collect();
    (records, texts.buffer)
}

/// What a batch of readings says; `None` for what is no point.
pub(crate) fn served_from(batch: &ReadingBatch) -> Vec<Option<Served>> {
    batch.records.iter().map(|record| served(record, &batch.texts)).collect()
}

fn served(record: &ReadingRecord, texts: &str) -> Option<Served> {
    Some(Served {
        value: unpacked(record.tag, record.bits, record.text.of(texts))?,
        state: State::from_number(record.state)?,
        source_time: moment(record.source_time_ns / NS_PER_MS),
        is_known: record.received_time_ns != 0,
    })
}
