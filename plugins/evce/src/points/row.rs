//! One row of a table of points.

use std::time::SystemTime;

use riser_plugin::{Kind, Point, PointValue, Publication};

use super::sums::{Sum, Sums};

/// When a point is known, and who writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// By Setup: what changes only when something is installed.
    BySetup,
    /// By Status, and known to Setup already: settings and what was ordered.
    ByStatus,
    /// By Status alone: what is measured, or lives on the link to a station.
    Live,
}

/// What a point shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shown {
    Good(PointValue),
    /// Some parts of a sum are not known.
    Partly(f64),
    /// Nothing of it is known now.
    Offline(&'static str),
    /// The controller left it out, or sent what cannot be read.
    Missing,
}

/// A point of every object of one level: of the site, a zone, a station, a connector.
pub(crate) struct Row<T> {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) unit: &'static str,
    pub(crate) written: Written,
    /// Whether the BMS may write it; Status carries that.
    pub(crate) set_point: Option<SetPointKind>,
    pub(crate) has_history: bool,
    pub(crate) about: &'static str,
    /// What it shows of an object and the sums over its parts.
    pub(crate) show: fn(&T, &Sums) -> Shown,
}

/// What the BMS may write.
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
        written: Written,
        show: fn(&T, &Sums) -> Shown,
    ) -> Self {
        Self { name, kind, unit, written, set_point: None, has_history: false, about: "", show }
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

    /// A text; an empty one is as good as any.
    pub(crate) fn text(text: Option<&String>) -> Self {
        Self::of(text.map(String::as_str))
    }

    /// A number of things.
    pub(crate) fn count(count: usize) -> Self {
        Self::Good(PointValue::Integer(i32::try_from(count).unwrap_or(i32::MAX)))
    }

    pub(crate) fn moment(moment: Option<SystemTime>) -> Self {
        Self::of(moment)
    }

    /// A sum: Good when all parts are known, Uncertain when some are not, Offline when none is.
    pub(crate) fn sum(sum: &Sum) -> Self {
        match sum {
            Sum { unknown: 0, .. } => Self::Good(sum.total.into()),
            Sum { known: 0, .. } => Self::Offline("no part of this sum is known"),
            _ => Self::Partly(sum.total),
        }
    }

    /// As a publication.
    pub(crate) fn publication(self, point: Point) -> Publication {
        match self {
            Self::Good(value) => point.good(value),
            Self::Partly(total) => point.uncertain(total, "some parts of this sum are not known"),
            Self::Offline(reason) => point.offline(reason),
            Self::Missing => point.error("the controller sent nothing that can be read"),
        }
    }
}
