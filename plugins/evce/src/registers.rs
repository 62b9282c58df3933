//! The energy registers of all meters as last known, so that a station out of reach does not make a sum fall.

use std::collections::{BTreeMap, HashMap};

use crate::model::{Connector, ObjectId, Site, Station};

/// The last known register of each connector, in kWh.
#[derive(Debug, Default)]
pub(crate) struct Registers {
    by_station: HashMap<ObjectId, BTreeMap<i32, f64>>,
}

impl Registers {
    /// Notes what a look shows, and fills in what it does not. Answers in words which registers fell.
    pub(crate) fn follow(&mut self, site: &mut Site) -> Vec<String> {
        let mut fallen = Vec::new();
        for station in site.zones.iter_mut().flat_map(|zone| &mut zone.stations) {
            if let Some(known) = self.by_station.get_mut(&station.id) {
                follow_station(known, station, &mut fallen);
            } else {
                let mut known = BTreeMap::new();
                follow_station(&mut known, station, &mut fallen);
                self.by_station.insert(station.id.clone(), known);
            }
        }
        fallen
    }
}

fn follow_station(known: &mut BTreeMap<i32, f64>, station: &mut Station, fallen: &mut Vec<String>) {
    for connector in &mut station.connectors {
        let Connector { number, energy_kwh, .. } = *connector;
        let before = known.get(&number).copied();
        if let (Some(before), Some(now)) = (before, energy_kwh)
            && now < before
        {
            let place = format!("station {}, connector {number}", station.id);
            fallen
                .push(format!("{place}: the energy register fell from {before} to {now} kWh: a new meter?"));
        }
        connector.last_energy_kwh = energy_kwh.or(before);
        if let Some(now) = energy_kwh {
            known.insert(number, now);
        }
    }
}
