//! The electrical model: the readings of a connector's meter.

use crate::random::{Numbers, Purpose};
use crate::site::{Measures, Rating};

const POWER_FACTOR_PERCENT: u64 = 98;

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
pub(crate) fn read(
    numbers: Numbers,
    phases: [bool; 3],
    current_ca: u32,
    now_ms: i64,
    standby: Measures,
) -> Measures {
    if current_ca == 0 {
        return standby;
    }
    let mut measures = Measures::default();
    for (phase, _) in phases.iter().enumerate().filter(|(_, used)| **used) {
        let slot = |ms| u64::try_from(now_ms.div_euclid(ms).rem_euclid(1 << 40)).unwrap_or(0);
        let noise_ca = numbers.at(slot(5_000), phase).below(Purpose::MeterNoise, 20);
        let read_ca = u64::from(current_ca).saturating_sub(noise_ca);
        // 230 V and up to 3 % more or less, changing with the minute.
        let volts_permille = 970 + numbers.at(slot(60_000), phase).below(Purpose::Voltage, 61);
        let power_w = read_ca * 230 * volts_permille * POWER_FACTOR_PERCENT / (100 * 1000 * 100);
        measures.current_ca[phase] = u32::try_from(read_ca).unwrap_or(u32::MAX);
        measures.power_w[phase] = u32::try_from(power_w).unwrap_or(u32::MAX);
    }
    measures
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Phases;

    #[test]
    fn sixteen_amperes_on_three_phases_are_about_eleven_kilowatts() {
        let read = read(Numbers::of(1, 1, 1, 1), [true; 3], 1600, 60_000, Measures::default());
        let total: u32 = read.power_w.iter().sum();
        assert!((10_300..=11_300).contains(&total), "{total} W");
        assert!(read.current_ca.iter().all(|ca| (1580..=1600).contains(ca)));
    }

    #[test]
    fn a_one_phase_car_at_a_three_phase_outlet_uses_the_first_phase() {
        let rating =
            Rating { is_dc: false, is_fixed_set_point: false, max_current_or_power: 32, phases: Phases::Tri };
        assert_eq!(used_phases(rating, 1), [true, false, false]);
        assert_eq!(used_phases(Rating { phases: Phases::Mono3, ..rating }, 3), [false, false, true]);
    }
}
