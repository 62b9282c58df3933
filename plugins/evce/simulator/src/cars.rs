//! Cars: their arrival, limits and energy demand, and one step of charging.
//!
//! All tables are ours: plausible, not measured.

use crate::charging_session::{Car, ChargingSession, Stage};
use crate::random::{Numbers, Purpose};
use crate::site::{Availability, Connector, Status, TICK_MS};
use crate::{load_management::MINIMUM_A, meters};

const MINUTE_MS: i64 = 60_000;

/// Minutes until the next car arrives.
const GAP_MIN: [i64; 16] = [2, 4, 7, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 130, 180, 300];
/// Minutes until a car leaves again.
const STAY_MIN: [i64; 16] = [25, 35, 45, 60, 75, 90, 100, 120, 150, 180, 210, 240, 300, 360, 420, 480];
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
/// Phases used at a three-phase outlet: 80 % all, 5 % two, 15 % one.
const CAR_PHASES: [u8; 20] = [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 1, 1, 1];
/// How far the current may rise in one tick: 2 A/s.
const RAMP_CA: u32 = 1000;
/// How the last part of a battery fills: permille of the need still open, permille of the current.
const TAPER: [(u64, u32); 5] = [(150, 1000), (100, 800), (60, 550), (30, 350), (0, 200)];

/// Whether a session continues after a step.
#[derive(PartialEq, Eq)]
pub(crate) enum Step {
    Stays,
    Left,
}

/// Returns milliseconds from the end of one stay to the next arrival.
pub(crate) fn gap_ms(numbers: Numbers) -> i64 {
    let jitter_ms = i64::try_from(numbers.below(Purpose::Gap, 60_000)).unwrap_or(0);
    numbers.choose(Purpose::Gap, &GAP_MIN) * MINUTE_MS + jitter_ms
}

/// Returns milliseconds until the first car of a connector: 40 % of them start at once.
pub(crate) fn first_gap_ms(numbers: Numbers) -> i64 {
    if numbers.below(Purpose::Stay, 10) < 4 {
        i64::try_from(numbers.below(Purpose::Gap, 120_000)).unwrap_or(0)
    } else {
        gap_ms(numbers)
    }
}

/// Plugs a car in.
pub(crate) fn plug_in(connector: &mut Connector, numbers: Numbers, now_ms: i64) {
    let rating = connector.rating;
    let (need_table, car_a) = if rating.is_dc {
        (&NEED_DC_DKWH, numbers.choose(Purpose::CarCurrent, &DC_CAR_A))
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
        departs_ms: now_ms + numbers.choose(Purpose::Stay, &STAY_MIN) * MINUTE_MS,
        car: Car {
            max_current_a: car_a.min(rating.max_current_a()),
            phases,
            need_ws: numbers.choose(Purpose::EnergyNeed, need_table) * 100 * 3600,
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
        Stage::Drawing | Stage::Full if now_ms >= session.departs_ms => {
            let finishing_ms = 10_000 + i64::try_from(numbers.below(Purpose::Finishing, 50_000)).unwrap_or(0);
            session.stage = Stage::Finishing { until_ms: now_ms + finishing_ms };
        }
        Stage::Drawing if session.delivered_ws >= session.car.need_ws => session.stage = Stage::Full,
        Stage::Finishing { until_ms } if now_ms >= until_ms => {
            end(connector);
            return Step::Left;
        }
        _ => {}
    }
    session.current_ca = drawn_ca(session, connector.set_point_a);
    connector.status = status(session, connector.set_point_a);
    if matches!(session.stage, Stage::Finishing { .. }) {
        connector.set_point_a = 0;
    }
    let phases = meters::used_phases(connector.rating, session.car.phases);
    let current_ca = session.current_ca;
    connector.measured = meters::read(numbers, phases, current_ca, now_ms, connector.standby);
    let power_w: u64 = connector.measured.power_w.into_iter().map(u64::from).sum();
    let tick_s = u64::try_from(TICK_MS / 1000).unwrap_or(0);
    if current_ca > 0 {
        session.delivered_ws += power_w * tick_s;
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
    // An idle connector shows its whole rating, as the guide's does.
    connector.set_point_a = connector.rating.max_current_a();
    connector.measured = connector.standby;
}

fn status(session: &ChargingSession, set_point_a: u32) -> Status {
    match session.stage {
        Stage::Preparing { .. } => Status::Preparing,
        Stage::Drawing if set_point_a < MINIMUM_A => Status::SuspendedEvse,
        Stage::Drawing => Status::Charging,
        Stage::Full => Status::SuspendedEv,
        Stage::Finishing { .. } => Status::Finishing,
    }
}

/// Returns the current after this tick. It falls at once and rises along the ramp.
fn drawn_ca(session: &ChargingSession, set_point_a: u32) -> u32 {
    if session.stage != Stage::Drawing || set_point_a < MINIMUM_A {
        return 0;
    }
    let open_ws = session.car.need_ws.saturating_sub(session.delivered_ws);
    let open_permille = open_ws * 1000 / session.car.need_ws.max(1);
    let taper = TAPER.iter().find(|(from, _)| open_permille >= *from).map_or(1000, |(_, permille)| *permille);
    let wanted_ca = session.car.max_current_a * 100 * taper / 1000;
    wanted_ca.min(set_point_a * 100).min(session.current_ca + RAMP_CA)
}
