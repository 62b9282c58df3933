use std::fmt;
use std::sync::Arc;

use crate::{PointHandle, Timestamp};

/// The type of a value item, after the EWS contract (DataExchange 1.2, `ValueItem/Type`).
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// A moment in UTC.
    DateTime,
    /// True or false.
    Boolean,
    /// Text.
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
    /// The name the EWS contract uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DateTime => "DateTime",
            Self::Boolean => "Boolean",
            Self::String => "String",
            Self::Double => "Double",
            Self::Long => "Long",
            Self::Integer => "Integer",
            Self::Duration => "Duration",
        }
    }

    /// The kind with this contract name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::DateTime, Self::Boolean, Self::String, Self::Double, Self::Long, Self::Integer, Self::Duration]
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// What is served for a point whose value was never known; its state is Offline then.
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

/// The value of a point. Doubles are finite: whoever makes one from foreign input checks that.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A moment.
    DateTime(Timestamp),
    /// True or false.
    Boolean(bool),
    /// Text.
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
    /// The kind this value has.
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

    /// The value as a number, for ranges and sums; `None` for text and moments.
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

/// How far a value can be trusted, with the numbers EWS sends (DataExchange 1.2, `State`).
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ValueState {
    /// Fresh and read without fault.
    Good = 0,
    /// Stale, incomplete, or requested and not read back yet.
    Uncertain = 1,
    /// Held against the source by an operator.
    Forced = 2,
    /// The source cannot be reached, or was never read.
    Offline = 3,
    /// The source answered something that cannot be this value, or no longer has it.
    Error = 4,
}

impl ValueState {
    /// The number sent over EWS.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The state with this number.
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

    /// The word shown to people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "Good",
            Self::Uncertain => "Uncertain",
            Self::Forced => "Forced",
            Self::Offline => "Offline",
            Self::Error => "Error",
        }
    }
}

impl fmt::Display for ValueState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A value as it is served: never without its state and its times.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The last good value, or the one the state speaks of.
    pub value: Value,
    /// How far it can be trusted.
    pub state: ValueState,
    /// Why the state is not Good, for people; `None` when there is nothing to say.
    pub reason: Option<Arc<str>>,
    /// When the source measured it.
    pub source_time: Timestamp,
    /// When this host last heard of it, by the host's clock; `EPOCH` when never.
    pub received_time: Timestamp,
}

impl Reading {
    /// The reading of a point that no one has written yet.
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
    /// The point.
    pub point: PointHandle,
    /// The value; `None` keeps the last good one.
    pub value: Option<Value>,
    /// Its state.
    pub state: ValueState,
    /// Why the state is not Good, for people.
    pub reason: Option<Arc<str>>,
    /// When the source measured it; `None` for now.
    pub source_time: Option<Timestamp>,
}

/// One sample of a history.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub struct HistorySample {
    /// The value at that time.
    pub value: Value,
    /// Its state at that time.
    pub state: ValueState,
    /// The moment the sample stands for.
    pub time: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_their_contract_name_in_any_case() {
        assert_eq!(ValueKind::from_name("double"), Some(ValueKind::Double));
        assert_eq!(ValueKind::from_name("DateTime"), Some(ValueKind::DateTime));
        assert_eq!(ValueKind::from_name("Float"), None);
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
