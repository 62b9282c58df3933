//! Sums over connectors, stations and zones that count their known and unknown parts.

use super::decimal_sum::DecimalSum;
use crate::model::{Connector, Phases, Station, Zone, field};

/// A sum of parts, some of which may be unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sum {
    total: DecimalSum,
    pub(crate) known: u32,
    pub(crate) unknown: u32,
    /// Parts whose object the controller's list lacks.
    pub(crate) kept: u32,
    /// Whether the register of a part is lower than before.
    pub(crate) has_fallen: bool,
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

    /// Adds an energy that sums count, also if the present register is not known.
    fn add_energy(&mut self, counted: Option<f64>, is_known: bool) {
        self.total.add(counted.unwrap_or_default());
        if is_known {
            self.known += 1;
        } else {
            self.unknown += 1;
        }
    }

    fn add_sum(&mut self, other: &Self) {
        self.total.add_sum(other.total);
        self.known += other.known;
        self.unknown += other.unknown;
        self.kept += other.kept;
        self.has_fallen |= other.has_fallen;
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
        let is_dc = connector.is_dc == Some(true);
        for phase in 0..3 {
            // A phase that is neither connected nor sent has no part in the sum of its phase.
            if connector.current_a[phase].is_some() || unconnected(connector, phase).is_none() {
                self.current_a[phase].add(part(connector.current_a[phase]));
            }
            if connector.power_kw[phase].is_some() || unconnected(connector, phase).is_none() {
                self.power_kw[phase].add(part(connector.power_kw[phase]));
            }
        }
        self.energy_kwh.add_energy(connector.counted_kwh, part(connector.energy_kwh).is_some());
        self.energy_kwh.has_fallen |= connector.register_fell;
        // The set point of a DC connector is a power, not a current.
        if !is_dc {
            self.set_point_a.add(part(connector.set_point_a));
        }
        self.power_total_kw.add(part(power_total_kw(connector)));
        self.current_average_a.add(part(current_average_a(connector)));
        if connector.is_kept {
            self.all_mut().for_each(|sum| sum.kept += 1);
        }
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut Sum> {
        let phases = self.current_a.iter_mut().chain(&mut self.power_kw);
        phases.chain([
            &mut self.energy_kwh,
            &mut self.set_point_a,
            &mut self.power_total_kw,
            &mut self.current_average_a,
        ])
    }
}

/// Returns the sum of the zones' set points in kW.
pub(crate) fn zone_set_points_kw(zones: &[Zone]) -> Sum {
    let mut sum = Sum::default();
    for zone in zones {
        sum.add(zone.set_point_kw);
        sum.kept += u32::from(zone.is_kept);
    }
    sum
}

/// Returns the power of one phase: 0 if the phase is not connected and the controller does not send it.
pub(crate) fn power_kw(connector: &Connector, phase: usize) -> Option<f64> {
    connector.power_kw[phase].or_else(|| unconnected(connector, phase))
}

/// Returns the current of one phase: 0 if the phase is not connected and the controller does not send it.
pub(crate) fn current_a(connector: &Connector, phase: usize) -> Option<f64> {
    connector.current_a[phase].or_else(|| unconnected(connector, phase))
}

/// A number that cannot be used is not 0.
fn unconnected(connector: &Connector, phase: usize) -> Option<f64> {
    let is_unconnected = connector.phases.is_some_and(|phases| !phases.contains(phase));
    let is_faulty = connector
        .unusable
        .iter()
        .any(|fault| fault.field == field::POWER[phase] || fault.field == field::CURRENT[phase]);
    (is_unconnected && connector.is_dc != Some(true) && !is_faulty).then_some(0.0)
}

/// Power over all phases: of a DC connector its own total, else the phases that are connected, else the total.
pub(crate) fn power_total_kw(connector: &Connector) -> Option<f64> {
    if connector.is_dc == Some(true) && connector.power_total_kw.is_some() {
        return connector.power_total_kw;
    }
    let phases: Option<DecimalSum> = (0..3).map(|phase| power_kw(connector, phase)).collect();
    phases
        .map(DecimalSum::value)
        .or_else(|| only_value(connector, &connector.power_kw))
        .or(connector.power_total_kw)
}

/// Returns the only value that the controller sends for a connector with one phase: it may name this phase the first one.
fn only_value(connector: &Connector, phases: &[Option<f64>; 3]) -> Option<f64> {
    let mut sent = phases.iter().flatten();
    let only = sent.next().filter(|_| sent.next().is_none());
    only.copied()
        .filter(|_| matches!(connector.phases, Some(Phases::One(_))) && connector.unusable.is_empty())
}

/// Current averaged over the phases that are connected: one, or all three.
pub(crate) fn current_average_a(connector: &Connector) -> Option<f64> {
    match connector.phases? {
        Phases::One(phase) => {
            connector.current_a[phase].or_else(|| only_value(connector, &connector.current_a))
        }
        Phases::Three => {
            Some(connector.current_a.iter().copied().collect::<Option<DecimalSum>>()?.value() / 3.0)
        }
    }
}
