//! Our active reductions, which are renewed. They survive a run.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use riser_plugin::{Host, HostError};
use serde::{Deserialize, Serialize};

use super::ATTEMPT_PAUSES;
use super::queue::Failing;
use crate::back_off::BackOff;
use crate::model::ObjectId;

const KEY: &str = "active-reductions";

/// Zones with a reduction that is renewed.
#[derive(Debug, Default)]
pub(crate) struct ActiveReductions {
    by_zone: BTreeMap<String, Active>,
    /// Those that ended without Riser, until they are reported.
    ended: Vec<String>,
}

/// A reduction that is renewed.
#[derive(Clone, Debug)]
pub(super) struct Active {
    pub(super) percent: Percent,
    /// By the controller's clock.
    pub(super) valid_until: Option<SystemTime>,
    /// The uptime until which it would be valid if nobody set a clock; `None` after a restart.
    pub(super) holds_until: Option<Duration>,
    pub(super) attempts: BackOff,
    /// Why the last renewal failed.
    pub(super) fault: String,
}

/// The percentage of a reduction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Percent {
    pub(super) requested: f64,
    /// What the controller makes of it.
    pub(super) shown: f64,
}

/// The stored form; earlier versions stored the requested percentage alone.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Both([f64; 2]),
    Requested(f64),
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
        let active = |stored| {
            let (requested, shown) = match stored {
                Stored::Both([requested, shown]) => (requested, shown),
                Stored::Requested(requested) => (requested, requested),
            };
            Active::new(Percent { requested, shown })
        };
        let by_zone = stored.into_iter().map(|(zone, stored)| (zone, active(stored))).collect();
        Ok(Self { by_zone, ended: Vec::new() })
    }

    /// Returns whether no reduction is active.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_zone.is_empty()
    }

    /// Returns the zones whose renewal fails again and again.
    pub(crate) fn failing(&self) -> impl Iterator<Item = Failing> {
        self.by_zone.iter().filter(|(_, active)| active.attempts.failures() > 1).map(|(zone, active)| {
            Failing {
                object: format!("zone {zone}"),
                failures: active.attempts.failures(),
                fault: active.fault.clone(),
            }
        })
    }

    /// Returns the reductions that ended without Riser since the last call.
    pub(crate) fn take_ended(&mut self) -> Vec<String> {
        std::mem::take(&mut self.ended)
    }

    /// Forgets a reduction that ended without Riser.
    pub(super) fn end(&mut self, host: &Host, zone: &ObjectId, why: String) -> Result<(), HostError> {
        self.ended.push(why);
        self.forget(host, zone)
    }

    pub(super) fn zones(&self) -> Vec<ObjectId> {
        self.by_zone.keys().cloned().map(ObjectId).collect()
    }

    pub(super) fn of(&mut self, zone: &ObjectId) -> Option<&mut Active> {
        self.by_zone.get_mut(&zone.0)
    }

    /// Makes a reduction one that is renewed.
    pub(super) fn keep(&mut self, host: &Host, zone: &ObjectId, percent: Percent) -> Result<(), HostError> {
        let known = self.by_zone.get(&zone.0).map(|active| active.percent);
        self.by_zone.insert(zone.0.clone(), Active::new(percent));
        if known == Some(percent) { Ok(()) } else { self.save(host) }
    }

    pub(super) fn forget(&mut self, host: &Host, zone: &ObjectId) -> Result<(), HostError> {
        if self.by_zone.remove(&zone.0).is_none() { Ok(()) } else { self.save(host) }
    }

    fn save(&self, host: &Host) -> Result<(), HostError> {
        let stored = |active: &Active| Stored::Both([active.percent.requested, active.percent.shown]);
        let stored: BTreeMap<&str, Stored> =
            self.by_zone.iter().map(|(zone, active)| (zone.as_str(), stored(active))).collect();
        let text = serde_json::to_string(&stored).expect("numbers by name are always JSON");
        host.state().put(KEY, &text)
    }
}

impl Active {
    fn new(percent: Percent) -> Self {
        let attempts = BackOff::new(ATTEMPT_PAUSES);
        Self { percent, valid_until: None, holds_until: None, attempts, fault: String::new() }
    }
}
