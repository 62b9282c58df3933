//! Our active reductions, which are renewed. They survive a run.

use std::collections::BTreeMap;

use riser_plugin::{Host, HostError};

use crate::model::ObjectId;

const KEY: &str = "active-reductions";

/// Zones with a reduction that is renewed, and its percentage.
#[derive(Debug, Default)]
pub(crate) struct ActiveReductions {
    percent_by_zone: BTreeMap<String, f64>,
}

impl ActiveReductions {
    /// Loads the reductions of earlier runs.
    ///
    /// # Errors
    /// If the host cannot read them.
    pub(crate) fn load(host: &Host) -> Result<Self, HostError> {
        let kept = host.state().get(KEY)?;
        // Unreadable state is dropped: the reductions then expire.
        let percent_by_zone = kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Ok(Self { percent_by_zone })
    }

    /// Returns whether no reduction is active.
    pub(crate) fn is_empty(&self) -> bool {
        self.percent_by_zone.is_empty()
    }

    pub(super) fn all(&self) -> Vec<(ObjectId, f64)> {
        self.percent_by_zone.iter().map(|(zone, percent)| (ObjectId(zone.clone()), *percent)).collect()
    }

    pub(super) fn keep(&mut self, host: &Host, zone: &ObjectId, percent: f64) -> Result<(), HostError> {
        if self.percent_by_zone.insert(zone.0.clone(), percent) == Some(percent) {
            return Ok(());
        }
        self.save(host)
    }

    pub(super) fn forget(&mut self, host: &Host, zone: &ObjectId) -> Result<(), HostError> {
        if self.percent_by_zone.remove(&zone.0).is_none() {
            return Ok(());
        }
        self.save(host)
    }

    fn save(&self, host: &Host) -> Result<(), HostError> {
        let text = serde_json::to_string(&self.percent_by_zone).expect("numbers by name are always JSON");
        host.state().put(KEY, &text)
    }
}
