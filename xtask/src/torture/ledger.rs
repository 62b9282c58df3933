//! The changes that were started, and those that the host acknowledged. Each has a unique number or token.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, ensure};
use reqwest::header::COOKIE;
use serde::Deserialize;
use url::Url;

use super::site::Site;
use super::writers::{SCHEDULES, number_text, schedule_name};
use crate::processes::Host;

/// The largest number of entries that `riser audit` prints.
const MOST_ENTRIES: &str = "10000";

#[derive(Default)]
pub(super) struct Ledger {
    last_number: AtomicU32,
    started: Mutex<[u32; 3]>,
    /// Numbers of set points written over EWS.
    ews: Mutex<Vec<u32>>,
    /// Tokens of sessions that the portal's form opened.
    portal: Mutex<Vec<String>>,
    /// Numbers of schedules applied by the command line.
    command_line: Mutex<Vec<u32>>,
}

/// A client.
#[derive(Clone, Copy, Debug)]
pub(super) enum Client {
    Ews,
    Portal,
    CommandLine,
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

    pub(super) fn acknowledge_write(&self, number: u32) {
        lock(&self.ews).push(number);
    }

    pub(super) fn acknowledge_session(&self, token: String) {
        lock(&self.portal).push(token);
    }

    pub(super) fn acknowledge_schedules(&self, number: u32) {
        lock(&self.command_line).push(number);
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
        let mut lost = Vec::new();
        let writes = lock(&self.ews).clone();
        let is_lost = |number: &u32| !written.contains(&*number_text(*number));
        lost.extend(writes.iter().filter(|number| is_lost(number)).map(|it| (Client::Ews, it.to_string())));

        let configuration = riser.output(&["export"]).await?;
        let exists = |number: u32, part: &str| {
            configuration.contains(&format!("name = \"{}\"", schedule_name(number, part)))
        };
        let acknowledged: HashSet<u32> = lock(&self.command_line).iter().copied().collect();
        for number in 1..=self.last_number.load(Ordering::Relaxed) {
            let parts = SCHEDULES.map(|part| exists(number, part));
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
        let tokens = lock(&self.portal).clone();
        for token in tokens {
            let page = page_of(&token).await?;
            if !page.status().is_success() {
                lost.push((Client::Portal, page.status().to_string()));
            }
        }
        ensure!(
            !page_of("none").await?.status().is_success(),
            "the portal shows its pages without a session"
        );
        Ok(lost)
    }

    pub(super) fn has_acknowledged_each(&self) -> bool {
        self.acknowledged().iter().all(|count| *count > 0)
    }

    fn acknowledged(&self) -> [usize; 3] {
        [lock(&self.ews).len(), lock(&self.portal).len(), lock(&self.command_line).len()]
    }

    /// Returns the lines of the table.
    pub(super) fn lines(&self, lost: &[(Client, String)]) -> [String; 3] {
        let names = ["EWS SetValues", "portal form (sign-in)", "riser apply"];
        std::array::from_fn(|index| {
            let lost = lost.iter().filter(|(client, _)| *client as usize == index).count();
            let (started, acknowledged) = (lock(&self.started)[index], self.acknowledged()[index]);
            format!("{:<24} {started:>8} {acknowledged:>13} {lost:>6}", names[index])
        })
    }
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
