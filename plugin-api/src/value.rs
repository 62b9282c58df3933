use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::abi::{TAG_BOOLEAN, TAG_DATE_TIME, TAG_DOUBLE, TAG_DURATION, TAG_INTEGER, TAG_LONG, TAG_STRING};

/// The type of a point, as EWS names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Kind {
    /// A moment.
    DateTime,
    /// True or false.
    Boolean,
    /// Text.
    String,
    /// A finite number.
    Double,
    /// A 64-bit whole number.
    Long,
    /// A 32-bit whole number.
    Integer,
    /// A length of time.
    Duration,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::DateTime,
        Self::Boolean,
        Self::String,
        Self::Double,
        Self::Long,
        Self::Integer,
        Self::Duration,
    ];

    /// Returns the record tag of values of this kind.
    pub(crate) const fn tag(self) -> u8 {
        match self {
            Self::DateTime => TAG_DATE_TIME,
            Self::Boolean => TAG_BOOLEAN,
            Self::String => TAG_STRING,
            Self::Double => TAG_DOUBLE,
            Self::Long => TAG_LONG,
            Self::Integer => TAG_INTEGER,
            Self::Duration => TAG_DURATION,
        }
    }

    pub(crate) fn from_tag(tag: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.tag() == tag)
    }

    /// Returns the EWS name.
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

    /// Returns the kind with this EWS name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The state of a published value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Fresh and read without fault.
    Good,
    /// Incomplete.
    Uncertain,
    /// Held by an operator of the BMS; only ever read, never published.
    Forced,
    /// The source cannot be reached.
    Offline,
    /// The source gave something that cannot be this value.
    Error,
}

impl State {
    /// Returns the EWS number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Uncertain => 1,
            Self::Forced => 2,
            Self::Offline => 3,
            Self::Error => 4,
        }
    }

    /// Returns the state with this EWS number.
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
}

/// A value of a point. Numbers, texts, truths, moments and time spans turn into one with `into()`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PointValue {
    /// A moment, in milliseconds since 1970.
    DateTimeMs(i64),
    /// True or false.
    Boolean(bool),
    /// Text.
    String(Arc<str>),
    /// A number; Riser refuses one that is not finite.
    Double(f64),
    /// A whole number.
    Long(i64),
    /// A small whole number.
    Integer(i32),
    /// A length of time in milliseconds.
    DurationMs(i64),
}

impl PointValue {
    /// Returns the kind of the value.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::DateTimeMs(_) => Kind::DateTime,
            Self::Boolean(_) => Kind::Boolean,
            Self::String(_) => Kind::String,
            Self::Double(_) => Kind::Double,
            Self::Long(_) => Kind::Long,
            Self::Integer(_) => Kind::Integer,
            Self::DurationMs(_) => Kind::Duration,
        }
    }

    /// Converts the value to `kind` if no meaning is lost: a whole number as a wider one or as a Double.
    #[expect(clippy::cast_precision_loss, reason = "a counter above 2^53 is not a measurement")]
    #[must_use]
    pub fn fit(self, kind: Kind) -> Self {
        match (self, kind) {
            (Self::Integer(number), Kind::Long) => Self::Long(number.into()),
            (Self::Integer(number), Kind::Double) => Self::Double(number.into()),
            (Self::Long(number), Kind::Double) => Self::Double(number as f64),
            (Self::Long(number), Kind::Integer) => {
                i32::try_from(number).map_or(Self::Long(number), Self::Integer)
            }
            (other, _) => other,
        }
    }
}

impl From<f64> for PointValue {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl From<i64> for PointValue {
    fn from(number: i64) -> Self {
        Self::Long(number)
    }
}

impl From<i32> for PointValue {
    fn from(number: i32) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for PointValue {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}

impl From<&str> for PointValue {
    fn from(text: &str) -> Self {
        Self::String(Arc::from(text))
    }
}

impl From<String> for PointValue {
    fn from(text: String) -> Self {
        Self::String(Arc::from(text))
    }
}

impl From<Arc<str>> for PointValue {
    fn from(text: Arc<str>) -> Self {
        Self::String(text)
    }
}

impl From<Duration> for PointValue {
    fn from(span: Duration) -> Self {
        Self::DurationMs(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
    }
}

impl From<SystemTime> for PointValue {
    fn from(moment: SystemTime) -> Self {
        Self::DateTimeMs(unix_ms(moment))
    }
}

/// Returns milliseconds since 1970; negative before it.
pub(crate) fn unix_ms(moment: SystemTime) -> i64 {
    match moment.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    }
}

/// Returns the moment this many milliseconds after 1970.
pub(crate) fn moment(unix_ms: i64) -> SystemTime {
    let span = Duration::from_millis(unix_ms.unsigned_abs());
    let moment = if unix_ms < 0 { UNIX_EPOCH.checked_sub(span) } else { UNIX_EPOCH.checked_add(span) };
    moment.unwrap_or(UNIX_EPOCH)
}
