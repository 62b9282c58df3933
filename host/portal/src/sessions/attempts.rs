//! Slows down password guessing without locking anyone out.
//!
//! After each failure a pause follows, and each pause is twice as long as the one before. Within ten minutes at
//! most ten passwords are checked per account, however many addresses they come from. An address from which the
//! account has signed in before is counted separately, so guessing from elsewhere never keeps the owner out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use riser_domain::Uptime;

/// Pause after the second failure. Each further failure doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// Older failures are forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);
/// Names and addresses kept at the same time. Names come from outside, so their number needs a limit.
const REMEMBERED: usize = 10_000;

/// Failed attempts, and the usual addresses of accounts.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failures: HashMap<Guesser, Failures>,
    usual: HashMap<(String, IpAddr), Uptime>,
}

/// Attempts that are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Guesser {
    account: String,
    /// Set if the account has signed in from this address before.
    usual_address: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last_at: Uptime,
}

impl Attempts {
    /// Returns the time left until a password for this account is checked again; zero if it is checked now.
    pub(super) fn pause_left(&self, account: &str, address: IpAddr, now: Uptime) -> Duration {
        let Some(failures) = self.failures.get(&self.guesser(account, address)) else {
            return Duration::ZERO;
        };
        pause_after(failures.count).saturating_sub(now.since(failures.last_at))
    }

    /// Counts an attempt and returns the pause that follows if it fails. Called before the password is checked,
    /// so that attempts sent at the same moment are not all checked.
    pub(super) fn count(&mut self, account: &str, address: IpAddr, now: Uptime) -> Duration {
        self.forget_old(now);
        let guesser = self.guesser(account, address);
        let failures = self.failures.entry(guesser).or_insert(Failures { count: 0, last_at: now });
        failures.count = failures.count.saturating_add(1);
        failures.last_at = now;
        pause_after(failures.count)
    }

    /// Records a successful login.
    pub(super) fn succeeded(&mut self, account: &str, address: IpAddr, now: Uptime) {
        self.failures.remove(&self.guesser(account, address));
        self.usual.insert((account.to_owned(), address), now);
        self.failures.remove(&self.guesser(account, address));
    }

    /// Forgets the failures of an account and an address.
    pub(super) fn forget(&mut self, account: &str, address: IpAddr) {
        self.failures.remove(&self.guesser(account, address));
    }

    fn guesser(&self, account: &str, address: IpAddr) -> Guesser {
        let is_usual = self.usual.contains_key(&(account.to_owned(), address));
        Guesser { account: account.to_owned(), usual_address: is_usual.then_some(address) }
    }

    fn forget_old(&mut self, now: Uptime) {
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

    /// Attempts a login each second for ten minutes, with the addresses in turn. Returns how many were checked.
    fn checked(attempts: &mut Attempts, account: &str, addresses: &[IpAddr]) -> usize {
        let start = Uptime::from_start(Duration::from_secs(1_000));
        (0..600)
            .filter(|second| {
                let now = start.plus(Duration::from_secs(*second));
                let address = addresses[usize::try_from(*second).unwrap() % addresses.len()];
                let is_checked = attempts.pause_left(account, address, now).is_zero();
                if is_checked {
                    attempts.count(account, address, now);
                }
                is_checked
            })
            .count()
    }

    #[test]
    fn ten_passwords_are_checked_in_ten_minutes_from_any_number_of_addresses() {
        let many: Vec<IpAddr> = (0..200).map(|last| IpAddr::from([198, 51, 100, last])).collect();
        assert_eq!(checked(&mut Attempts::default(), "anna", &[THERE]), 10);
        assert_eq!(checked(&mut Attempts::default(), "anna", &many), 10);
    }

    #[test]
    fn guessing_from_elsewhere_does_not_keep_the_owner_out() {
        let mut attempts = Attempts::default();
        attempts.succeeded("anna", HERE, Uptime::START);
        checked(&mut attempts, "anna", &[THERE]);
        let now = Uptime::from_start(Duration::from_secs(1_000)).plus(Duration::from_mins(10));
        assert_eq!(attempts.pause_left("anna", HERE, now), Duration::ZERO);
        assert!(!attempts.pause_left("anna", THERE, now).is_zero());
    }

    #[test]
    fn a_success_ends_the_pauses() {
        let mut attempts = Attempts::default();
        let now = Uptime::from_start(Duration::from_secs(1_000));
        for _ in 0..3 {
            attempts.count("anna", HERE, now);
        }
        assert_eq!(attempts.pause_left("anna", HERE, now), Duration::from_secs(4));
        attempts.succeeded("anna", HERE, now);
        assert_eq!(attempts.pause_left("anna", HERE, now), Duration::ZERO);
    }

    #[test]
    fn invented_names_do_not_fill_the_memory() {
        let mut attempts = Attempts::default();
        for number in 0..REMEMBERED + 100 {
            attempts.count(&number.to_string(), THERE, Uptime::from_start(Duration::from_secs(1_000)));
        }
        assert_eq!(attempts.failures.len(), REMEMBERED);
    }
}
