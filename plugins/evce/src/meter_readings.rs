//! The last known energy registers of all meters, so that a sum does not fall when a station loses its link.

use std::collections::{BTreeMap, HashMap};

use crate::model::{Connector, ObjectId, Site, Station};

/// The last known register of each connector, in kWh.
#[derive(Debug, Default)]
pub(crate) struct MeterReadings {
    by_station: HashMap<ObjectId, BTreeMap<i32, f64>>,
}

impl MeterReadings {
    /// Records the present registers and fills in missing ones. Returns a message for each register that
    /// fell.
    pub(crate) fn update(&mut self, site: &mut Site) -> Vec<String> {
        let mut fallen = Vec::new();
        for station in site.zones.iter_mut().flat_map(|zone| &mut zone.stations) {
            if let Some(known) = self.by_station.get_mut(&station.id) {
                update_station(known, station, &mut fallen);
            } else {
                let mut known = BTreeMap::new();
                update_station(&mut known, station, &mut fallen);
                self.by_station.insert(station.id.clone(), known);
            }
        }
        fallen
    }
}

fn update_station(known: &mut BTreeMap<i32, f64>, station: &mut Station, fallen: &mut Vec<String>) {
    for connector in &mut station.connectors {
        let Connector { number, energy_kwh, .. } = *connector;
        let before = known.get(&number).copied();
        if let (Some(before), Some(now)) = (before, energy_kwh)
            && now < before
        {
            let connector = format!("station {}, connector {number}", station.id);
            fallen.push(format!(
                "{connector}: the energy register fell from {before} to {now} kWh: a new meter?"
            ));
        }
        connector.last_energy_kwh = energy_kwh.or(before);
        if let Some(now) = energy_kwh {
            known.insert(number, now);
        }
    }
}
