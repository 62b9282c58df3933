//! Writes that do not keep their effect: ignored ones, late ones, and ones that another user overwrites.

use crate::auth::Role;
use crate::clock::{Moment, rfc3339};
use crate::site::{Availability, Reduction, Validity};
use crate::world::World;

/// The reduction of the user who overwrites others, in percent.
const OTHER_PERCENT: f64 = 50.0;
const DAY_MS: i64 = 86_400_000;

/// Everything that a write of the API can change.
pub(crate) struct Settings {
    /// Of each zone, by its id.
    reductions: Vec<(u64, Option<Reduction>)>,
    /// Of each connector, by its station's id and its number; the second is a change that is scheduled.
    availabilities: Vec<((u64, u8), (Availability, bool))>,
}

/// Settings that come into force later.
pub(crate) struct LateWrite {
    due_ms: i64,
    settings: Settings,
}

impl World {
    /// Returns the present settings.
    pub(crate) fn settings(&self) -> Settings {
        let stations = self.site.stations.iter();
        Settings {
            reductions: self.site.zones.iter().map(|zone| (zone.id, zone.reduction.clone())).collect(),
            availabilities: stations
                .flat_map(|station| station.connectors.iter().map(move |connector| (station.id, connector)))
                .map(|(id, connector)| {
                    ((id, connector.number), (connector.availability, connector.inoperative_scheduled))
                })
                .collect(),
        }
    }

    /// Takes back every change since `before`.
    pub(crate) fn restore(&mut self, before: &Settings, now_ms: i64) {
        let changed = self.changed_since(before);
        self.put(
            &Settings { reductions: before.of_zones(&changed), ..before.of_connectors(&changed) },
            now_ms,
        );
    }

    /// Takes back every change since `before` until `due_ms` of the cars' clock.
    pub(crate) fn make_late(&mut self, before: &Settings, due_ms: i64, now_ms: i64) {
        let settings = self.changed_since(before);
        self.restore(before, now_ms);
        self.late_writes.push(LateWrite { due_ms, settings });
    }

    /// Replaces every reduction that changed since `before` by that of another user.
    pub(crate) fn overwrite_changed(&mut self, before: &Settings, now: &Moment) {
        let until_ms = now.controller_ms + DAY_MS;
        let validity = Validity::Absolute { text: rfc3339(until_ms), until_ms };
        let description = "tariff@admin".to_owned();
        let other = Reduction { percent: OTHER_PERCENT, validity, description, owner: Role::Admin };
        let mut changed = self.changed_since(before);
        changed.reductions.iter_mut().for_each(|(_, reduction)| *reduction = Some(other.clone()));
        changed.availabilities.clear();
        self.put(&changed, now.cars_ms);
    }

    /// Brings the late writes into force that are due.
    pub(crate) fn apply_late_writes(&mut self, now_ms: i64) {
        let (due, later) =
            std::mem::take(&mut self.late_writes).into_iter().partition(|late| late.due_ms <= now_ms);
        self.late_writes = later;
        let due: Vec<LateWrite> = due;
        for late in &due {
            self.put(&late.settings, now_ms);
        }
    }

    fn changed_since(&self, before: &Settings) -> Settings {
        let mut now = self.settings();
        now.reductions.retain(|(zone, reduction)| {
            let old = before.reductions.iter().find(|(known, _)| known == zone);
            old.is_some_and(|(_, old)| old != reduction)
        });
        now.availabilities.retain(|(connector, availability)| {
            let old = before.availabilities.binary_search_by_key(connector, |(known, _)| *known);
            old.is_ok_and(|index| before.availabilities[index].1 != *availability)
        });
        now
    }

    fn put(&mut self, settings: &Settings, now_ms: i64) {
        for (zone, reduction) in &settings.reductions {
            if let Some(zone) = self.site.zone_mut(*zone) {
                zone.reduction.clone_from(reduction);
            }
        }
        for ((id, number), (availability, is_scheduled)) in &settings.availabilities {
            let Some(station) = self.site.station_index(*id) else { continue };
            let connectors = &self.site.stations[station].connectors;
            let Some(connector) = connectors.iter().position(|found| found.number == *number) else {
                continue;
            };
            let requested = if *is_scheduled { Availability::Inoperative } else { *availability };
            self.set_availability(station, connector, requested, now_ms);
        }
        self.allocate(now_ms);
    }
}

impl Settings {
    /// Returns the reductions of the zones that `changed` has.
    fn of_zones(&self, changed: &Self) -> Vec<(u64, Option<Reduction>)> {
        let is_changed = |zone: u64| changed.reductions.iter().any(|(known, _)| *known == zone);
        self.reductions.iter().filter(|(zone, _)| is_changed(*zone)).cloned().collect()
    }

    /// Returns the availabilities of the connectors that `changed` has.
    fn of_connectors(&self, changed: &Self) -> Self {
        let is_changed = |connector| changed.availabilities.iter().any(|(known, _)| *known == connector);
        let availabilities = self.availabilities.iter().filter(|(connector, _)| is_changed(*connector));
        Self { reductions: Vec::new(), availabilities: availabilities.copied().collect() }
    }
}
