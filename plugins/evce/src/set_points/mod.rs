//! Executes the writes of the BMS at the controller.
//!
//! **Invariant:** Riser reads the controller before it writes. A write that was sent is confirmed by reading, and not sent
//! twice, however an earlier run ended.

mod active_reductions;
mod availability;
mod events;
mod fail_safe;
mod ordered_availabilities;
mod outcome;
mod overrides;
mod policy;
mod queue;
mod reduction;
mod refusals;
mod remarks;
mod renewal;
mod sent_writes;

use std::time::Duration;

use riser_plugin::{Host, HostError, Problem};

use crate::client::EvceClient;
use crate::model::{ObjectId, Reduction, Site, listed};
use crate::points::Binding;

pub(crate) use active_reductions::ActiveReductions;
pub(crate) use events::{
    AVAILABILITY_CHANGED, REDUCTION_ENDED, REDUCTION_FOREIGN, REDUCTION_OVERRIDDEN, foreign_problem, problems,
};
pub(crate) use fail_safe::{BMS_SILENT, BmsWrites};
pub(crate) use ordered_availabilities::OrderedAvailabilities;
pub(crate) use policy::{FailSafe, Owner, Policies, ZonePolicy};
pub(crate) use queue::{Failing, Queue};
pub(crate) use refusals::{MissingRights, NO_RIGHT};
pub(crate) use sent_writes::SentWrites;

/// The code of the problem with writes that fail again and again.
pub(crate) const WRITES_FAIL: &str = "writes-fail";
/// First and longest pause between two attempts at an object.
const ATTEMPT_PAUSES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(1));

/// Shortest validity, by the controller's clock (design, evce/api.md, 4).
const SHORTEST_VALIDITY: Duration = Duration::from_secs(30);
/// The validity of an endless reduction, equal to the incumbent's (design, evce/datapoints.md, N7).
const FOR_EVER: Duration = Duration::from_hours(125 * 365 * 24);

/// Percentages with a smaller difference are equal: controllers show two decimals.
const PERCENT_RESOLUTION: f64 = 0.01;

/// The validity of a reduction that the BMS writes without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    /// Renewed every third of this time while the reduction is active.
    Renewed(Duration),
    ForEver,
}

impl Validity {
    const fn span(self) -> Duration {
        match self {
            Self::Renewed(span) => span,
            Self::ForEver => FOR_EVER,
        }
    }

    /// The rest of a validity at its renewal: a third is over.
    fn renewed_below(self) -> Duration {
        self.span() * 2 / 3
    }
}

/// Returns whether a controller with two decimals shows both as equal.
fn is_same_percent(one: f64, other: f64) -> bool {
    (one - other).abs() < PERCENT_RESOLUTION
}

/// Executes set point writes.
pub(crate) struct SetPointWriter<'a> {
    pub(crate) host: &'a Host,
    pub(crate) client: &'a mut EvceClient,
    pub(crate) binding: &'a Binding,
    pub(crate) site: &'a mut Site,
    pub(crate) active: &'a mut ActiveReductions,
    pub(crate) sent: &'a mut SentWrites,
    pub(crate) rights: &'a mut MissingRights,
    pub(crate) policies: &'a Policies,
    pub(crate) ordered: &'a mut OrderedAvailabilities,
    pub(crate) bms_writes: &'a mut BmsWrites,
    pub(crate) validity: Validity,
    /// Whether the lists of the controller have all objects of the tree.
    pub(crate) is_complete: bool,
}

/// Returns the problem with objects for which the controller fails again and again.
pub(crate) fn problem(failing: &[Failing]) -> Option<Problem> {
    if failing.is_empty() {
        return None;
    }
    let objects: Vec<String> = failing.iter().map(|it| format!("{} ({})", it.object, it.fault)).collect();
    let what = format!("the charge controller fails to write to {}", listed(&objects));
    Some(
        Problem::new(WRITES_FAIL, what)
            .effect("these set points are not in effect, or end; all others are written")
            .remedy("check the messages of the charge controller; Riser tries again until the writes expire"),
    )
}

impl SetPointWriter<'_> {
    /// Returns the description of our reduction.
    fn describe(&self, zone: &ObjectId) -> String {
        let name = self.site.zone(zone).and_then(|found| found.name.clone()).unwrap_or_default();
        self.client.reduction_description(zone, &name)
    }

    /// Stores and publishes the present reduction of a zone.
    fn show_reduction(&mut self, zone: &ObjectId, reduction: Option<Reduction>) -> Result<(), HostError> {
        let Some(index) = self.site.zones.iter().position(|found| found.id == *zone) else { return Ok(()) };
        self.site.zones[index].reduction = reduction;
        self.site.zones[index].remark = self.remark_on_zone(&self.site.zones[index]);
        let found = &self.site.zones[index];
        self.host.publish(&self.binding.zone_orders(found))
    }
}
