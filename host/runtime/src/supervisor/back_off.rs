//! Back-off of runs that ended early: 1 s, then twice as long each time, a minute at most.

use std::time::Duration;

/// A run that lasted this long works. The count restarts.
const PROVEN_AFTER: Duration = Duration::from_mins(1);
/// Longest time between two attempts.
const LONGEST: Duration = Duration::from_mins(1);

/// Counts the attempts of one processor configuration.
#[derive(Debug, Default)]
pub(crate) struct BackOff {
    attempts: u32,
}

impl BackOff {
    /// Counts a run that ended early. Returns the wait and the number of the next attempt.
    pub(crate) fn after(&mut self, lasted: Duration) -> (Duration, u32) {
        if lasted >= PROVEN_AFTER {
            self.attempts = 0;
        }
        let wait = Duration::from_secs(1 << self.attempts.min(6)).min(LONGEST);
        self.attempts += 1;
        (wait, self.attempts + 1)
    }

    /// Forgets the attempts: a run ended well, or a person starts it.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_to_a_minute_and_starts_anew_after_a_run_that_held() {
        let mut back_off = BackOff::default();
        let waits: Vec<u64> = (0..8).map(|_| back_off.after(Duration::from_secs(2)).0.as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(back_off.after(Duration::from_mins(5)), (Duration::from_secs(1), 2));
    }
}
