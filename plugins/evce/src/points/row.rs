//! One row of a table of points.

use std::time::SystemTime;

use riser_plugin::{Kind, Point, PointValue, Publication};

use super::sums::{Sum, Sums};

/// The class that publishes a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Publisher {
    /// Values that change only with the installation.
    Setup,
    /// Settings and orders, which Setup knows already.
    Status,
    /// Measured values, and values that depend on the link to a station.
    StatusLive,
}

/// The value of a point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shown {
    Good(PointValue),
    /// Some parts of a sum are not known.
    Partly(f64),
    /// Unknown at present.
    Offline(&'static str),
    /// Missing or unreadable in the controller's response.
    Missing,
}

/// A point that every object of one level has: site, zone, station or connector.
pub(crate) struct Row<T> {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) unit: &'static str,
    pub(crate) publisher: Publisher,
    /// Whether the BMS may write it; Status handles the write.
    pub(crate) set_point: Option<SetPointKind>,
    pub(crate) has_history: bool,
    pub(crate) about: &'static str,
    /// Computes the value from an object and the sums over its parts.
    pub(crate) show: fn(&T, &Sums) -> Shown,
}

/// A property that the BMS may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetPointKind {
    Reduction,
    Validity,
    Availability,
    IsAvailable,
}

impl<T> Row<T> {
    pub(crate) const fn new(
        name: &'static str,
        kind: Kind,
        unit: &'static str,
        publisher: Publisher,
        show: fn(&T, &Sums) -> Shown,
    ) -> Self {
        Self { name, kind, unit, publisher, set_point: None, has_history: false, about: "", show }
    }

    pub(crate) const fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    pub(crate) const fn recorded(mut self) -> Self {
        self.has_history = true;
        self
    }

    pub(crate) const fn writable(mut self, set_point: SetPointKind) -> Self {
        self.set_point = Some(set_point);
        self
    }
}

impl Shown {
    pub(crate) fn of(value: Option<impl Into<PointValue>>) -> Self {
        value.map_or(Self::Missing, |value| Self::Good(value.into()))
    }

    /// Returns a text, which may be empty.
    pub(crate) fn text(text: Option<&String>) -> Self {
        Self::of(text.map(String::as_str))
    }

    /// Returns a count.
    pub(crate) fn count(count: usize) -> Self {
        Self::Good(PointValue::Integer(i32::try_from(count).unwrap_or(i32::MAX)))
    }

    pub(crate) fn moment(moment: Option<SystemTime>) -> Self {
        Self::of(moment)
    }

    /// Returns a sum: Good when all parts are known, Uncertain when some are not, Offline when none is.
    pub(crate) fn sum(sum: &Sum) -> Self {
        match sum {
            Sum { unknown: 0, .. } => Self::Good(sum.total().into()),
            Sum { known: 0, .. } => Self::Offline("all parts of this sum are unknown"),
            _ => Self::Partly(sum.total()),
        }
    }

    /// Converts to a publication.
    pub(crate) fn publication(self, point: Point) -> Publication {
        match self {
            Self::Good(value) => point.good(value),
            Self::Partly(total) => point.uncertain(total, "some parts of this sum are unknown"),
            Self::Offline(reason) => point.offline(reason),
            Self::Missing => point.error("missing or unreadable in the controller's response"),
        }
    }
}
