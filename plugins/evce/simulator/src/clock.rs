//! Two clocks: the controller's, for dates, tokens and validities, and the cars', for charging and meters.
//!
//! The controller's clock is wall time plus an offset that only the control interface moves. The cars' clock
//! runs `speed` times as fast. Advancing moves both by the same amount; setting the offset moves only the
//! controller's, like a clock that was set wrongly.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use parking_lot::{Mutex, MutexGuard};

/// The source of wall time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WallClock {
    /// The machine's clock.
    System,
    /// Fixed at this moment (ms since 1970); only the control interface moves time. Two simulators
    /// with the same seed and the same control calls then send the same responses.
    Fixed {
        /// Milliseconds since 1970.
        unix_ms: i64,
    },
}

impl WallClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now_ms(self) -> i64 {
        match self {
            Self::Fixed { unix_ms } => unix_ms,
            Self::System => SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        }
    }
}

/// Both clocks of a simulator.
pub(crate) struct Clock {
    wall: WallClock,
    hands: Mutex<Hands>,
}

#[derive(Clone, Copy)]
struct Hands {
    offset_ms: i64,
    /// The cars' clock showed `cars_base_ms` when wall time was `wall_base_ms`.
    cars_base_ms: i64,
    wall_base_ms: i64,
    speed_milli: i64,
}

/// One reading of both clocks.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) wall_ms: i64,
    pub(crate) controller_ms: i64,
    pub(crate) cars_ms: i64,
    pub(crate) speed_milli: i64,
    cars_base_ms: i64,
    controller_base_ms: i64,
}

impl Moment {
    /// Returns an earlier moment of both clocks, by the cars' clock.
    pub(crate) fn at(&self, cars_ms: i64) -> Self {
        Self { cars_ms, controller_ms: self.controller_at(cars_ms), ..*self }
    }

    /// Converts a moment of the cars' clock to the controller's clock.
    pub(crate) fn controller_at(&self, cars_ms: i64) -> i64 {
        let speed_milli = if self.speed_milli == 0 { 1000 } else { self.speed_milli };
        let since_base = (cars_ms - self.cars_base_ms).saturating_mul(1000) / speed_milli;
        self.controller_base_ms + since_base
    }
}

impl Clock {
    pub(crate) fn new(wall: WallClock, speed_milli: i64) -> Self {
        let hands = Hands { offset_ms: 0, cars_base_ms: 0, wall_base_ms: wall.now_ms(), speed_milli };
        Self { wall, hands: Mutex::new(hands) }
    }

    pub(crate) fn now(&self) -> Moment {
        let hands = *self.hands();
        let wall_ms = self.wall.now_ms();
        Moment {
            wall_ms,
            controller_ms: wall_ms + hands.offset_ms,
            cars_ms: hands.cars_at(wall_ms),
            speed_milli: hands.speed_milli,
            cars_base_ms: hands.cars_base_ms,
            controller_base_ms: hands.wall_base_ms + hands.offset_ms,
        }
    }

    /// Moves both clocks forward.
    pub(crate) fn advance(&self, by_ms: i64) {
        let mut hands = self.hands();
        hands.offset_ms += by_ms;
        hands.cars_base_ms += by_ms;
    }

    /// Sets how far the controller's clock is from wall time; the cars' clock stays.
    pub(crate) fn set_offset(&self, offset_ms: i64) {
        self.hands().offset_ms = offset_ms;
    }

    /// Sets how fast the cars' clock runs, in thousandths of wall time.
    pub(crate) fn set_speed(&self, speed_milli: i64) {
        let wall_ms = self.wall.now_ms();
        let mut hands = self.hands();
        hands.cars_base_ms = hands.cars_at(wall_ms);
        hands.wall_base_ms = wall_ms;
        hands.speed_milli = speed_milli;
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock()
    }
}

impl Hands {
    fn cars_at(&self, wall_ms: i64) -> i64 {
        self.cars_base_ms + (wall_ms - self.wall_base_ms).saturating_mul(self.speed_milli) / 1000
    }
}

/// RFC 3339 in UTC with whole seconds, as the controller writes times.
pub(crate) fn rfc3339(unix_ms: i64) -> String {
    date(unix_ms).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Returns the form of an HTTP `Date` header.
pub(crate) fn http_date(unix_ms: i64) -> String {
    date(unix_ms).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn date(unix_ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(unix_ms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: WallClock = WallClock::Fixed { unix_ms: 1_739_361_600_000 };

    #[test]
    fn advancing_moves_both_clocks_and_an_offset_only_the_controllers() {
        let clock = Clock::new(NOON, 60_000);
        clock.advance(900_000);
        clock.set_offset(-3_600_000);
        let now = clock.now();
        assert_eq!(now.cars_ms, 900_000);
        assert_eq!(rfc3339(now.controller_ms), "2025-02-12T11:00:00Z");
        assert_eq!(rfc3339(now.wall_ms), "2025-02-12T12:00:00Z");
    }

    #[test]
    fn a_sample_keeps_its_time_when_it_is_read_later() {
        let hands = Hands { offset_ms: 0, cars_base_ms: 0, wall_base_ms: 0, speed_milli: 60_000 };
        let at = |wall_ms| Moment {
            wall_ms,
            controller_ms: wall_ms,
            cars_ms: hands.cars_at(wall_ms),
            speed_milli: 60_000,
            cars_base_ms: 0,
            controller_base_ms: 0,
        };
        assert_eq!(at(5_000).controller_at(240_000), 4_000);
        assert_eq!(at(9_000).controller_at(240_000), 4_000);
    }

    #[test]
    fn an_http_date_has_the_form_of_the_header() {
        assert_eq!(http_date(1_739_361_600_000), "Wed, 12 Feb 2025 12:00:00 GMT");
    }
}
