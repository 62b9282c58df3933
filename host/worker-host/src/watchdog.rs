//! When the host ends a worker, and why.

use std::time::{Duration, Instant};

use super::exit_reason::ExitReason;
use super::limits::WorkerLimits;

/// Time to leave once the outcome is sent or the socket is closed.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// The last contact with a worker, and its deadlines.
#[derive(Debug)]
pub(crate) struct Watchdog {
    limits: WorkerLimits,
    started: Instant,
    last_contact: Instant,
    alive: Instant,
    signs_of_life: u64,
    is_inside_a_call: bool,
    asked_to_stop: Option<Instant>,
    leaving: Option<Instant>,
}

impl Watchdog {
    pub(crate) const fn new(limits: WorkerLimits, now: Instant) -> Self {
        Self {
            limits,
            started: now,
            last_contact: now,
            alive: now,
            signs_of_life: 0,
            is_inside_a_call: true,
            asked_to_stop: None,
            leaving: None,
        }
    }

    /// Something arrived, or could not arrive because the host was busy.
    pub(crate) fn contact(&mut self, now: Instant) {
        self.last_contact = now;
    }

    /// A heartbeat came: what it says of the plugin.
    pub(crate) fn heartbeat(&mut self, now: Instant, signs_of_life: u64, is_inside_a_call: bool) {
        if is_inside_a_call || self.is_inside_a_call || signs_of_life != self.signs_of_life {
            self.alive = now;
        }
        self.signs_of_life = signs_of_life;
        self.is_inside_a_call = is_inside_a_call;
    }

    /// It was asked to stop: its grace begins with the first time.
    pub(crate) fn asked_to_stop(&mut self, now: Instant) {
        self.asked_to_stop.get_or_insert(now);
    }

    /// It sent its outcome or closed its socket.
    pub(crate) fn leaving(&mut self, now: Instant) {
        self.leaving.get_or_insert(now);
    }

    /// The moment at which the worker is ended unless something comes before, and for which reason.
    pub(crate) fn deadline(&self) -> (Instant, ExitReason) {
        let WorkerLimits { heartbeat_within, sign_of_life_within, stop_grace, time_limit, .. } = self.limits;
        let stop = self
            .asked_to_stop
            .map(|since| (since + stop_grace, ExitReason::NotStopped { grace: stop_grace }));
        let leave = self.leaving.map(|since| (since + STOP_TIMEOUT, ExitReason::Disconnected));
        let time = time_limit.map(|limit| (self.started + limit, ExitReason::TimeLimit { limit }));
        let life = sign_of_life_within
            .filter(|_| !self.is_inside_a_call)
            .map(|within| (self.alive + within, ExitReason::NoSignOfLife { within }));
        let heartbeat =
            (self.last_contact + heartbeat_within, ExitReason::NoHeartbeat { within: heartbeat_within });
        [stop, leave, time, life]
            .into_iter()
            .flatten()
            .fold(heartbeat, |earliest, other| if other.0 < earliest.0 { other } else { earliest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The reason that comes first, and after how many seconds from now.
    fn next(watchdog: &Watchdog, now: Instant) -> (u64, String) {
        let (at, reason) = watchdog.deadline();
        ((at - now).as_secs(), reason.to_string())
    }

    #[test]
    fn silence_ends_it_after_ten_seconds_without_a_heartbeat() {
        let mut now = Instant::now();
        let mut watchdog = Watchdog::new(WorkerLimits::default(), now);
        now += 4 * SECOND;
        assert_eq!(next(&watchdog, now), (6, "no heartbeat for 10 s".to_owned()));
        watchdog.contact(now);
        assert_eq!(next(&watchdog, now), (10, "no heartbeat for 10 s".to_owned()));
    }

    #[test]
    fn a_plugin_that_neither_calls_nor_waits_is_ended_though_its_process_is_well() {
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
    fn the_grace_begins_when_it_is_first_asked_to_stop() {
        let mut now = Instant::now();
        let mut watchdog = Watchdog::new(WorkerLimits::default(), now);
        watchdog.asked_to_stop(now);
        now += 6 * SECOND;
        watchdog.contact(now);
        watchdog.asked_to_stop(now);
        assert_eq!(next(&watchdog, now), (4, "did not stop within 10 s of being asked".to_owned()));
    }

    #[test]
    fn a_time_limit_ends_it_however_lively_it_is() {
        let limits = WorkerLimits { time_limit: Some(90 * SECOND), ..WorkerLimits::default() };
        let mut now = Instant::now();
        let mut watchdog = Watchdog::new(limits, now);
        now += 85 * SECOND;
        watchdog.contact(now);
        watchdog.heartbeat(now, 1000, true);
        assert_eq!(next(&watchdog, now), (5, "took longer than 90 s".to_owned()));
    }
}
