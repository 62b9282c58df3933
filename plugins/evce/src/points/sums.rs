//! Sums over connectors, stations and zones that count their known and unknown parts.

use super::decimal_sum::DecimalSum;
use crate::model::{Connector, Station, Zone};

/// A sum of parts, some of which may be unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sum {
    total: DecimalSum,
    pub(crate) known: u32,
    pub(crate) unknown: u32,
}

impl Sum {
    pub(crate) fn total(&self) -> f64 {
        self.total.value()
    }

    fn add(&mut self, part: Option<f64>) {
        match part {
            Some(part) => {
                self.total.add(part);
                self.known += 1;
            }
            None => self.unknown += 1,
        }
    }

    /// Adds a part. If it is unknown, adds its last value and counts it as unknown.
    fn add_or_last(&mut self, part: Option<f64>, last: Option<f64>) {
        self.add(part);
        if part.is_none() {
            self.total.add(last.unwrap_or_default());
        }
    }

    fn add_sum(&mut self, other: &Self) {
        self.total.add_sum(other.total);
        self.known += other.known;
        self.unknown += other.unknown;
    }
}

/// The sums of a station, a zone, or the site.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sums {
    pub(crate) current_a: [Sum; 3],
    pub(crate) power_kw: [Sum; 3],
    pub(crate) energy_kwh: Sum,
    pub(crate) set_point_a: Sum,
    pub(crate) power_total_kw: Sum,
    /// Of the connectors' averages over their phases.
    pub(crate) current_average_a: Sum,
}

impl Sums {
    /// Sums over the connectors of a station. All values of a disconnected station are unknown.
    pub(crate) fn of_station(station: &Station) -> Self {
        let is_reached = station.is_connected != Some(false);
        let mut sums = Self::default();
        for connector in &station.connectors {
            sums.add_connector(connector, is_reached);
        }
        sums
    }

    /// Over the sums of a zone's stations.
    pub(crate) fn over<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sums = Self::default();
        for part in parts {
            for phase in 0..3 {
                sums.current_a[phase].add_sum(&part.current_a[phase]);
                sums.power_kw[phase].add_sum(&part.power_kw[phase]);
            }
            sums.energy_kwh.add_sum(&part.energy_kwh);
            sums.set_point_a.add_sum(&part.set_point_a);
            sums.power_total_kw.add_sum(&part.power_total_kw);
            sums.current_average_a.add_sum(&part.current_average_a);
        }
        sums
    }

    fn add_connector(&mut self, connector: &Connector, is_reached: bool) {
        let part = |value: Option<f64>| value.filter(|_| is_reached);
        for phase in 0..3 {
            self.current_a[phase].add(part(connector.current_a[phase]));
            self.power_kw[phase].add(part(connector.power_kw[phase]));
        }
        self.energy_kwh.add_or_last(part(connector.energy_kwh), connector.last_energy_kwh);
        // The set point of a DC connector is a power, not a current.
        if connector.is_dc != Some(true) {
            self.set_point_a.add(part(connector.set_point_a));
        }
        self.power_total_kw.add(part(power_total_kw(connector)));
        self.current_average_a.add(part(current_average_a(connector)));
    }
}

/// Returns the sum of the zones' set points in kW.
pub(crate) fn zone_set_points_kw(zones: &[Zone]) -> Sum {
    let mut sum = Sum::default();
    for zone in zones {
        sum.add(zone.set_point_kw);
    }
    sum
}

/// Power over all phases.
pub(crate) fn power_total_kw(connector: &Connector) -> Option<f64> {
    Some(connector.power_kw.iter().copied().collect::<Option<DecimalSum>>()?.value())
}

/// Current averaged over the phases that are connected: one, or all three.
pub(crate) fn current_average_a(connector: &Connector) -> Option<f64> {
    if let Some(phase) = connector.only_phase {
        return connector.current_a[phase];
    }
    Some(connector.current_a.iter().copied().collect::<Option<DecimalSum>>()?.value() / 3.0)
}
