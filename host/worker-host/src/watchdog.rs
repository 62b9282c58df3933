//! Decides when the host kills a worker, and for which reason.

use std::time::{Duration, Instant};

use super::exit_reason::ExitReason;
use super::limits::WorkerLimits;

/// Time to exit after the outcome is sent or the socket is closed.
const EXIT_TIMEOUT: Duration = Duration::from_secs(2);

/// The last contact with a worker, and its deadlines.
#[derive(Debug)]
pub(crate) struct Watchdog {
    limits: WorkerLimits,
    started: Instant,
    last_contact: Instant,
    last_sign_of_life: Instant,
    signs_of_life: u64,
    is_inside_a_call: bool,
    stop_requested: Option<Instant>,
    exiting: Option<Instant>,
}

impl Watchdog {
    pub(crate) const fn new(limits: WorkerLimits, now: Instant) -> Self {
        Self {
            limits,
            started: now,
            last_contact: now,
            last_sign_of_life: now,
            signs_of_life: 0,
            is_inside_a_call: true,
            stop_requested: None,
            exiting: None,
        }
    }

    /// Records that the worker sent a frame, or that the host was too busy to receive one.
    pub(crate) fn contact(&mut self, now: Instant) {
        self.last_contact = now;
    }

    /// Records the state of the plugin at a heartbeat.
    pub(crate) fn heartbeat(&mut self, now: Instant, signs_of_life: u64, is_inside_a_call: bool) {
        if is_inside_a_call || self.is_inside_a_call || signs_of_life != self.signs_of_life {
            self.last_sign_of_life = now;
        }
        self.signs_of_life = signs_of_life;
        self.is_inside_a_call = is_inside_a_call;
    }

    /// Starts the grace period at the first request to stop.
    pub(crate) fn stop_requested(&mut self, now: Instant) {
        self.stop_requested.get_or_insert(now);
    }

    /// Records that the worker sent its outcome or closed its socket.
    pub(crate) fn exiting(&mut self, now: Instant) {
        self.exiting.get_or_insert(now);
    }

    /// Returns the next deadline and the reason for a kill when it passes.
    pub(crate) fn deadline(&self) -> (Instant, ExitReason) {
        let WorkerLimits { heartbeat_within, sign_of_life_within, stop_grace, time_limit, .. } = self.limits;
        let stop = self
            .stop_requested
            .map(|since| (since + stop_grace, ExitReason::NotStopped { grace: stop_grace }));
        let exit = self.exiting.map(|since| (since + EXIT_TIMEOUT, ExitReason::Disconnected));
        let time = time_limit.map(|limit| (self.started + limit, ExitReason::TimeLimit { limit }));
        let life = sign_of_life_within
            .filter(|_| !self.is_inside_a_call)
            .map(|within| (self.last_sign_of_life + within, ExitReason::NoSignOfLife { within }));
        let heartbeat =
            (self.last_contact + heartbeat_within, ExitReason::NoHeartbeat { within: heartbeat_within });
        [stop, exit, time, life]
            .into_iter()
            .flatten()
            .fold(heartbeat, |earliest, other| if other.0 < earliest.0 { other } else { earliest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Returns the seconds until the next deadline, and its reason.
    fn next(watchdog: &Watchdog, now: Instant) -> (u64, String) {
        let (at, reason) = watchdog.deadline();
        ((at - now).as_secs(), reason.to_string())
    }

    #[test]
    fn a_worker_without_a_heartbeat_is_killed_after_ten_seconds() {
        let mut now = Instant::now();
        let mut watchdog = Watchdog::new(WorkerLimits::default(), now);
        now += 4 * SECOND;
        assert_eq!(next(&watchdog, now), (6, "no heartbeat for 10 s".to_owned()));
        watchdog.contact(now);
        assert_eq!(next(&watchdog, now), (10, "no heartbeat for 10 s".to_owned()));
    }

    #[test]
    fn a_plugin_that_neither_calls_nor_waits_is_killed_despite_heartbeats() {
        let mut now = Instant::now();
        let mut watchdog = Watchdog::new(WorkerLimits::default(), now);
        watchdog.heartbeat(now, 7, false);
        for _ in 0..55 {
            now += SECOND;
            watchdog.contact(now);
            watchdog.heartbeat(now, 7, false);
        }
        assert_eq!(next(&watchdog, now), (5, "no sign of life from the plugin for 1 min".to_owned()));
        watchdog.heartbeat(now, 8, false);
        assert_eq!(next(&watchdog, now).0, 10, "one call is a sign of life");
        watchdog.heartbeat(now, 8, true);
        now += 9 * SECOND;
        assert_eq!(next(&watchdog, now), (1, "no heartbeat for 10 s".to_owned()), "waiting needs none");
    }

    #[test]
    fn the_grace_period_begins_with_the_first_request_to_stop() {
        let mut now = Instant::now();
        let mut watchdog = Watchdog::new(WorkerLimits::default(), now);
        watchdog.stop_requested(now);
        now += 6 * SECOND;
        watchdog.contact(now);
        watchdog.stop_requested(now);
        assert_eq!(next(&watchdog, now), (4, "did not stop within 10 s of being asked".to_owned()));
    }

    #[test]
    fn a_time_limit_kills_an_active_worker() {
        let limits = WorkerLimits { time_limit: Some(90 * SECOND), ..WorkerLimits::default() };
        let mut now = Instant::now();
        let mut watchdog = Watchdog::new(limits, now);
        now += 85 * SECOND;
        watchdog.contact(now);
        watchdog.heartbeat(now, 1000, true);
        assert_eq!(next(&watchdog, now), (5, "took longer than 90 s".to_owned()));
    }
}
