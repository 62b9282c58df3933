//! The reductions that the BMS wants, which Riser renews, and sets again when they were changed. They survive a run.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use riser_plugin::{Host, HostError};
use serde::{Deserialize, Serialize};

use super::ATTEMPT_PAUSES;
use super::events::Event;
use super::overrides::Overrides;
use super::queue::Failing;
use crate::back_off::BackOff;
use crate::model::ObjectId;

const KEY: &str = "active-reductions";

/// Zones with a reduction of the BMS.
#[derive(Debug, Default)]
pub(crate) struct ActiveReductions {
    by_zone: BTreeMap<String, Active>,
    /// Events with them, until they are reported.
    events: Vec<Event>,
}

/// A reduction of the BMS.
#[derive(Clone, Debug)]
pub(super) struct Active {
    pub(super) percent: Percent,
    /// The end that the BMS wrote; such a reduction is not renewed.
    pub(super) fixed_until: Option<SystemTime>,
    /// Whether Riser set it because the BMS is silent.
    pub(super) is_fallback: bool,
    /// By the controller's clock.
    pub(super) valid_until: Option<SystemTime>,
    /// The uptime until which it would be valid if nobody set a clock; `None` after a restart.
    pub(super) holds_until: Option<Duration>,
    pub(super) attempts: BackOff,
    /// Why the last attempt failed.
    pub(super) fault: String,
    /// Changes at the controller.
    pub(super) overrides: Overrides,
    /// The reduction of another user that is in its place.
    pub(super) displaced_by: Option<String>,
}

/// The percentage of a reduction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Percent {
    pub(super) requested: f64,
    /// What the controller makes of it.
    pub(super) shown: f64,
}

/// The stored form; earlier versions stored only the percentages, or the requested one alone.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Whole(Kept),
    Both([f64; 2]),
    Requested(f64),
}

#[derive(Serialize, Deserialize)]
struct Kept {
    percent: [f64; 2],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until_s: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_fallback: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    displaced_by: Option<String>,
}

impl ActiveReductions {
    /// Loads the reductions of earlier runs.
    ///
    /// # Errors
    /// If the host cannot read them.
    pub(crate) fn load(host: &Host) -> Result<Self, HostError> {
        let kept = host.state().get(KEY)?;
        // Unreadable state is dropped: the reductions then expire.
        let stored: BTreeMap<String, Stored> =
            kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let by_zone = stored.into_iter().map(|(zone, stored)| (zone, Active::from(stored))).collect();
        Ok(Self { by_zone, events: Vec::new() })
    }

    /// Returns whether no reduction is active.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_zone.is_empty()
    }

    /// Returns the zones where Riser fails again and again to set the reduction.
    pub(crate) fn failing(&self) -> impl Iterator<Item = Failing> {
        self.by_zone.iter().filter(|(_, active)| active.attempts.failures() > 1).map(|(zone, active)| {
            Failing {
                object: format!("zone {zone}"),
                failures: active.attempts.failures(),
                fault: active.fault.clone(),
            }
        })
    }

    /// Returns the reductions that another user's is in the place of: zone, percentage, and that other one.
    pub(crate) fn displaced(&self) -> impl Iterator<Item = (&str, f64, &str)> {
        self.by_zone.iter().filter_map(|(zone, active)| {
            Some((zone.as_str(), active.percent.requested, active.displaced_by.as_deref()?))
        })
    }

    /// Returns the events since the last call.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Notes an event that the administrator should know.
    pub(super) fn report(&mut self, event: Event) {
        self.events.push(event);
    }

    pub(super) fn zones(&self) -> Vec<ObjectId> {
        self.by_zone.keys().cloned().map(ObjectId).collect()
    }

    pub(super) fn of(&mut self, zone: &ObjectId) -> Option<&mut Active> {
        self.by_zone.get_mut(&zone.0)
    }

    pub(super) fn get(&self, zone: &ObjectId) -> Option<&Active> {
        self.by_zone.get(&zone.0)
    }

    /// Makes a reduction the one that the BMS wants.
    pub(super) fn keep(&mut self, host: &Host, zone: &ObjectId, active: Active) -> Result<(), HostError> {
        let is_known = self.by_zone.get(&zone.0).is_some_and(|known| known.is_stored_as(&active));
        self.by_zone.insert(zone.0.clone(), active);
        if is_known { Ok(()) } else { self.save(host) }
    }

    /// Notes that another user's reduction is in the place of ours, or no longer.
    pub(super) fn displace(
        &mut self,
        host: &Host,
        zone: &ObjectId,
        by: Option<String>,
    ) -> Result<(), HostError> {
        let Some(active) = self.by_zone.get_mut(&zone.0).filter(|active| active.displaced_by != by) else {
            return Ok(());
        };
        active.displaced_by = by;
        self.save(host)
    }

    pub(super) fn forget(&mut self, host: &Host, zone: &ObjectId) -> Result<(), HostError> {
        if self.by_zone.remove(&zone.0).is_none() { Ok(()) } else { self.save(host) }
    }

    fn save(&self, host: &Host) -> Result<(), HostError> {
        let stored: BTreeMap<&str, Stored> =
            self.by_zone.iter().map(|(zone, active)| (zone.as_str(), active.stored())).collect();
        let text = serde_json::to_string(&stored).expect("numbers by name are always JSON");
        host.state().put(KEY, &text)
    }
}

impl Active {
    pub(super) fn new(percent: Percent, fixed_until: Option<SystemTime>) -> Self {
        Self {
            percent,
            fixed_until,
            is_fallback: false,
            valid_until: None,
            holds_until: None,
            attempts: BackOff::new(ATTEMPT_PAUSES),
            fault: String::new(),
            overrides: Overrides::default(),
            displaced_by: None,
        }
    }

    fn stored(&self) -> Stored {
        let since = |moment: SystemTime| moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Stored::Whole(Kept {
            percent: [self.percent.requested, self.percent.shown],
            until_s: self.fixed_until.map(|until| since(until).as_secs()),
            is_fallback: self.is_fallback,
            displaced_by: self.displaced_by.clone(),
        })
    }

    fn is_stored_as(&self, other: &Self) -> bool {
        self.percent == other.percent
            && self.fixed_until == other.fixed_until
            && self.is_fallback == other.is_fallback
            && self.displaced_by == other.displaced_by
    }
}

impl From<Stored> for Active {
    fn from(stored: Stored) -> Self {
        let percent = |[requested, shown]: [f64; 2]| Percent { requested, shown };
        match stored {
            Stored::Requested(requested) => Self::new(percent([requested, requested]), None),
            Stored::Both(both) => Self::new(percent(both), None),
            Stored::Whole(kept) => {
                let until = kept
                    .until_s
                    .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
                Self {
                    is_fallback: kept.is_fallback,
                    displaced_by: kept.displaced_by,
                    ..Self::new(percent(kept.percent), until)
                }
            }
        }
    }
}
