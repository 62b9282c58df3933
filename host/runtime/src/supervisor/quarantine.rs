//! When a processor is quarantined: its plugin crashed too often in too short a time.

use std::collections::VecDeque;
use std::time::Duration;

use riser_domain::{Problem, Uptime};

/// Crashes that quarantine a processor.
pub(super) const MOST_CRASHES: usize = 5;
/// The time within which they count.
const WITHIN: Duration = Duration::from_mins(10);

/// The code of the problem of a quarantined processor.
pub(super) const QUARANTINED: &str = "quarantined";

/// The latest crashes of one processor.
#[derive(Debug, Default)]
pub(super) struct RecentCrashes {
    at: VecDeque<Uptime>,
}

impl RecentCrashes {
    /// Counts a crash. Returns whether there are too many now.
    pub(super) fn add(&mut self, now: Uptime) -> bool {
        self.at.push_back(now);
        self.at.retain(|at| now.since(*at) < WITHIN);
        self.at.len() >= MOST_CRASHES
    }
}

/// Returns the problem of a quarantined processor.
pub(super) fn problem(processor: &str, reason: &str) -> Problem {
    let minutes = WITHIN.as_secs() / 60;
    Problem {
        code: QUARANTINED.to_owned(),
        what: format!("{processor} crashed {MOST_CRASHES} times in {minutes} min, the last time: {reason}"),
        effect: "it does not run, and its values are not updated, until someone releases it".to_owned(),
        remedy: format!(
            "update its plugin or correct its settings, then release it here or with `riser release {processor:?}`"
        ),
        setting: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_crash_in_ten_minutes_is_too_much() {
        let crashes_every = |seconds: u64| {
            let mut recent = RecentCrashes::default();
            (1..=20).find(|count| recent.add(Uptime::from_start(Duration::from_secs(count * seconds))))
        };
        assert_eq!(crashes_every(1), Some(5));
        assert_eq!(crashes_every(149), Some(5));
        assert_eq!(crashes_every(151), None);
    }
}
