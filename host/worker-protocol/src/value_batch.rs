//! Packs published values, the only large and frequent message from a worker to the host.
//!
//! Each value has six bytes (point, tag, flags), then its bits or its text, then its source time and its reason if
//! the flags are set. Tags are those of the plugin contract. Equal reasons in succession are sent once.

use std::fmt;
use std::sync::Arc;

use riser_domain::{PointHandle, Published, Timestamp, Value, ValueState};
use riser_plugin::abi::{
    TAG_BOOLEAN, TAG_DATE_TIME, TAG_DOUBLE, TAG_DURATION, TAG_INTEGER, TAG_KEEP, TAG_LONG, TAG_STRING,
    TIME_NOW, TextSpan,
};
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Mask of the state in the flags.
const STATE: u8 = 0b0000_0111;
const HAS_SOURCE_TIME: u8 = 1 << 3;
const HAS_REASON: u8 = 1 << 4;
const HAS_SAME_REASON: u8 = 1 << 5;

/// Bytes of the usual value, a number without time and reason.
const USUAL_BYTES: usize = 14;

/// A value that cannot be packed or unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueBatchError {
    #[error("the value of point {point} has the tag {tag} and bits that do not fit it")]
    Value { point: u32, tag: u8 },
    #[error("point {point} has the unknown state {state}")]
    State { point: u32, state: u8 },
    #[error("the batch ends inside a value")]
    Cut,
}

/// Values published together.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ValueBatch(Vec<u8>);

impl fmt::Debug for ValueBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ValueBatch({} bytes)", self.0.len())
    }
}

impl ValueBatch {
    /// Packs the records of a plugin.
    pub fn pack(batch: riser_plugin::abi::ValueBatch<'_>) -> Result<Self, ValueBatchError> {
        let texts = batch.texts.as_str();
        let mut bytes = Vec::with_capacity(batch.records.len() * USUAL_BYTES);
        let mut last_reason = TextSpan::default();
        for record in batch.records {
            let (point, tag) = (record.handle, record.tag);
            let state = state_of(point, record.state)?.number();
            let has_reason = record.reason.length > 0;
            let has_source_time = record.source_time_ns != TIME_NOW;
            let flags = match (has_reason, record.reason == last_reason) {
                (true, true) => state | HAS_SAME_REASON,
                (true, false) => state | HAS_REASON,
                (false, _) => state,
            } | if has_source_time { HAS_SOURCE_TIME } else { 0 };
            let [a, b, c, d] = point.to_le_bytes();
            bytes.extend_from_slice(&[a, b, c, d, tag, flags]);
            match tag {
                TAG_KEEP => {}
                TAG_STRING => add_text(&mut bytes, record.text.of(texts)),
                _ => {
                    number_of(tag, record.bits).ok_or(ValueBatchError::Value { point, tag })?;
                    bytes.extend_from_slice(&record.bits.to_le_bytes());
                }
            }
            if has_source_time {
                let time = Timestamp::from_unix_ns(record.source_time_ns);
                bytes.extend_from_slice(&time.unix_ms().to_le_bytes());
            }
            if flags & HAS_REASON != 0 {
                add_text(&mut bytes, record.reason.of(texts));
                last_reason = record.reason;
            }
        }
        Ok(Self(bytes))
    }

    /// Checks the batch and returns an iterator over its values, without allocating for all of them.
    ///
    /// # Errors
    /// When the bytes are not a batch.
    pub fn unpack(&self) -> Result<PackedValues<'_>, ValueBatchError> {
        let mut rest = Unread(&self.0);
        while !rest.0.is_empty() {
            rest.take_record()?;
        }
        Ok(PackedValues { rest: Unread(&self.0), last_reason: None })
    }
}

/// The values of a batch, in its order.
#[derive(Clone, Debug)]
pub struct PackedValues<'a> {
    rest: Unread<'a>,
    last_reason: Option<Arc<str>>,
}

impl Iterator for PackedValues<'_> {
    type Item = Published;

    #[inline]
    fn next(&mut self) -> Option<Published> {
        // `unpack` has checked the batch, so an error here is its end.
        let Record { point, value, state, reason, source_time } = self.rest.take_record().ok()?;
        let value = match value {
            PackedValue::Keep => None,
            PackedValue::Number(number) => Some(number),
            PackedValue::Text(text) => Some(Value::String(Arc::from(text))),
        };
        let reason = match reason {
            PackedReason::None => None,
            PackedReason::Same => self.last_reason.clone(),
            PackedReason::Text(text) => {
                self.last_reason = Some(Arc::from(text));
                self.last_reason.clone()
            }
        };
        Some(Published { point: PointHandle(point), value, state, reason, source_time })
    }
}

/// A packed value, with texts borrowed from the batch.
struct Record<'a> {
    point: u32,
    value: PackedValue<'a>,
    state: ValueState,
    reason: PackedReason<'a>,
    source_time: Option<Timestamp>,
}

enum PackedValue<'a> {
    Keep,
    Number(Value),
    Text(&'a str),
}

enum PackedReason<'a> {
    None,
    /// The reason of the last value with one.
    Same,
    Text(&'a str),
}

/// The unread bytes of a batch.
#[derive(Clone, Debug)]
struct Unread<'a>(&'a [u8]);

impl<'a> Unread<'a> {
    // Inlined, and so the next three: this runs for each value, and its result is several words.
    #[inline]
    fn take_record(&mut self) -> Result<Record<'a>, ValueBatchError> {
        let [a, b, c, d, tag, flags] = self.take()?;
        let point = u32::from_le_bytes([a, b, c, d]);
        let value = match tag {
            TAG_KEEP => PackedValue::Keep,
            TAG_STRING => PackedValue::Text(self.take_text()?),
            _ => {
                let bits = u64::from_le_bytes(self.take()?);
                PackedValue::Number(number_of(tag, bits).ok_or(ValueBatchError::Value { point, tag })?)
            }
        };
        let source_time = if flags & HAS_SOURCE_TIME == 0 {
            None
        } else {
            Some(Timestamp::from_unix_ms(i64::from_le_bytes(self.take()?)))
        };
        let reason = if flags & HAS_REASON != 0 {
            PackedReason::Text(self.take_text()?)
        } else if flags & HAS_SAME_REASON != 0 {
            PackedReason::Same
        } else {
            PackedReason::None
        };
        let state = state_of(point, flags & STATE)?;
        Ok(Record { point, value, state, reason, source_time })
    }

    #[inline]
    fn take<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], ValueBatchError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(ValueBatchError::Cut)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn take_text(&mut self) -> Result<&'a str, ValueBatchError> {
        let length = u32::from_le_bytes(self.take()?) as usize;
        let (text, rest) = self.0.split_at_checked(length).ok_or(ValueBatchError::Cut)?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_not_utf8| ValueBatchError::Cut)
    }
}

fn add_text(bytes: &mut Vec<u8>, text: &str) {
    // A batch above 4 GiB does not fit a frame.
    bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

#[inline]
pub fn state_of(point: u32, number: u8) -> Result<ValueState, ValueBatchError> {
    ValueState::from_number(number).ok_or(ValueBatchError::State { point, state: number })
}

/// Returns the value of a record that has no text.
#[inline]
pub fn number_of(tag: u8, bits: u64) -> Option<Value> {
    let whole = bits.cast_signed();
    Some(match tag {
        TAG_DATE_TIME => Value::DateTime(Timestamp::from_unix_ms(whole)),
        TAG_BOOLEAN => Value::Boolean(match bits {
            0 => false,
            1 => true,
            _ => return None,
        }),
        TAG_DOUBLE => Value::Double(f64::from_bits(bits)),
        TAG_LONG => Value::Long(whole),
        TAG_INTEGER => Value::Integer(i32::try_from(whole).ok()?),
        TAG_DURATION => Value::DurationMs(whole),
        _ => return None,
    })
}

impl Serialize for ValueBatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for ValueBatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = ValueBatch;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the bytes of a batch")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<ValueBatch, E> {
                Ok(ValueBatch(bytes.to_vec()))
            }
        }

        deserializer.deserialize_bytes(Bytes).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use riser_plugin::abi::ValueRecord;
    use riser_plugin::abi_stable::std_types::{RSlice, RStr};

    use super::*;

    fn record(tag: u8, bits: u64) -> ValueRecord {
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

    fn packed(records: &[ValueRecord], texts: &str) -> Result<ValueBatch, ValueBatchError> {
        let batch =
            riser_plugin::abi::ValueBatch { records: RSlice::from(records), texts: RStr::from(texts) };
        ValueBatch::pack(batch)
    }

    #[test]
    fn a_batch_keeps_values_times_states_and_reasons() {
        let gone = TextSpan { offset: 3, length: 4 };
        let records = [
            ValueRecord {
                source_time_ns: -1,
                text: TextSpan { offset: 0, length: 3 },
                ..record(TAG_STRING, 0)
            },
            ValueRecord { state: 3, reason: gone, ..record(TAG_KEEP, 0) },
            ValueRecord { state: 1, reason: gone, ..record(TAG_BOOLEAN, 1) },
            record(TAG_INTEGER, i64::from(-5).cast_unsigned()),
            record(TAG_DOUBLE, 0.25_f64.to_bits()),
            record(TAG_LONG, i64::MIN.cast_unsigned()),
            record(TAG_DATE_TIME, 9),
            record(TAG_DURATION, 11),
        ];
        let batch = packed(&records, "onegone").unwrap();
        let bytes = postcard::to_stdvec(&batch).unwrap();
        assert_eq!(postcard::from_bytes::<ValueBatch>(&bytes).unwrap(), batch);
        let published = |value, state, reason: Option<&str>, source_time: Option<i64>| Published {
            point: PointHandle(7),
            value,
            state,
            reason: reason.map(Arc::from),
            source_time: source_time.map(Timestamp::from_unix_ms),
        };
        let good = |value| published(Some(value), ValueState::Good, None, None);
        let values: Vec<_> = batch.unpack().unwrap().collect();
        assert_eq!(
            values,
            [
                published(Some(Value::String("one".into())), ValueState::Good, None, Some(-1)),
                published(None, ValueState::Offline, Some("gone"), None),
                published(Some(Value::Boolean(true)), ValueState::Uncertain, Some("gone"), None),
                good(Value::Integer(-5)),
                good(Value::Double(0.25)),
                good(Value::Long(i64::MIN)),
                good(Value::DateTime(Timestamp::from_unix_ms(9))),
                good(Value::DurationMs(11)),
            ]
        );
        let shared = values[1].reason.as_ref().zip(values[2].reason.as_ref());
        assert!(shared.is_some_and(|(first, second)| Arc::ptr_eq(first, second)));
    }

    #[test]
    fn bits_and_states_without_a_value_are_refused() {
        for (tag, bits) in [(TAG_BOOLEAN, 2), (TAG_INTEGER, u64::MAX / 2), (99, 0)] {
            assert_eq!(packed(&[record(tag, bits)], ""), Err(ValueBatchError::Value { point: 7, tag }));
        }
        let unknown = ValueRecord { state: 9, ..record(TAG_DOUBLE, 0) };
        assert_eq!(packed(&[unknown], ""), Err(ValueBatchError::State { point: 7, state: 9 }));
    }

    #[test]
    fn bytes_that_are_not_a_complete_batch_are_refused() {
        let records = [
            ValueRecord { reason: TextSpan { offset: 0, length: 3 }, ..record(TAG_STRING, 0) },
            ValueRecord { source_time_ns: 5, ..record(TAG_LONG, 1) },
        ];
        let whole = packed(&records, "why").unwrap().0;
        let first_ends = 6 + 4 + 4 + 3;
        for length in (1..whole.len()).filter(|length| *length != first_ends) {
            assert!(ValueBatch(whole[..length].to_vec()).unpack().is_err(), "{length}");
        }
        assert!(ValueBatch(vec![0xff; 64]).unpack().is_err());
    }
}
