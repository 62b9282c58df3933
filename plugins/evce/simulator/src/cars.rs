//! Cars: their arrival, limits and energy demand, and one step of charging.
//!
//! All tables are ours: plausible, not measured.

use crate::charging_session::{Car, ChargingSession, Stage};
use crate::random::{Numbers, Purpose};
use crate::site::{Availability, Connector, Status, TICK_MS};
use crate::{charge_curve, load_management::MINIMUM_A, meters};

/// Energy wanted, in tenths of a kilowatt hour; the middle is 14 kWh.
const NEED_AC_DKWH: [u64; 16] = [35, 50, 65, 80, 95, 105, 120, 135, 150, 165, 185, 210, 240, 280, 340, 450];
/// The same at a fast charger; the middle is 35 kWh.
const NEED_DC_DKWH: [u64; 16] =
    [90, 130, 170, 200, 240, 270, 300, 340, 370, 410, 450, 500, 560, 620, 700, 850];
/// Current of cars per phase.
const CAR_A: [u32; 6] = [10, 16, 16, 16, 32, 32];
/// Rating of cables.
const CABLE_A: [u32; 6] = [13, 16, 20, 32, 32, 32];
/// Current of DC cars, in amperes on the grid side.
const DC_CAR_A: [u32; 6] = [60, 73, 110, 145, 180, 218];
/// The same at chargers of more than 150 kW.
const FAST_DC_CAR_A: [u32; 6] = [145, 218, 290, 362, 507, 653];
/// Kilowatts above which cars are fast ones.
const FAST_KW: u32 = 150;
/// Phases used at a three-phase outlet: 80 % all, 5 % two, 15 % one.
const CAR_PHASES: [u8; 20] = [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 1, 1, 1];
/// How far the current may rise in one tick: 2 A/s.
const RAMP_CA: u32 = 1000;
/// Permille of the need at which an AC car begins to want less.
const KNEE_PERMILLE: [u16; 5] = [800, 830, 860, 890, 920];
/// State of charge of DC cars on their arrival, in permille.
const FIRST_CHARGE_PERMILLE: [u16; 6] = [50, 100, 150, 200, 350, 500];
/// A full car that warms itself does so at the beginning of each of these spans, for the second one.
const WAKE_EVERY_MS: i64 = 3_600_000;
const WAKE_FOR_MS: i64 = 300_000;
/// Share of the power of the grid that reaches a DC car.
const DC_EFFICIENCY_PERCENT: u64 = 95;

/// Whether a session continues after a step.
#[derive(PartialEq, Eq)]
pub(crate) enum Step {
    Stays,
    Left,
}

/// Plugs a car in.
pub(crate) fn plug_in(connector: &mut Connector, numbers: Numbers, now_ms: i64, stay_ms: i64) {
    let rating = connector.rating;
    let (need_table, car_a) = if rating.is_dc {
        let table = if rating.max_current_or_power > FAST_KW { &FAST_DC_CAR_A } else { &DC_CAR_A };
        (&NEED_DC_DKWH, numbers.choose(Purpose::CarCurrent, table))
    } else {
        let cable_a = numbers.choose(Purpose::CableCurrent, &CABLE_A);
        (&NEED_AC_DKWH, numbers.choose(Purpose::CarCurrent, &CAR_A).min(cable_a))
    };
    let phases = if rating.is_dc { 3 } else { numbers.choose(Purpose::CarPhases, &CAR_PHASES) };
    let authorised_ms = 5_000 + i64::try_from(numbers.below(Purpose::Authorisation, 15_000)).unwrap_or(0);
    connector.sessions += 1;
    connector.status = Status::Preparing;
    connector.set_point_a = 0;
    connector.session = Some(ChargingSession {
        number: connector.sessions,
        stage: Stage::Preparing { until_ms: now_ms + authorised_ms },
        queued_ms: now_ms,
        departs_ms: now_ms + stay_ms,
        car: Car {
            max_current_a: car_a.min(rating.max_current_a()),
            phases,
            need_ws: numbers.choose(Purpose::EnergyNeed, need_table) * 100 * 3600,
            is_dc: rating.is_dc,
            knee_permille: numbers.choose(Purpose::Knee, &KNEE_PERMILLE),
            first_charge_permille: numbers.choose(Purpose::StateOfCharge, &FIRST_CHARGE_PERMILLE),
            wakes: numbers.below(Purpose::Wake, 10) == 0,
        },
        delivered_ws: 0,
        current_ca: 0,
    });
}

/// Charges for one tick, ending at `now_ms`.
pub(crate) fn step(connector: &mut Connector, seed: u64, station: u64, now_ms: i64) -> Step {
    let Some(session) = connector.session.as_mut() else { return Step::Left };
    let numbers = Numbers::of(seed, station, u64::from(connector.number), u64::from(session.number));
    match session.stage {
        Stage::Preparing { until_ms } if now_ms >= until_ms => session.stage = Stage::Drawing,
        Stage::Drawing | Stage::Full { .. } if now_ms >= session.departs_ms => {
            let finishing_ms = finishing_ms(numbers);
            session.stage = Stage::Finishing { until_ms: now_ms + finishing_ms };
        }
        Stage::Drawing if session.delivered_ws >= session.car.need_ws => {
            session.stage = Stage::Full { since_ms: now_ms };
        }
        Stage::Finishing { until_ms } if now_ms >= until_ms => {
            end(connector);
            return Step::Left;
        }
        _ => {}
    }
    session.current_ca = drawn_ca(session, connector.set_point_a, now_ms);
    connector.status = status(session, connector.set_point_a);
    if matches!(session.stage, Stage::Finishing { .. }) {
        connector.set_point_a = 0;
    }
    let phases = meters::used_phases(connector.rating, session.car.phases);
    let current_ca = session.current_ca;
    let load = meters::Load { phases, current_ca, is_dc: connector.rating.is_dc };
    connector.measured = meters::read(numbers, load, now_ms, connector.standby);
    let power_w: u64 = connector.measured.power_w.into_iter().map(u64::from).sum();
    let tick_s = u64::try_from(TICK_MS / 1000).unwrap_or(0);
    if current_ca > 0 {
        let percent = if connector.rating.is_dc { DC_EFFICIENCY_PERCENT } else { 100 };
        session.delivered_ws += power_w * tick_s * percent / 100;
        connector.energy_ws += power_w * tick_s;
    }
    Step::Stays
}

/// Ends a session. A scheduled change of availability takes effect.
pub(crate) fn end(connector: &mut Connector) {
    connector.session = None;
    if connector.inoperative_scheduled {
        connector.inoperative_scheduled = false;
        connector.availability = Availability::Inoperative;
    }
    if connector.status != Status::Faulted {
        connector.status = match connector.availability {
            Availability::Operative => Status::Available,
            Availability::Inoperative => Status::Unavailable,
        };
    }
    connector.set_point_a = connector.idle_set_point_a;
    connector.measured = connector.standby;
}

fn status(session: &ChargingSession, set_point_a: u32) -> Status {
    match session.stage {
        Stage::Preparing { .. } => Status::Preparing,
        Stage::Drawing if set_point_a < MINIMUM_A => Status::SuspendedEvse,
        Stage::Drawing => Status::Charging,
        Stage::Full { .. } if session.current_ca > 0 => Status::Charging,
        Stage::Full { .. } => Status::SuspendedEv,
        Stage::Finishing { .. } => Status::Finishing,
    }
}

/// Returns how long the cable stays in after a transaction: in one of fifty sessions for hours.
fn finishing_ms(numbers: Numbers) -> i64 {
    let longest_ms = if numbers.below(Purpose::Forgotten, 50) == 0 { 6 * 3_600_000 } else { 50_000 };
    10_000 + i64::try_from(numbers.below(Purpose::Finishing, longest_ms)).unwrap_or(0)
}

/// Returns the current after this tick. It falls at once and rises along the ramp.
fn drawn_ca(session: &ChargingSession, set_point_a: u32, now_ms: i64) -> u32 {
    if set_point_a < MINIMUM_A {
        return 0;
    }
    let wanted_ca = match session.stage {
        Stage::Drawing => charge_curve::wanted_ca(&session.car, session.delivered_ws),
        Stage::Full { since_ms } if session.car.wakes && warms_itself(now_ms - since_ms) => MINIMUM_A * 100,
        _ => 0,
    };
    wanted_ca.min(set_point_a * 100).min(session.current_ca + RAMP_CA)
}

/// Returns whether a car that has been full for a time warms itself: not in the first hour.
fn warms_itself(full_ms: i64) -> bool {
    full_ms >= WAKE_EVERY_MS && full_ms % WAKE_EVERY_MS < WAKE_FOR_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_car_warms_itself_five_minutes_an_hour() {
        let minutes = (0..180).filter(|minute| warms_itself(minute * 60_000)).collect::<Vec<_>>();
        assert_eq!(minutes, [60, 61, 62, 63, 64, 120, 121, 122, 123, 124]);
    }

    #[test]
    fn few_cables_stay_in_for_hours() {
        let long = (0..1000).filter(|turn| finishing_ms(Numbers::of(1, *turn, 1, 1)) > 60_000).count();
        assert!((5..40).contains(&long), "{long} of 1000");
    }
}
