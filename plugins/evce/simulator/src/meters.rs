//! The electrical model: the readings of a connector's meter.

use crate::random::{Numbers, Purpose};
use crate::site::{Measures, Rating};

/// Power factor of AC cars, in percent; small currents have a bad one.
const AC_POWER_FACTOR: u64 = 98;
const SMALL_AC_POWER_FACTOR: u64 = 60;
/// Currents below this are small: the minimum of IEC 61851.
const SMALL_CA: u64 = 600;
/// Power factor of rectifiers, in percent.
const DC_POWER_FACTOR: u64 = 99;

/// A load on a connector.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) phases: [bool; 3],
    /// On each used phase.
    pub(crate) current_ca: u32,
    /// A rectifier, which loads its phases equally.
    pub(crate) is_dc: bool,
}

/// Returns the phases that a car loads: those of the outlet, or fewer if the car uses fewer.
pub(crate) fn used_phases(rating: Rating, car_phases: u8) -> [bool; 3] {
    let mut left = car_phases;
    rating.phases.connected().map(|connected| {
        let used = connected && left > 0;
        if used {
            left -= 1;
        }
        used
    })
}

/// Reads the meter while `current_ca` is drawn on each used phase; without a current it returns the stand-by
/// reading.
///
/// Noise only lowers the current, so that a sum of readings never passes the limit that was kept.
pub(crate) fn read(numbers: Numbers, load: Load, now_ms: i64, standby: Measures) -> Measures {
    if load.current_ca == 0 {
        return standby;
    }
    let mut measures = Measures::default();
    for (phase, _) in load.phases.iter().enumerate().filter(|(_, used)| **used) {
        let slot = |ms| u64::try_from(now_ms.div_euclid(ms).rem_euclid(1 << 40)).unwrap_or(0);
        let noise_of = if load.is_dc { 0 } else { phase };
        let noise_ca = numbers.at(slot(5_000), noise_of).below(Purpose::MeterNoise, 20);
        let read_ca = u64::from(load.current_ca).saturating_sub(noise_ca);
        // 230 V and up to 3 % more or less, changing with the minute.
        let volts_permille = 970 + numbers.at(slot(60_000), noise_of).below(Purpose::Voltage, 61);
        let power_factor = power_factor_percent(load);
        let power_w = read_ca * 230 * volts_permille * power_factor / (100 * 1000 * 100);
        measures.current_ca[phase] = u32::try_from(read_ca).unwrap_or(u32::MAX);
        measures.power_w[phase] = u32::try_from(power_w).unwrap_or(u32::MAX);
    }
    measures
}

fn power_factor_percent(load: Load) -> u64 {
    match (load.is_dc, u64::from(load.current_ca) < SMALL_CA) {
        (true, _) => DC_POWER_FACTOR,
        (false, true) => SMALL_AC_POWER_FACTOR,
        (false, false) => AC_POWER_FACTOR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Phases;

    #[test]
    fn sixteen_amperes_on_three_phases_are_about_eleven_kilowatts() {
        let load = Load { phases: [true; 3], current_ca: 1600, is_dc: false };
        let read = read(Numbers::of(1, 1, 1, 1), load, 60_000, Measures::default());
        let total: u32 = read.power_w.iter().sum();
        assert!((10_300..=11_300).contains(&total), "{total} W");
        assert!(read.current_ca.iter().all(|ca| (1580..=1600).contains(ca)));
    }

    #[test]
    fn small_currents_have_a_bad_power_factor_and_rectifiers_load_all_phases_alike() {
        let small = Load { phases: [true, false, false], current_ca: 500, is_dc: false };
        let read_small = read(Numbers::of(1, 1, 1, 1), small, 60_000, Measures::default());
        assert!((640..=720).contains(&read_small.power_w[0]), "{} W", read_small.power_w[0]);
        let rectifier = Load { phases: [true; 3], current_ca: 7300, is_dc: true };
        let measured = read(Numbers::of(1, 1, 1, 1), rectifier, 60_000, Measures::default());
        assert!(measured.current_ca.iter().all(|ca| *ca == measured.current_ca[0]));
        assert!(measured.power_w.iter().all(|power| *power == measured.power_w[0]));
    }

    #[test]
    fn a_one_phase_car_at_a_three_phase_outlet_uses_the_first_phase() {
        let rating =
            Rating { is_dc: false, is_fixed_set_point: false, max_current_or_power: 32, phases: Phases::Tri };
        assert_eq!(used_phases(rating, 1), [true, false, false]);
        assert_eq!(used_phases(Rating { phases: Phases::Mono3, ..rating }, 3), [false, false, true]);
    }
}
