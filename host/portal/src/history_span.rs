//! The span of a history that a page shows.

use std::time::Duration;

use riser_domain::Timestamp;
use serde::Deserialize;
use strum::{EnumIter, IntoStaticStr};

/// A span that ends now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, EnumIter, IntoStaticStr)]
pub(crate) enum HistorySpan {
    #[serde(rename = "1h")]
    #[strum(serialize = "1h")]
    Hour,
    #[default]
    #[serde(rename = "24h")]
    #[strum(serialize = "24h")]
    Day,
    #[serde(rename = "7d")]
    #[strum(serialize = "7d")]
    Week,
    #[serde(rename = "30d")]
    #[strum(serialize = "30d")]
    Month,
    #[serde(rename = "1y")]
    #[strum(serialize = "1y")]
    Year,
}

impl HistorySpan {
    /// Returns the word in addresses.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Hour => "1 h",
            Self::Day => "24 h",
            Self::Week => "7 d",
            Self::Month => "30 d",
            Self::Year => "1 y",
        }
    }

    /// Returns the words after "in the last".
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::Year => "year",
        }
    }

    /// Returns the first and the last moment.
    pub(crate) fn span(self, now: Timestamp) -> (Timestamp, Timestamp) {
        let length = match self {
            Self::Hour => Duration::from_hours(1),
            Self::Day => Duration::from_hours(24),
            Self::Week => Duration::from_hours(7 * 24),
            Self::Month => Duration::from_hours(30 * 24),
            Self::Year => Duration::from_hours(366 * 24),
        };
        (now.minus(length), now)
    }
}
