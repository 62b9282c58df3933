//! Slowing down who guesses passwords, without locking anyone out.
//!
//! After each failure the next try is looked at only after a pause that doubles, so that at most ten passwords
//! are looked at per account in ten minutes, from how many addresses ever. An address from which the account
//! has signed in before is counted apart: guessing from elsewhere never keeps its owner out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use riser_domain::Timestamp;

/// Pause after the second failure; it doubles with each one more.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// Failures this old are forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);
/// Names and addresses remembered at once: names come from outside, so their number has an end.
const REMEMBERED: usize = 10_000;

/// Failed tries, and addresses known to be usual.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failures: HashMap<Guesser, Failures>,
    usual: HashMap<(String, IpAddr), Timestamp>,
}

/// Who is counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Guesser {
    account: String,
    /// Set for an address from which the account has signed in before.
    usual_address: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last_at: Timestamp,
}

impl Attempts {
    /// The pause that is left before a password for this account is looked at; zero when it is looked at now.
    pub(super) fn pause_left(&self, account: &str, address: IpAddr, now: Timestamp) -> Duration {
        let Some(failures) = self.failures.get(&self.guesser(account, address)) else {
            return Duration::ZERO;
        };
        pause_after(failures.count).saturating_sub(now.since(failures.last_at))
    }

    /// Counts a try before its password is looked at, so that tries sent at once are not all looked at;
    /// answers the pause that follows if it fails.
    pub(super) fn count_try(&mut self, account: &str, address: IpAddr, now: Timestamp) -> Duration {
        self.forget_old(now);
        let guesser = self.guesser(account, address);
        let failures = self.failures.entry(guesser).or_insert(Failures { count: 0, last_at: now });
        failures.count = failures.count.saturating_add(1);
        failures.last_at = now;
        pause_after(failures.count)
    }

    /// Notes that a try succeeded.
    pub(super) fn succeeded(&mut self, account: &str, address: IpAddr, now: Timestamp) {
        self.failures.remove(&self.guesser(account, address));
        self.usual.insert((account.to_owned(), address), now);
        self.failures.remove(&self.guesser(account, address));
    }

    fn guesser(&self, account: &str, address: IpAddr) -> Guesser {
        let is_usual = self.usual.contains_key(&(account.to_owned(), address));
        Guesser { account: account.to_owned(), usual_address: is_usual.then_some(address) }
    }

    fn forget_old(&mut self, now: Timestamp) {
        if self.failures.len() >= REMEMBERED {
            self.failures.retain(|_, failures| now.since(failures.last_at) < FORGOTTEN_AFTER);
        }
        if self.failures.len() >= REMEMBERED
            && let Some(oldest) = self
                .failures
                .iter()
                .min_by_key(|(_, failures)| failures.last_at)
                .map(|(guesser, _)| guesser.clone())
        {
            self.failures.remove(&oldest);
        }
        if self.usual.len() >= REMEMBERED
            && let Some(oldest) = self.usual.iter().min_by_key(|(_, at)| **at).map(|(usual, _)| usual.clone())
        {
            self.usual.remove(&oldest);
        }
    }
}

fn pause_after(failures: u32) -> Duration {
    match failures {
        0 | 1 => Duration::ZERO,
        _ => FIRST_PAUSE.saturating_mul(1 << (failures - 2).min(20)).min(LONGEST_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    /// Tries each second for ten minutes from one address after the other; answers how many were looked at.
    fn looked_at(attempts: &mut Attempts, account: &str, addresses: &[IpAddr]) -> usize {
        let start = Timestamp::from_unix_ms(1_000_000);
        (0..600)
            .filter(|second| {
                let now = start.plus(Duration::from_secs(*second));
                let address = addresses[usize::try_from(*second).unwrap() % addresses.len()];
                let is_looked_at = attempts.pause_left(account, address, now).is_zero();
                if is_looked_at {
                    attempts.count_try(account, address, now);
                }
                is_looked_at
            })
            .count()
    }

    #[test]
    fn ten_passwords_are_looked_at_in_ten_minutes_from_however_many_addresses() {
        let many: Vec<IpAddr> = (0..200).map(|last| IpAddr::from([198, 51, 100, last])).collect();
        assert_eq!(looked_at(&mut Attempts::default(), "anna", &[THERE]), 10);
        assert_eq!(looked_at(&mut Attempts::default(), "anna", &many), 10);
    }

    #[test]
    fn guessing_from_elsewhere_does_not_keep_the_owner_out() {
        let mut attempts = Attempts::default();
        attempts.succeeded("anna", HERE, Timestamp::from_unix_ms(0));
        looked_at(&mut attempts, "anna", &[THERE]);
        let now = Timestamp::from_unix_ms(1_000_000).plus(Duration::from_mins(10));
        assert_eq!(attempts.pause_left("anna", HERE, now), Duration::ZERO);
        assert!(!attempts.pause_left("anna", THERE, now).is_zero());
    }

    #[test]
    fn a_success_ends_the_pauses() {
        let mut attempts = Attempts::default();
        let now = Timestamp::from_unix_ms(1_000_000);
        for _ in 0..3 {
            attempts.count_try("anna", HERE, now);
        }
        assert_eq!(attempts.pause_left("anna", HERE, now), Duration::from_secs(4));
        attempts.succeeded("anna", HERE, now);
        assert_eq!(attempts.pause_left("anna", HERE, now), Duration::ZERO);
    }

    #[test]
    fn invented_names_do_not_fill_the_memory() {
        let mut attempts = Attempts::default();
        for number in 0..REMEMBERED + 100 {
            attempts.count_try(&number.to_string(), THERE, Timestamp::from_unix_ms(1_000_000));
        }
        assert_eq!(attempts.failures.len(), REMEMBERED);
    }
}
