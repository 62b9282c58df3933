//! The site in motion: arrivals, charging, load management and meter samples, tick by tick.
//!
//! Ticks lie on a grid of the cars' clock and are computed on demand, so the frequency of requests does not
//! matter. Connectors without a car cost only an entry in the queue of arrivals.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::cars::{self, Step};
use crate::charging_session::Stage;
use crate::clock::Moment;
use crate::events::{self, Event};
use crate::late_writes::LateWrite;
use crate::load_management::{Demand, LastShare, MINIMUM_A};
use crate::random::{Numbers, Purpose};
use crate::rules::{Expiry, IdleSetPoint, ReductionEffect, Rules, RulesChange};
use crate::schedule::Schedule;
use crate::site::{Link, Phases, Rating, Site, Status, TICK_MS, ZoneKind};
use crate::time_span::TimeSpan;
use crate::topology;

/// Interval of sharing the current.
const ALLOCATION_MS: i64 = 10_000;
/// Interval at which waiting cars take turns.
const ROTATION_MS: i64 = 15 * 60_000;
/// Interval at which the building's other consumption changes.
const BUILDING_SLOT_MS: i64 = 15 * 60_000;
/// Simulated time before the start, so that some cars are charging.
const WARM_UP_MS: i64 = 10 * 60_000;
const DAY_MS: i64 = 86_400_000;

/// The rating of a connector at a station that had none.
const DEFAULT_RATING: Rating =
    Rating { is_dc: false, is_fixed_set_point: false, max_current_or_power: 32, phases: Phases::Tri };

/// How cars arrive.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrivals {
    /// By themselves, from the seed.
    Seeded,
    /// Only when the control interface plugs one in.
    ByHand,
}

/// The beginning of a simulation.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    pub(crate) seed: u64,
    /// Wall time at zero of the cars' clock.
    pub(crate) unix_ms: i64,
}

/// A connector: its station's id and its number.
pub(crate) type ConnectorKey = (u64, u8);

/// The site and its moving parts.
pub(crate) struct World {
    pub(crate) site: Site,
    seed: u64,
    /// Time of day at zero of the cars' clock, since midnight in UTC.
    start_of_day_ms: i64,
    arrivals: Arrivals,
    pub(crate) rules: Rules,
    /// The last sharing of each zone.
    last_shares: Vec<LastShare>,
    /// Stores reductions in whole percent.
    pub(crate) rounds_reductions: bool,
    /// Settings that come into force later.
    pub(crate) late_writes: Vec<LateWrite>,
    schedule: Schedule,
    /// What happened outside of the site and is not yet in force, with its time by the controller's clock.
    pub(crate) outside: Vec<(i64, Event)>,
    next_tick_ms: i64,
    /// Connectors with a car: index of the station, index of the connector.
    occupied: Vec<(usize, usize)>,
    queue: BinaryHeap<Reverse<(i64, ConnectorKey)>>,
}

impl World {
    /// Sets a site going at zero of the cars' clock.
    pub(crate) fn new(site: Site, start: Start, arrivals: Arrivals, rules: Rules) -> Self {
        let queue = BinaryHeap::new();
        let mut world = Self {
            site,
            seed: start.seed,
            start_of_day_ms: start.unix_ms.rem_euclid(DAY_MS),
            arrivals,
            rules,
            last_shares: Vec::new(),
            rounds_reductions: false,
            late_writes: Vec::new(),
            schedule: Schedule::default(),
            outside: Vec::new(),
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
            self.apply_scheduled(self.next_tick_ms, moment);
            self.apply_late_writes(self.next_tick_ms);
            self.end_reductions(moment.controller_at(self.next_tick_ms), self.next_tick_ms);
            self.tick(self.next_tick_ms);
            self.next_tick_ms += TICK_MS;
        }
        self.apply_scheduled(moment.cars_ms, moment);
        self.apply_late_writes(moment.cars_ms);
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
        let day_ms = self.day_ms(now_ms);
        let owner = &mut self.site.stations[station];
        let (id, profile) = (owner.id, self.site.zones[owner.zone].profile);
        let outlet = &mut owner.connectors[connector];
        let numbers = Numbers::of(self.seed, id, u64::from(outlet.number), u64::from(outlet.sessions) + 1);
        let stay_ms = profile.stay_ms(numbers, day_ms);
        cars::plug_in(outlet, numbers, now_ms, stay_ms);
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
            let profile = self.site.zones[owner.zone].profile;
            let at_ms = now_ms + profile.first_gap_ms(numbers, self.day_ms(now_ms));
            self.queue.push(Reverse((at_ms, (owner.id, connector.number))));
        }
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns the number of events to come.
    pub(crate) fn scheduled(&self) -> usize {
        self.schedule.len()
    }

    /// Lets an event happen later.
    pub(crate) fn schedule(&mut self, at_ms: i64, event: Event) {
        self.schedule.add(at_ms, event);
    }

    /// Lets an event happen after a time, if there is one.
    pub(crate) fn schedule_end(&mut self, after: Option<TimeSpan>, now_ms: i64, event: Event) {
        if let Some(after) = after {
            self.schedule(now_ms + after.ms(), event);
        }
    }

    fn apply_scheduled(&mut self, now_ms: i64, moment: &Moment) {
        while let Some((at_ms, event)) = self.schedule.take_due(now_ms) {
            // What cannot happen any more, such as an event at a removed station, does not.
            let _ = events::apply(self, event, &moment.at(at_ms));
        }
    }

    /// Gives a station this number of connectors. The cars at those that go, go as well.
    pub(crate) fn set_connectors(&mut self, station: usize, count: u8, now_ms: i64) {
        let wanted = usize::from(count);
        for connector in wanted..self.site.stations[station].connectors.len() {
            cars::end(&mut self.site.stations[station].connectors[connector]);
        }
        self.occupied.retain(|occupied| occupied.0 != station || occupied.1 < wanted);
        let owner = &mut self.site.stations[station];
        owner.connectors.truncate(wanted);
        let before = owner.connectors.len();
        while owner.connectors.len() < wanted {
            let number = u8::try_from(owner.connectors.len() + 1).unwrap_or(u8::MAX);
            let rating = owner.connectors.first().map_or(DEFAULT_RATING, |first| first.rating);
            let mut added = topology::connector(self.seed, owner.id, number, rating);
            if self.rules.idle_set_point == IdleSetPoint::Zero {
                (added.set_point_a, added.idle_set_point_a) = (0, 0);
            }
            owner.connectors.push(added);
        }
        for connector in before..wanted {
            self.queue_arrival(station, connector, now_ms);
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
        self.last_shares.resize_with(occupied.len(), LastShare::default);
        let budgets = self.budgets_a(now_ms);
        for ((zone, connectors), budget_a) in occupied.iter().enumerate().zip(budgets) {
            let set = &mut self.site.zones[zone].set_point;
            set.current_a = budget_a;
            set.power_kw = self.rules.zone_power.kw(budget_a);
            let demands: Vec<Demand> = connectors.iter().map(|connector| self.demand(*connector)).collect();
            let granted = self.last_shares[zone].share(self.rules.sharing, budget_a, demands);
            for (connector, set_point_a) in connectors.iter().zip(granted) {
                let station = &mut self.site.stations[connector.0];
                if station.is_connected() {
                    station.connectors[connector.1].set_point_a = *set_point_a;
                }
            }
        }
    }

    /// Changes some rules, for all zones and connectors at once.
    pub(crate) fn change_rules(&mut self, change: &RulesChange, now_ms: i64) {
        self.rules.change(change);
        for connector in self.site.stations.iter_mut().flat_map(|station| &mut station.connectors) {
            connector.idle_set_point_a = match self.rules.idle_set_point {
                IdleSetPoint::Full => connector.rating.max_current_a(),
                IdleSetPoint::Zero => 0,
            };
            if connector.session.is_none() {
                connector.set_point_a = connector.idle_set_point_a;
            }
        }
        self.allocate(now_ms);
    }

    /// Returns the time of day of a moment of the cars' clock, since midnight in UTC.
    fn day_ms(&self, now_ms: i64) -> i64 {
        (self.start_of_day_ms + now_ms).rem_euclid(DAY_MS)
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
        let numbers = Numbers::of(self.seed, owner.id, u64::from(outlet.number), turn);
        let gap_ms = self.site.zones[owner.zone].profile.gap_ms(numbers, self.day_ms(now_ms));
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
            let most_a = if matches!(session.stage, Stage::Full { .. }) {
                MINIMUM_A
            } else {
                session.car.max_current_a
            };
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
        let building_a = self.building_a(zone, now_ms);
        let zone = &self.site.zones[zone];
        let given = zone.reduction.as_ref().map(|reduction| reduction.percent);
        let percent = match (self.rules.reduction, zone.kind) {
            (ReductionEffect::IgnoredWhenStatic, ZoneKind::Static) => None,
            (ReductionEffect::ReduceTo, _) => given.map(|percent| 100.0 - percent),
            _ => given,
        };
        reduced_a(zone.max_current_a, percent.unwrap_or(0.0)).saturating_sub(building_a)
    }

    /// Returns the budgets of all zones; beyond the limit of the site, each gets its share of it.
    fn budgets_a(&self, now_ms: i64) -> Vec<u32> {
        let budgets: Vec<u32> = (0..self.site.zones.len()).map(|zone| self.budget_a(zone, now_ms)).collect();
        let sum: u64 = budgets.iter().copied().map(u64::from).sum();
        match self.rules.site_max_current_a.map(u64::from) {
            Some(limit_a) if sum > limit_a => {
                let shared = budgets.into_iter().map(|budget_a| u64::from(budget_a) * limit_a / sum);
                shared.map(|budget_a| u32::try_from(budget_a).unwrap_or(0)).collect()
            }
            _ => budgets,
        }
    }

    /// Returns the building's other consumption at a dynamic zone: 10 to 30 % of the zone's maximum.
    pub(crate) fn building_a(&self, zone: usize, now_ms: i64) -> u32 {
        let zone = &self.site.zones[zone];
        if zone.kind == ZoneKind::Static {
            return 0;
        }
        let slot = u64::try_from(now_ms.div_euclid(BUILDING_SLOT_MS).rem_euclid(1 << 40)).unwrap_or(0);
        let share = 10 + Numbers::of(self.seed, zone.id, slot, 0).below(Purpose::BuildingLoad, 21);
        u32::try_from(u64::from(zone.max_current_a) * share / 100).unwrap_or(0)
    }

    fn end_reductions(&mut self, controller_ms: i64, cars_ms: i64) {
        if self.rules.expiry == Expiry::KeepForever {
            return;
        }
        let mut ended = false;
        for zone in &mut self.site.zones {
            ended |= zone.reduction.take_if(|held| held.validity.until_ms() <= controller_ms).is_some();
        }
        if ended {
            self.allocate(cars_ms);
        }
    }
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
    fn a_reduction_is_cut_to_whole_amperes() {
        assert_eq!(reduced_a(32, 10.0), 28);
        assert_eq!(reduced_a(100, 0.0), 100);
        assert_eq!(reduced_a(100, 100.0), 0);
    }
}
