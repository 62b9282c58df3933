//! Executes the writes of the BMS at the controller.
//!
//! **Invariant:** Riser reads the controller before it writes. A value that is already as requested is
//! confirmed without a write, so that nothing is sent twice, however an earlier run ended.

mod active_reductions;
mod availability;
mod queue;
mod reduction;

use std::time::{Duration, SystemTime};

use riser_plugin::{Host, HostError, LogLevel};

use crate::client::EvceClient;
use crate::model::{ObjectId, Reduction, Site};
use crate::points::Binding;

pub(crate) use active_reductions::ActiveReductions;
pub(crate) use queue::Queue;

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
    pub(crate) validity: Validity,
}

impl SetPointWriter<'_> {
    /// Renews active reductions after a third of their validity.
    pub(crate) fn renew(&mut self, controller_now: SystemTime) -> Result<(), HostError> {
        let validity = self.validity.span();
        for (zone, percent) in self.active.all() {
            // An unreadable zone or percentage does not end the reduction.
            let Some(found) = self.site.zone(&zone) else { continue };
            let end = match &found.reduction {
                None => Some("has ended or was removed at the controller"),
                Some(shown) if !self.client.is_own(&zone, shown) => Some("was replaced by another user"),
                Some(Reduction { percent: Some(shown), .. }) if !is_same_percent(*shown, percent) => {
                    Some("was changed at the controller")
                }
                Some(_) => None,
            };
            if let Some(end) = end {
                let text =
                    format!("zone {zone}: the reduction of {percent} % {end}; Riser does not set it again");
                self.host.log(LogLevel::Warn, &text);
                self.active.forget(self.host, &zone)?;
                continue;
            }
            let valid_until = found.reduction.as_ref().and_then(|shown| shown.valid_until);
            let left = valid_until.and_then(|until| until.duration_since(controller_now).ok());
            if left.unwrap_or_default() <= self.validity.renewed_below() {
                self.renew_one(&zone, percent, controller_now + validity)?;
            }
        }
        Ok(())
    }

    /// Renews reductions while the site as a whole is unreadable: an unreadable station must not end a
    /// reduction.
    pub(crate) fn renew_without_poll(&mut self) -> Result<(), HostError> {
        let mut controller_now = None;
        for (zone, _) in self.active.all() {
            match self.client.reduction(&zone) {
                Ok(read) => {
                    controller_now = Some(read.controller_now);
                    if let Some(found) = self.site.zones.iter_mut().find(|found| found.id == zone) {
                        found.reduction = read.reduction;
                    }
                }
                Err(error) => return error.propagate_stop(),
            }
        }
        controller_now.map_or(Ok(()), |now| self.renew(now))
    }

    fn renew_one(&mut self, zone: &ObjectId, percent: f64, until: SystemTime) -> Result<(), HostError> {
        let description = self.describe(zone);
        match self.client.put_reduction(zone, percent, until, &description) {
            Ok(_) => {
                self.host.log(LogLevel::Debug, &format!("zone {zone}: the reduction was renewed"));
                Ok(())
            }
            Err(error) => {
                error.propagate_stop()?;
                self.host.log(LogLevel::Warn, &format!("zone {zone}: cannot renew the reduction: {error}"));
                Ok(())
            }
        }
    }

    /// Returns the description of our reduction.
    fn describe(&self, zone: &ObjectId) -> String {
        let name = self.site.zone(zone).and_then(|found| found.name.clone()).unwrap_or_default();
        self.client.reduction_description(zone, &name)
    }

    /// Stores and publishes the present reduction of a zone.
    fn show_reduction(&mut self, zone: &ObjectId, reduction: Option<Reduction>) -> Result<(), HostError> {
        let Some(found) = self.site.zones.iter_mut().find(|found| found.id == *zone) else { return Ok(()) };
        found.reduction = reduction;
        self.host.publish(&self.binding.zone_orders(found))
    }
}
