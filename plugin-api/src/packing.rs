//! Values as packed bytes, and as fixed-size records with their texts in one buffer beside them; and back.

use std::sync::Arc;

use crate::abi::packed_values::{PackedValue, ValuePacker};
use crate::abi::{
    ReadingBatch, ReadingRecord, SampleRecord, TAG_BOOLEAN, TAG_DATE_TIME, TAG_DOUBLE, TAG_DURATION,
    TAG_INTEGER, TAG_KEEP, TAG_LONG, TAG_STRING, TextSpan,
};
use crate::points::{Publication, Sample, Served};
use crate::value::{PointValue, State, moment, unix_ms};

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
    let (tag, bits) = value.map_or((TAG_KEEP, 0), tag_and_bits);
    let text = match value {
        Some(PointValue::String(text)) => texts.add(text),
        _ => TextSpan::default(),
    };
    (tag, bits, text)
}

/// Returns the tag of a value, and its bits; 0 for a text.
fn tag_and_bits(value: &PointValue) -> (u8, u64) {
    match value {
        PointValue::DateTimeMs(ms) => (TAG_DATE_TIME, ms.cast_unsigned()),
        PointValue::Boolean(truth) => (TAG_BOOLEAN, u64::from(*truth)),
        PointValue::String(_) => (TAG_STRING, 0),
        PointValue::Double(number) => (TAG_DOUBLE, number.to_bits()),
        PointValue::Long(number) => (TAG_LONG, number.cast_unsigned()),
        PointValue::Integer(number) => (TAG_INTEGER, i64::from(*number).cast_unsigned()),
        PointValue::DurationMs(ms) => (TAG_DURATION, ms.cast_unsigned()),
    }
}

/// Returns the value of a record; `None` for [`TAG_KEEP`] and for a tag that is not known.
pub fn unpacked(tag: u8, bits: u64, text: &str) -> Option<PointValue> {
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

/// Values to be published together: [`Host::publish_with`](crate::Host::publish_with).
#[derive(Debug)]
pub struct Batch {
    packer: ValuePacker,
}

impl Batch {
    /// Returns an empty batch in the memory of an earlier one.
    pub(crate) fn reusing(memory: Vec<u8>) -> Self {
        Self { packer: ValuePacker::reusing(memory) }
    }

    /// Adds a value.
    pub fn push(&mut self, publication: &Publication) {
        let (tag, bits) = publication.value.as_ref().map_or((TAG_KEEP, 0), tag_and_bits);
        let text = match &publication.value {
            Some(PointValue::String(text)) => text,
            _ => "",
        };
        self.packer.push(PackedValue {
            handle: publication.point.handle(),
            tag,
            state: publication.state.number(),
            bits,
            text,
            reason: publication.reason.as_deref().unwrap_or_default(),
            source_time_ms: publication.source_time.map(unix_ms),
        });
    }

    /// Returns the packed values.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.packer.into_bytes()
    }
}

/// Returns the records of samples and their texts.
pub(crate) fn sample_records(batch: &[Sample]) -> (Vec<SampleRecord>, String) {
    let mut texts = Texts::default();
    let records = batch
        .iter()
        .map(|sample| {
            let (tag, bits, text) = packed(Some(&sample.value), &mut texts);
            SampleRecord {
                time_ns: unix_ms(sample.at).saturating_mul(NS_PER_MS),
                bits,
                handle: sample.point.handle(),
                text,
                tag,
                state: sample.state.number(),
            }
        })
        .collect();
    (records, texts.buffer)
}

/// Returns the values of a batch of readings; `None` for an unknown handle.
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

/// Returns the readings of these values; [`served_from`] is the reverse.
pub fn reading_batch(served: &[Option<Served>]) -> ReadingBatch {
    let mut texts = Texts::default();
    let records = served.iter().map(|served| reading(served.as_ref(), &mut texts)).collect();
    ReadingBatch { records, texts: texts.buffer.into() }
}

fn reading(served: Option<&Served>, texts: &mut Texts) -> ReadingRecord {
    let (tag, bits, text) = packed(served.map(|served| &served.value), texts);
    let time_ns = served.map_or(0, |served| unix_ms(served.source_time).saturating_mul(NS_PER_MS));
    ReadingRecord {
        source_time_ns: time_ns,
        received_time_ns: served.filter(|served| served.is_known).map_or(0, |_| time_ns.max(1)),
        bits,
        text,
        tag,
        state: served.map_or(State::Error, |served| served.state).number(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn what_is_served_reads_as_it_was_packed() {
        let served = |value: PointValue, is_known| {
            let source_time = UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
            Some(Served { value, state: State::Uncertain, source_time, is_known })
        };
        let all = vec![
            served(PointValue::DateTimeMs(-5), true),
            served(PointValue::Boolean(true), true),
            served("Ladepunkt №1".into(), true),
            None,
            served(PointValue::Double(-0.5), false),
            served(PointValue::Long(i64::MIN), true),
            served(PointValue::Integer(-7), true),
            served(PointValue::DurationMs(60_000), true),
            served("".into(), true),
        ];
        assert_eq!(served_from(&reading_batch(&all)), all);
    }

    #[test]
    fn a_reason_that_many_points_share_is_sent_once() {
        let reason: Arc<str> = Arc::from("the controller does not respond");
        let mut texts = Texts::default();
        let (first, second) = (texts.add(&reason), texts.add(&reason));
        assert_eq!((first, texts.buffer.len()), (second, reason.len()));
    }
}
