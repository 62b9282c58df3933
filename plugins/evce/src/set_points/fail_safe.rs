//! What Riser does with a zone when the BMS is silent: hold, release or fall back.
//!
//! The BMS is silent when it has not written a set point of the zone for the time of the zone's rule. A validity of the BMS
//! goes first: the fail-safe begins when it has ended. Riser never changes another user's reduction.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use riser_plugin::{Host, HostError, LogLevel, Problem};
use serde::{Deserialize, Serialize};

use super::active_reductions::{Active, Percent};
use super::policy::{FailSafe, ZonePolicy};
use super::queue::{Failing, Queue, Target};
use super::refusals::Refusal;
use super::{ATTEMPT_PAUSES, SetPointWriter};
use crate::back_off::BackOff;
use crate::model::{ObjectId, Zone};
use crate::utc;

const KEY: &str = "bms-writes";
/// The code of the problem with a BMS that is silent.
pub(crate) const BMS_SILENT: &str = "bms-silent";
/// A stored time of the last write may be older by this.
const STORED_WITHIN: Duration = Duration::from_secs(30);

/// The last writes of the BMS, by zone. They survive a run.
#[derive(Debug, Default)]
pub(crate) struct BmsWrites {
    by_zone: BTreeMap<String, LastWrite>,
}

#[derive(Clone, Debug)]
struct LastWrite {
    /// By the clock of Riser's machine.
    at: SystemTime,
    stored_at: SystemTime,
    /// The uptime from which the silence counts, and the silence before.
    since: Duration,
    silent_before: Duration,
    /// What Riser did because of the silence, in words.
    done: Option<String>,
    attempts: BackOff,
    fault: String,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    at_s: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done: Option<String>,
}

impl BmsWrites {
    /// Loads the last writes of earlier runs. The time between the runs counts as silence.
    ///
    /// # Errors
    /// If the host cannot read them.
    pub(crate) fn load(host: &Host) -> Result<Self, HostError> {
        let (now, uptime) = (host.now(), host.uptime()?);
        let kept = host.state().get(KEY)?;
        // Unreadable state is dropped: the silence then counts from now.
        let stored: BTreeMap<String, Stored> =
            kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let last = |stored: Stored| {
            let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(stored.at_s)).unwrap_or(now);
            let silent_before = now.duration_since(at).unwrap_or_default();
            LastWrite { silent_before, done: stored.done, ..LastWrite::new(at, uptime) }
        };
        Ok(Self { by_zone: stored.into_iter().map(|(zone, stored)| (zone, last(stored))).collect() })
    }

    /// Returns the zones where Riser fails again and again to act.
    pub(crate) fn failing(&self) -> impl Iterator<Item = Failing> {
        self.by_zone.iter().filter(|(_, last)| last.attempts.failures() > 1).map(|(zone, last)| Failing {
            object: format!("zone {zone}"),
            failures: last.attempts.failures(),
            fault: last.fault.clone(),
        })
    }

    /// Returns the problem with a silent BMS.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let acted = self.by_zone.iter().filter_map(|(zone, last)| {
            let at = utc::to_the_minute(last.at);
            Some(format!(
                "the BMS has written no set point of zone {zone} since {at}: {}",
                last.done.as_ref()?
            ))
        });
        let what: Vec<String> = acted.collect();
        (!what.is_empty()).then(|| {
            Problem::new(BMS_SILENT, what.join("; "))
                .effect("the fail-safe of these zones is in effect until the BMS writes")
                .remedy("check that the BMS runs, reaches Riser and writes these set points more often than the time of silent_after")
        })
    }

    /// Notes a write of the BMS, which ends the fail-safe of the zone.
    pub(super) fn note(&mut self, host: &Host, zone: &ObjectId) -> Result<(), HostError> {
        let (at, uptime) = (host.now(), host.uptime()?);
        let known = self.by_zone.get(&zone.0);
        let stored_at = known.map(|last| last.stored_at);
        let was_silent = known.is_some_and(|last| last.done.is_some());
        let is_stored =
            stored_at.is_some_and(|stored| at.duration_since(stored).is_ok_and(|age| age < STORED_WITHIN));
        let mut last = LastWrite::new(at, uptime);
        if is_stored && !was_silent {
            last.stored_at = stored_at.unwrap_or(at);
            self.by_zone.insert(zone.0.clone(), last);
            return Ok(());
        }
        if was_silent {
            host.log(LogLevel::Info, &format!("zone {zone}: the BMS writes again; its fail-safe has ended"));
        }
        self.by_zone.insert(zone.0.clone(), last);
        self.save(host)
    }

    /// Returns what Riser did with a zone because of the silence, in words.
    pub(super) fn done(&self, zone: &ObjectId) -> Option<&str> {
        self.by_zone.get(&zone.0)?.done.as_deref()
    }

    fn save(&self, host: &Host) -> Result<(), HostError> {
        let stored = |last: &LastWrite| Stored {
            at_s: last.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs(),
            done: last.done.clone(),
        };
        let stored: BTreeMap<&str, Stored> =
            self.by_zone.iter().map(|(zone, last)| (zone.as_str(), stored(last))).collect();
        let text = serde_json::to_string(&stored).expect("texts by name are always JSON");
        host.state().put(KEY, &text)
    }
}

impl LastWrite {
    fn new(at: SystemTime, uptime: Duration) -> Self {
        Self {
            at,
            stored_at: at,
            since: uptime,
            silent_before: Duration::ZERO,
            done: None,
            attempts: BackOff::new(ATTEMPT_PAUSES),
            fault: String::new(),
        }
    }

    fn silence(&self, uptime: Duration) -> Duration {
        self.silent_before + uptime.saturating_sub(self.since)
    }
}

impl SetPointWriter<'_> {
    /// Notes that the BMS writes a set point of a zone.
    pub(super) fn hear(&mut self, target: &Target) -> Result<(), HostError> {
        let Target::Zone(zone) = target else { return Ok(()) };
        let rule = self.policy_of(zone).fail_safe;
        if rule == FailSafe::Hold { Ok(()) } else { self.bms_writes.note(self.host, zone) }
    }

    /// Acts on zones whose BMS is silent, after a poll.
    pub(crate) fn watch_bms(&mut self, queue: &Queue, controller_now: SystemTime) -> Result<(), HostError> {
        let uptime = self.host.uptime()?;
        let watched = |zone: &&Zone| self.policies.of_zone(zone).fail_safe != FailSafe::Hold;
        let zones: Vec<ObjectId> =
            self.site.zones.iter().filter(watched).map(|zone| zone.id.clone()).collect();
        for zone in zones {
            if self.active.get(&zone).is_some() && !self.bms_writes.by_zone.contains_key(&zone.0) {
                // A reduction from before the rule: the silence counts from now.
                self.bms_writes.note(self.host, &zone)?;
            }
            if self.is_silent(&zone, queue, (controller_now, uptime))
                && !self.act(&zone, controller_now, uptime)?
            {
                return Ok(());
            }
        }
        Ok(())
    }

    fn is_silent(
        &self,
        zone: &ObjectId,
        queue: &Queue,
        (controller_now, uptime): (SystemTime, Duration),
    ) -> bool {
        let Some(last) = self.bms_writes.by_zone.get(&zone.0) else { return false };
        let fixed_until = self.active.get(zone).and_then(|active| active.fixed_until);
        last.done.is_none()
            && last.silence(uptime) >= self.policy_of(zone).silent_after
            && last.attempts.is_over(uptime)
            && fixed_until.is_none_or(|until| until <= controller_now)
            && !queue.is_waiting(&Target::Zone(zone.clone()))
    }

    /// Applies the fail-safe of a zone. Returns whether others can be handled now.
    fn act(
        &mut self,
        zone: &ObjectId,
        controller_now: SystemTime,
        uptime: Duration,
    ) -> Result<bool, HostError> {
        let fail_safe = self.policy_of(zone).fail_safe;
        let shown = self.site.zone(zone).and_then(|found| found.reduction.as_ref());
        let is_foreign = shown.is_some_and(|shown| !self.client.is_own(zone, shown));
        let is_reduced = shown.is_some();
        let description = self.describe(zone);
        let sent = match fail_safe {
            FailSafe::Fallback(percent) if percent != 0.0 && !is_foreign => {
                let until = controller_now + self.validity.span();
                self.client.put_reduction(zone, percent, until, &description).map(drop)
            }
            FailSafe::Release | FailSafe::Fallback(_) if is_reduced && !is_foreign => {
                self.client.delete_reduction(zone).map(drop)
            }
            _ => Ok(()),
        };
        if let Err(error) = sent {
            error.propagate_stop()?;
            if !error.is_of_object() && Refusal::of(&error).is_none() {
                return Ok(false);
            }
            if let Some(last) = self.bms_writes.by_zone.get_mut(&zone.0) {
                last.attempts.fail(uptime);
                last.fault = error.to_string();
            }
            return Ok(!error.delays_others());
        }
        let done = match fail_safe {
            FailSafe::Fallback(percent) if percent != 0.0 => {
                let percents = Percent { requested: percent, shown: percent };
                let active = Active { is_fallback: true, ..Active::new(percents, None) };
                self.active.keep(self.host, zone, active)?;
                if is_foreign {
                    format!("Riser sets the fallback of {percent} % when another user's reduction has ended")
                } else {
                    format!("Riser set the fallback of {percent} %")
                }
            }
            _ => {
                self.active.forget(self.host, zone)?;
                let what =
                    if is_foreign { "keeps another user's reduction" } else { "removed the reduction" };
                format!("Riser {what}")
            }
        };
        self.host.log(LogLevel::Warn, &format!("zone {zone}: the BMS is silent. {done}"));
        if let Some(last) = self.bms_writes.by_zone.get_mut(&zone.0) {
            last.done = Some(done);
            last.attempts.reset();
        }
        self.bms_writes.save(self.host)?;
        if !is_foreign && is_reduced || matches!(fail_safe, FailSafe::Fallback(_)) {
            self.show_present(zone)?;
        }
        Ok(true)
    }

    /// Reads and publishes the reduction of a zone. If it cannot be read, the next poll does it.
    fn show_present(&mut self, zone: &ObjectId) -> Result<(), HostError> {
        match self.client.reduction(zone) {
            Ok(read) => self.show_reduction(zone, read.reduction),
            Err(error) => error.propagate_stop(),
        }
    }

    /// Returns the rules for a zone.
    pub(super) fn policy_of(&self, zone: &ObjectId) -> ZonePolicy {
        self.site.zone(zone).map_or(self.policies.zones, |zone| self.policies.of_zone(zone))
    }

    /// Says what happens to a reduction when the BMS is silent from now on; empty if nothing.
    pub(super) fn silence_rule(&self, zone: &ObjectId) -> String {
        let policy = self.policy_of(zone);
        let until = utc::to_the_minute(self.host.now() + policy.silent_after);
        match policy.fail_safe {
            FailSafe::Hold => String::new(),
            FailSafe::Release => {
                format!("if the BMS writes nothing until {until}, Riser removes the reduction")
            }
            FailSafe::Fallback(percent) => {
                format!("if the BMS writes nothing until {until}, Riser sets {percent} %")
            }
        }
    }
}
