//! Shares a zone's current among its charging cars.
//!
//! The real controller's algorithm is not known. The rules here: whole amperes, never a set point between
//! 0 and 6 A (the minimum of IEC 61851), and no phase above the zone's budget.

use serde::Deserialize;

/// The smallest set point of a charging car; below it, charging pauses.
pub(crate) const MINIMUM_A: u32 = 6;
/// The largest rise of a set point in one step; falls are not limited.
const RISE_A: u32 = 4;

/// How the current beyond the minimum is shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sharing {
    /// To all alike.
    #[default]
    Equal,
    /// To the first in the queue as much as it takes, then to the next.
    Fifo,
}

/// The demand of one connector.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Demand {
    /// Phases that its car loads.
    pub(crate) phases: [bool; 3],
    /// The limit of car, cable and station.
    pub(crate) most_a: u32,
    /// The present set point.
    pub(crate) set_point_a: u32,
    /// Not controlled by load management and served first.
    pub(crate) is_fixed: bool,
    /// Time of queueing: earlier is served first.
    pub(crate) queued_ms: i64,
}

/// The last sharing of one zone. Most of the time nothing has changed since.
#[derive(Default)]
pub(crate) struct LastShare {
    sharing: Sharing,
    budget_a: u32,
    demands: Vec<Demand>,
    granted: Vec<u32>,
}

impl LastShare {
    /// Shares as [`share`] does.
    pub(crate) fn share(&mut self, sharing: Sharing, budget_a: u32, demands: Vec<Demand>) -> &[u32] {
        if (sharing, budget_a) != (self.sharing, self.budget_a) || demands != self.demands {
            self.granted = share(sharing, budget_a, &demands);
            (self.sharing, self.budget_a, self.demands) = (sharing, budget_a, demands);
        }
        &self.granted
    }
}

/// Shares `budget_a` of each phase. Returns a set point for each demand, in order.
pub(crate) fn share(sharing: Sharing, budget_a: u32, demands: &[Demand]) -> Vec<u32> {
    let mut left = [budget_a; 3];
    let mut granted = vec![0; demands.len()];
    let mut order: Vec<usize> = (0..demands.len()).collect();
    order.sort_by_key(|index| (!demands[*index].is_fixed, demands[*index].queued_ms));
    for &index in &order {
        let demand = &demands[index];
        let first_a = if demand.is_fixed { demand.most_a } else { MINIMUM_A };
        if demand.most_a >= MINIMUM_A && free(&left, demand) >= first_a {
            take(&mut left, demand, first_a);
            granted[index] = first_a;
        }
    }
    match sharing {
        Sharing::Equal => fill(&mut left, demands, &mut granted, &order),
        Sharing::Fifo => order.iter().for_each(|first| fill(&mut left, demands, &mut granted, &[*first])),
    }
    granted
}

/// Raises all of `order` that charge, one ampere each in turn, as far as budget, need and the rise limit allow.
fn fill(left: &mut [u32; 3], demands: &[Demand], granted: &mut [u32], order: &[usize]) {
    let mut rising: Vec<usize> = order.to_vec();
    while !rising.is_empty() {
        rising.retain(|index| {
            let demand = &demands[*index];
            let ceiling_a = demand.most_a.min((demand.set_point_a + RISE_A).max(MINIMUM_A));
            let may_rise = !demand.is_fixed && (MINIMUM_A..ceiling_a).contains(&granted[*index]);
            let rises = may_rise && free(left, demand) > 0;
            if rises {
                take(left, demand, 1);
                granted[*index] += 1;
            }
            rises
        });
    }
}

fn free(left: &[u32; 3], demand: &Demand) -> u32 {
    let used = left.iter().zip(demand.phases).filter(|(_, used)| *used);
    used.map(|(left, _)| *left).min().unwrap_or(0)
}

fn take(left: &mut [u32; 3], demand: &Demand, current_a: u32) {
    for (left, used) in left.iter_mut().zip(demand.phases) {
        if used {
            *left -= current_a;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Numbers, Purpose};

    fn demand(turn: u64, index: u64) -> Demand {
        let numbers = Numbers::of(7, turn, index, 0);
        let phases = [
            [true, false, false],
            [false, true, false],
            [false, false, true],
            [true; 3],
            [true, true, false],
        ];
        Demand {
            phases: numbers.choose(Purpose::CarPhases, &phases),
            most_a: numbers.choose(Purpose::CarCurrent, &[6, 10, 16, 32, 73]),
            set_point_a: numbers.choose(Purpose::Gap, &[0, 6, 9, 16, 32]),
            is_fixed: numbers.below(Purpose::Stay, 10) == 0,
            queued_ms: i64::try_from(numbers.below(Purpose::Finishing, 1000)).unwrap(),
        }
    }

    #[test]
    fn no_phase_passes_its_budget_and_no_set_point_is_between_zero_and_six() {
        for turn in 0..2_000 {
            let budget_a = u32::try_from(Numbers::of(9, turn, 0, 0).below(Purpose::Gap, 300)).unwrap();
            let demands: Vec<Demand> = (0..turn % 40).map(|index| demand(turn, index)).collect();
            let sharing = if turn % 2 == 0 { Sharing::Equal } else { Sharing::Fifo };
            let granted = share(sharing, budget_a, &demands);
            for phase in 0..3 {
                let on_phase = demands.iter().zip(&granted).filter(|(demand, _)| demand.phases[phase]);
                let sum: u32 = on_phase.map(|(_, granted)| *granted).sum();
                assert!(sum <= budget_a, "{sum} A of {budget_a} A in turn {turn}");
            }
            for (demand, granted) in demands.iter().zip(&granted) {
                assert!(*granted == 0 || *granted >= MINIMUM_A);
                assert!(*granted <= demand.most_a);
            }
        }
    }

    #[test]
    fn when_not_all_can_be_served_the_first_in_the_queue_are() {
        let car = |queued_ms| Demand {
            phases: [true, false, false],
            most_a: 32,
            set_point_a: 6,
            is_fixed: false,
            queued_ms,
        };
        assert_eq!(share(Sharing::Equal, 13, &[car(30), car(10), car(20)]), [0, 7, 6]);
    }

    #[test]
    fn the_first_in_the_queue_takes_what_it_can_or_all_share_alike() {
        let car =
            |queued_ms| Demand { phases: [true; 3], most_a: 16, set_point_a: 16, is_fixed: false, queued_ms };
        let demands = [car(20), car(10), car(30)];
        assert_eq!(share(Sharing::Fifo, 30, &demands), [8, 16, 6]);
        assert_eq!(share(Sharing::Equal, 30, &demands), [10, 10, 10]);
    }

    #[test]
    fn the_last_sharing_is_used_again_only_for_the_same_demands() {
        let car = Demand { phases: [true; 3], most_a: 32, set_point_a: 16, is_fixed: false, queued_ms: 0 };
        let mut last = LastShare::default();
        for budget_a in [100, 100, 8, 100] {
            let expected = share(Sharing::Equal, budget_a, &[car]);
            assert_eq!(last.share(Sharing::Equal, budget_a, vec![car]), expected);
        }
        let moved = Demand { set_point_a: 20, ..car };
        assert_eq!(last.share(Sharing::Equal, 100, vec![moved]), [24]);
    }

    #[test]
    fn a_set_point_rises_in_steps_and_falls_at_once() {
        let car = Demand { phases: [true; 3], most_a: 32, set_point_a: 16, is_fixed: false, queued_ms: 0 };
        assert_eq!(share(Sharing::Equal, 100, &[car]), [20]);
        assert_eq!(share(Sharing::Equal, 8, &[car]), [8]);
    }
}
