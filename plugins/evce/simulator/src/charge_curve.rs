//! How much current a car wants while its battery fills.
//!
//! Whole numbers alone, so that every machine computes the same.

use crate::charging_session::Car;

/// Permille of the current at the end of the taper.
const LAST_PERMILLE: u64 = 60;
/// Permille of the power of a DC car at permille of its state of charge, with straight lines between.
const DC_CURVE: [(u64, u64); 6] = [(0, 600), (100, 1000), (500, 1000), (800, 300), (950, 100), (1000, 50)];

/// Returns the current a car wants on each of its phases, in hundredths of an ampere.
pub(crate) fn wanted_ca(car: &Car, delivered_ws: u64) -> u32 {
    let most_ca = u64::from(car.max_current_a) * 100;
    let permille = if car.is_dc { dc_permille(car, delivered_ws) } else { ac_permille(car, delivered_ws) };
    u32::try_from(most_ca * permille / 1000).unwrap_or(u32::MAX)
}

/// Constant up to the knee. After it, power falls in proportion to the energy still to come, which is an
/// exponential fall in time.
fn ac_permille(car: &Car, delivered_ws: u64) -> u64 {
    let knee_ws = car.need_ws * u64::from(car.knee_permille) / 1000;
    if delivered_ws <= knee_ws {
        return 1000;
    }
    let open_ws = car.need_ws.saturating_sub(delivered_ws);
    LAST_PERMILLE + (1000 - LAST_PERMILLE) * open_ws / (car.need_ws - knee_ws).max(1)
}

fn dc_permille(car: &Car, delivered_ws: u64) -> u64 {
    let first = u64::from(car.first_charge_permille);
    // The need fills the battery up.
    let charge = first + (1000 - first) * delivered_ws.min(car.need_ws) / car.need_ws.max(1);
    let above = DC_CURVE.iter().position(|(at, _)| *at >= charge).unwrap_or(DC_CURVE.len() - 1).max(1);
    let ((from, low), (to, high)) = (DC_CURVE[above - 1], DC_CURVE[above]);
    let way = charge.clamp(from, to) - from;
    if high >= low { low + (high - low) * way / (to - from) } else { low - (low - high) * way / (to - from) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AC: Car = Car {
        max_current_a: 16,
        phases: 3,
        need_ws: 1_000_000,
        is_dc: false,
        knee_permille: 850,
        first_charge_permille: 0,
        wakes: false,
    };

    #[test]
    fn an_ac_car_is_constant_up_to_its_knee_and_then_falls_steadily() {
        assert_eq!([0, 500_000, 850_000].map(|ws| wanted_ca(&AC, ws)), [1600; 3]);
        let tail: Vec<u32> = (850..=1000).map(|permille| wanted_ca(&AC, permille * 1000)).collect();
        assert!(tail.windows(2).all(|pair| pair[1] < pair[0]) && tail[150] == 96, "{tail:?}");
    }

    #[test]
    fn a_dc_car_peaks_early_and_is_slow_at_the_end() {
        let car = Car { is_dc: true, max_current_a: 100, first_charge_permille: 0, ..AC };
        let at = |permille: u64| wanted_ca(&car, permille * 1000);
        assert_eq!(
            [0, 100, 300, 500, 800, 950, 1000].map(at),
            [6000, 10_000, 10_000, 10_000, 3000, 1000, 500]
        );
        assert_eq!(at(650), 6500);
        assert_eq!(wanted_ca(&Car { first_charge_permille: 800, ..car }, 0), 3000);
    }
}
