//! Batches of the plugin contract and frames, one into the other.

use std::sync::Arc;

use abi_stable::std_types::{RStr, RString};
use riser_plugin::abi::{
    ReadingBatch, ReadingRecord, SampleBatch, TAG_BOOLEAN, TAG_DATE_TIME, TAG_DOUBLE, TAG_DURATION,
    TAG_INTEGER, TAG_KEEP, TAG_LONG, TAG_STRING, TIME_NOW, TextSpan, ValueBatch,
};

use crate::frames::{PublishedFrame, ReadingFrame, SampleFrame, ValueFrame};

const NS_PER_MS: i64 = 1_000_000;

/// A record holds no value that its tag could mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value of point {handle} has the tag {tag} and bits that do not fit it")]
pub(crate) struct NoValue {
    handle: u32,
    tag: u8,
}

pub(crate) fn published(batch: ValueBatch<'_>) -> Result<Vec<PublishedFrame>, NoValue> {
    let texts = batch.texts.as_str();
    let frames = batch.records.iter().map(|record| {
        let value = match record.tag {
            TAG_KEEP => None,
            tag => Some(
                value(tag, record.bits, record.text, texts).ok_or(NoValue { handle: record.handle, tag })?,
            ),
        };
        Ok(PublishedFrame {
            handle: record.handle,
            value,
            state: record.state,
            reason: Some(record.reason.of(texts)).filter(|reason| !reason.is_empty()).map(Arc::from),
            source_time_ms: (record.source_time_ns != TIME_NOW).then(|| ms(record.source_time_ns)),
        })
    });
    frames.collect()
}

pub(crate) fn samples(batch: SampleBatch<'_>) -> Result<Vec<SampleFrame>, NoValue> {
    let texts = batch.texts.as_str();
    let frames = batch.records.iter().map(|record| {
        let value = value(record.tag, record.bits, record.text, texts)
            .ok_or(NoValue { handle: record.handle, tag: record.tag })?;
        Ok(SampleFrame { handle: record.handle, value, state: record.state, time_ms: ms(record.time_ns) })
    });
    frames.collect()
}

pub(crate) fn readings(frames: Vec<Option<ReadingFrame>>) -> ReadingBatch {
    let mut texts = String::new();
    let records = frames.into_iter().map(|frame| match frame {
        None => ReadingRecord {
            source_time_ns: 0,
            received_time_ns: 0,
            bits: 0,
            text: TextSpan::default(),
            tag: TAG_KEEP,
            state: 0,
        },
        Some(frame) => {
            let (tag, bits, text) = record(&frame.value, &mut texts);
            ReadingRecord {
                source_time_ns: ns(frame.source_time_ms),
                received_time_ns: ns(frame.received_time_ms),
                bits,
                text,
                tag,
                state: frame.state,
            }
        }
    });
    ReadingBatch { records: records.collect(), texts: RString::from(texts) }
}

fn value(tag: u8, bits: u64, text: TextSpan, texts: &str) -> Option<ValueFrame> {
    let whole = bits.cast_signed();
    Some(match tag {
        TAG_DATE_TIME => ValueFrame::DateTimeMs(whole),
        TAG_BOOLEAN => ValueFrame::Boolean(match bits {
            0 => false,
            1 => true,
            _ => return None,
        }),
        TAG_STRING => ValueFrame::String(Arc::from(text.of(texts))),
        TAG_DOUBLE => ValueFrame::Double(f64::from_bits(bits)),
        TAG_LONG => ValueFrame::Long(whole),
        TAG_INTEGER => ValueFrame::Integer(i32::try_from(whole).ok()?),
        TAG_DURATION => ValueFrame::DurationMs(whole),
        _ => return None,
    })
}

/// Tag, bits and text of a value, its text appended to `texts`.
fn record(value: &ValueFrame, texts: &mut String) -> (u8, u64, TextSpan) {
    let none = TextSpan::default();
    match value {
        ValueFrame::DateTimeMs(ms) => (TAG_DATE_TIME, ms.cast_unsigned(), none),
        ValueFrame::Boolean(is) => (TAG_BOOLEAN, u64::from(*is), none),
        ValueFrame::Double(number) => (TAG_DOUBLE, number.to_bits(), none),
        ValueFrame::Long(number) => (TAG_LONG, number.cast_unsigned(), none),
        ValueFrame::Integer(number) => (TAG_INTEGER, i64::from(*number).cast_unsigned(), none),
        ValueFrame::DurationMs(ms) => (TAG_DURATION, ms.cast_unsigned(), none),
        ValueFrame::String(text) => {
            let span = match (u32::try_from(texts.len()), u32::try_from(text.len())) {
                (Ok(offset), Ok(length)) => TextSpan { offset, length },
                // Beyond 4 GiB, far more than a frame carries.
                _ => return (TAG_STRING, 0, none),
            };
            texts.push_str(text);
            (TAG_STRING, 0, span)
        }
    }
}

const fn ms(ns: i64) -> i64 {
    ns.div_euclid(NS_PER_MS)
}

const fn ns(ms: i64) -> i64 {
    ms.saturating_mul(NS_PER_MS)
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
    fn a_batch_becomes_frames_with_texts_and_times_in_their_places() {
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
        let frames = published(batch).unwrap();
        assert_eq!(frames[0].value, Some(ValueFrame::String("one".into())));
        assert_eq!(frames[0].source_time_ms, Some(-1));
        assert_eq!(
            (frames[1].value.clone(), frames[1].reason.as_deref(), frames[1].state),
            (None, Some("gone"), 3)
        );
        assert_eq!(
            (frames[2].value.clone(), frames[2].source_time_ms),
            (Some(ValueFrame::Integer(-5)), None)
        );
    }

    #[test]
    fn bits_that_do_not_fit_their_tag_are_refused() {
        for (tag, bits) in [(TAG_BOOLEAN, 2), (TAG_INTEGER, u64::MAX / 2), (99, 0)] {
            let records = [value_record(tag, bits)];
            let batch = ValueBatch { records: RSlice::from(&records[..]), texts: RStr::from("") };
            assert_eq!(published(batch), Err(NoValue { handle: 7, tag }));
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
        assert_eq!(samples(batch), Err(NoValue { handle: 7, tag: TAG_KEEP }));
    }

    #[test]
    fn readings_keep_every_kind_of_value() {
        let values = [
            ValueFrame::DateTimeMs(-1),
            ValueFrame::Boolean(true),
            ValueFrame::String("first".into()),
            ValueFrame::Double(-0.5),
            ValueFrame::Long(i64::MIN),
            ValueFrame::Integer(i32::MIN),
            ValueFrame::DurationMs(5),
            ValueFrame::String("second".into()),
        ];
        let frame = |value: &ValueFrame| {
            Some(ReadingFrame { value: value.clone(), state: 1, source_time_ms: 2, received_time_ms: 3 })
        };
        let batch = readings(values.iter().map(frame).chain([None]).collect());
        for (record, expected) in batch.records.iter().zip(&values) {
            assert_eq!(value(record.tag, record.bits, record.text, &batch.texts).as_ref(), Some(expected));
            assert_eq!((record.source_time_ns, record.received_time_ns), (2_000_000, 3_000_000));
        }
        assert_eq!(batch.records.last().unwrap().tag, TAG_KEEP);
    }
}
