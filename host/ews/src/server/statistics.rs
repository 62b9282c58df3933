use std::collections::HashMap;
use std::net::IpAddr;

use parking_lot::Mutex;
use riser_domain::{AccountId, Clock, ClockReading, Timestamp};

use crate::source::EwsAccount;

/// Requests to one EWS server since its start.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct EndpointStatistics {
    /// Requests of logged-in clients.
    pub requests: u64,
    pub last_request_at: Option<Timestamp>,
    pub last_client: Option<IpAddr>,
    /// Failed logins since the last successful one.
    pub refused_logins: u64,
    /// By name.
    pub accounts: Vec<AccountStatistics>,
}

/// Requests of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountStatistics {
    pub id: AccountId,
    pub name: String,
    pub requests: u64,
    pub last_request_at: Timestamp,
    pub last_client: IpAddr,
}

#[derive(Debug, Default)]
pub(super) struct RequestCounter {
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    accounts: HashMap<AccountId, CountedAccount>,
    refused_logins: u64,
}

#[derive(Debug)]
struct CountedAccount {
    name: String,
    requests: u64,
    last_request: ClockReading,
    last_client: IpAddr,
}

impl RequestCounter {
    pub(super) fn count(&self, account: &EwsAccount, client: IpAddr, now: ClockReading) {
        let mut counted = self.counted.lock();
        counted.refused_logins = 0;
        let account = counted.accounts.entry(account.id).or_insert_with(|| CountedAccount {
            name: account.name.to_string(),
            requests: 0,
            last_request: now,
            last_client: client,
        });
        account.requests += 1;
        account.last_request = now;
        account.last_client = client;
    }

    /// Counts a failed login. Returns the number of consecutive failures.
    pub(super) fn count_refused(&self) -> u64 {
        let mut counted = self.counted.lock();
        counted.refused_logins += 1;
        counted.refused_logins
    }

    /// Returns the counts. Times are by the clock as it is set now.
    pub(super) fn snapshot(&self, clock: &dyn Clock) -> EndpointStatistics {
        let counted = self.counted.lock();
        let last = counted.accounts.values().max_by_key(|account| account.last_request.uptime);
        let mut accounts: Vec<AccountStatistics> = counted
            .accounts
            .iter()
            .map(|(id, account)| AccountStatistics {
                id: *id,
                name: account.name.clone(),
                requests: account.requests,
                last_request_at: clock.wall_time_of(account.last_request),
                last_client: account.last_client,
            })
            .collect();
        accounts.sort_by(|one, other| one.name.cmp(&other.name));
        EndpointStatistics {
            requests: accounts.iter().map(|account| account.requests).sum(),
            last_request_at: last.map(|account| clock.wall_time_of(account.last_request)),
            last_client: last.map(|account| account.last_client),
            refused_logins: counted.refused_logins,
            accounts,
        }
    }
}
