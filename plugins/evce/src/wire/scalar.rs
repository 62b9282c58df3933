//! Scalars in the forms of real controllers: a number may be a text, a time a text or a number.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::DateTime;

use crate::model::ObjectId;

/// Times above this are milliseconds since 1970, below it seconds.
const LARGEST_SECONDS: f64 = 1e11;

/// A scalar. `null` is not one; an empty text is one only where a text is expected.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    Truth(bool),
    Whole(i64),
    Number(f64),
    Text(Cow<'a, str>),
}

impl Scalar<'_> {
    /// Returns whether it is an empty text.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }

    /// Converts to an id: a text or a number.
    pub(super) fn id(&self) -> Option<ObjectId> {
        match self {
            Self::Truth(_) => None,
            _ => Some(ObjectId(self.filled_text()?)),
        }
    }

    /// Converts to a text that is not empty.
    pub(super) fn filled_text(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.text())
    }

    /// Converts to a text.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Truth(truth) => truth.to_string(),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.to_string(),
        }
    }

    /// Returns an enum value, which must be a text.
    pub(super) fn enum_value(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Converts to a finite number.
    #[expect(clippy::cast_precision_loss, reason = "no measurement needs more than 53 bits")]
    pub(super) fn number(&self) -> Option<f64> {
        let number = match self {
            Self::Truth(_) => return None,
            Self::Whole(number) => *number as f64,
            Self::Number(number) => *number,
            Self::Text(text) => text.trim().parse().ok()?,
        };
        number.is_finite().then_some(number)
    }

    /// Converts to a whole number.
    pub(super) fn whole(&self) -> Option<i32> {
        match self {
            Self::Whole(number) => i32::try_from(*number).ok(),
            Self::Text(text) => text.trim().parse().ok(),
            // Some controllers send every number with a decimal point.
            Self::Number(number) if number.fract() == 0.0 => format!("{number:.0}").parse().ok(),
            Self::Truth(_) | Self::Number(_) => None,
        }
    }

    /// Converts to a boolean.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Truth(truth) => Some(*truth),
            Self::Whole(0) => Some(false),
            Self::Whole(1) => Some(true),
            Self::Text(text) => text.trim().to_ascii_lowercase().parse().ok(),
            Self::Whole(_) | Self::Number(_) => None,
        }
    }

    /// Converts to a moment: RFC 3339, or seconds or milliseconds since 1970, distinguished by their size.
    pub(super) fn moment(&self) -> Option<SystemTime> {
        if let Some(text) = self.enum_value()
            && let Ok(moment) = DateTime::parse_from_rfc3339(text.trim())
        {
            return Some(moment.into());
        }
        let number = self.number()?;
        let seconds = if number.abs() > LARGEST_SECONDS { number / 1000.0 } else { number };
        UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
    }
}
