//! The connection limiter: state that all workers of one connection share, kept outside any worker.
//!
//! One login and two requests are allowed at a time. Refused credentials are not tried again for a
//! while, by any worker. A remote system that fails repeatedly gets a pause.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use riser_domain::{Clock, ClockReading, ConnectionId, Timestamp, Uptime};
use riser_worker_protocol::messages::{ActionResult, LimitedAction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::changes::{Change, Changes};
use crate::status::LinkState;

/// Concurrent requests to one remote system: an EVCE controller is a small machine.
const REQUESTS_AT_ONCE: usize = 2;
/// Time between two logins with refused credentials; slower than every known lock-out rule.
const REFUSED_PAUSE: Duration = Duration::from_mins(5);
/// Failures in a row that open the breaker.
const FAILURES_TO_OPEN: u32 = 5;
/// Time for which an open breaker blocks all requests.
const BREAKER_PAUSE: Duration = Duration::from_secs(30);
/// Longest pause that a remote system may request.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// Why a limiter is closed.
const ASKED_FOR_PAUSE: &str = "it asked for a pause";
const FAILED_AGAIN: &str = "it failed five times in a row";

/// The limiters of all connections.
#[derive(Debug)]
pub(crate) struct ConnectionLimiters {
    clock: Arc<dyn Clock>,
    changes: Changes,
    by_connection: Mutex<HashMap<ConnectionId, Arc<ConnectionLimiter>>>,
}

/// The limiter of one connection.
#[derive(Debug)]
pub(crate) struct ConnectionLimiter {
    clock: Arc<dyn Clock>,
    changes: Changes,
    logins: Arc<Semaphore>,
    requests: Arc<Semaphore>,
    state: Mutex<LimiterState>,
}

#[derive(Debug, Default)]
struct LimiterState {
    /// The version of the last refused secret, and the time of the next attempt.
    refused: Option<(i64, Uptime)>,
    failures_in_a_row: u32,
    closed_until: Option<(Uptime, &'static str)>,
    last_good: Option<ClockReading>,
    /// How long the last request took that got a response.
    response_time: Option<Duration>,
}

/// A slot that a worker holds. Dropping it frees the slot.
#[derive(Debug)]
pub(crate) struct Permit {
    _permit: OwnedSemaphorePermit,
    since: Uptime,
}

/// The limiter is closed for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    /// By the wall clock as it is set now.
    pub(crate) until: Timestamp,
    pub(crate) reason: String,
}

impl ConnectionLimiters {
    pub(crate) fn new(clock: Arc<dyn Clock>, changes: Changes) -> Self {
        Self { clock, changes, by_connection: Mutex::default() }
    }

    pub(crate) fn of(&self, connection: ConnectionId) -> Arc<ConnectionLimiter> {
        let mut limiters = self.by_connection.lock();
        Arc::clone(limiters.entry(connection).or_insert_with(|| {
            Arc::new(ConnectionLimiter {
                clock: Arc::clone(&self.clock),
                changes: self.changes.clone(),
                logins: Arc::new(Semaphore::new(1)),
                requests: Arc::new(Semaphore::new(REQUESTS_AT_ONCE)),
                state: Mutex::default(),
            })
        }))
    }
}

impl ConnectionLimiters {
    /// Forgets refusals and failures of a connection whose address or secrets changed. Requests on their way
    /// keep their slots.
    pub(crate) fn forget(&self, connection: ConnectionId) {
        let limiters = self.by_connection.lock();
        if let Some(limiter) = limiters.get(&connection) {
            *limiter.state.lock() = LimiterState::default();
        }
    }

    /// Removes the limiter of a connection that was removed.
    pub(crate) fn remove(&self, connection: ConnectionId) {
        self.by_connection.lock().remove(&connection);
    }
}

impl ConnectionLimiter {
    /// Waits for a free slot, then checks whether the limiter is open.
    pub(crate) async fn acquire(
        &self,
        purpose: LimitedAction,
        secret_version: i64,
    ) -> Result<Permit, Denied> {
        self.look(purpose, secret_version)?;
        let slots = match purpose {
            LimitedAction::Login => &self.logins,
            LimitedAction::Request => &self.requests,
        };
        let permit =
            Arc::clone(slots).acquire_owned().await.expect("the limiter's semaphores are never closed");
        // The previous login may have been refused during the wait.
        self.look(purpose, secret_version)?;
        Ok(Permit { _permit: permit, since: self.clock.uptime() })
    }

    fn look(&self, purpose: LimitedAction, secret_version: i64) -> Result<(), Denied> {
        let now = self.clock.uptime();
        let denied = |until, reason: &str| {
            Err(Denied { until: self.clock.wall_time_at(until), reason: reason.to_owned() })
        };
        let state = self.state.lock();
        if purpose == LimitedAction::Login
            && let Some((version, until)) = state.refused
            && version == secret_version
            && now < until
        {
            return denied(until, "login and password were refused");
        }
        match state.closed_until {
            Some((until, reason)) if now < until => denied(until, reason),
            _ => Ok(()),
        }
    }

    /// Records the outcome of a login or a request.
    pub(crate) fn report(&self, purpose: LimitedAction, result: &ActionResult, secret_version: i64) {
        let reading = self.clock.read();
        let now = reading.uptime;
        let mut state = self.state.lock();
        let before = state.link(now);
        match result {
            ActionResult::Done => {
                state.failures_in_a_row = 0;
                // One of two concurrent requests may have been asked to pause. The pause stays.
                state.closed_until.take_if(|(_, reason)| *reason != ASKED_FOR_PAUSE);
                state.last_good = Some(reading);
                if purpose == LimitedAction::Login {
                    state.refused = None;
                }
            }
            ActionResult::CredentialsRefused => {
                state.failures_in_a_row = 0;
                state.refused = Some((secret_version, now.plus(REFUSED_PAUSE)));
            }
            ActionResult::Failed => {
                state.failures_in_a_row += 1;
                if state.failures_in_a_row >= FAILURES_TO_OPEN {
                    state.close(now.plus(BREAKER_PAUSE), FAILED_AGAIN);
                }
            }
            ActionResult::Throttled { pause_ms } => {
                let pause = Duration::from_millis(*pause_ms).min(LONGEST_PAUSE);
                state.close(now.plus(pause), ASKED_FOR_PAUSE);
            }
        }
        let after = state.link(now);
        drop(state);
        if before != after {
            self.changes.send(Change::Connections);
        }
    }

    /// Records how long a request took that got a response.
    pub(crate) fn record_response_time(&self, permit: &Permit) {
        self.state.lock().response_time = Some(self.clock.uptime().since(permit.since));
    }

    /// Returns how long the last request took that got a response.
    pub(crate) fn response_time(&self) -> Option<Duration> {
        self.state.lock().response_time
    }

    /// Returns whether the remote system has responded within this time.
    pub(crate) fn has_responded_within(&self, time: Duration) -> bool {
        let now = self.clock.uptime();
        self.state.lock().last_good.is_some_and(|reading| now.since(reading.uptime) < time)
    }

    /// Returns whether requests wait because the remote system failed or asked for a pause.
    pub(crate) fn is_paused(&self) -> bool {
        let now = self.clock.uptime();
        self.state.lock().closed_until.is_some_and(|(until, _)| now < until)
    }

    /// Returns state, sentence and last good contact, for people.
    pub(crate) fn status(&self) -> (LinkState, String, Option<Timestamp>) {
        let now = self.clock.uptime();
        let state = self.state.lock();
        let (link, sentence) = state.link(now);
        (link, sentence, state.last_good.map(|reading| self.clock.wall_time_of(reading)))
    }
}

impl LimiterState {
    /// Closes the limiter; of two pauses the longer one holds.
    fn close(&mut self, until: Uptime, reason: &'static str) {
        if self.closed_until.is_none_or(|(known, _)| known < until) {
            self.closed_until = Some((until, reason));
        }
    }

    fn link(&self, now: Uptime) -> (LinkState, String) {
        if self.refused.is_some() {
            return (LinkState::Down, "login and password are refused".to_owned());
        }
        if let Some((until, reason)) = self.closed_until
            && now < until
        {
            return (LinkState::Down, format!("not asked for now: {reason}"));
        }
        match (self.failures_in_a_row, self.last_good) {
            (0, None) => (LinkState::NotKnown, "not asked yet".to_owned()),
            (0, Some(_)) => (LinkState::Good, "responding".to_owned()),
            (_, None) => (LinkState::Down, "not responding".to_owned()),
            (1, Some(_)) => (LinkState::Degraded, "missed one request".to_owned()),
            (missed, Some(_)) => (LinkState::Down, format!("missed {missed} requests in a row")),
        }
    }
}

#[cfg(test)]
mod tests {
    use riser_domain::FakeClock;

    use super::*;

    fn limiter() -> (Arc<FakeClock>, Arc<ConnectionLimiter>) {
        let clock = Arc::new(FakeClock::at(Timestamp::from_unix_ms(1_000_000)));
        let limiters = ConnectionLimiters::new(clock.clone(), Changes::new());
        (clock, limiters.of(ConnectionId(1)))
    }

    #[tokio::test]
    async fn three_workers_with_a_wrong_password_try_once_in_five_minutes() {
        let (clock, limiter) = limiter();
        let first = limiter.acquire(LimitedAction::Login, 1).await.unwrap();
        let waiting = tokio::spawn({
            let limiter = Arc::clone(&limiter);
            async move { limiter.acquire(LimitedAction::Login, 1).await }
        });
        tokio::task::yield_now().await;
        limiter.report(LimitedAction::Login, &ActionResult::CredentialsRefused, 1);
        drop(first);
        assert!(waiting.await.unwrap().is_err());
        assert!(limiter.acquire(LimitedAction::Login, 1).await.is_err());
        clock.advance(Duration::from_mins(5));
        assert!(limiter.acquire(LimitedAction::Login, 1).await.is_ok());
    }

    #[tokio::test]
    async fn a_changed_secret_opens_the_limiter() {
        let (_, limiter) = limiter();
        limiter.report(LimitedAction::Login, &ActionResult::CredentialsRefused, 1);
        assert!(limiter.acquire(LimitedAction::Login, 2).await.is_ok());
    }

    #[tokio::test]
    async fn five_failures_in_a_row_open_the_breaker_for_thirty_seconds() {
        let (clock, limiter) = limiter();
        for _ in 0..5 {
            drop(limiter.acquire(LimitedAction::Request, 1).await.unwrap());
            limiter.report(LimitedAction::Request, &ActionResult::Failed, 1);
        }
        assert!(limiter.acquire(LimitedAction::Request, 1).await.is_err());
        clock.advance(Duration::from_secs(30));
        assert!(limiter.acquire(LimitedAction::Request, 1).await.is_ok());
        limiter.report(LimitedAction::Request, &ActionResult::Done, 1);
        assert_eq!(limiter.status().0, LinkState::Good);
    }

    #[tokio::test]
    async fn a_pause_that_was_asked_for_is_kept_whatever_else_comes_back_meanwhile() {
        let (clock, limiter) = limiter();
        let pause = ActionResult::Throttled { pause_ms: 60_000 };
        limiter.report(LimitedAction::Request, &pause, 1);
        limiter.report(LimitedAction::Request, &ActionResult::Done, 1);
        for _ in 0..5 {
            limiter.report(LimitedAction::Request, &ActionResult::Failed, 1);
        }
        clock.advance(Duration::from_secs(59));
        assert!(limiter.acquire(LimitedAction::Request, 1).await.is_err());
        clock.advance(Duration::from_secs(1));
        assert!(limiter.acquire(LimitedAction::Request, 1).await.is_ok());
    }
}
