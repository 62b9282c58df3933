//! Which points a site has, and their names. Ids never depend on it.

use super::row::{Extra, Recorded, Row, SetPointKind};

/// A table of names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Names {
    /// Those of the incumbent, version 1.2, so that bindings of a BMS work.
    #[default]
    Evce12,
    /// Regular ones: a prefix for each level, phases as phases, and no units.
    Clean,
}

/// The points through which the BMS writes the availability of a connector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AvailabilityPoints {
    #[default]
    Both,
    /// Only `ConnectorAvailability`.
    Availability,
    /// Only `ConnectorState_Available`.
    IsAvailable,
}

/// Which points a site has, and their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) names: Names,
    /// The name of a connector's container before its number: `Connector-`.
    pub(crate) connector_prefix: String,
    pub(crate) extras: Vec<Extra>,
    /// Whether set points, reductions and the power of the site have histories as well.
    pub(crate) has_more_histories: bool,
    pub(crate) availability_points: AvailabilityPoints,
}

impl Layout {
    /// Returns whether a site has this point.
    pub(super) fn has<T>(&self, row: &Row<T>) -> bool {
        row.extra.is_none_or(|extra| self.extras.contains(&extra))
    }

    /// Returns whether a point has a history.
    pub(super) fn records<T>(&self, row: &Row<T>) -> bool {
        match row.history {
            Recorded::Never => false,
            Recorded::Always => true,
            Recorded::IfWanted => self.has_more_histories,
        }
    }

    /// Returns whether the BMS may write a point of this kind.
    pub(super) fn is_writable(&self, kind: SetPointKind) -> bool {
        match kind {
            SetPointKind::Reduction | SetPointKind::Validity => true,
            SetPointKind::Availability => self.availability_points != AvailabilityPoints::IsAvailable,
            SetPointKind::IsAvailable => self.availability_points != AvailabilityPoints::Availability,
        }
    }

    /// Returns the name of a point.
    pub(super) fn name<T>(&self, row: &Row<T>) -> &'static str {
        match self.names {
            Names::Evce12 => row.name,
            Names::Clean => row.clean_name.unwrap_or(row.name),
        }
    }
}
