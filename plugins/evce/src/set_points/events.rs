//! Events with set points that an administrator should know. Each is a problem for a day.

use riser_plugin::Problem;

/// The code of the problem with reductions that ended without Riser.
pub(crate) const REDUCTION_ENDED: &str = "reduction-ended";
/// The code of the problem with reductions that somebody changed at the controller, against the BMS.
pub(crate) const REDUCTION_OVERRIDDEN: &str = "reduction-overridden";
/// The code of the problem with availabilities that somebody changed at the controller.
pub(crate) const AVAILABILITY_CHANGED: &str = "availability-changed";
/// The code of the problem with reductions of other users. It lasts as long as they do.
pub(crate) const REDUCTION_FOREIGN: &str = "reduction-foreign";

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// A reduction of the BMS is not in effect any more, and Riser does not set it again.
    ReductionEnded,
    /// Somebody changed a reduction of the BMS, and Riser set it again.
    ReductionSetAgain,
    /// Somebody changes a reduction of the BMS again and again.
    ReductionGivenUp,
    /// Somebody changed an availability, and Riser keeps the change.
    AvailabilityKept,
    /// Somebody changed an availability, and Riser set it again.
    AvailabilitySetAgain,
}

/// An event in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) kind: EventKind,
    pub(crate) what: String,
}

impl EventKind {
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::ReductionEnded => (
                REDUCTION_ENDED,
                "these zones are not reduced by the BMS any more",
                "write the reduction again if it is still needed. This message ends after a day",
            ),
            Self::ReductionSetAgain => (
                REDUCTION_OVERRIDDEN,
                "the reduction of the BMS is in effect again",
                "find out who changes it. If the controller should decide, set reduction_owner to controller. This message ends after a day",
            ),
            Self::ReductionGivenUp => (
                REDUCTION_OVERRIDDEN,
                "what the controller shows is in effect, not the reduction of the BMS",
                "find out who changes it, then write the reduction again. This message ends after a day",
            ),
            Self::AvailabilityKept => (
                AVAILABILITY_CHANGED,
                "the availability of the controller is in effect, not that of the BMS",
                "write it again if it is still needed. If the BMS should decide, set availability_owner to bms. This message ends after a day",
            ),
            Self::AvailabilitySetAgain => (
                AVAILABILITY_CHANGED,
                "the availability of the BMS is in effect again",
                "find out who changes it. This message ends after a day",
            ),
        }
    }
}

/// Returns the problems with events, one for each kind.
pub(crate) fn problems(events: &[Event]) -> Vec<Problem> {
    let mut kinds: Vec<EventKind> = Vec::new();
    for event in events {
        if !kinds.contains(&event.kind) {
            kinds.push(event.kind);
        }
    }
    let problem = |kind: EventKind| {
        let (code, effect, remedy) = kind.words();
        let what: Vec<&str> =
            events.iter().filter(|event| event.kind == kind).map(|event| event.what.as_str()).collect();
        Problem::new(code, what.join("; ")).effect(effect).remedy(remedy)
    };
    kinds.into_iter().map(problem).collect()
}

/// Returns the problem with zones that have another user's reduction in place of that of the BMS.
pub(crate) fn foreign_problem<'a>(
    displaced: impl Iterator<Item = (&'a str, f64, &'a str)>,
) -> Option<Problem> {
    let zones: Vec<String> = displaced
        .map(|(zone, percent, other)| {
            format!("zone {zone} has {other} in place of the {percent} % of the BMS")
        })
        .collect();
    (!zones.is_empty()).then(|| {
        Problem::new(REDUCTION_FOREIGN, zones.join("; "))
            .effect("Riser does not change reductions of other users; it sets that of the BMS again when they have ended")
            .remedy("remove them at the charge controller if the BMS should decide, or write 0 from the BMS if its reduction should not come back")
    })
}
