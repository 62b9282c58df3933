//! Checks numbers of a controller against what connectors can have.

use riser_plugin::Problem;

use crate::model::{Connector, FieldFault, Site, Unusable, counted, field, listed};
use crate::points::power_total_kw;

/// The code of the problem with a wrong unit.
pub(crate) const UNITS: &str = "units";

/// The most that a connector has (design, evce/scale.md, 7).
const MOST_POWER_KW: f64 = 1_000.0;
const MOST_CURRENT_A: f64 = 700.0;
const MOST_ENERGY_KWH: f64 = 1e9;

/// Voltage between a phase and neutral.
pub(crate) const PHASE_VOLTS: f64 = 230.0;
/// Smaller currents are those of a connector without a car.
pub(crate) const CHECKED_ABOVE_A: f64 = 3.0;
/// How far power and current may be apart: voltage and power factor are not known (design, evce/api.md, 3).
pub(crate) const TOLERANCE: f64 = 0.3;

/// Removes numbers that no connector can have, and notes them.
pub(crate) fn reject_implausible(site: &mut Site) {
    for connector in site.stations_mut().flat_map(|station| &mut station.connectors) {
        let Connector { power_kw, current_a, power_total_kw, energy_kwh, unusable, .. } = connector;
        for phase in 0..3 {
            reject(&mut power_kw[phase], (MOST_POWER_KW, "kW"), field::POWER[phase], unusable);
            reject(&mut current_a[phase], (MOST_CURRENT_A, "A"), field::CURRENT[phase], unusable);
        }
        reject(power_total_kw, (MOST_POWER_KW, "kW"), field::POWER_TOTAL, unusable);
        let before = *energy_kwh;
        reject(energy_kwh, (MOST_ENERGY_KWH, "kWh"), field::ENERGY, unusable);
        if before != *energy_kwh {
            connector.counted_kwh = None;
        }
    }
}

fn reject(
    value: &mut Option<f64>,
    (most, unit): (f64, &str),
    field: &'static str,
    unusable: &mut Vec<Unusable>,
) {
    if let Some(number) = value.take_if(|number| number.abs() > most || !number.is_finite()) {
        let text = format!("{number:e} {unit}").into();
        unusable.push(Unusable { field, text, fault: FieldFault::Implausible });
    }
}

/// The result of comparing power and current.
#[derive(Debug)]
pub(crate) enum UnitCheck {
    /// No connector has enough current.
    NothingToCheck,
    Passed,
    Failed(Problem),
}

/// Checks the unit of power: power is voltage times the currents of the phases.
pub(crate) fn check_units(site: &Site) -> UnitCheck {
    let (mut checked, mut wrong) = (0_usize, Vec::new());
    let mut factor = 1.0;
    for station in site.stations() {
        for connector in &station.connectors {
            let Some(ratio) = power_ratio(connector) else { continue };
            checked += 1;
            if !(1.0 - TOLERANCE..=1.0 + TOLERANCE).contains(&ratio) {
                factor = ratio;
                wrong.push(format!("{}, connector {}", station.shown_name(), connector.number));
            }
        }
    }
    if checked == 0 {
        return UnitCheck::NothingToCheck;
    }
    if wrong.len() * 2 <= checked {
        return UnitCheck::Passed;
    }
    let connectors = counted(checked, "charging connector");
    let what = format!(
        "the power of {} of {connectors} does not fit its current: it is {factor:.3} times 230 V times the current ({})",
        wrong.len(),
        listed(&wrong)
    );
    let remedy = "compare power and current with the display of the charge controller; if the unit of power is wrong, set \
                  per_unit of the powers under [connector] in the profile of the connection (1000 for W, 1 for kW), \
                  and check that of energy as well";
    UnitCheck::Failed(
        Problem::new(UNITS, what)
            .effect("powers, and probably energies, are wrong by this factor")
            .remedy(remedy)
            .setting("profile"),
    )
}

/// Returns the power of an AC connector divided by voltage times current; `None` without a car.
pub(crate) fn power_ratio(connector: &Connector) -> Option<f64> {
    if connector.is_dc == Some(true) {
        return None;
    }
    let current_a: f64 = connector.current_a.iter().flatten().sum();
    let has_car = connector.current_a.iter().flatten().any(|current| *current > CHECKED_ABOVE_A);
    let power_kw = power_total_kw(connector)?;
    has_car.then(|| power_kw * 1000.0 / (PHASE_VOLTS * current_a))
}
