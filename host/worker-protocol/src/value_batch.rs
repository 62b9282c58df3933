//! Published values, the only large and frequent message from a worker to the host. They pass through the worker as
//! the plugin packed them; the host checks them.

use std::fmt;
use std::sync::Arc;

use riser_domain::{PointHandle, Published, Timestamp, Value, ValueKind, ValueState};
use riser_plugin::abi::packed_values::{NotPackedValues, PackedValue, PackedValues, ValuePacker};
use riser_plugin::abi::{
    TAG_BOOLEAN, TAG_DATE_TIME, TAG_DOUBLE, TAG_DURATION, TAG_INTEGER, TAG_KEEP, TAG_LONG, TAG_STRING,
};
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueBatchError {
    #[error("the value of point {point} has the tag {tag} and bits that do not fit it")]
    Value { point: u32, tag: u8 },
    #[error("point {point} has the unknown state {state}")]
    State { point: u32, state: u8 },
    #[error("the batch ends inside a value, or a text in it is not valid UTF-8")]
    Cut,
}

impl From<NotPackedValues> for ValueBatchError {
    fn from(_: NotPackedValues) -> Self {
        Self::Cut
    }
}

/// Values published together.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ValueBatch(Vec<u8>);

impl fmt::Debug for ValueBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ValueBatch({} bytes)", self.0.len())
    }
}

/// A published value whose texts are borrowed from its batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchValue<'a> {
    pub point: PointHandle,
    pub state: ValueState,
    /// Its kind; `None` keeps the last good value.
    pub kind: Option<ValueKind>,
    packed: PackedValue<'a>,
}

impl ValueBatch {
    /// Takes values as a plugin packed them, unchecked.
    pub const fn from_packed(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the values in order. The first error is the last item.
    #[inline]
    pub fn values(&self) -> impl Iterator<Item = Result<BatchValue<'_>, ValueBatchError>> {
        PackedValues::new(&self.0).map(|value| BatchValue::new(value?))
    }
}

impl<'a> BatchValue<'a> {
    #[inline]
    fn new(packed: PackedValue<'a>) -> Result<Self, ValueBatchError> {
        let PackedValue { handle: point, tag, bits, .. } = packed;
        let kind = if tag == TAG_KEEP {
            None
        } else {
            Some(kind_of(tag, bits).ok_or(ValueBatchError::Value { point, tag })?)
        };
        let state = state_of(point, packed.state)?;
        Ok(Self { point: PointHandle(point), state, kind, packed })
    }

    /// Returns why the state is not Good; empty for none.
    pub const fn reason(&self) -> &'a str {
        self.packed.reason
    }

    /// Returns a text value; empty for another kind.
    pub const fn text(&self) -> &'a str {
        self.packed.text
    }

    /// Returns whether the value is anything but a Double that is infinite or not a number.
    pub const fn is_finite(&self) -> bool {
        self.packed.tag != TAG_DOUBLE || f64::from_bits(self.packed.bits).is_finite()
    }

    /// Returns when the source measured it; `None` means the current time.
    pub fn source_time(&self) -> Option<Timestamp> {
        self.packed.source_time_ms.map(Timestamp::from_unix_ms)
    }

    /// Returns the value; `None` keeps the last good one.
    #[inline]
    pub fn value(&self) -> Option<Value> {
        match self.packed.tag {
            TAG_STRING => Some(Value::String(Arc::from(self.packed.text))),
            tag => number_of(tag, self.packed.bits),
        }
    }
}

/// Packs values of the host, as a plugin would.
impl FromIterator<Published> for ValueBatch {
    fn from_iter<Values: IntoIterator<Item = Published>>(values: Values) -> Self {
        let mut packer = ValuePacker::default();
        for Published { point, value, state, reason, source_time } in values {
            let (tag, bits, text) = value.as_ref().map_or((TAG_KEEP, 0, ""), tag_bits_and_text);
            packer.push(PackedValue {
                handle: point.0,
                tag,
                state: state.number(),
                bits,
                text,
                reason: reason.as_deref().unwrap_or_default(),
                source_time_ms: source_time.map(Timestamp::unix_ms),
            });
        }
        Self(packer.into_bytes())
    }
}

#[inline]
pub fn state_of(point: u32, number: u8) -> Result<ValueState, ValueBatchError> {
    ValueState::from_number(number).ok_or(ValueBatchError::State { point, state: number })
}

/// Returns the kind of a value if its bits fit the tag.
#[inline]
fn kind_of(tag: u8, bits: u64) -> Option<ValueKind> {
    Some(match tag {
        TAG_DATE_TIME => ValueKind::DateTime,
        TAG_BOOLEAN if bits <= 1 => ValueKind::Boolean,
        TAG_STRING => ValueKind::String,
        TAG_DOUBLE => ValueKind::Double,
        TAG_LONG => ValueKind::Long,
        TAG_INTEGER if i32::try_from(bits.cast_signed()).is_ok() => ValueKind::Integer,
        TAG_DURATION => ValueKind::Duration,
        _ => return None,
    })
}

/// Returns the value with this tag and these bits, unless it is a text.
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

/// Returns the tag of a value, its bits, and its text.
pub fn tag_bits_and_text(value: &Value) -> (u8, u64, &str) {
    match value {
        Value::DateTime(moment) => (TAG_DATE_TIME, moment.unix_ms().cast_unsigned(), ""),
        Value::Boolean(is_true) => (TAG_BOOLEAN, u64::from(*is_true), ""),
        Value::String(text) => (TAG_STRING, 0, text),
        Value::Double(number) => (TAG_DOUBLE, number.to_bits(), ""),
        Value::Long(number) => (TAG_LONG, number.cast_unsigned(), ""),
        Value::Integer(number) => (TAG_INTEGER, i64::from(*number).cast_unsigned(), ""),
        Value::DurationMs(ms) => (TAG_DURATION, ms.cast_unsigned(), ""),
    }
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
    use super::*;

    fn published(value: Option<Value>, state: ValueState, reason: Option<&str>) -> Published {
        Published { point: PointHandle(7), value, state, reason: reason.map(Arc::from), source_time: None }
    }

    fn packed(tag: u8, bits: u64, state: u8) -> ValueBatch {
        let mut packer = ValuePacker::default();
        let (text, reason, source_time_ms) = ("", "", None);
        packer.push(PackedValue { handle: 7, tag, state, bits, text, reason, source_time_ms });
        ValueBatch::from_packed(packer.into_bytes())
    }

    #[test]
    fn a_batch_keeps_values_times_states_and_reasons() {
        let good = |value| published(Some(value), ValueState::Good, None);
        let sent = [
            Published { source_time: Some(Timestamp::from_unix_ms(-1)), ..good(Value::String("one".into())) },
            published(None, ValueState::Offline, Some("gone")),
            published(Some(Value::Boolean(true)), ValueState::Uncertain, Some("gone")),
            good(Value::Integer(-5)),
            good(Value::Double(0.25)),
            good(Value::Long(i64::MIN)),
            good(Value::DateTime(Timestamp::from_unix_ms(9))),
            good(Value::DurationMs(11)),
        ];
        let batch: ValueBatch = sent.iter().cloned().collect();
        let bytes = postcard::to_stdvec(&batch).unwrap();
        assert_eq!(postcard::from_bytes::<ValueBatch>(&bytes).unwrap(), batch);
        let received = batch.values().map(|value| {
            let value = value.unwrap();
            assert_eq!(value.kind, value.value().map(|value| value.kind()));
            Published {
                point: value.point,
                value: value.value(),
                state: value.state,
                reason: Some(value.reason()).filter(|reason| !reason.is_empty()).map(Arc::from),
                source_time: value.source_time(),
            }
        });
        assert_eq!(received.collect::<Vec<_>>(), sent);
    }

    #[test]
    fn bits_and_states_without_a_value_are_refused() {
        for (tag, bits) in [(TAG_BOOLEAN, 2), (TAG_INTEGER, u64::MAX / 2), (99, 0)] {
            let refused = packed(tag, bits, 0).values().next().unwrap().unwrap_err();
            assert_eq!(refused, ValueBatchError::Value { point: 7, tag });
        }
        let refused = packed(TAG_DOUBLE, 0, 5).values().next().unwrap().unwrap_err();
        assert_eq!(refused, ValueBatchError::State { point: 7, state: 5 });
    }

    #[test]
    fn only_a_double_can_be_without_a_finite_value() {
        let is_finite = |tag, bits| packed(tag, bits, 0).values().next().unwrap().unwrap().is_finite();
        assert!(is_finite(TAG_DOUBLE, 1.0_f64.to_bits()) && is_finite(TAG_LONG, f64::NAN.to_bits()));
        assert!(
            !is_finite(TAG_DOUBLE, f64::NAN.to_bits()) && !is_finite(TAG_DOUBLE, f64::INFINITY.to_bits())
        );
    }

    #[test]
    fn bytes_that_are_not_a_batch_are_refused() {
        let whole: ValueBatch = [published(None, ValueState::Offline, Some("gone"))].into_iter().collect();
        let cut = ValueBatch::from_packed(whole.0[..whole.0.len() - 1].to_vec());
        assert_eq!(cut.values().last().unwrap().unwrap_err(), ValueBatchError::Cut);
    }
}
