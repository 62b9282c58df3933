//! Renews the reductions of the BMS before they end, and defends them.

use std::time::{Duration, SystemTime};

use riser_plugin::{HostError, LogLevel};

use super::active_reductions::Active;
use super::events::{Event, EventKind};
use super::overrides::Change;
use super::policy::Owner;
use super::{SetPointWriter, is_same_percent, reduction};
use crate::model::{ObjectId, Reduction};

/// A validity that ends later than one that is set now, by more than this, belongs to a clock that was set back.
const CLOCK_TOLERANCE: Duration = Duration::from_mins(1);
/// A reduction that is missing so shortly before its end has ended: clocks count whole seconds.
const END_TOLERANCE: Duration = Duration::from_secs(5);

/// What becomes of an active reduction.
#[derive(Debug, PartialEq)]
enum Fate {
    Lasts,
    Renew,
    /// The validity that the BMS wrote is over.
    Over,
    /// It has ended, and Riser could not renew it.
    Ended,
    /// Somebody changed or removed it. Contains the present state at the controller.
    Changed(String),
    /// Another user's reduction is in its place.
    Displaced(String),
    /// Another user's reduction was in its place and is gone.
    Free,
}

impl SetPointWriter<'_> {
    /// Renews active reductions after a third of their validity. A failure concerns its zone only.
    pub(crate) fn renew(&mut self, controller_now: SystemTime) -> Result<(), HostError> {
        let uptime = self.host.uptime()?;
        for zone in self.active.zones() {
            let fate = self.fate(&zone, controller_now, uptime);
            if !matches!(fate, Fate::Displaced(_)) {
                self.active.displace(self.host, &zone, None)?;
            }
            let sets = match fate {
                Fate::Lasts => false,
                Fate::Renew => true,
                Fate::Over => {
                    self.active.forget(self.host, &zone)?;
                    false
                }
                Fate::Ended => {
                    self.end(&zone, EventKind::ReductionEnded, "has ended; Riser does not set it again")?;
                    false
                }
                Fate::Changed(shown) => self.is_defended(&zone, &shown, uptime)?,
                Fate::Displaced(by) => {
                    self.displaced(&zone, by)?;
                    false
                }
                Fate::Free => {
                    let text = format!(
                        "zone {zone}: the reduction of another user is gone; Riser sets that of the BMS again"
                    );
                    self.host.log(LogLevel::Info, &text);
                    true
                }
            };
            let is_due = self.active.get(&zone).is_some_and(|active| active.attempts.is_over(uptime));
            if sets && is_due && !self.set_again(&zone, controller_now, uptime)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn fate(&mut self, zone: &ObjectId, controller_now: SystemTime, uptime: Duration) -> Fate {
        let tolerance = reduction::ROUNDED_VALIDITY + self.client.validity_tolerance();
        // An unreadable zone or percentage does not end the reduction.
        let (Some(found), Some(active)) = (self.site.zone(zone), self.active.of(zone)) else {
            return Fate::Lasts;
        };
        let soon = controller_now + END_TOLERANCE;
        if active.fixed_until.is_some_and(|until| until <= soon) {
            return Fate::Over;
        }
        let Some(shown) = &found.reduction else {
            if active.displaced_by.is_some() {
                return Fate::Free;
            }
            // It ended by the controller's clock although its time is not over: the clock was set ahead.
            let is_ended_by_clock = active.valid_until.is_some_and(|until| until <= controller_now)
                && active.holds_until.is_some_and(|until| uptime < until);
            let is_removed =
                active.fixed_until.is_some() || active.valid_until.is_some_and(|until| until > soon);
            return match (is_ended_by_clock, is_removed) {
                (true, _) => Fate::Renew,
                (false, true) => Fate::Changed("nothing".to_owned()),
                (false, false) => Fate::Ended,
            };
        };
        if !self.client.is_own(zone, shown) {
            return Fate::Displaced(in_words(shown));
        }
        if let Some(percent) = shown.percent.filter(|percent| is_changed(active, *percent)) {
            return Fate::Changed(format!("{percent} %"));
        }
        if let Some(fixed) = active.fixed_until {
            let is_other = |until| !reduction::is_within(until, fixed, tolerance);
            return match shown.valid_until.filter(|until| is_other(*until)) {
                Some(until) => Fate::Changed(format!("an end at {}", crate::utc::to_the_minute(until))),
                None => Fate::Lasts,
            };
        }
        active.overrides.finish();
        active.valid_until = shown.valid_until.or(active.valid_until);
        let left = shown.valid_until.and_then(|until| until.duration_since(controller_now).ok());
        let left = left.unwrap_or_default();
        let is_due = left <= self.validity.renewed_below() || left > self.validity.span() + CLOCK_TOLERANCE;
        if is_due { Fate::Renew } else { Fate::Lasts }
    }

    /// Decides about a reduction that somebody changed at the controller. Returns whether Riser sets it again.
    fn is_defended(&mut self, zone: &ObjectId, shown: &str, uptime: Duration) -> Result<bool, HostError> {
        if self.owner_of(zone) == Owner::Controller {
            let why = format!(
                "was changed at the controller, which now shows {shown}; Riser does not set it again, since the controller decides here"
            );
            self.end(zone, EventKind::ReductionEnded, &why)?;
            return Ok(false);
        }
        let Some(active) = self.active.of(zone) else { return Ok(false) };
        match active.overrides.note(shown, uptime) {
            Change::Known => Ok(true),
            Change::New => {
                let percent = active.percent.requested;
                let what = format!(
                    "zone {zone}: somebody changed the reduction of {percent} % at the controller, which showed {shown}; Riser sets {percent} % again, since the BMS decides here"
                );
                self.host.log(LogLevel::Warn, &what);
                self.active.report(Event { kind: EventKind::ReductionSetAgain, what });
                Ok(true)
            }
            Change::TooMany => {
                let why = format!(
                    "was changed three times within 10 min at the controller, which now shows {shown}; Riser does not set it again until the BMS writes"
                );
                self.end(zone, EventKind::ReductionGivenUp, &why)?;
                Ok(false)
            }
        }
    }

    /// Notes that another user's reduction is in the place of ours.
    fn displaced(&mut self, zone: &ObjectId, by: String) -> Result<(), HostError> {
        if self.owner_of(zone) == Owner::Controller {
            let why = format!(
                "was replaced by {by}; Riser does not set it again, since the controller decides here"
            );
            return self.end(zone, EventKind::ReductionEnded, &why);
        }
        if self.active.get(zone).is_some_and(|active| active.displaced_by.is_none()) {
            let text =
                format!("zone {zone}: {by} replaced the reduction of the BMS; Riser waits for its end");
            self.host.log(LogLevel::Warn, &text);
        }
        self.active.displace(self.host, zone, Some(by))
    }

    /// Ends a reduction of the BMS without Riser.
    fn end(&mut self, zone: &ObjectId, kind: EventKind, why: &str) -> Result<(), HostError> {
        let percent = self.active.get(zone).map(|active| active.percent.requested).unwrap_or_default();
        let what = format!("zone {zone}: the reduction of {percent} % {why}");
        self.host.log(LogLevel::Warn, &what);
        self.active.report(Event { kind, what });
        self.active.forget(self.host, zone)
    }

    /// Returns who decides about the reduction of a zone.
    fn owner_of(&self, zone: &ObjectId) -> Owner {
        self.policy_of(zone).owner
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

    /// Sets one reduction again. Returns whether others can be set now.
    pub(super) fn set_again(
        &mut self,
        zone: &ObjectId,
        controller_now: SystemTime,
        uptime: Duration,
    ) -> Result<bool, HostError> {
        let Some(active) = self.active.get(zone) else { return Ok(true) };
        let (percent, span) = (active.percent, self.validity.span());
        let until = active.fixed_until.unwrap_or(controller_now + span);
        let description = self.describe(zone);
        let sent = self.client.put_reduction(zone, percent.requested, until, &description);
        let Some(active) = self.active.of(zone) else { return Ok(true) };
        match sent {
            Ok(_) => {
                active.attempts.reset();
                active.overrides.finish();
                active.valid_until = Some(until);
                active.holds_until = Some(uptime + span);
                let found = self.site.zones.iter_mut().find(|found| found.id == *zone);
                if let Some(shown) = found.and_then(|found| found.reduction.as_mut()) {
                    shown.valid_until = Some(until);
                }
                self.host.log(LogLevel::Debug, &format!("zone {zone}: the reduction was set again"));
                Ok(true)
            }
            Err(error) => {
                error.propagate_stop()?;
                if !error.is_of_object() {
                    return Ok(false);
                }
                if active.attempts.failures() == 0 {
                    let text = format!("zone {zone}: cannot set the reduction again: {error}");
                    self.host.log(LogLevel::Warn, &text);
                }
                active.attempts.fail(uptime);
                active.fault = error.to_string();
                Ok(!error.delays_others())
            }
        }
    }
}

/// Returns a reduction of another user in words.
pub(super) fn in_words(shown: &Reduction) -> String {
    let name = shown.description.as_deref().filter(|name| !name.is_empty()).unwrap_or("without a name");
    let percent = shown.percent.map_or_else(String::new, |percent| format!(" of {percent} %"));
    let until = shown.valid_until.map(crate::utc::to_the_minute);
    let until = until.map_or_else(String::new, |until| format!(" until {until}"));
    format!("the reduction {name}{percent}{until}")
}

/// Returns whether a percentage is neither the requested one nor its rounded form.
pub(super) fn is_changed(active: &Active, percent: f64) -> bool {
    !is_same_percent(percent, active.percent.requested) && !is_same_percent(percent, active.percent.shown)
}
