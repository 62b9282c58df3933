//! Batches of the plugin contract and frames, one into the other.

use std::sync::Arc;

use abi_stable::std_types::{RStr, RString};
use riser_domain::{HistorySample, PointHandle, Published, Reading, Timestamp, Value, ValueState};
use riser_plugin::abi::{
    ReadingBatch, ReadingRecord, SampleBatch, TAG_BOOLEAN, TAG_DATE_TIME, TAG_DOUBLE, TAG_DURATION,
    TAG_INTEGER, TAG_KEEP, TAG_LONG, TAG_STRING, TIME_NOW, TextSpan, ValueBatch,
};

const NS_PER_MS: i64 = 1_000_000;

/// A record whose fields cannot be a value of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("the value of point {point} has the tag {tag} and bits that do not fit it")]
    Value { point: u32, tag: u8 },
    #[error("point {point} cannot be given the state {state}")]
    State { point: u32, state: u8 },
}

/// Converts a batch of values.
pub(crate) fn published(batch: ValueBatch<'_>) -> Result<Vec<Published>, RecordError> {
    let texts = batch.texts.as_str();
    let values = batch.records.iter().map(|record| {
        let point = record.handle;
        let value = match record.tag {
            TAG_KEEP => None,
            tag => {
                let value = value(tag, record.bits, record.text, texts);
                Some(value.ok_or(RecordError::Value { point, tag })?)
            }
        };
        Ok(Published {
            point: PointHandle(point),
            value,
            state: state(point, record.state)?,
            reason: Some(record.reason.of(texts)).filter(|reason| !reason.is_empty()).map(Arc::from),
            source_time: (record.source_time_ns != TIME_NOW)
                .then(|| Timestamp::from_unix_ns(record.source_time_ns)),
        })
    });
    values.collect()
}

/// Converts a batch of samples.
pub(crate) fn samples(batch: SampleBatch<'_>) -> Result<Vec<(PointHandle, HistorySample)>, RecordError> {
    let texts = batch.texts.as_str();
    let samples = batch.records.iter().map(|record| {
        let (point, tag) = (record.handle, record.tag);
        let value = value(tag, record.bits, record.text, texts).ok_or(RecordError::Value { point, tag })?;
        let state = state(point, record.state)?;
        let time = Timestamp::from_unix_ns(record.time_ns);
        Ok((PointHandle(point), HistorySample { value, state, time }))
    });
    samples.collect()
}

/// Converts the readings that the host returned.
pub(crate) fn readings(readings: Vec<Option<Reading>>) -> ReadingBatch {
    let mut texts = String::new();
    let records = readings.into_iter().map(|reading| match reading {
        None => ReadingRecord {
            source_time_ns: 0,
            received_time_ns: 0,
            bits: 0,
            text: TextSpan::default(),
            tag: TAG_KEEP,
            state: 0,
        },
        Some(reading) => {
            let (tag, bits, text) = record(&reading.value, &mut texts);
            ReadingRecord {
                source_time_ns: ns(reading.source_time),
                received_time_ns: ns(reading.received_time),
                bits,
                text,
                tag,
                state: reading.state.number(),
            }
        }
    });
    ReadingBatch { records: records.collect(), texts: RString::from(texts) }
}

fn state(point: u32, number: u8) -> Result<ValueState, RecordError> {
    ValueState::from_number(number).ok_or(RecordError::State { point, state: number })
}

fn value(tag: u8, bits: u64, text: TextSpan, texts: &str) -> Option<Value> {
    let whole = bits.cast_signed();
    Some(match tag {
        TAG_DATE_TIME => Value::DateTime(Timestamp::from_unix_ms(whole)),
        TAG_BOOLEAN => Value::Boolean(match bits {
            0 => false,
            1 => true,
            _ => return None,
        }),
        TAG_STRING => Value::String(Arc::from(text.of(texts))),
        TAG_DOUBLE => Value::Double(f64::from_bits(bits)),
        TAG_LONG => Value::Long(whole),
        TAG_INTEGER => Value::Integer(i32::try_from(whole).ok()?),
        TAG_DURATION => Value::DurationMs(whole),
        _ => return None,
    })
}

/// Returns tag, bits and text of a value, and appends its text to `texts`.
fn record(value: &Value, texts: &mut String) -> (u8, u64, TextSpan) {
    let none = TextSpan::default();
    match value {
        Value::DateTime(moment) => (TAG_DATE_TIME, moment.unix_ms().cast_unsigned(), none),
        Value::Boolean(is_true) => (TAG_BOOLEAN, u64::from(*is_true), none),
        Value::Double(number) => (TAG_DOUBLE, number.to_bits(), none),
        Value::Long(number) => (TAG_LONG, number.cast_unsigned(), none),
        Value::Integer(number) => (TAG_INTEGER, i64::from(*number).cast_unsigned(), none),
        Value::DurationMs(ms) => (TAG_DURATION, ms.cast_unsigned(), none),
        Value::String(text) => {
            let span = match (u32::try_from(texts.len()), u32::try_from(text.len())) {
                (Ok(offset), Ok(length)) => TextSpan { offset, length },
                // Beyond 4 GiB, which no frame can hold.
                _ => return (TAG_STRING, 0, none),
            };
            texts.push_str(text);
            (TAG_STRING, 0, span)
        }
    }
}

const fn ns(moment: Timestamp) -> i64 {
    moment.unix_ms().saturating_mul(NS_PER_MS)
}

/// The text of a log line, as long as a line may be.
pub(crate) fn log_text(text: RStr<'_>) -> String {
    const LONGEST_BYTES: usize = 8 * 1024;
    let text = text.as_str();
    text[..text.floor_char_boundary(LONGEST_BYTES)].to_owned()
}

#[cfg(test)]
mod tests {
    use abi_stable::std_types::RSlice;
    use riser_plugin::abi::{SampleRecord, ValueRecord};

    use super::*;

    fn value_record(tag: u8, bits: u64) -> ValueRecord {
        ValueRecord {
            source_time_ns: TIME_NOW,
            bits,
            handle: 7,
            text: TextSpan::default(),
            reason: TextSpan::default(),
            tag,
            state: 0,
        }
    }

    #[test]
    fn a_batch_is_converted_with_its_texts_and_times() {
        let records = [
            ValueRecord {
                source_time_ns: -1,
                text: TextSpan { offset: 0, length: 3 },
                ..value_record(TAG_STRING, 0)
            },
            ValueRecord { state: 3, reason: TextSpan { offset: 3, length: 4 }, ..value_record(TAG_KEEP, 0) },
            value_record(TAG_INTEGER, i64::from(-5).cast_unsigned()),
        ];
        let batch = ValueBatch { records: RSlice::from(&records[..]), texts: RStr::from("onegone") };
        let values = published(batch).unwrap();
        assert_eq!(values[0].value, Some(Value::String("one".into())));
        assert_eq!(values[0].source_time, Some(Timestamp::from_unix_ms(-1)));
        assert_eq!(
            (values[1].value.clone(), values[1].reason.as_deref(), values[1].state),
            (None, Some("gone"), ValueState::Offline)
        );
        assert_eq!((values[2].value.clone(), values[2].source_time), (Some(Value::Integer(-5)), None));
    }

    #[test]
    fn bits_that_do_not_fit_their_tag_are_refused() {
        for (tag, bits) in [(TAG_BOOLEAN, 2), (TAG_INTEGER, u64::MAX / 2), (99, 0)] {
            let records = [value_record(tag, bits)];
            let batch = ValueBatch { records: RSlice::from(&records[..]), texts: RStr::from("") };
            assert_eq!(published(batch), Err(RecordError::Value { point: 7, tag }));
        }
        let keep = [SampleRecord {
            time_ns: 0,
            bits: 0,
            handle: 7,
            text: TextSpan::default(),
            tag: TAG_KEEP,
            state: 0,
        }];
        let batch = SampleBatch { records: RSlice::from(&keep[..]), texts: RStr::from("") };
        assert_eq!(samples(batch), Err(RecordError::Value { point: 7, tag: TAG_KEEP }));
        let unknown = [ValueRecord { state: 9, ..value_record(TAG_DOUBLE, 0) }];
        let batch = ValueBatch { records: RSlice::from(&unknown[..]), texts: RStr::from("") };
        assert_eq!(published(batch), Err(RecordError::State { point: 7, state: 9 }));
    }

    #[test]
    fn readings_keep_every_kind_of_value() {
        let values = [
            Value::DateTime(Timestamp::from_unix_ms(-1)),
            Value::Boolean(true),
            Value::String("first".into()),
            Value::Double(-0.5),
            Value::Long(i64::MIN),
            Value::Integer(i32::MIN),
            Value::DurationMs(5),
            Value::String("second".into()),
        ];
        let reading = |value: &Value| {
            Some(Reading {
                value: value.clone(),
                state: ValueState::Uncertain,
                reason: None,
                source_time: Timestamp::from_unix_ms(2),
                received_time: Timestamp::from_unix_ms(3),
            })
        };
        let batch = readings(values.iter().map(reading).chain([None]).collect());
        for (record, expected) in batch.records.iter().zip(&values) {
            assert_eq!(value(record.tag, record.bits, record.text, &batch.texts).as_ref(), Some(expected));
            assert_eq!((record.source_time_ns, record.received_time_ns), (2_000_000, 3_000_000));
        }
        assert_eq!(batch.records.last().unwrap().tag, TAG_KEEP);
    }
}
