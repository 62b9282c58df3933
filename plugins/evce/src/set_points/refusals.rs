//! The refusals of a controller, each with its meaning for a write and its words for the BMS.

use std::collections::BTreeSet;

use riser_plugin::Problem;

use super::queue::Target;
use crate::client::EvceError;

/// The code of the problem with a user that may not write.
pub(crate) const NO_RIGHT: &str = "no-right-to-write";

/// The meaning of a refused write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 403: this user may not write. A retry cannot help before somebody changes the rights.
    NoRight,
    /// 404 and 410: the object does not exist any more.
    Gone,
    /// 409: the station rejects a change of its availability, or another user owns the reduction.
    Conflict,
    /// 424: the station has no link to the controller, so the write waits for it.
    StationOffline,
    /// The controller takes no such write, or not with this value.
    Other,
}

impl Refusal {
    /// Returns the refusal of an error, if it is one.
    pub(super) const fn of(error: &EvceError) -> Option<Self> {
        match error {
            EvceError::Refused { status: 403, .. } => Some(Self::NoRight),
            EvceError::Refused { status: 404 | 410, .. } => Some(Self::Gone),
            EvceError::Refused { status: 409, .. } => Some(Self::Conflict),
            EvceError::Refused { status: 424, .. } => Some(Self::StationOffline),
            EvceError::Refused { .. } | EvceError::NotOffered { .. } => Some(Self::Other),
            _ => None,
        }
    }

    /// Returns what happened, for the BMS.
    pub(super) fn words(self, target: &Target, error: &EvceError, login: &str) -> String {
        let (EvceError::Refused { detail, .. }, kind) = (error, Kind::of(target)) else {
            return error.to_string();
        };
        match (self, target) {
            (Self::NoRight, _) => format!("the user {login} may not write {}{detail}", kind.as_str()),
            (Self::Gone, Target::Zone(_)) => format!("the charge controller no longer has this zone{detail}"),
            (Self::Gone, Target::Connector { .. }) => {
                format!("the charge controller no longer has this connector{detail}")
            }
            (Self::Conflict, Target::Zone(_)) => {
                format!("another user owns the reduction of this zone, and Riser does not change it{detail}")
            }
            (Self::Conflict, Target::Connector { .. }) => {
                format!("the station rejected the change; write again to try again{detail}")
            }
            (Self::StationOffline, _) => format!(
                "the station is not connected to the charge controller; Riser sends the write when it is back{detail}"
            ),
            (Self::Other, _) => error.to_string(),
        }
    }
}

/// What a user may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Reductions,
    Availabilities,
}

impl Kind {
    const fn of(target: &Target) -> Self {
        match target {
            Target::Zone(_) => Self::Reductions,
            Target::Connector { .. } => Self::Availabilities,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Reductions => "reductions",
            Self::Availabilities => "availabilities",
        }
    }
}

/// The writes that the controller has refused because the user of the connection lacks the right.
#[derive(Debug, Default)]
pub(crate) struct MissingRights(BTreeSet<Kind>);

impl MissingRights {
    /// Notes that the controller refused a write for lack of a right.
    pub(super) fn note(&mut self, target: &Target) {
        self.0.insert(Kind::of(target));
    }

    /// Notes that the controller accepted a write.
    pub(super) fn clear(&mut self, target: &Target) {
        self.0.remove(&Kind::of(target));
    }

    /// Returns the problem with the missing rights.
    pub(crate) fn problem(&self, login: &str) -> Option<Problem> {
        let kinds: Vec<&str> = self.0.iter().map(|kind| kind.as_str()).collect();
        let what =
            || format!("the user {login} may not write {} at the charge controller", kinds.join(" and "));
        (!kinds.is_empty()).then(|| {
            Problem::new(NO_RIGHT, what())
                .effect("these set points are rejected")
                .remedy("give this user the right in the charge controller, or enter another user in the connection; then write again")
                .setting("login")
        })
    }
}
