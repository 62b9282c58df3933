//! When a request is tried again: only one that may be repeated, with full jitter, within a budget.

use std::time::Duration;

/// Tries of one request at most.
const TRIES: u32 = 5;
/// The first wait is drawn below this.
const BASE: Duration = Duration::from_millis(500);
/// Longest wait.
const CAP: Duration = Duration::from_mins(1);
/// Budget gain of a successful request: one retry for ten requests.
const EARNED: f64 = 0.1;
/// Retries that can be saved up.
const SAVED_AT_MOST: f64 = 5.0;

/// The retries a client may spend.
#[derive(Debug)]
pub(super) struct Budget {
    retries: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { retries: 1.0 }
    }
}

impl Budget {
    /// A request went well.
    pub(super) fn earn(&mut self) {
        self.retries = (self.retries + EARNED).min(SAVED_AT_MOST);
    }

    /// Returns how long to wait before the next try, after `tried` tries; `None` when there is none. `chance` is in
    /// 0..1.
    pub(super) fn spend(&mut self, tried: u32, chance: f64) -> Option<Duration> {
        if tried >= TRIES || self.retries < 1.0 {
            return None;
        }
        self.retries -= 1.0;
        let ceiling = BASE.saturating_mul(1 << tried.saturating_sub(1).min(16)).min(CAP);
        Some(ceiling.mul_f64(chance.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_requests_that_go_well_pay_for_one_retry() {
        let mut budget = Budget::default();
        assert!(budget.spend(1, 0.5).is_some());
        assert!(budget.spend(1, 0.5).is_none());
        for _ in 0..11 {
            budget.earn();
        }
        assert_eq!(budget.spend(3, 1.0), Some(Duration::from_secs(2)));
        assert!(budget.spend(3, 1.0).is_none());
    }

    #[test]
    fn no_request_is_tried_more_than_five_times() {
        let mut budget = Budget { retries: 5.0 };
        assert!(budget.spend(5, 0.1).is_none());
    }
}
