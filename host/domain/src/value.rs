use std::fmt;
use std::sync::Arc;

use strum::{EnumString, IntoStaticStr};

use crate::{PointHandle, Timestamp};

/// The type of a value item, after the EWS contract (DataExchange 1.2, `ValueItem/Type`).
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr)]
#[strum(ascii_case_insensitive, const_into_str)]
pub enum ValueKind {
    /// A moment in UTC.
    DateTime,
    Boolean,
    String,
    /// A 64-bit floating-point number, always finite.
    Double,
    /// A 64-bit whole number.
    Long,
    /// A 32-bit whole number.
    Integer,
    /// A length of time.
    Duration,
}

impl ValueKind {
    /// Returns the name in the EWS contract.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// Returns the value served, with state Offline, for a point that never had a value.
    pub fn never_known(self) -> Value {
        match self {
            Self::DateTime => Value::DateTime(Timestamp::EPOCH),
            Self::Boolean => Value::Boolean(false),
            Self::String => Value::String(Arc::from("")),
            Self::Double => Value::Double(0.0),
            Self::Long => Value::Long(0),
            Self::Integer => Value::Integer(0),
            Self::Duration => Value::DurationMs(0),
        }
    }
}

/// The value of a point. Doubles are finite; code that reads foreign input checks this.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    DateTime(Timestamp),
    Boolean(bool),
    String(Arc<str>),
    /// A finite number.
    Double(f64),
    /// A 64-bit whole number.
    Long(i64),
    /// A 32-bit whole number.
    Integer(i32),
    /// A length of time in milliseconds, which may be negative.
    DurationMs(i64),
}

impl Value {
    /// Returns the kind of this value.
    pub const fn kind(&self) -> ValueKind {
        match self {
            Self::DateTime(_) => ValueKind::DateTime,
            Self::Boolean(_) => ValueKind::Boolean,
            Self::String(_) => ValueKind::String,
            Self::Double(_) => ValueKind::Double,
            Self::Long(_) => ValueKind::Long,
            Self::Integer(_) => ValueKind::Integer,
            Self::DurationMs(_) => ValueKind::Duration,
        }
    }

    /// Returns the value as a number for ranges and sums; `None` for text, Booleans and times.
    #[expect(clippy::cast_precision_loss, reason = "a range check tolerates the 53 bits of a double")]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Double(number) => Some(*number),
            Self::Long(number) => Some(*number as f64),
            Self::Integer(number) => Some(f64::from(*number)),
            Self::DurationMs(ms) => Some(*ms as f64),
            Self::DateTime(_) | Self::Boolean(_) | Self::String(_) => None,
        }
    }
}

/// Quality of a value, with the numbers that EWS sends (DataExchange 1.2, `State`).
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr)]
#[strum(const_into_str)]
#[repr(u8)]
pub enum ValueState {
    /// Fresh and read without error.
    Good = 0,
    /// Stale, incomplete, or written and not yet confirmed by the device.
    Uncertain = 1,
    /// Set by an operator in place of the source.
    Forced = 2,
    /// The source is unreachable, or was never read.
    Offline = 3,
    /// The source returned an impossible value, or no longer has this point.
    Error = 4,
}

impl ValueState {
    /// Returns the number sent over EWS.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the state with this number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Good),
            1 => Some(Self::Uncertain),
            2 => Some(Self::Forced),
            3 => Some(Self::Offline),
            4 => Some(Self::Error),
            _ => None,
        }
    }

    /// Returns the name shown to people.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

impl fmt::Display for ValueState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A served value with its state and times.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The last good value, or the value that the state describes.
    pub value: Value,
    pub state: ValueState,
    /// Why the state is not Good, for people.
    pub reason: Option<Arc<str>>,
    /// Time of measurement at the source.
    pub source_time: Timestamp,
    /// Time of the last update, by the host's clock; `EPOCH` when there was none.
    pub received_time: Timestamp,
}

impl Reading {
    /// Returns the reading of a point that never had a value.
    pub fn never_known(kind: ValueKind) -> Self {
        Self {
            value: kind.never_known(),
            state: ValueState::Offline,
            reason: None,
            source_time: Timestamp::EPOCH,
            received_time: Timestamp::EPOCH,
        }
    }
}

/// A value that a running class publishes.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    pub point: PointHandle,
    /// The value; `None` keeps the last good one.
    pub value: Option<Value>,
    /// Its state.
    pub state: ValueState,
    /// Why the state is not Good, for people.
    pub reason: Option<Arc<str>>,
    /// When the source measured it; `None` means the current time.
    pub source_time: Option<Timestamp>,
}

/// One sample of a history.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub struct HistorySample {
    pub value: Value,
    pub state: ValueState,
    pub time: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_their_contract_name_in_any_case() {
        assert_eq!("double".parse(), Ok(ValueKind::Double));
        assert_eq!("DateTime".parse(), Ok(ValueKind::DateTime));
        assert!("Float".parse::<ValueKind>().is_err());
    }

    #[test]
    fn a_value_never_known_is_offline_with_the_default_of_its_kind() {
        let reading = Reading::never_known(ValueKind::Integer);
        assert_eq!((reading.value, reading.state), (Value::Integer(0), ValueState::Offline));
    }

    #[test]
    fn states_keep_their_numbers() {
        for number in 0..=4 {
            assert_eq!(ValueState::from_number(number).map(ValueState::number), Some(number));
        }
        assert_eq!(ValueState::from_number(5), None);
    }
}
