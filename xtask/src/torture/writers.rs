//! Clients that change things until the host is gone: a BMS, two browsers and the command line.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::header::{CONTENT_TYPE, ORIGIN};
use reqwest::redirect::Policy;
use riser_ews::client::{ClientOptions, EwsClient};
use tokio::task::JoinHandle;

use super::ledger::{Client, Ledger, session_token};
use super::portal_forms::send_forms_often;
use super::site::Site;
use crate::processes::{Host, Login, Riser};

/// A set point of each zone that takes any number from 0 to 100.
const SET_POINT: &str = "ZoneReduction";
/// Time between two writes.
pub(super) const PAUSE: Duration = Duration::from_millis(30);
/// Limit of a request, and of the wait for its end after a kill.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// The two schedules of each file that is applied: both are there, or none.
pub(super) const SCHEDULES: [&str; 2] = ["A", "B"];

/// The clients of one host.
pub(super) struct Writers {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<anyhow::Result<()>>>,
}

pub(super) struct Shared {
    is_stopping: AtomicBool,
    applies_started: AtomicU32,
    pub(super) ledger: Arc<Ledger>,
}

impl Shared {
    /// Returns whether no new request may begin.
    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }
}

impl Writers {
    pub(super) async fn start(site: &Site, host: &Host, ledger: &Arc<Ledger>) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            is_stopping: AtomicBool::new(false),
            applies_started: AtomicU32::new(0),
            ledger: Arc::clone(ledger),
        });
        let bms = Arc::new(EwsClient::new(ClientOptions {
            url: host.ews_url().context("Riser serves no EWS server")?.parse()?,
            user_name: site.logins.bms.user.to_owned(),
            password: site.logins.bms.password.clone().into(),
            time_limit: REQUEST_TIMEOUT,
        })?);
        let portal_url = host.portal_url().to_owned();
        let admin = || Login { user: site.logins.admin.user, password: site.logins.admin.password.clone() };
        let (program, data, plugins) = site.paths();
        let tasks = vec![
            tokio::task::spawn(write_set_points(Arc::clone(&shared), Arc::clone(&bms))),
            tokio::task::spawn(sign_in_often(Arc::clone(&shared), portal_url.clone(), admin())),
            tokio::task::spawn(send_forms_often(Arc::clone(&shared), portal_url, admin(), bms)),
            tokio::task::spawn({
                let shared = Arc::clone(&shared);
                async move {
                    apply_often(&shared, Riser { program: &program, data: &data, plugins: &plugins }).await
                }
            }),
        ];
        // Each has begun before the host may be killed.
        tokio::task::yield_now().await;
        Ok(Self { shared, tasks })
    }

    pub(super) fn applies_started(&self) -> u32 {
        self.shared.applies_started.load(Ordering::Relaxed)
    }

    /// Waits until no client has an open request.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.shared.is_stopping.store(true, Ordering::Relaxed);
        for task in self.tasks {
            tokio::time::timeout(REQUEST_TIMEOUT, task).await.context("a client does not end")???;
        }
        Ok(())
    }
}

/// Returns the number as a value of a set point.
pub(super) fn number_text(number: u32) -> String {
    // The last digit is not zero, so the host writes the same text.
    format!("{}.{:05}1", number / 100_000, number % 100_000)
}

pub(super) fn schedule_name(number: u32, part: &str) -> String {
    format!("Torture {number} {part}")
}

/// Returns a client that follows no redirect.
pub(super) fn http_client() -> anyhow::Result<reqwest::Client> {
    // The process may have chosen a provider already; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(REQUEST_TIMEOUT);
    Ok(client.build()?)
}

async fn write_set_points(shared: Arc<Shared>, bms: Arc<EwsClient>) -> anyhow::Result<()> {
    // The tree of the first host is declared by its first run of EVCE Setup; later ones have it stored.
    let Some(set_point) = find_set_point(&shared, &bms).await else { return Ok(()) };
    while !shared.is_stopping() {
        let number = shared.ledger.begin(Client::Ews);
        let Ok(results) = bms.set_values(&[(&set_point, &number_text(number))]).await else { return Ok(()) };
        ensure!(results.iter().all(|result| result.is_success), "a write was refused: {results:?}");
        shared.ledger.acknowledge(Client::Ews, number);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Returns the id of the set point; `None` when the host is gone first.
pub(super) async fn find_set_point(shared: &Shared, bms: &EwsClient) -> Option<String> {
    while !shared.is_stopping() {
        let mut open = vec![String::new()];
        while let Some(id) = open.pop() {
            let container = bms.container(&id).await.ok()?;
            if let Some(value) = container.values.iter().find(|value| value.name == SET_POINT) {
                return Some(value.id.clone());
            }
            open.extend(container.containers.into_iter().map(|child| child.id));
        }
        tokio::time::sleep(PAUSE).await;
    }
    None
}

async fn sign_in_often(shared: Arc<Shared>, portal_url: String, admin: Login) -> anyhow::Result<()> {
    let http = http_client()?;
    while !shared.is_stopping() {
        shared.ledger.begin(Client::PortalSignIn);
        let Some(token) = sign_in(&http, &portal_url, &admin).await? else { return Ok(()) };
        shared.ledger.acknowledge_session(token);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Sends the login form. Returns the token of the session; `None` once the host is gone or stops.
pub(super) async fn sign_in(
    http: &reqwest::Client,
    portal_url: &str,
    admin: &Login,
) -> anyhow::Result<Option<String>> {
    let request = http
        .post(format!("{portal_url}/login"))
        .header(ORIGIN, portal_url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(format!("user={}&password={}", admin.user, admin.password));
    let Ok(response) = request.send().await else { return Ok(None) };
    if response.status().is_server_error() {
        return Ok(None);
    }
    ensure!(response.status().is_redirection(), "the portal refuses the login: {}", response.status());
    session_token(&response).map(Some)
}

async fn apply_often(shared: &Shared, riser: Riser<'_>) -> anyhow::Result<()> {
    while !shared.is_stopping() {
        let number = shared.ledger.begin(Client::CommandLine);
        let schedules = SCHEDULES.map(|part| {
            format!("[[schedule]]\nname = \"{}\"\nrule = \"every {number} s\"\n", schedule_name(number, part))
        });
        shared.applies_started.fetch_add(1, Ordering::Relaxed);
        if riser.apply(&schedules.concat(), &[]).await.is_err() {
            return Ok(());
        }
        shared.ledger.acknowledge(Client::CommandLine, number);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_different_texts_that_a_double_keeps() {
        let texts: Vec<String> = [1, 10, 100_000, 999_999].map(number_text).to_vec();
        assert_eq!(texts, ["0.000011", "0.000101", "1.000001", "9.999991"]);
        assert!(texts.iter().all(|text| text.parse::<f64>().unwrap().to_string() == *text));
    }
}
