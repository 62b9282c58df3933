//! The health of connections as Riser finds it itself, once a minute: whether the remote system accepts connections, and
//! how long its certificate is valid. It never logs in, so it cannot lock an account.

mod probe;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use riser_domain::{Clock, ClockReading, Connection, ConnectionId, Problem, Timestamp, Uptime};
use riser_worker_host::{SettingKind, SettingsSchema};
use serde_json::{Map, Value};

use self::probe::{Remote, connect, read_certificate};
use crate::changes::{Change, Changes};
use crate::configuration::Configurations;
use crate::connection_limiter::ConnectionLimiters;
use crate::libraries::Libraries;
use crate::problems::Problems;
use crate::status::LinkState;

/// A system that has responded within this time is not checked.
const RECENT: Duration = Duration::from_mins(1);
/// Time between two looks at a certificate.
const CERTIFICATE_INTERVAL: Duration = Duration::from_hours(1);
/// A certificate that ends within this time is a problem.
const CERTIFICATE_WARNING: Duration = Duration::from_hours(24 * 30);
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The findings about all connections.
#[derive(Debug)]
pub(crate) struct ConnectionHealth {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) changes: Changes,
    pub(crate) problems: Arc<Problems>,
    pub(crate) configurations: Arc<Configurations>,
    pub(crate) limiters: Arc<ConnectionLimiters>,
    pub(crate) libraries: Arc<Libraries>,
    pub(crate) found: Mutex<HashMap<ConnectionId, Finding>>,
}

/// The newest findings about one connection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    /// The address that was checked. Findings about another one do not count.
    address: String,
    /// Whether the system accepts connections, and when that was checked.
    reachable: Option<(Result<(), String>, ClockReading)>,
    certificate: Option<Certificate>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Certificate {
    expires_at: Timestamp,
    read: Uptime,
}

impl ConnectionHealth {
    /// Checks each connection whose system has not responded within the last minute.
    pub(crate) async fn check(&self) {
        let connections = self.configurations.now().connections.clone();
        self.found.lock().retain(|id, _| connections.iter().any(|connection| connection.id == *id));
        join_all(connections.iter().map(|connection| self.check_one(connection))).await;
        self.update_problems(&connections);
    }

    /// Returns state and sentence of a connection: those of its runs, unless a newer finding contradicts them.
    pub(crate) fn status(&self, connection: &Connection) -> (LinkState, String, Option<Timestamp>) {
        let (state, sentence, last_good_at) = self.limiters.of(connection.id).status();
        let found = self.found.lock();
        let reachable = found.get(&connection.id).and_then(|finding| finding.reachable.as_ref());
        let Some((reachable, checked)) = reachable else { return (state, sentence, last_good_at) };
        let is_newer = last_good_at.is_none_or(|at| at < self.clock.wall_time_of(*checked));
        match (state, reachable) {
            (LinkState::NotKnown, Ok(())) => (state, format!("reachable; {sentence}"), last_good_at),
            (LinkState::NotKnown, Err(why)) => (LinkState::Down, why.clone(), last_good_at),
            (LinkState::Good | LinkState::Degraded, Err(why)) if is_newer => {
                (LinkState::Down, why.clone(), last_good_at)
            }
            _ => (state, sentence, last_good_at),
        }
    }

    /// Returns when the certificate of the remote system ends.
    pub(crate) fn certificate_expires_at(&self, connection: ConnectionId) -> Option<Timestamp> {
        self.found.lock().get(&connection)?.certificate.map(|certificate| certificate.expires_at)
    }

    /// Returns the address of a connection, as its settings have it.
    pub(crate) fn address(&self, connection: &Connection) -> Option<String> {
        let (plugin, _) = connection.kind.rsplit_once('/')?;
        let library = self.libraries.find(plugin)?;
        let described = library.description.connection(&connection.kind)?;
        address_of(&described.settings, &serde_json::from_str(&connection.settings_json).ok()?)
    }

    async fn check_one(&self, connection: &Connection) {
        let Some(address) = self.address(connection) else { return };
        let Some(remote) = Remote::parse(&address) else { return };
        let limiter = self.limiters.of(connection.id);
        let now = self.clock.uptime();
        let before = self.found.lock().get(&connection.id).filter(|it| it.address == address).cloned();
        let mut finding = before.clone().unwrap_or(Finding { address, reachable: None, certificate: None });
        if !limiter.has_responded_within(RECENT) && !limiter.is_paused() {
            let reachable = connect(&remote).await.map(drop);
            finding.reachable = Some((reachable, self.clock.read()));
        }
        let is_due = |certificate: Certificate| now.since(certificate.read) >= CERTIFICATE_INTERVAL;
        if remote.is_tls && finding.certificate.is_none_or(is_due) {
            let expires_at = read_certificate(&remote).await;
            if let Some(expires_at) = expires_at {
                finding.certificate = Some(Certificate { expires_at, read: now });
            }
        }
        let is_as_before = before.as_ref().is_some_and(|before| before.shows_same(&finding));
        self.found.lock().insert(connection.id, finding);
        if !is_as_before {
            self.changes.send(Change::Connections);
        }
    }

    /// Raises a problem for each certificate that ends soon, and ends the others.
    fn update_problems(&self, connections: &[Connection]) {
        let now = self.clock.now();
        for connection in connections {
            let code = format!("certificate-ends-soon {}", connection.name);
            let expires_at = self.certificate_expires_at(connection.id);
            match expires_at.filter(|at| *at < now.plus(CERTIFICATE_WARNING)) {
                Some(at) => {
                    self.problems.raise(None, "Riser", certificate_problem(code, &connection.name, at, now));
                }
                None => self.problems.clear(None, &code),
            }
        }
    }
}

impl Finding {
    /// Returns whether pages show the same.
    fn shows_same(&self, other: &Self) -> bool {
        let outcome = |finding: &Self| finding.reachable.as_ref().map(|(reachable, _)| reachable.clone());
        outcome(self) == outcome(other)
            && self.certificate.map(|it| it.expires_at) == other.certificate.map(|it| it.expires_at)
    }
}

fn certificate_problem(code: String, connection: &str, at: Timestamp, now: Timestamp) -> Problem {
    let days = (at.unix_ms() - now.unix_ms()) / DAY_MS;
    let when = match days {
        _ if at < now => "has ended".to_owned(),
        0 => "ends today".to_owned(),
        1 => "ends in 1 day".to_owned(),
        days => format!("ends in {days} days"),
    };
    Problem {
        code,
        what: format!("the certificate of the system behind the connection {connection:?} {when}"),
        effect: "after its end, Riser refuses to connect unless this certificate is pinned".to_owned(),
        remedy: "renew the certificate on that system, then test the connection".to_owned(),
        setting: None,
    }
}

/// Returns the first address among the settings.
fn address_of(schema: &SettingsSchema, settings: &Map<String, Value>) -> Option<String> {
    let is_address = |kind: &SettingKind| matches!(kind, SettingKind::Address | SettingKind::Host);
    let address = schema.settings.iter().find(|setting| is_address(&setting.kind))?;
    settings.get(&address.key)?.as_str().map(ToOwned::to_owned)
}
