//! The latest requests to an EWS server, its clients, and its requests per minute. All of it is bounded, and a
//! repeated request costs one short lock and no allocation.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use parking_lot::Mutex;
use riser_domain::{AccountId, Clock, ClockReading, Timestamp, Uptime, sanitize_line};

use crate::contract::OperationName;
use crate::fault::Fault;
use crate::source::EwsAccount;

/// Requests kept of logged-in clients.
const REQUESTS: usize = 150;
/// Refused logins kept. They have their own limit, so that a client with a wrong password does not displace the
/// requests of the others.
const REFUSED_LOGINS: usize = 50;
/// Clients kept. The one that was silent longest makes room for a new one.
const CLIENTS: usize = 100;
/// Minutes counted, with the present one.
const MINUTES: usize = 60;
/// Most bytes of a name that a client sent.
const NAME_BYTES: usize = 128;

/// The traffic of one EWS server since its start.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Traffic {
    /// The latest requests, newest first.
    pub requests: Vec<RequestRecord>,
    /// The clients, the one with the latest request first.
    pub clients: Vec<ClientRecord>,
    /// Requests of logged-in clients in each of the last 60 minutes, oldest first. The last minute is incomplete.
    pub requests_per_minute: Vec<u32>,
}

/// A request to an EWS server. Contains no value of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    pub at: Timestamp,
    pub client: IpAddr,
    /// The account; for a refused login the name that the client sent.
    pub account: Arc<str>,
    /// `None` if the request could not be read that far.
    pub operation: Option<&'static str>,
    /// Items that the request names.
    pub items: usize,
    /// From the header of the request to the finished response.
    pub took: Duration,
    pub outcome: RequestOutcome,
}

/// The result of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestOutcome {
    Ok,
    /// So many of its items were refused.
    RefusedItems(usize),
    /// A SOAP fault with this reason, such as `MISSING_ID_LIST`.
    Fault(String),
    /// An HTTP error before the message was read, such as 413.
    HttpError(u16),
    RefusedLogin,
}

/// A client of an EWS server: an address with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRecord {
    pub address: IpAddr,
    pub account: Arc<str>,
    /// The program as it names itself; empty if it does not.
    pub user_agent: Arc<str>,
    pub first_request_at: Timestamp,
    pub last_request_at: Timestamp,
    pub requests: u64,
}

/// The sender of a request, and the moment its header was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller<'a> {
    pub(super) account: &'a EwsAccount,
    pub(super) address: IpAddr,
    pub(super) user_agent: &'a str,
    pub(super) began: ClockReading,
}

/// The recorded facts about a finished request.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestFacts {
    pub(super) operation: Option<OperationName>,
    pub(super) items: usize,
    pub(super) outcome: Outcome,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    Ok,
    RefusedItems(usize),
    Fault(Fault),
    HttpError(StatusCode),
    RefusedLogin,
}

impl RequestFacts {
    /// Returns the facts of a request that ended before its message was read.
    pub(super) const fn http_error(status: StatusCode) -> Self {
        Self { operation: None, items: 0, outcome: Outcome::HttpError(status) }
    }
}

#[derive(Debug, Default)]
pub(super) struct TrafficLog {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    requests: VecDeque<Entry>,
    refused_logins: VecDeque<Entry>,
    clients: HashMap<(AccountId, IpAddr), Client>,
    minutes: MinuteCounts,
}

#[derive(Clone, Debug)]
struct Entry {
    began: ClockReading,
    client: IpAddr,
    account: Arc<str>,
    took: Duration,
    facts: RequestFacts,
}

#[derive(Clone, Debug)]
struct Client {
    account: Arc<str>,
    user_agent_sent: Arc<str>,
    user_agent: Arc<str>,
    first_request: ClockReading,
    last_request: ClockReading,
    requests: u64,
}

impl TrafficLog {
    /// Records a finished request of a logged-in client.
    pub(super) fn record(&self, caller: Caller<'_>, facts: RequestFacts, now: Uptime) {
        let entry = Entry {
            began: caller.began,
            client: caller.address,
            account: Arc::clone(&caller.account.name),
            took: now.since(caller.began.uptime),
            facts,
        };
        let mut kept = self.kept.lock();
        kept.minutes.count(now);
        kept.count_client(caller);
        push(&mut kept.requests, entry, REQUESTS);
    }

    /// Records a login with a wrong name, password, realm or algorithm.
    pub(super) fn record_refused_login(&self, user_name: &str, client: IpAddr, now: ClockReading) {
        let facts = RequestFacts { operation: None, items: 0, outcome: Outcome::RefusedLogin };
        let account = shown_name(user_name);
        let entry = Entry { began: now, client, account, took: Duration::ZERO, facts };
        push(&mut self.kept.lock().refused_logins, entry, REFUSED_LOGINS);
    }

    /// Returns the traffic so far. Times are by the clock as it is set now.
    pub(super) fn snapshot(&self, clock: &dyn Clock) -> Traffic {
        // Requests wait for the lock, so times are computed after it.
        let (mut entries, mut clients, requests_per_minute) = {
            let mut kept = self.kept.lock();
            let newest_first = kept.requests.iter().rev().chain(kept.refused_logins.iter().rev());
            let entries: Vec<Entry> = newest_first.cloned().collect();
            let clients: Vec<(IpAddr, Client)> =
                kept.clients.iter().map(|((_, address), client)| (*address, client.clone())).collect();
            (entries, clients, kept.minutes.last_hour(clock.uptime()))
        };
        entries.sort_by_key(|entry| Reverse(entry.began.uptime));
        clients.sort_by_key(|(_, client)| Reverse(client.last_request.uptime));
        Traffic {
            requests: entries.iter().map(|entry| entry.record(clock)).collect(),
            clients: clients.iter().map(|(address, client)| client.record(*address, clock)).collect(),
            requests_per_minute,
        }
    }
}

/// Adds an entry at the end. Removes the oldest one if there are too many.
fn push(entries: &mut VecDeque<Entry>, entry: Entry, limit: usize) {
    if entries.len() == limit {
        entries.pop_front();
    }
    entries.push_back(entry);
}

/// Returns a text from a client, safe to show and short.
fn shown_name(text: &str) -> Arc<str> {
    let cut = text.floor_char_boundary(NAME_BYTES);
    let mut shown = sanitize_line(&text[..cut]);
    if cut < text.len() {
        shown.push('…');
    }
    shown.into()
}

impl Kept {
    fn count_client(&mut self, caller: Caller<'_>) {
        let key = (caller.account.id, caller.address);
        if let Some(client) = self.clients.get_mut(&key) {
            client.requests += 1;
            client.last_request = caller.began;
            if *client.user_agent_sent != *caller.user_agent {
                client.user_agent_sent = caller.user_agent.into();
                client.user_agent = shown_name(caller.user_agent);
            }
            // An account may have a new name.
            client.account = Arc::clone(&caller.account.name);
            return;
        }
        if self.clients.len() == CLIENTS {
            let silent = self.clients.iter().min_by_key(|(_, client)| client.last_request.uptime);
            if let Some(silent) = silent.map(|(key, _)| *key) {
                self.clients.remove(&silent);
            }
        }
        let client = Client {
            account: Arc::clone(&caller.account.name),
            user_agent_sent: caller.user_agent.into(),
            user_agent: shown_name(caller.user_agent),
            first_request: caller.began,
            last_request: caller.began,
            requests: 1,
        };
        self.clients.insert(key, client);
    }
}

impl Entry {
    fn record(&self, clock: &dyn Clock) -> RequestRecord {
        RequestRecord {
            at: clock.wall_time_of(self.began),
            client: self.client,
            account: Arc::clone(&self.account),
            operation: self.facts.operation.map(OperationName::as_str),
            items: self.facts.items,
            took: self.took,
            outcome: match self.facts.outcome {
                Outcome::Ok => RequestOutcome::Ok,
                Outcome::RefusedItems(count) => RequestOutcome::RefusedItems(count),
                Outcome::Fault(fault) => RequestOutcome::Fault(fault.reason()),
                Outcome::HttpError(status) => RequestOutcome::HttpError(status.as_u16()),
                Outcome::RefusedLogin => RequestOutcome::RefusedLogin,
            },
        }
    }
}

impl Client {
    fn record(&self, address: IpAddr, clock: &dyn Clock) -> ClientRecord {
        ClientRecord {
            address,
            account: Arc::clone(&self.account),
            user_agent: Arc::clone(&self.user_agent),
            first_request_at: clock.wall_time_of(self.first_request),
            last_request_at: clock.wall_time_of(self.last_request),
            requests: self.requests,
        }
    }
}

/// Counts by minute of uptime, in a ring.
#[derive(Debug)]
struct MinuteCounts {
    counts: [u32; MINUTES],
    /// The minute that was counted or read last.
    minute: u64,
}

impl Default for MinuteCounts {
    fn default() -> Self {
        Self { counts: [0; MINUTES], minute: 0 }
    }
}

impl MinuteCounts {
    fn count(&mut self, now: Uptime) {
        self.advance(now);
        let index = index_of(self.minute);
        self.counts[index] = self.counts[index].saturating_add(1);
    }

    /// Returns the counts of the last hour, oldest first.
    fn last_hour(&mut self, now: Uptime) -> Vec<u32> {
        self.advance(now);
        let newest = index_of(self.minute);
        (1..=MINUTES).map(|step| self.counts[(newest + step) % MINUTES]).collect()
    }

    /// Empties the minutes that passed without a request.
    fn advance(&mut self, now: Uptime) {
        let minute = now.as_millis() / 60_000;
        let passed = minute.saturating_sub(self.minute).min(MINUTES as u64);
        for step in 1..=passed {
            self.counts[index_of(minute - passed + step)] = 0;
        }
        self.minute = self.minute.max(minute);
    }
}

fn index_of(minute: u64) -> usize {
    usize::try_from(minute % MINUTES as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use riser_domain::{AccountRights, FakeClock};

    use super::*;
    use crate::contract::FaultName;

    const BMS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
    const OK: RequestFacts =
        RequestFacts { operation: Some(OperationName::GetValues), items: 600, outcome: Outcome::Ok };

    fn account(id: i64, name: &str) -> EwsAccount {
        EwsAccount { id: AccountId(id), name: name.into(), rights: AccountRights::Read }
    }

    struct Server {
        log: TrafficLog,
        clock: FakeClock,
    }

    impl Server {
        fn new() -> Self {
            Self { log: TrafficLog::default(), clock: FakeClock::at(Timestamp::from_unix_ms(1_000_000)) }
        }

        fn record(&self, account: &EwsAccount, address: IpAddr, facts: RequestFacts) {
            let caller = Caller { account, address, user_agent: "EBO 6", began: self.clock.read() };
            self.clock.advance(Duration::from_millis(9));
            self.log.record(caller, facts, self.clock.uptime());
        }

        fn traffic(&self) -> Traffic {
            self.log.snapshot(&self.clock)
        }
    }

    #[test]
    fn requests_are_listed_with_their_outcomes_newest_first() {
        let server = Server::new();
        server.record(&account(1, "bms"), BMS, OK);
        let fault = Fault::of(OperationName::GetItems, FaultName::MissingIdList);
        let failed = RequestFacts {
            operation: Some(OperationName::GetItems),
            items: 0,
            outcome: Outcome::Fault(fault),
        };
        server.record(&account(1, "bms"), BMS, failed);
        server.clock.advance(Duration::from_secs(1));
        let long = format!("a\u{202e}b{}", "x".repeat(1_000));
        server.log.record_refused_login(&long, BMS, server.clock.read());
        let traffic = server.traffic();
        let outcomes: Vec<&RequestOutcome> =
            traffic.requests.iter().map(|request| &request.outcome).collect();
        let fault = RequestOutcome::Fault("MISSING_ID_LIST".to_owned());
        assert_eq!(outcomes, [&RequestOutcome::RefusedLogin, &fault, &RequestOutcome::Ok]);
        assert!(
            traffic.requests[0].account.starts_with("a\\u{202e}b") && traffic.requests[0].account.len() < 200
        );
        let first = &traffic.requests[2];
        assert_eq!((first.operation, first.items), (Some("GetValues"), 600));
        assert_eq!(first.took, Duration::from_millis(9));
        let [client] = &traffic.clients[..] else { panic!("{traffic:?}") };
        assert_eq!((&*client.account, &*client.user_agent, client.requests), ("bms", "EBO 6", 2));
    }

    #[test]
    fn everything_that_is_kept_has_a_limit() {
        let server = Server::new();
        for number in 0..300_u32 {
            server.record(&account(1, "bms"), Ipv4Addr::from(number).into(), OK);
            server.log.record_refused_login("x", BMS, server.clock.read());
        }
        let traffic = server.traffic();
        assert_eq!(traffic.requests.len(), REQUESTS + REFUSED_LOGINS);
        assert_eq!(traffic.clients.len(), CLIENTS);
        assert_eq!(
            traffic.clients[0].address,
            IpAddr::from(Ipv4Addr::from(299)),
            "the silent ones make room"
        );
    }

    #[test]
    fn requests_are_counted_by_minute_for_an_hour() {
        let server = Server::new();
        let minute = Duration::from_mins(1);
        server.record(&account(1, "bms"), BMS, OK);
        server.record(&account(1, "bms"), BMS, OK);
        server.clock.advance(minute * 2);
        server.record(&account(1, "bms"), BMS, OK);
        assert_eq!(server.traffic().requests_per_minute[MINUTES - 4..], [0, 2, 0, 1]);
        server.clock.advance(minute * 58);
        assert_eq!(server.traffic().requests_per_minute[..2], [0, 1], "the first minute is too long ago");
        server.clock.advance(minute * 500);
        assert_eq!(server.traffic().requests_per_minute, [0; MINUTES]);
    }
}
