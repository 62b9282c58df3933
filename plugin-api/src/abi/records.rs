//! Records of batches: fixed size, texts in one buffer beside them.

use abi_stable::StableAbi;
use abi_stable::std_types::{RSlice, RStr, RString, RVec};
use serde::{Deserialize, Serialize};

/// No value: the last good one is kept and only its state changes.
pub const TAG_KEEP: u8 = 0;
/// Milliseconds since 1970 in `bits`, as `i64`.
pub const TAG_DATE_TIME: u8 = 1;
/// 0 or 1 in `bits`.
pub const TAG_BOOLEAN: u8 = 2;
/// The text at `text`.
pub const TAG_STRING: u8 = 3;
/// The bits of an `f64`.
pub const TAG_DOUBLE: u8 = 4;
/// An `i64` in `bits`.
pub const TAG_LONG: u8 = 5;
/// An `i32`, widened to `i64`, in `bits`.
pub const TAG_INTEGER: u8 = 6;
/// Milliseconds in `bits`, as `i64`.
pub const TAG_DURATION: u8 = 7;

/// A level of the run's log: 0 debug, 1 info, 2 warn, 3 error.
pub type LogLevelCode = u8;

/// A part of a batch's text buffer, in bytes. Empty when there is no text.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextSpan {
    /// Where it begins.
    pub offset: u32,
    /// How long it is.
    pub length: u32,
}

impl TextSpan {
    /// Returns the text, or nothing for a span that does not fit the buffer.
    pub fn of(self, texts: &str) -> &str {
        let begin = self.offset as usize;
        texts.get(begin..begin.saturating_add(self.length as usize)).unwrap_or("")
    }
}

/// A sample of a history.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct SampleRecord {
    /// The time of the sample, in nanoseconds since 1970.
    pub time_ns: i64,
    /// The value, encoded by its tag; never [`TAG_KEEP`].
    pub bits: u64,
    /// The history.
    pub handle: u32,
    /// A text value.
    pub text: TextSpan,
    /// The tag of the value.
    pub tag: u8,
    /// 0 Good, 1 Uncertain, 3 Offline, 4 Error.
    pub state: u8,
}

/// Samples recorded together.
#[repr(C)]
#[derive(StableAbi, Clone, Copy)]
pub struct SampleBatch<'a> {
    /// The records.
    pub records: RSlice<'a, SampleRecord>,
    /// Their texts.
    pub texts: RStr<'a>,
}

/// A value as it is served.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct ReadingRecord {
    /// When the source measured it, in nanoseconds since 1970.
    pub source_time_ns: i64,
    /// When the host last received it, in nanoseconds since 1970; 0 for never.
    pub received_time_ns: i64,
    /// The value, encoded by its tag; [`TAG_KEEP`] for an unknown handle.
    pub bits: u64,
    /// A text value.
    pub text: TextSpan,
    /// The tag of the value.
    pub tag: u8,
    /// The state, as EWS numbers it.
    pub state: u8,
}

/// Values as they are served, in the order in which they were asked for.
#[repr(C)]
#[derive(StableAbi, Clone, Debug)]
pub struct ReadingBatch {
    /// The records.
    pub records: RVec<ReadingRecord>,
    /// Their texts.
    pub texts: RString,
}
