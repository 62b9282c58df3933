//! Renews our reductions before they end.

use std::time::{Duration, SystemTime};

use riser_plugin::{HostError, LogLevel};

use super::active_reductions::Active;
use super::{SetPointWriter, is_same_percent};
use crate::model::{ObjectId, Reduction};

/// A validity that ends later than one that is set now, by more than this, belongs to a clock that was set back.
const CLOCK_TOLERANCE: Duration = Duration::from_mins(1);

/// What becomes of an active reduction.
enum Fate {
    Lasts,
    Renew,
    /// Why Riser does not set it again.
    Ended(&'static str),
}

impl SetPointWriter<'_> {
    /// Renews active reductions after a third of their validity. A failure concerns its zone only.
    pub(crate) fn renew(&mut self, controller_now: SystemTime) -> Result<(), HostError> {
        let uptime = self.host.uptime()?;
        for zone in self.active.zones() {
            match self.fate(&zone, controller_now, uptime) {
                Fate::Lasts => {}
                Fate::Renew => {
                    if !self.renew_one(&zone, controller_now, uptime)? {
                        return Ok(());
                    }
                }
                Fate::Ended(why) => {
                    let text = format!("zone {zone}: the reduction {why}; Riser does not set it again");
                    self.host.log(LogLevel::Warn, &text);
                    self.active.end(self.host, &zone, text)?;
                }
            }
        }
        Ok(())
    }

    fn fate(&mut self, zone: &ObjectId, controller_now: SystemTime, uptime: Duration) -> Fate {
        // An unreadable zone or percentage does not end the reduction.
        let (Some(found), Some(active)) = (self.site.zone(zone), self.active.of(zone)) else {
            return Fate::Lasts;
        };
        let Some(shown) = &found.reduction else {
            // It ended by the controller's clock although its time is not over: the clock was set ahead.
            let is_ended_by_clock = active.valid_until.is_some_and(|until| until <= controller_now)
                && active.holds_until.is_some_and(|until| uptime < until);
            return if is_ended_by_clock {
                Fate::Renew
            } else {
                Fate::Ended("has ended or was removed at the controller")
            };
        };
        if !self.client.is_own(zone, shown) {
            return Fate::Ended("was replaced by another user");
        }
        if is_changed(active, shown) {
            return Fate::Ended("was changed at the controller");
        }
        active.valid_until = shown.valid_until.or(active.valid_until);
        let left = shown.valid_until.and_then(|until| until.duration_since(controller_now).ok());
        let left = left.unwrap_or_default();
        let is_due = left <= self.validity.renewed_below() || left > self.validity.span() + CLOCK_TOLERANCE;
        if is_due && active.attempts.is_over(uptime) { Fate::Renew } else { Fate::Lasts }
    }

    /// Renews reductions while the site as a whole is unreadable: an unreadable station must not end a
    /// reduction.
    pub(crate) fn renew_without_poll(&mut self) -> Result<(), HostError> {
        let mut controller_now = None;
        for zone in self.active.zones() {
            match self.client.reduction(&zone) {
                Ok(read) => {
                    controller_now = Some(read.controller_now);
                    if let Some(found) = self.site.zones.iter_mut().find(|found| found.id == zone) {
                        found.reduction = read.reduction;
                    }
                }
                Err(error) => {
                    error.propagate_stop()?;
                    if error.delays_others() {
                        return Ok(());
                    }
                }
            }
        }
        controller_now.map_or(Ok(()), |now| self.renew(now))
    }

    /// Renews one reduction. Returns whether others can be renewed now.
    fn renew_one(
        &mut self,
        zone: &ObjectId,
        controller_now: SystemTime,
        uptime: Duration,
    ) -> Result<bool, HostError> {
        let Some(percent) = self.active.of(zone).map(|active| active.percent.requested) else {
            return Ok(true);
        };
        let (description, span) = (self.describe(zone), self.validity.span());
        let until = controller_now + span;
        let sent = self.client.put_reduction(zone, percent, until, &description);
        let Some(active) = self.active.of(zone) else { return Ok(true) };
        match sent {
            Ok(_) => {
                active.attempts.reset();
                active.valid_until = Some(until);
                active.holds_until = Some(uptime + span);
                let found = self.site.zones.iter_mut().find(|found| found.id == *zone);
                if let Some(shown) = found.and_then(|found| found.reduction.as_mut()) {
                    shown.valid_until = Some(until);
                }
                self.host.log(LogLevel::Debug, &format!("zone {zone}: the reduction was renewed"));
                Ok(true)
            }
            Err(error) => {
                error.propagate_stop()?;
                if !error.is_of_object() {
                    return Ok(false);
                }
                if active.attempts.failures() == 0 {
                    let text = format!("zone {zone}: cannot renew the reduction: {error}");
                    self.host.log(LogLevel::Warn, &text);
                }
                active.attempts.fail(uptime);
                active.fault = error.to_string();
                Ok(!error.delays_others())
            }
        }
    }
}

/// Returns whether a reduction is neither the requested one nor its rounded form.
fn is_changed(active: &Active, shown: &Reduction) -> bool {
    let is_other = |percent: f64, ours: f64| !is_same_percent(percent, ours);
    shown.percent.is_some_and(|percent| {
        is_other(percent, active.percent.requested) && is_other(percent, active.percent.shown)
    })
}
