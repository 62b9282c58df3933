//! Growing pauses after failures.

use std::time::Duration;

/// A pause that doubles with each failure, by uptime.
#[derive(Clone, Debug)]
pub(crate) struct BackOff {
    first: Duration,
    longest: Duration,
    failures: u32,
    until: Duration,
}

impl BackOff {
    /// Creates one with its first and its longest pause.
    pub(crate) const fn new((first, longest): (Duration, Duration)) -> Self {
        Self { first, longest, failures: 0, until: Duration::ZERO }
    }

    /// Begins the next pause.
    pub(crate) fn fail(&mut self, now: Duration) {
        let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.failures = self.failures.saturating_add(1);
        self.until = now + self.first.saturating_mul(factor).min(self.longest);
    }

    /// Ends all pauses.
    pub(crate) const fn reset(&mut self) {
        self.failures = 0;
        self.until = Duration::ZERO;
    }

    /// Returns the failures in a row.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns whether the pause is over.
    pub(crate) fn is_over(&self, now: Duration) -> bool {
        now >= self.until
    }

    /// Returns the end of the pause.
    pub(crate) const fn until(&self) -> Duration {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let secs = Duration::from_secs;
        let mut back_off = BackOff::new((secs(5), secs(60)));
        let pauses = [5, 10, 20, 40, 60, 60].map(|pause| {
            back_off.fail(secs(100));
            back_off.until() == secs(100 + pause)
        });
        assert_eq!(pauses, [true; 6]);
        assert!(!back_off.is_over(secs(159)) && back_off.is_over(secs(160)));
        back_off.reset();
        assert!(back_off.is_over(secs(0)));
    }
}
