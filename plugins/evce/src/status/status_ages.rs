//! How long each connector has had its status, for sites that want to know.

use std::collections::HashMap;
use std::time::Duration;

use crate::model::{ConnectorStatus, ObjectId, Site};

/// The last status of each connector, and the uptime of its change.
#[derive(Debug, Default)]
pub(super) struct StatusAges {
    by_station: HashMap<ObjectId, Vec<(i32, ConnectorStatus, Duration)>>,
}

impl StatusAges {
    /// Fills in the ages at this uptime. A connector that is seen first has age 0.
    pub(super) fn fill_in(&mut self, site: &mut Site, now: Duration) {
        let mut before = std::mem::take(&mut self.by_station);
        for station in site.stations_mut() {
            let known = before.remove(&station.id).unwrap_or_default();
            let mut present = Vec::with_capacity(station.connectors.len());
            for connector in &mut station.connectors {
                let Some(status) = connector.status else { continue };
                let same =
                    known.iter().find(|(number, was, _)| *number == connector.number && *was == status);
                let since = same.map_or(now, |(.., since)| *since);
                let minutes = now.saturating_sub(since).as_secs() / 60;
                connector.status_age_min = Some(i32::try_from(minutes).unwrap_or(i32::MAX));
                present.push((connector.number, status, since));
            }
            self.by_station.insert(station.id.clone(), present);
        }
    }
}
