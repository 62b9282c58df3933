//! Converts samples and readings between the plugin ABI and frames.

use std::sync::Arc;

use abi_stable::std_types::{RStr, RString};
use riser_domain::{HistorySample, PointHandle, Reading, Timestamp, Value};
use riser_plugin::abi::{ReadingBatch, ReadingRecord, SampleBatch, TAG_KEEP, TAG_STRING, TextSpan};

use riser_worker_protocol::value_batch::{ValueBatchError, number_of, state_of, tag_bits_and_text};

const NS_PER_MS: i64 = 1_000_000;

pub(crate) fn samples(batch: SampleBatch<'_>) -> Result<Vec<(PointHandle, HistorySample)>, ValueBatchError> {
    let texts = batch.texts.as_str();
    let samples = batch.records.iter().map(|record| {
        let (point, tag) = (record.handle, record.tag);
        let value =
            value(tag, record.bits, record.text, texts).ok_or(ValueBatchError::Value { point, tag })?;
        let state = state_of(point, record.state)?;
        let time = Timestamp::from_unix_ns(record.time_ns);
        Ok((PointHandle(point), HistorySample { value, state, time }))
    });
    samples.collect()
}

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

fn value(tag: u8, bits: u64, text: TextSpan, texts: &str) -> Option<Value> {
    if tag == TAG_STRING { Some(Value::String(Arc::from(text.of(texts)))) } else { number_of(tag, bits) }
}

/// Returns tag, bits and text of a value, and appends its text to `texts`.
fn record(value: &Value, texts: &mut String) -> (u8, u64, TextSpan) {
    let (tag, bits, text) = tag_bits_and_text(value);
    let span = match (u32::try_from(texts.len()), u32::try_from(text.len())) {
        (Ok(offset), Ok(length)) => TextSpan { offset, length },
        // No frame can hold texts beyond 4 GiB.
        _ => return (tag, bits, TextSpan::default()),
    };
    texts.push_str(text);
    (tag, bits, span)
}

const fn ns(moment: Timestamp) -> i64 {
    moment.unix_ms().saturating_mul(NS_PER_MS)
}

/// Returns the text of a log line, cut to the longest line. A plugin may have made it from any bytes; the host
/// accepts only valid text.
pub(crate) fn log_text(text: RStr<'_>) -> String {
    const LONGEST_BYTES: usize = 8 * 1024;
    match str::from_utf8(text.as_str().as_bytes()) {
        Ok(text) => text[..text.floor_char_boundary(LONGEST_BYTES)].to_owned(),
        Err(_) => {
            let bytes = text.as_str().as_bytes();
            String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_BYTES)]).into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use abi_stable::std_types::RSlice;
    use riser_domain::ValueState;
    use riser_plugin::abi::{SampleRecord, TAG_DOUBLE};

    use super::*;

    #[test]
    fn samples_without_a_value_or_with_an_unknown_state_are_refused() {
        let keep = [SampleRecord {
            time_ns: 0,
            bits: 0,
            handle: 7,
            text: TextSpan::default(),
            tag: TAG_KEEP,
            state: 0,
        }];
        let batch = SampleBatch { records: RSlice::from(&keep[..]), texts: RStr::from("") };
        assert_eq!(samples(batch), Err(ValueBatchError::Value { point: 7, tag: TAG_KEEP }));
        let unknown = [SampleRecord { tag: TAG_DOUBLE, state: 9, ..keep[0] }];
        let batch = SampleBatch { records: RSlice::from(&unknown[..]), texts: RStr::from("") };
        assert_eq!(samples(batch), Err(ValueBatchError::State { point: 7, state: 9 }));
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
