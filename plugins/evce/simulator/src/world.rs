//! The site in motion: arrivals, charging, load management and meter samples, tick by tick.
//!
//! Ticks lie on a grid of the cars' clock and are computed on demand, so the frequency of requests does not
//! matter. Connectors without a car cost only an entry in the queue of arrivals.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::cars::{self, Step};
use crate::charging_session::Stage;
use crate::clock::Moment;
use crate::load_management::{self, Demand, MINIMUM_A};
use crate::random::{Numbers, Purpose};
use crate::site::{Availability, Link, Site, Status, TICK_MS, Zone, ZoneKind};

/// Interval of sharing the current.
const ALLOCATION_MS: i64 = 10_000;
/// Interval at which waiting cars take turns.
const ROTATION_MS: i64 = 15 * 60_000;
/// Interval at which the building's other consumption changes.
const BUILDING_SLOT_MS: i64 = 15 * 60_000;
/// Simulated time before the start, so that some cars are charging.
const WARM_UP_MS: i64 = 10 * 60_000;

/// The effect of a reduction on a zone. The real controller's rule is not known: the guide shows 10 % on a
/// zone whose set point is its whole maximum.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReductionEffect {
    /// Lowers the set point by its percentage.
    LowersAll,
    /// Lowers dynamic zones only.
    SparesStatic,
}

/// How cars arrive.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrivals {
    /// By themselves, from the seed.
    Seeded,
    /// Only when the control interface plugs one in.
    ByHand,
}

/// A connector: its station's id and its number.
pub(crate) type ConnectorKey = (u64, u8);

/// The site and its moving parts.
pub(crate) struct World {
    pub(crate) site: Site,
    seed: u64,
    arrivals: Arrivals,
    effect: ReductionEffect,
    /// Stores reductions in whole percent.
    pub(crate) rounds_reductions: bool,
    next_tick_ms: i64,
    /// Connectors with a car: index of the station, index of the connector.
    occupied: Vec<(usize, usize)>,
    queue: BinaryHeap<Reverse<(i64, ConnectorKey)>>,
}

impl World {
    /// Sets a site going at zero of the cars' clock.
    pub(crate) fn new(site: Site, seed: u64, arrivals: Arrivals, effect: ReductionEffect) -> Self {
        let queue = BinaryHeap::new();
        let mut world = Self {
            site,
            seed,
            arrivals,
            effect,
            rounds_reductions: false,
            next_tick_ms: 0,
            occupied: Vec::new(),
            queue,
        };
        if arrivals == Arrivals::Seeded {
            world.next_tick_ms = -WARM_UP_MS;
            for station in 0..world.site.stations.len() {
                world.queue_first_arrivals(station, -WARM_UP_MS);
            }
            while world.next_tick_ms <= 0 {
                world.tick(world.next_tick_ms);
                world.next_tick_ms += TICK_MS;
            }
        }
        world.allocate(0);
        world
    }

    /// Computes all ticks up to a moment and ends expired reductions.
    pub(crate) fn advance(&mut self, moment: &Moment) {
        while self.next_tick_ms <= moment.cars_ms {
            self.end_reductions(moment.controller_at(self.next_tick_ms), self.next_tick_ms);
            self.tick(self.next_tick_ms);
            self.next_tick_ms += TICK_MS;
        }
        self.end_reductions(moment.controller_ms, moment.cars_ms);
    }

    /// Transactions in each zone, in the zones' order.
    pub(crate) fn transactions(&self) -> Vec<u32> {
        let mut counts = vec![0; self.site.zones.len()];
        for &(station, connector) in &self.occupied {
            let station = &self.site.stations[station];
            if station.connectors[connector].has_transaction() {
                counts[station.zone] += 1;
            }
        }
        counts
    }

    /// Plugs a car in now.
    pub(crate) fn plug_in(&mut self, station: usize, connector: usize, now_ms: i64) {
        let owner = &mut self.site.stations[station];
        let id = owner.id;
        let outlet = &mut owner.connectors[connector];
        let numbers = Numbers::of(self.seed, id, u64::from(outlet.number), u64::from(outlet.sessions) + 1);
        cars::plug_in(outlet, numbers, now_ms);
        self.occupied.push((station, connector));
    }

    /// Unplugs the car now, if there is one.
    pub(crate) fn unplug(&mut self, station: usize, connector: usize, now_ms: i64) {
        let owner = &mut self.site.stations[station];
        cars::end(&mut owner.connectors[connector]);
        if owner.is_connected() {
            owner.connectors[connector].report();
        }
        self.occupied.retain(|occupied| *occupied != (station, connector));
        self.queue_arrival(station, connector, now_ms);
        self.allocate(now_ms);
    }

    /// Queues the first arrivals at a new station.
    pub(crate) fn queue_first_arrivals(&mut self, station: usize, now_ms: i64) {
        if self.arrivals == Arrivals::ByHand {
            return;
        }
        let owner = &self.site.stations[station];
        for connector in &owner.connectors {
            let numbers = Numbers::of(self.seed, owner.id, u64::from(connector.number), 0);
            let at_ms = now_ms + cars::first_gap_ms(numbers);
            self.queue.push(Reverse((at_ms, (owner.id, connector.number))));
        }
    }

    /// Removes a station and its cars.
    pub(crate) fn remove_station(&mut self, station: usize) {
        self.site.stations.remove(station);
        self.occupied.retain(|occupied| occupied.0 != station);
        for connector in self.occupied.iter_mut().filter(|connector| connector.0 > station) {
            connector.0 -= 1;
        }
    }

    /// Shares the current of each zone.
    pub(crate) fn allocate(&mut self, now_ms: i64) {
        let occupied = self.occupied_by_zone();
        for (zone, connectors) in occupied.iter().enumerate() {
            let budget_a = self.budget_a(zone, now_ms);
            let set = &mut self.site.zones[zone].set_point;
            set.current_a = budget_a;
            set.power_kw = zone_power_kw(budget_a);
            let demands: Vec<Demand> = connectors.iter().map(|connector| self.demand(*connector)).collect();
            for (connector, set_point_a) in connectors.iter().zip(load_management::share(budget_a, &demands))
            {
                let station = &mut self.site.stations[connector.0];
                if station.is_connected() {
                    station.connectors[connector.1].set_point_a = set_point_a;
                }
            }
        }
    }

    fn tick(&mut self, now_ms: i64) {
        self.admit_arrivals(now_ms);
        let mut left = Vec::new();
        for &(station, connector) in &self.occupied {
            let owner = &mut self.site.stations[station];
            let sampled = owner.is_connected() && owner.last_sample_ms(now_ms) > now_ms - TICK_MS;
            let (id, connected) = (owner.id, owner.is_connected());
            let outlet = &mut owner.connectors[connector];
            if cars::step(outlet, self.seed, id, now_ms) == Step::Left {
                left.push((station, connector));
            }
            if sampled || (connected && outlet.session.is_none()) {
                outlet.report();
            }
        }
        if !left.is_empty() {
            self.occupied.retain(|connector| !left.contains(connector));
            for (station, connector) in left {
                self.queue_arrival(station, connector, now_ms);
            }
        }
        if now_ms.rem_euclid(ROTATION_MS) == 0 {
            self.rotate(now_ms);
        }
        if now_ms.rem_euclid(ALLOCATION_MS) == 0 {
            self.allocate(now_ms);
        }
    }

    fn admit_arrivals(&mut self, now_ms: i64) {
        while let Some(Reverse((at_ms, (id, number)))) = self.queue.peek().copied() {
            if at_ms > now_ms {
                break;
            }
            self.queue.pop();
            let Some(station) = self.site.station_index(id) else { continue };
            let outlets = &mut self.site.stations[station].connectors;
            let Some(connector) = outlets.iter().position(|outlet| outlet.number == number) else { continue };
            if outlets[connector].status == Status::Available {
                self.plug_in(station, connector, now_ms);
            } else {
                // A car leaves if the connector is occupied or faulted; the next one arrives later.
                outlets[connector].sessions += 1;
                self.queue_arrival(station, connector, now_ms);
            }
        }
    }

    fn queue_arrival(&mut self, station: usize, connector: usize, now_ms: i64) {
        if self.arrivals == Arrivals::ByHand {
            return;
        }
        let owner = &self.site.stations[station];
        let outlet = &owner.connectors[connector];
        let turn = u64::from(outlet.sessions) + 1;
        let gap_ms = cars::gap_ms(Numbers::of(self.seed, owner.id, u64::from(outlet.number), turn));
        self.queue.push(Reverse((now_ms + gap_ms, (owner.id, outlet.number))));
    }

    /// Moves cars that have current behind those that wait for it.
    fn rotate(&mut self, now_ms: i64) {
        for connectors in self.occupied_by_zone() {
            let waits = |connector: &(usize, usize)| {
                self.site.stations[connector.0].connectors[connector.1].set_point_a < MINIMUM_A
            };
            if !connectors.iter().any(waits) {
                continue;
            }
            for connector in connectors.into_iter().filter(|connector| !waits(connector)).collect::<Vec<_>>()
            {
                if let Some(session) = &mut self.site.stations[connector.0].connectors[connector.1].session {
                    session.queued_ms = now_ms;
                }
            }
        }
    }

    /// Returns the connectors with a transaction, for each zone.
    fn occupied_by_zone(&self) -> Vec<Vec<(usize, usize)>> {
        let mut zones = vec![Vec::new(); self.site.zones.len()];
        for &(station, connector) in &self.occupied {
            let owner = &self.site.stations[station];
            if owner.connectors[connector].has_transaction() {
                zones[owner.zone].push((station, connector));
            }
        }
        zones
    }

    fn demand(&self, (station, connector): (usize, usize)) -> Demand {
        let owner = &self.site.stations[station];
        let outlet = &owner.connectors[connector];
        let (phases, queued_ms, car_a) = outlet.session.as_ref().map_or(([false; 3], 0, 0), |session| {
            let phases = crate::meters::used_phases(outlet.rating, session.car.phases);
            // A full car keeps the minimum, for its heating.
            let most_a = if session.stage == Stage::Full { MINIMUM_A } else { session.car.max_current_a };
            (phases, session.queued_ms, most_a)
        });
        let is_out_of_reach = owner.link != Link::Up;
        Demand {
            phases,
            most_a: match (is_out_of_reach, outlet.rating.is_fixed_set_point) {
                (true, _) => outlet.set_point_a,
                (false, true) => outlet.rating.max_current_a(),
                (false, false) => car_a,
            },
            set_point_a: outlet.set_point_a,
            is_fixed: is_out_of_reach || outlet.rating.is_fixed_set_point,
            queued_ms,
        }
    }

    /// Returns the budget of a zone per phase, in whole amperes.
    fn budget_a(&self, zone: usize, now_ms: i64) -> u32 {
        let zone = &self.site.zones[zone];
        let building_a = match zone.kind {
            ZoneKind::Static => 0,
            ZoneKind::Dynamic => self.building_a(zone, now_ms),
        };
        let spared = self.effect == ReductionEffect::SparesStatic && zone.kind == ZoneKind::Static;
        let percent = zone.reduction.as_ref().filter(|_| !spared).map_or(0.0, |reduction| reduction.percent);
        reduced_a(zone.max_current_a, percent).saturating_sub(building_a)
    }

    /// Returns the building's other consumption: 10 to 30 % of the zone's maximum.
    fn building_a(&self, zone: &Zone, now_ms: i64) -> u32 {
        let slot = u64::try_from(now_ms.div_euclid(BUILDING_SLOT_MS).rem_euclid(1 << 40)).unwrap_or(0);
        let share = 10 + Numbers::of(self.seed, zone.id, slot, 0).below(Purpose::BuildingLoad, 21);
        u32::try_from(u64::from(zone.max_current_a) * share / 100).unwrap_or(0)
    }

    fn end_reductions(&mut self, controller_ms: i64, cars_ms: i64) {
        let mut ended = false;
        for zone in &mut self.site.zones {
            ended |= zone.reduction.take_if(|held| held.validity.until_ms() <= controller_ms).is_some();
        }
        if ended {
            self.allocate(cars_ms);
        }
    }
}

impl World {
    /// Applies a change of availability now; a transaction makes it wait.
    pub(crate) fn set_availability(
        &mut self,
        station: usize,
        connector: usize,
        requested: Availability,
        now_ms: i64,
    ) -> Applied {
        let outlet = &mut self.site.stations[station].connectors[connector];
        if requested == Availability::Inoperative && outlet.has_transaction() {
            outlet.inoperative_scheduled = true;
            return Applied::Scheduled;
        }
        outlet.inoperative_scheduled = false;
        outlet.availability = requested;
        match (requested, outlet.status) {
            (_, Status::Faulted) => {}
            (Availability::Inoperative, _) if outlet.session.is_some() => {
                self.unplug(station, connector, now_ms);
            }
            (Availability::Inoperative, _) => outlet.status = Status::Unavailable,
            (Availability::Operative, Status::Unavailable) => outlet.status = Status::Available,
            (Availability::Operative, _) => {}
        }
        Applied::Now
    }
}

/// Whether a change of availability took effect.
#[derive(PartialEq, Eq)]
pub(crate) enum Applied {
    Now,
    /// When the transaction ends.
    Scheduled,
}

/// Returns a zone's power by the guide's own figures: 100 A are 39 kW, the square root of 3 times 230 V.
pub(crate) fn zone_power_kw(current_a: u32) -> u32 {
    u32::try_from(u64::from(current_a) * 398_372 / 1_000_000).unwrap_or(u32::MAX)
}

/// Whole amperes, down.
fn reduced_a(max_current_a: u32, percent: f64) -> u32 {
    let left = f64::from(max_current_a) * (100.0 - percent.clamp(0.0, 100.0)) / 100.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between zero and max_current_a; cutting the fraction is meant"
    )]
    let whole = left as u32;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zones_power_is_that_of_the_guides_screen() {
        assert_eq!([100, 63, 32].map(zone_power_kw), [39, 25, 12]);
    }

    #[test]
    fn a_reduction_is_cut_to_whole_amperes() {
        assert_eq!(reduced_a(32, 10.0), 28);
        assert_eq!(reduced_a(100, 0.0), 100);
        assert_eq!(reduced_a(100, 100.0), 0);
    }
}
