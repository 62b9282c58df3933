//! One row of a table of points.

use std::sync::Arc;
use std::time::SystemTime;

use riser_plugin::{Kind, Point, PointValue, Publication, ValueState};

use super::sums::{Sum, Sums};
use crate::model::{Connector, Site, Station, Unusable, Zone};

/// The reason of a value that is not confirmed any more.
pub(crate) const KEPT: &str =
    "missing in the controller's list, and not confirmed to be removed; this is the last value";

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
    /// The last value of an object that the controller's list lacks, or a sum with such a part.
    Kept(PointValue),
    /// An energy whose register fell, or a sum with such a part.
    Fallen(f64),
    /// Unknown at present.
    Offline(&'static str),
    /// Missing or unreadable in the controller's response.
    Missing,
}

/// An object with fields that cannot be used.
pub(crate) trait Source {
    /// Returns those fields.
    fn unusable(&self) -> &[Unusable];

    /// Returns a remark on its set points.
    fn remark(&self) -> Option<&Arc<str>> {
        None
    }
}

impl Source for Site {
    fn unusable(&self) -> &[Unusable] {
        &[]
    }
}

impl Source for Zone {
    fn unusable(&self) -> &[Unusable] {
        &self.unusable
    }

    fn remark(&self) -> Option<&Arc<str>> {
        self.remark.as_ref()
    }
}

impl Source for Station {
    fn unusable(&self) -> &[Unusable] {
        &self.unusable
    }
}

impl Source for Connector {
    fn unusable(&self) -> &[Unusable] {
        &self.unusable
    }

    fn remark(&self) -> Option<&Arc<str>> {
        self.remark.as_ref()
    }
}

/// A point that every object of one level has: site, zone, station or connector.
pub(crate) struct Row<T> {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) unit: &'static str,
    pub(crate) publisher: Publisher,
    /// Whether the BMS may write it; Status handles the write.
    pub(crate) set_point: Option<SetPointKind>,
    pub(crate) history: Recorded,
    /// The name in the table `clean`, if it differs.
    pub(crate) clean_name: Option<&'static str>,
    /// The points that it belongs to, if not every site has it.
    pub(crate) extra: Option<Extra>,
    /// The fields that it needs: a fault of one of them is the reason when it has no value.
    pub(crate) fields: &'static [&'static str],
    /// Computes the value from an object and the sums over its parts.
    pub(crate) show: fn(&T, &Sums) -> Shown,
}

/// Whether a point has a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    Never,
    Always,
    /// Only on sites that want more histories.
    IfWanted,
}

/// Points beyond those of the incumbent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extra {
    /// The status of a connector as a text, and its age.
    ConnectorStatus,
    /// The present reduction beside the requested one, and who set it.
    ReductionDetails,
    /// How many parts of a sum are not known.
    PartsMissing,
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
        Self {
            name,
            kind,
            unit,
            publisher,
            set_point: None,
            history: Recorded::Never,
            clean_name: None,
            extra: None,
            fields: &[],
            show,
        }
    }

    /// Sets the name in the table `clean`.
    pub(crate) const fn clean(mut self, name: &'static str) -> Self {
        self.clean_name = Some(name);
        self
    }

    /// Makes it a point that only some sites have.
    pub(crate) const fn only_with(mut self, extra: Extra) -> Self {
        self.extra = Some(extra);
        self
    }

    pub(crate) const fn of(mut self, fields: &'static [&'static str]) -> Self {
        self.fields = fields;
        self
    }

    pub(crate) const fn recorded(mut self) -> Self {
        self.history = Recorded::Always;
        self
    }

    /// Gives it a history on sites that want more of them.
    pub(crate) const fn recorded_if_wanted(mut self) -> Self {
        self.history = Recorded::IfWanted;
        self
    }

    pub(crate) const fn writable(mut self, set_point: SetPointKind) -> Self {
        self.set_point = Some(set_point);
        self
    }
}

impl<T: Source> Row<T> {
    /// Returns the publication of an object's value, with the remark on a set point.
    pub(super) fn publication(&self, point: Point, shown: Shown, object: &T) -> Publication {
        let published = shown.publication(point, self.fault(object));
        let remark = object.remark().filter(|_| self.set_point.is_some());
        match remark {
            Some(remark) if published.state == ValueState::Good => {
                Publication { reason: Some(Arc::clone(remark)), ..published }
            }
            _ => published,
        }
    }

    /// Returns the fault of a field that the row needs.
    fn fault<'a>(&self, object: &'a T) -> Option<&'a Unusable> {
        self.fields.iter().find_map(|field| object.unusable().iter().find(|fault| fault.field == *field))
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
            Sum { kept: 1.., .. } => Self::Kept(sum.total().into()),
            Sum { has_fallen: true, .. } => Self::Fallen(sum.total()),
            Sum { unknown: 0, .. } => Self::Good(sum.total().into()),
            Sum { known: 0, .. } => Self::Offline("all parts of this sum are unknown"),
            _ => Self::Partly(sum.total()),
        }
    }

    /// Returns how many parts of a sum are not known.
    pub(crate) fn parts_missing(sum: &Sum) -> Self {
        Self::count((sum.unknown + sum.kept) as usize)
    }

    /// Returns the value of an object that the controller's list lacks.
    pub(crate) fn kept(self) -> Self {
        match self {
            Self::Good(value) => Self::Kept(value),
            Self::Partly(total) | Self::Fallen(total) => Self::Kept(total.into()),
            other => other,
        }
    }

    /// Converts to a publication. `fault` is the reason when there is no value.
    pub(crate) fn publication(self, point: Point, fault: Option<&Unusable>) -> Publication {
        if !self.is_finite() {
            return point.error("the number is too large");
        }
        match self {
            Self::Good(value) => point.good(value),
            Self::Partly(total) => point.uncertain(total, "some parts of this sum are unknown"),
            Self::Kept(value) => point.uncertain(value, KEPT),
            Self::Fallen(energy) => point.uncertain(energy, "an energy register fell"),
            Self::Offline(reason) if fault.is_none() => point.offline(reason),
            Self::Offline(_) | Self::Missing => match fault {
                Some(fault) => point.error(fault.to_string()),
                None => point.error("missing or unreadable in the controller's response"),
            },
        }
    }

    fn is_finite(&self) -> bool {
        match self {
            Self::Good(PointValue::Double(number))
            | Self::Kept(PointValue::Double(number))
            | Self::Partly(number)
            | Self::Fallen(number) => number.is_finite(),
            _ => true,
        }
    }
}
