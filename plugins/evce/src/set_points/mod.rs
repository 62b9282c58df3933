//! Carries the writes of the BMS to the controller.
//!
//! **Invariant:** the controller is read before it is written. What is already as requested is confirmed without
//! a write, so that nothing is sent twice whatever ended an earlier run.

mod availability;
mod queue;
mod reduction;
mod standing;

use std::time::{Duration, SystemTime};

use riser_plugin::{Host, HostError, LogLevel};

use crate::client::EvceClient;
use crate::model::{ObjectId, Reduction, Site};
use crate::points::Binding;

pub(crate) use queue::Queue;
pub(crate) use standing::StandingReductions;

/// A validity ends at least this long after the controller's now (design, evce/api.md, 4).
const SHORTEST_VALIDITY: Duration = Duration::from_secs(30);
/// What "for ever" is in a validity: as long as the incumbent writes (design, evce/datapoints.md, N7).
const FOR_EVER: Duration = Duration::from_hours(125 * 365 * 24);

/// Percentages that a controller shows with two decimals are the same below this.
const PERCENT_RESOLUTION: f64 = 0.01;

/// How long a reduction holds that the BMS writes without a validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    /// This long, renewed every third of it while the write stands.
    Renewed(Duration),
    ForEver,
}

impl Validity {
    /// Its length.
    const fn span(self) -> Duration {
        match self {
            Self::Renewed(span) => span,
            Self::ForEver => FOR_EVER,
        }
    }

    /// What is left of a validity when it is renewed: a third of it is over then.
    fn renewed_below(self) -> Duration {
        self.span() * 2 / 3
    }
}

/// Whether a controller that rounds would show both alike.
fn is_same_percent(one: f64, other: f64) -> bool {
    (one - other).abs() < PERCENT_RESOLUTION
}

/// What carrying writes needs.
pub(crate) struct SetPointWriter<'a> {
    pub(crate) host: &'a Host,
    pub(crate) client: &'a mut EvceClient,
    pub(crate) binding: &'a Binding,
    pub(crate) site: &'a mut Site,
    pub(crate) standing: &'a mut StandingReductions,
    pub(crate) validity: Validity,
}

impl SetPointWriter<'_> {
    /// Renews the reductions that stand, as soon as a third of their validity is over.
    pub(crate) fn renew(&mut self, controller_now: SystemTime) -> Result<(), HostError> {
        let validity = self.validity.span();
        for (zone, percent) in self.standing.all() {
            // A zone or a percentage that cannot be read now says nothing about the write.
            let Some(found) = self.site.zone(&zone) else { continue };
            let end = match &found.reduction {
                None => Some("has ended, or was taken back at the controller"),
                Some(shown) if !self.client.is_own(&zone, shown) => Some("was replaced by somebody else's"),
                Some(Reduction { percent: Some(shown), .. }) if !is_same_percent(*shown, percent) => {
                    Some("was changed at the controller")
                }
                Some(_) => None,
            };
            if let Some(end) = end {
                let text = format!("zone {zone}: the reduction of {percent} % {end}; it is not put again");
                self.host.log(LogLevel::Warn, &text);
                self.standing.forget(self.host, &zone)?;
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

    /// The same when the site as a whole cannot be read: a reduction must not end because a station is not
    /// understood.
    pub(crate) fn renew_unseen(&mut self) -> Result<(), HostError> {
        let mut controller_now = None;
        for (zone, _) in self.standing.all() {
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
                self.host.log(LogLevel::Warn, &format!("zone {zone}: could not be renewed: {error}"));
                Ok(())
            }
        }
    }

    /// The name of a reduction of ours.
    fn describe(&self, zone: &ObjectId) -> String {
        let name = self.site.zone(zone).and_then(|found| found.name.clone()).unwrap_or_default();
        self.client.reduction_description(zone, &name)
    }

    /// Notes what a zone shows now and publishes it.
    fn show_reduction(&mut self, zone: &ObjectId, reduction: Option<Reduction>) -> Result<(), HostError> {
        let Some(found) = self.site.zones.iter_mut().find(|found| found.id == *zone) else { return Ok(()) };
        found.reduction = reduction;
        self.host.publish(&self.binding.zone_orders(found))
    }
}
