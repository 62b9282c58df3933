//! The changes that were started, and those that the host acknowledged. Each has a unique number or token.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, ensure};
use reqwest::header::COOKIE;
use serde::Deserialize;
use url::Url;

use super::portal_forms::{RENAMED_CONNECTION, RENAMED_PROCESSOR, person_name, portal_schedule_name};
use super::site::Site;
use super::writers::{SCHEDULES, number_text, schedule_name};
use crate::processes::Host;

/// The largest number of entries that `riser audit` prints.
const MOST_ENTRIES: &str = "10000";

#[derive(Default)]
pub(super) struct Ledger {
    last_number: AtomicU32,
    forms: AtomicUsize,
    started: Mutex<[u32; Client::ALL.len()]>,
    acknowledged: Mutex<Vec<(Client, u32)>>,
    /// Tokens of sessions that the portal's form opened.
    sessions: Mutex<Vec<String>>,
}

/// A client, or a form that it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    Ews,
    PortalSignIn,
    PortalSchedule,
    PortalUser,
    PortalSetPoint,
    PortalProcessor,
    PortalConnection,
    CommandLine,
}

impl Client {
    const ALL: [Self; 8] = [
        Self::Ews,
        Self::PortalSignIn,
        Self::PortalSchedule,
        Self::PortalUser,
        Self::PortalSetPoint,
        Self::PortalProcessor,
        Self::PortalConnection,
        Self::CommandLine,
    ];

    /// The forms that one browser sends in turn.
    const FORMS: [Self; 5] = [
        Self::PortalSchedule,
        Self::PortalUser,
        Self::PortalSetPoint,
        Self::PortalProcessor,
        Self::PortalConnection,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Ews => "EWS SetValues",
            Self::PortalSignIn => "portal form (sign-in)",
            Self::PortalSchedule => "portal form (schedule)",
            Self::PortalUser => "portal form (user)",
            Self::PortalSetPoint => "portal form (set point)",
            Self::PortalProcessor => "portal form (processor)",
            Self::PortalConnection => "portal form (connection)",
            Self::CommandLine => "riser apply",
        }
    }
}

#[derive(Deserialize)]
struct AuditEntry {
    action: String,
    subject: String,
    detail: String,
}

impl Ledger {
    /// Returns a number that no other change has.
    pub(super) fn begin(&self, client: Client) -> u32 {
        lock(&self.started)[client as usize] += 1;
        self.last_number.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Returns the form that is next in turn, over all hosts.
    pub(super) fn next_form(&self) -> Client {
        Client::FORMS[self.forms.fetch_add(1, Ordering::Relaxed) % Client::FORMS.len()]
    }

    pub(super) fn acknowledge(&self, client: Client, number: u32) {
        lock(&self.acknowledged).push((client, number));
    }

    pub(super) fn acknowledge_session(&self, token: String) {
        lock(&self.sessions).push(token);
    }

    /// Returns the token of a session that was acknowledged.
    pub(super) fn any_session(&self) -> Option<String> {
        lock(&self.sessions).last().cloned()
    }

    fn numbers_of(&self, client: Client) -> Vec<u32> {
        lock(&self.acknowledged).iter().filter(|(by, _)| *by == client).map(|(_, number)| *number).collect()
    }

    /// Returns the acknowledged changes that the running host does not have, and the unacknowledged ones of which it
    /// has only a part.
    pub(super) async fn find_lost(&self, site: &Site, host: &Host) -> anyhow::Result<Vec<(Client, String)>> {
        let (data, plugins) = (site.data(), site.plugins());
        let riser = site.riser(&data, &plugins);
        let entries = riser.output(&["audit", "--json", "-n", MOST_ENTRIES]).await?;
        let entries: Vec<AuditEntry> = serde_json::from_str(&entries)?;
        ensure!(entries.len() < 10_000, "the audit trail has more entries than one command prints");
        let written: HashSet<&str> = entries
            .iter()
            .filter(|entry| (&*entry.action, &*entry.subject) == ("set", "set point"))
            .filter_map(|entry| entry.detail.split(' ').next())
            .collect();
        let configuration = riser.output(&["export"]).await?;
        let people = riser.output(&["user", "list"]).await?;
        let has_name = |name: &str| configuration.contains(&format!("name = \"{name}\""));
        let mut lost = Vec::new();
        for (client, number) in lock(&self.acknowledged).iter().copied() {
            let is_there = match client {
                Client::Ews | Client::PortalSetPoint => written.contains(&*number_text(number)),
                Client::PortalSchedule => has_name(&portal_schedule_name(number)),
                Client::PortalUser => people.contains(&format!("{}\t", person_name(number))),
                // Later renames replace earlier ones.
                Client::PortalProcessor => number_in(&configuration, RENAMED_PROCESSOR) >= Some(number),
                Client::PortalConnection => number_in(&configuration, RENAMED_CONNECTION) >= Some(number),
                Client::PortalSignIn | Client::CommandLine => true,
            };
            if !is_there {
                lost.push((client, number.to_string()));
            }
        }
        let acknowledged: HashSet<u32> = self.numbers_of(Client::CommandLine).into_iter().collect();
        for number in 1..=self.last_number.load(Ordering::Relaxed) {
            let parts = SCHEDULES.map(|part| has_name(&schedule_name(number, part)));
            let is_half = parts[0] != parts[1];
            if is_half || (acknowledged.contains(&number) && !parts[0]) {
                lost.push((Client::CommandLine, number.to_string()));
            }
        }

        let http = super::writers::http_client()?;
        // The port is in the cookie's name, and each host has another one.
        let port = Url::parse(host.portal_url())?.port().context("the portal has no port")?;
        let page_of = async |token: &str| {
            http.get(host.portal_url()).header(COOKIE, format!("riser-{port}={token}")).send().await
        };
        let tokens = lock(&self.sessions).clone();
        for token in tokens {
            let page = page_of(&token).await?;
            if !page.status().is_success() {
                lost.push((Client::PortalSignIn, page.status().to_string()));
            }
        }
        ensure!(
            !page_of("none").await?.status().is_success(),
            "the portal shows its pages without a session"
        );
        Ok(lost)
    }

    pub(super) fn has_acknowledged_each(&self) -> bool {
        Client::ALL.iter().all(|client| self.count_acknowledged(*client) > 0)
    }

    fn count_acknowledged(&self, client: Client) -> usize {
        match client {
            Client::PortalSignIn => lock(&self.sessions).len(),
            client => self.numbers_of(client).len(),
        }
    }

    /// Returns the lines of the table.
    pub(super) fn lines(&self, lost: &[(Client, String)]) -> Vec<String> {
        let line = |client: Client| {
            let lost = lost.iter().filter(|(by, _)| *by == client).count();
            let (started, acknowledged) =
                (lock(&self.started)[client as usize], self.count_acknowledged(client));
            format!("{:<24} {started:>8} {acknowledged:>13} {lost:>6}", client.as_str())
        };
        Client::ALL.into_iter().map(line).collect()
    }
}

/// Returns the number behind the name of a renamed object in an exported configuration.
fn number_in(configuration: &str, name: &str) -> Option<u32> {
    let numbers = configuration.lines().filter_map(|line| {
        let rest = line.trim().strip_prefix(&format!("name = \"{name} "))?;
        rest.strip_suffix('"')?.parse().ok()
    });
    numbers.max()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the token of the session cookie in a response.
pub(super) fn session_token(response: &reqwest::Response) -> anyhow::Result<String> {
    let cookie = response.headers().get(reqwest::header::SET_COOKIE).context("the portal sets no cookie")?;
    let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
    let (_, token) = pair.split_once('=').context("the cookie has no value")?;
    Ok(token.to_owned())
}
