//! Whether units are plausible: power against current, voltage and phases.

use crate::model::{Phases, Site};
use crate::plausibility::{CHECKED_ABOVE_A, PHASE_VOLTS, TOLERANCE, power_ratio};

/// A ratio of set point to rating beyond this is a wrong unit: power is cut to whole kilowatts.
const SET_POINT_TOLERANCE: f64 = 0.5;
/// No connector has delivered more in its life, in kWh.
const MOST_ENERGY_KWH: f64 = 5_000_000.0;

/// Returns whether the unit of a field is plausible; empty if nothing can be said.
pub(super) fn of(site: &Site, field: &str) -> String {
    let connectors = || site.stations().flat_map(|station| &station.connectors);
    match field {
        "connector.power_phase1" | "connector.current_phase1" => {
            compared(mean(connectors().filter_map(power_ratio)), TOLERANCE, || {
                "no connector has more than 3 A; plug a car in".to_owned()
            })
        }
        "connector.energy" => match connectors().filter_map(|it| it.energy_kwh).reduce(f64::max) {
            Some(most) if most > MOST_ENERGY_KWH => format!("{most:.0} kWh is too much: wrong unit?"),
            Some(most) => format!("up to {most:.1} kWh"),
            None => String::new(),
        },
        "connector.set_point_kw" => {
            let ratios = connectors().filter_map(|it| {
                let phases = if matches!(it.phases, Some(Phases::One(_))) { 1.0 } else { 3.0 };
                let current_a = it.set_point_a.filter(|current| *current > CHECKED_ABOVE_A)?;
                Some(it.set_point_kw? * 1000.0 / (PHASE_VOLTS * current_a * phases))
            });
            compared(mean(ratios), SET_POINT_TOLERANCE, String::new)
        }
        _ => String::new(),
    }
}

fn mean(ratios: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = ratios.fold((0.0, 0.0), |(count, sum), ratio| (count + 1.0, sum + ratio));
    (count > 0.0).then_some(sum / count)
}

fn compared(ratio: Option<f64>, tolerance: f64, without: impl FnOnce() -> String) -> String {
    match ratio {
        None => without(),
        Some(ratio) if (ratio - 1.0).abs() <= tolerance => "plausible".to_owned(),
        Some(ratio) if ratio > 1.0 => format!("{ratio:.1} times too large: wrong unit?"),
        Some(0.0) => "0 although current flows".to_owned(),
        Some(ratio) => format!("{:.1} times too small: wrong unit?", 1.0 / ratio),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Profile, SiteDocuments};

    fn check(power: &str, field: &str) -> String {
        let stations = format!(
            r#"[{{"id":1,"zoneId":1,"connectors":[{{"id":1,"phaseConnection":"mono1","setPoint":{{"current":32,"power":7}},
                "measures":{{"activeEnergy":1000,"activePower":{{"phase1":{power}}},"rmsCurrent":{{"phase1":16}}}}}}]}}]"#
        );
        let documents = SiteDocuments::of_lists(br#"[{"id":1}]"#, stations.as_bytes());
        of(&Profile::built_in().decode_site(&documents).unwrap().0, field)
    }

    #[test]
    fn a_power_in_another_unit_is_found() {
        let power = "connector.power_phase1";
        assert_eq!(check("3680", power), "plausible");
        assert_eq!(check("3.68", power), "1000.0 times too small: wrong unit?");
        assert_eq!(check("3680000", power), "1000.0 times too large: wrong unit?");
        assert_eq!(check("0", power), "0 although current flows");
        assert_eq!(check("null", power), "no connector has more than 3 A; plug a car in");
        assert_eq!(check("3680", "connector.set_point_kw"), "plausible");
        assert_eq!(check("3680", "connector.energy"), "up to 1.0 kWh");
    }
}
