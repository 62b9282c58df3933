//! Slows a worker that takes more than its share of the host's time, such as one that floods its log.

use std::time::Duration;

use tokio::time::Instant;

/// Part of the time that the host spends on one worker: a fifth of one processor.
const SHARE: u32 = 5;
/// Time of the host that a worker can use at once after a quiet time.
const BURST: Duration = Duration::from_millis(500);
/// A shorter pause costs more than it saves.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// The time of the host that one worker has used.
#[derive(Debug)]
pub(super) struct Throttle {
    spare: Duration,
    /// Time used beyond the share, not yet paused for.
    owed: Duration,
    charged_at: Instant,
    paused_until: Instant,
}

impl Throttle {
    pub(super) const fn new(now: Instant) -> Self {
        Self { spare: BURST, owed: Duration::ZERO, charged_at: now, paused_until: now }
    }

    /// Charges the time from `began` to `now` that the host spent on a message of the worker.
    pub(super) fn charge(&mut self, began: Instant, now: Instant) {
        let refilled = now.saturating_duration_since(self.charged_at) / SHARE;
        self.charged_at = self.charged_at.max(now);
        self.spare = (self.spare + refilled).min(BURST);
        let used = now.saturating_duration_since(began);
        let paid = self.spare.min(used);
        self.spare = self.spare.saturating_sub(paid);
        self.owed += used.saturating_sub(paid);
        let pause = self.owed * (SHARE - 1);
        if pause >= SHORTEST_PAUSE {
            self.owed = Duration::ZERO;
            self.paused_until = now + pause;
            // The pause covers the excess and refills nothing.
            self.charged_at = self.paused_until;
        }
    }

    /// Returns when the next message of the worker may be taken.
    pub(super) const fn paused_until(&self) -> Instant {
        self.paused_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: Duration = Duration::from_millis(1);

    /// Sends messages without a break for a second. Returns how many the host took.
    fn messages_in_a_second(throttle: &mut Throttle, mut now: Instant) -> u32 {
        let end = now + Duration::from_secs(1);
        let mut messages = 0;
        while now < end {
            let began = now.max(throttle.paused_until());
            now = began + MESSAGE;
            throttle.charge(began, now);
            messages += 1;
        }
        messages
    }

    #[test]
    fn a_flood_takes_a_fifth_of_the_time_after_its_burst() {
        let now = Instant::now();
        let mut throttle = Throttle::new(now);
        let first = messages_in_a_second(&mut throttle, now);
        let second = messages_in_a_second(&mut throttle, now + Duration::from_secs(1));
        assert!((600..=750).contains(&first), "{first}");
        assert!((180..=260).contains(&second), "{second}");
    }

    #[test]
    fn a_worker_within_its_share_is_never_paused() {
        let start = Instant::now();
        let mut throttle = Throttle::new(start);
        for second in 0..100 {
            let began = start + Duration::from_secs(second);
            throttle.charge(began, began + 100 * MESSAGE);
            assert!(throttle.paused_until() <= began);
        }
    }
}
