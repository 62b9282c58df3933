//! How long sessions live: spans of uptime, whatever the wall clock shows meanwhile.

use std::collections::HashMap;

use parking_lot::Mutex;
use riser_domain::{ClockReading, Uptime};
use riser_store::{LoginSession, TokenHash};

use super::{IDLE_TIMEOUT, LAST_SEEN_INTERVAL, MAX_LIFETIME};

/// The sessions that this process has seen.
#[derive(Debug, Default)]
pub(super) struct Lifetimes {
    known: Mutex<HashMap<TokenHash, Lifetime>>,
}

#[derive(Clone, Copy, Debug)]
struct Lifetime {
    /// The end even if the session is in use.
    ends: Uptime,
    /// The end without a request.
    idle_ends: Uptime,
    /// When the last request was stored.
    stored: Uptime,
}

impl Lifetimes {
    /// Begins the life of a new session.
    pub(super) fn begin(&self, token: TokenHash, now: Uptime) {
        let mut known = self.known.lock();
        known.retain(|_, lifetime| lifetime.is_alive(now));
        known.insert(
            token,
            Lifetime { ends: now.plus(MAX_LIFETIME), idle_ends: now.plus(IDLE_TIMEOUT), stored: now },
        );
    }

    /// Returns whether a stored session lives. One of an earlier process lives as long as the wall clock allows, and
    /// not longer than a new one.
    pub(super) fn is_alive(&self, token: &TokenHash, session: &LoginSession, now: ClockReading) -> bool {
        let mut known = self.known.lock();
        let lifetime = *known.entry(*token).or_insert_with(|| Lifetime::of_stored(session, now));
        if !lifetime.is_alive(now.uptime) {
            known.remove(token);
        }
        lifetime.is_alive(now.uptime)
    }

    /// Notes a request of a session. Returns whether it should be stored.
    pub(super) fn note_request(&self, token: &TokenHash, now: Uptime) -> bool {
        let mut known = self.known.lock();
        let Some(lifetime) = known.get_mut(token) else { return false };
        lifetime.idle_ends = now.plus(IDLE_TIMEOUT);
        let is_stored = now.since(lifetime.stored) >= LAST_SEEN_INTERVAL;
        if is_stored {
            lifetime.stored = now;
        }
        is_stored
    }

    /// Returns the sessions that live.
    pub(super) fn alive(&self, now: Uptime) -> Vec<TokenHash> {
        let known = self.known.lock();
        known.iter().filter(|(_, lifetime)| lifetime.is_alive(now)).map(|(token, _)| *token).collect()
    }
}

impl Lifetime {
    fn of_stored(session: &LoginSession, now: ClockReading) -> Self {
        let left = session.expires_at.since(now.wall).min(MAX_LIFETIME);
        let idle_left = IDLE_TIMEOUT.saturating_sub(now.wall.since(session.last_seen_at));
        let stored = if idle_left + LAST_SEEN_INTERVAL <= IDLE_TIMEOUT {
            // Its last request is long enough ago that the next one is stored.
            Uptime::START
        } else {
            now.uptime
        };
        Self { ends: now.uptime.plus(left), idle_ends: now.uptime.plus(idle_left), stored }
    }

    fn is_alive(&self, now: Uptime) -> bool {
        now < self.ends && now < self.idle_ends
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use riser_domain::{Role, Timestamp};
    use riser_store::{User, UserId};

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_780_000_000_000);
    const TOKEN: TokenHash = [7; 32];

    /// Returns for how long a session of an earlier process lives, unused and in use.
    fn lives(last_seen_at: Timestamp, expires_at: Timestamp) -> (Duration, Duration) {
        let user = User {
            id: UserId(1),
            name: "anna".to_owned(),
            role: Role::Admin,
            password_hash: String::new(),
            signed_in_at: None,
        };
        let session = LoginSession { user, csrf_token: String::new(), last_seen_at, expires_at };
        let now = ClockReading { wall: NOW, uptime: Uptime::START };
        let lifetime = Lifetime::of_stored(&session, now);
        (lifetime.idle_ends.since(Uptime::START), lifetime.ends.since(Uptime::START))
    }

    #[test]
    fn a_session_of_an_earlier_process_never_lives_longer_than_a_new_one() {
        let (minute, hour, year) =
            (Duration::from_mins(1), Duration::from_hours(1), Duration::from_hours(24 * 365));
        assert_eq!(lives(NOW.minus(10 * minute), NOW.plus(2 * hour)), (20 * minute, 2 * hour));
        assert_eq!(lives(NOW.plus(year), NOW.plus(year)), (IDLE_TIMEOUT, MAX_LIFETIME));
        assert_eq!(lives(NOW.minus(year), NOW.minus(year)), (Duration::ZERO, Duration::ZERO));
    }

    #[test]
    fn a_session_lives_on_while_it_is_used_and_its_requests_are_stored_once_a_minute() {
        let lifetimes = Lifetimes::default();
        let at = |minutes| Uptime::from_start(Duration::from_mins(minutes));
        lifetimes.begin(TOKEN, at(0));
        let stored = (0..60).filter(|minute| lifetimes.note_request(&TOKEN, at(*minute))).count();
        assert_eq!(stored, 59);
        assert_eq!(lifetimes.alive(at(88)), [TOKEN]);
        assert!(lifetimes.alive(at(89)).is_empty());
    }
}
