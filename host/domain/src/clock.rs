use std::fmt;
use std::time::Duration;

use crate::{Timestamp, Uptime};

/// Largest difference between the two clocks that is not a step: reading both takes time, and the operating system
/// corrects small errors by making the wall clock a little faster or slower.
const STEP_TOLERANCE: Duration = Duration::from_millis(500);

/// Source of time. The process has one; tests use a `FakeClock`.
///
/// Wall time is for people, for schedules, and for everything that is stored. It steps when someone corrects it. Waits,
/// limits and ages of this process are spans of uptime, which never steps.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the wall time.
    fn now(&self) -> Timestamp;

    /// Returns the time since the process started.
    fn uptime(&self) -> Uptime;

    /// Reads both clocks.
    fn read(&self) -> ClockReading {
        ClockReading { wall: self.now(), uptime: self.uptime() }
    }

    /// Returns the wall time of a moment of this process, by the clock as it is set now.
    fn wall_time_of(&self, reading: ClockReading) -> Timestamp {
        match self.read().step_since(reading) {
            None => reading.wall,
            Some(ClockStep::Ahead(by)) => reading.wall.plus(by),
            Some(ClockStep::Back(by)) => reading.wall.minus(by),
        }
    }

    /// Returns the wall time at an uptime, past or future, by the clock as it is set now.
    fn wall_time_at(&self, uptime: Uptime) -> Timestamp {
        let now = self.uptime();
        if uptime < now { self.now().minus(now.since(uptime)) } else { self.now().plus(uptime.since(now)) }
    }
}

/// A moment of this process, by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ClockReading {
    pub wall: Timestamp,
    pub uptime: Uptime,
}

/// A correction of the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockStep {
    Ahead(Duration),
    Back(Duration),
}

impl ClockReading {
    /// Returns the step that the wall clock made since an earlier moment; `None` if both clocks went on together.
    pub fn step_since(self, earlier: Self) -> Option<ClockStep> {
        let expected = earlier.wall.plus(self.uptime.since(earlier.uptime));
        let step = if self.wall >= expected {
            ClockStep::Ahead(self.wall.since(expected))
        } else {
            ClockStep::Back(expected.since(self.wall))
        };
        (step.size() > STEP_TOLERANCE).then_some(step)
    }
}

impl ClockStep {
    /// Returns how far the clock was set.
    pub const fn size(self) -> Duration {
        match self {
            Self::Ahead(by) | Self::Back(by) => by,
        }
    }
}

/// A clock that moves only when a test moves it.
#[cfg(feature = "testing")]
#[derive(Debug, Default)]
pub struct FakeClock {
    reading: std::sync::Mutex<ClockReading>,
}

#[cfg(feature = "testing")]
impl FakeClock {
    /// Returns a clock that shows `start`.
    pub fn at(start: Timestamp) -> Self {
        Self { reading: ClockReading { wall: start, uptime: Uptime::START }.into() }
    }

    /// Lets time pass, by both clocks.
    pub fn advance(&self, by: Duration) {
        self.change(|reading| {
            reading.wall = reading.wall.plus(by);
            reading.uptime = reading.uptime.plus(by);
        });
    }

    /// Sets the wall clock, as a person or a time server does. No time passes.
    pub fn set(&self, wall: Timestamp) {
        self.change(|reading| reading.wall = wall);
    }

    /// Sets the wall clock back. No time passes.
    pub fn set_back(&self, by: Duration) {
        self.change(|reading| reading.wall = reading.wall.minus(by));
    }

    /// Sets the wall clock ahead. No time passes.
    pub fn set_ahead(&self, by: Duration) {
        self.change(|reading| reading.wall = reading.wall.plus(by));
    }

    fn change(&self, change: impl FnOnce(&mut ClockReading)) {
        change(&mut self.reading.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

#[cfg(feature = "testing")]
impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.read().wall
    }

    fn uptime(&self) -> Uptime {
        self.read().uptime
    }

    fn read(&self) -> ClockReading {
        *self.reading.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn a_step_is_the_difference_between_the_clocks() {
        let clock = FakeClock::at(Timestamp::from_unix_ms(1_780_000_000_000));
        let start = clock.read();
        clock.advance(HOUR);
        assert_eq!(clock.read().step_since(start), None);
        clock.set_ahead(Duration::from_millis(400));
        assert_eq!(clock.read().step_since(start), None);
        clock.set_back(HOUR);
        assert_eq!(clock.read().step_since(start), Some(ClockStep::Back(Duration::from_millis(3_599_600))));
        clock.set_ahead(2 * HOUR);
        assert_eq!(clock.read().step_since(start), Some(ClockStep::Ahead(HOUR + Duration::from_millis(400))));
    }

    #[test]
    fn moments_of_the_process_are_shown_by_the_corrected_clock() {
        let clock = FakeClock::at(Timestamp::from_unix_ms(1_780_000_000_000));
        let event = clock.read();
        clock.advance(Duration::from_mins(1));
        assert_eq!(clock.wall_time_of(event), event.wall);
        clock.set_back(HOUR);
        assert_eq!(clock.wall_time_of(event), event.wall.minus(HOUR));
        assert_eq!(clock.wall_time_at(event.uptime), event.wall.minus(HOUR));
        let later = clock.uptime().plus(HOUR);
        assert_eq!(clock.wall_time_at(later), clock.now().plus(HOUR));
    }
}
