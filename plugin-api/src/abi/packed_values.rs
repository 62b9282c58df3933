//! Published values in one byte string: the only large and frequent message, so it passes from the kit to the host
//! without a conversion.
//!
//! Each value has its handle (`u32`), its tag and its flags, then its bits or its text, then its source time and its
//! reason if the flags are set. A text has its length (`u32`) in front. Numbers are little endian. A reason that
//! equals the last one is not repeated.

use super::records::{TAG_KEEP, TAG_STRING};

/// Mask of the state in the flags: 0 Good, 1 Uncertain, 3 Offline, 4 Error.
const STATE: u8 = 0b0000_0111;
const HAS_SOURCE_TIME: u8 = 1 << 3;
const HAS_REASON: u8 = 1 << 4;
const HAS_SAME_REASON: u8 = 1 << 5;

/// A value as it is packed. Nothing of it is checked but that it is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedValue<'a> {
    /// The point.
    pub handle: u32,
    /// The tag of the value.
    pub tag: u8,
    /// The state, as EWS numbers it.
    pub state: u8,
    /// The value, encoded by its tag; 0 without a value and for a text.
    pub bits: u64,
    /// A text value.
    pub text: &'a str,
    /// Why the state is not Good; empty for none.
    pub reason: &'a str,
    /// When the source measured it, in milliseconds since 1970; `None` means the current time.
    pub source_time_ms: Option<i64>,
}

/// The bytes are not complete values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPackedValues;

/// Packs values one after another.
#[derive(Debug, Default)]
pub struct ValuePacker {
    bytes: Vec<u8>,
    /// Where the last reason is in the bytes.
    last_reason: std::ops::Range<usize>,
}

impl ValuePacker {
    /// Returns a packer that uses the memory of an earlier batch.
    pub fn reusing(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        Self { bytes, last_reason: 0..0 }
    }

    /// Adds a value.
    pub fn push(&mut self, value: PackedValue<'_>) {
        let PackedValue { handle, tag, state, bits, text, reason, source_time_ms } = value;
        let is_same = self.bytes[self.last_reason.clone()] == *reason.as_bytes();
        let reason_flag = match (reason.is_empty(), is_same) {
            (true, _) => 0,
            (false, true) => HAS_SAME_REASON,
            (false, false) => HAS_REASON,
        };
        let time_flag = if source_time_ms.is_some() { HAS_SOURCE_TIME } else { 0 };
        let [a, b, c, d] = handle.to_le_bytes();
        self.bytes.extend_from_slice(&[a, b, c, d, tag, (state & STATE) | reason_flag | time_flag]);
        match tag {
            TAG_KEEP => {}
            TAG_STRING => self.push_text(text),
            _ => self.bytes.extend_from_slice(&bits.to_le_bytes()),
        }
        if let Some(ms) = source_time_ms {
            self.bytes.extend_from_slice(&ms.to_le_bytes());
        }
        if reason_flag == HAS_REASON {
            self.push_text(reason);
            self.last_reason = self.bytes.len() - reason.len()..self.bytes.len();
        }
    }

    /// Returns the packed values.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn push_text(&mut self, text: &str) {
        // A batch above 4 GiB does not fit a frame.
        self.bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
    }
}

/// The values of a byte string, in its order. It ends after the first error.
#[derive(Clone, Debug)]
pub struct PackedValues<'a> {
    unread: &'a [u8],
    last_reason: &'a str,
}

impl<'a> PackedValues<'a> {
    /// Returns the values of these bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { unread: bytes, last_reason: "" }
    }

    #[inline]
    fn take_value(&mut self) -> Option<PackedValue<'a>> {
        let [a, b, c, d, tag, flags] = self.take()?;
        let (mut bits, mut text) = (0, "");
        match tag {
            TAG_KEEP => {}
            TAG_STRING => text = self.take_text()?,
            _ => bits = u64::from_le_bytes(self.take()?),
        }
        let source_time_ms = match flags & HAS_SOURCE_TIME {
            0 => None,
            _ => Some(i64::from_le_bytes(self.take()?)),
        };
        let reason = match flags & (HAS_REASON | HAS_SAME_REASON) {
            0 => "",
            HAS_SAME_REASON => self.last_reason,
            _ => {
                self.last_reason = self.take_text()?;
                self.last_reason
            }
        };
        let handle = u32::from_le_bytes([a, b, c, d]);
        Some(PackedValue { handle, tag, state: flags & STATE, bits, text, reason, source_time_ms })
    }

    #[inline]
    fn take<const COUNT: usize>(&mut self) -> Option<[u8; COUNT]> {
        let (taken, rest) = self.unread.split_first_chunk()?;
        self.unread = rest;
        Some(*taken)
    }

    fn take_text(&mut self) -> Option<&'a str> {
        let length = u32::from_le_bytes(self.take()?) as usize;
        let (text, rest) = self.unread.split_at_checked(length)?;
        self.unread = rest;
        std::str::from_utf8(text).ok()
    }
}

impl<'a> Iterator for PackedValues<'a> {
    type Item = Result<PackedValue<'a>, NotPackedValues>;

    // It runs for each value, and what it returns has many words.
    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.unread.is_empty() {
            return None;
        }
        let value = self.take_value();
        if value.is_none() {
            self.unread = &[];
        }
        Some(value.ok_or(NotPackedValues))
    }
}

#[cfg(test)]
mod tests {
    use super::super::records::{TAG_DOUBLE, TAG_LONG};
    use super::*;

    const DOUBLE: PackedValue<'_> = PackedValue {
        handle: 7,
        tag: TAG_DOUBLE,
        state: 0,
        bits: 0.25_f64.to_bits(),
        text: "",
        reason: "",
        source_time_ms: None,
    };

    fn packed(values: &[PackedValue<'_>]) -> Vec<u8> {
        let mut packer = ValuePacker::default();
        for value in values {
            packer.push(*value);
        }
        packer.into_bytes()
    }

    #[test]
    fn values_keep_texts_times_states_and_reasons() {
        let values = [
            PackedValue {
                tag: TAG_STRING,
                bits: 0,
                text: "Ladepunkt №1",
                source_time_ms: Some(-1),
                ..DOUBLE
            },
            PackedValue { tag: TAG_KEEP, bits: 0, state: 3, reason: "gone", ..DOUBLE },
            DOUBLE,
            PackedValue { state: 1, reason: "gone", ..DOUBLE },
            PackedValue { state: 1, reason: "late", handle: u32::MAX, ..DOUBLE },
            PackedValue { tag: TAG_STRING, bits: 0, ..DOUBLE },
        ];
        let bytes = packed(&values);
        let unpacked: Vec<_> = PackedValues::new(&bytes).map(Result::unwrap).collect();
        assert_eq!(unpacked, values);
        // The second equal reason is the same text, so that a reader can share it.
        assert_eq!(unpacked[1].reason.as_ptr(), unpacked[3].reason.as_ptr());
    }

    #[test]
    fn the_usual_value_has_14_bytes_and_memory_is_used_again() {
        let bytes = packed(&[DOUBLE]);
        assert_eq!(bytes.len(), 14);
        let memory = bytes.as_ptr();
        let mut packer = ValuePacker::reusing(bytes);
        packer.push(DOUBLE);
        let packed_again = packer.into_bytes();
        assert_eq!(packed_again.as_ptr(), memory);
    }

    #[test]
    fn bytes_that_end_inside_a_value_are_refused() {
        let first = PackedValue { tag: TAG_STRING, bits: 0, reason: "why", ..DOUBLE };
        let second = PackedValue { tag: TAG_LONG, source_time_ms: Some(5), ..DOUBLE };
        let whole = packed(&[first, second]);
        let first_ends = packed(&[first]).len();
        for length in (1..whole.len()).filter(|length| *length != first_ends) {
            assert_eq!(PackedValues::new(&whole[..length]).last(), Some(Err(NotPackedValues)), "{length}");
        }
        assert_eq!(PackedValues::new(&[0xff; 64]).last(), Some(Err(NotPackedValues)));
    }
}
