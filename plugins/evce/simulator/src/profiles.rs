//! When cars come and go: the day of an office, a mall, a depot, an airport and a home.
//!
//! All numbers are ours: plausible, not measured.

use serde::Deserialize;

use crate::random::{Numbers, Purpose};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Minutes from the end of one stay to the next car, at any hour.
const GAP_MIN: [i64; 16] = [2, 4, 7, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 130, 180, 300];
/// Minutes of a stay, at any hour.
const STAY_MIN: [i64; 16] = [25, 35, 45, 60, 75, 90, 100, 120, 150, 180, 210, 240, 300, 360, 420, 480];
/// Minutes of a stay at a mall.
const MALL_STAY_MIN: [i64; 8] = [20, 30, 45, 60, 75, 90, 120, 180];

/// How the cars of a zone come and go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Profile {
    /// At any hour, for half an hour to eight hours.
    #[default]
    Mixed,
    /// From 8 to 10 h, until 16 to 19 h.
    Office,
    /// At any hour, for an hour or so.
    Mall,
    /// From 20 to 24 h, until 5 to 7 h.
    Depot,
    /// At any hour, for one to seven days.
    Airport,
    /// From 17 to 21 h, until 6 to 9 h.
    Home,
}

impl Profile {
    /// Returns milliseconds from the end of one stay to the next arrival. `day_ms` is the time of day of the
    /// end, since midnight.
    pub(crate) fn gap_ms(self, numbers: Numbers, day_ms: i64) -> i64 {
        let jitter_ms = below_ms(numbers, Purpose::Gap, MINUTE_MS);
        match self {
            Self::Mixed | Self::Mall => numbers.choose(Purpose::Gap, &GAP_MIN) * MINUTE_MS + jitter_ms,
            Self::Airport => 2 * numbers.choose(Purpose::Gap, &GAP_MIN) * MINUTE_MS + jitter_ms,
            Self::Office => until(day_ms, 8 * HOUR_MS + below_ms(numbers, Purpose::Gap, 2 * HOUR_MS)),
            Self::Depot => until(day_ms, 20 * HOUR_MS + below_ms(numbers, Purpose::Gap, 4 * HOUR_MS)),
            Self::Home => until(day_ms, 17 * HOUR_MS + below_ms(numbers, Purpose::Gap, 4 * HOUR_MS)),
        }
    }

    /// Returns milliseconds until the first car of a connector. In the hours when cars are usually there, 40 % of
    /// them start at once.
    pub(crate) fn first_gap_ms(self, numbers: Numbers, day_ms: i64) -> i64 {
        let hour = day_ms / HOUR_MS;
        let are_usually_there = match self {
            Self::Mixed | Self::Mall | Self::Airport => true,
            Self::Office => (9..16).contains(&hour),
            Self::Depot => !(5..22).contains(&hour),
            Self::Home => !(6..19).contains(&hour),
        };
        if are_usually_there && numbers.below(Purpose::Stay, 10) < 4 {
            below_ms(numbers, Purpose::Gap, 120_000)
        } else {
            self.gap_ms(numbers, day_ms)
        }
    }

    /// Returns milliseconds of a stay that begins at `day_ms` since midnight. One car in a hundred leaves in
    /// the first minutes.
    pub(crate) fn stay_ms(self, numbers: Numbers, day_ms: i64) -> i64 {
        if self != Self::Mixed && numbers.below(Purpose::Abort, 100) == 0 {
            return below_ms(numbers, Purpose::Stay, 5 * MINUTE_MS) + MINUTE_MS;
        }
        match self {
            Self::Mixed => numbers.choose(Purpose::Stay, &STAY_MIN) * MINUTE_MS,
            Self::Mall => numbers.choose(Purpose::Stay, &MALL_STAY_MIN) * MINUTE_MS,
            Self::Airport => DAY_MS + below_ms(numbers, Purpose::Stay, 6 * DAY_MS),
            Self::Office => until(day_ms, 16 * HOUR_MS + below_ms(numbers, Purpose::Stay, 3 * HOUR_MS)),
            Self::Depot => until(day_ms, 5 * HOUR_MS + below_ms(numbers, Purpose::Stay, 2 * HOUR_MS)),
            Self::Home => until(day_ms, 6 * HOUR_MS + below_ms(numbers, Purpose::Stay, 3 * HOUR_MS)),
        }
    }
}

fn below_ms(numbers: Numbers, purpose: Purpose, bound_ms: i64) -> i64 {
    i64::try_from(numbers.below(purpose, u64::try_from(bound_ms).unwrap_or(0))).unwrap_or(0)
}

/// Returns milliseconds from one time of day to the next occurrence of another.
fn until(day_ms: i64, target_ms: i64) -> i64 {
    (target_ms - day_ms).rem_euclid(DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the hours of the day of many arrivals and departures.
    fn hours(profile: Profile) -> Vec<(i64, i64)> {
        let day = (0..500).map(|turn| {
            let numbers = Numbers::of(1, turn, 1, 1);
            let arrival_ms = profile.gap_ms(numbers, 12 * HOUR_MS) + 12 * HOUR_MS;
            let departure_ms = arrival_ms + profile.stay_ms(numbers, arrival_ms.rem_euclid(DAY_MS));
            (arrival_ms.rem_euclid(DAY_MS) / HOUR_MS, departure_ms - arrival_ms)
        });
        day.collect()
    }

    #[test]
    fn cars_come_in_their_hours_and_stay_as_long_as_is_usual_there() {
        for (profile, hours_of_arrival, longest_h) in [
            (Profile::Office, 8..10, 11),
            (Profile::Depot, 20..24, 11),
            (Profile::Home, 17..21, 16),
            (Profile::Airport, 0..24, 7 * 24),
            (Profile::Mall, 0..24, 3),
        ] {
            for (arrival_h, stay_ms) in hours(profile) {
                assert!(hours_of_arrival.contains(&arrival_h), "{profile:?} at {arrival_h} h");
                assert!((MINUTE_MS..=longest_h * HOUR_MS).contains(&stay_ms), "{profile:?} for {stay_ms} ms");
            }
        }
    }

    #[test]
    fn a_start_in_the_middle_of_the_day_finds_cars_at_work_and_none_in_the_depot() {
        let at_once = |profile: Profile| {
            let gaps = (0..500).map(|turn| profile.first_gap_ms(Numbers::of(1, turn, 1, 0), 11 * HOUR_MS));
            gaps.filter(|gap_ms| *gap_ms < 2 * MINUTE_MS).count()
        };
        assert!((150..250).contains(&at_once(Profile::Office)));
        assert_eq!(at_once(Profile::Depot) + at_once(Profile::Home), 0);
    }

    #[test]
    fn few_cars_leave_in_the_first_minutes() {
        let aborted = hours(Profile::Depot).iter().filter(|(_, stay_ms)| *stay_ms <= 6 * MINUTE_MS).count();
        assert!((1..15).contains(&aborted), "{aborted} of 500");
    }
}
