//! The simulated charge controller, as it is asked by others than Riser.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::site::ChargingSite;

/// Polling interval of its request log.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// A generous limit for a wait.
const TEST_TIMEOUT: Duration = Duration::from_mins(3);

/// The controller of a site.
pub(super) struct Controller<'a> {
    site: &'a ChargingSite,
    http: reqwest::Client,
}

/// A call that it noted.
#[derive(Deserialize)]
pub(super) struct NotedCall {
    /// Wall time of its arrival.
    pub(super) unix_ms: i64,
}

impl<'a> Controller<'a> {
    pub(super) fn of(site: &'a ChargingSite) -> anyhow::Result<Self> {
        Ok(Self { site, http: http_client()? })
    }

    /// Waits for this number of calls since its start. Returns them.
    pub(super) async fn wait_for_calls(
        &self,
        method: &str,
        path: &str,
        count: usize,
    ) -> anyhow::Result<Vec<NotedCall>> {
        let control_url = &self.site.simulator.announced.control_url;
        let begin = Instant::now();
        loop {
            let noted = self.http.get(format!("{control_url}/_sim/requests?method={method}&path={path}"));
            let calls: Vec<NotedCall> = noted.send().await?.json().await?;
            if calls.len() >= count {
                return Ok(calls);
            }
            ensure!(begin.elapsed() < TEST_TIMEOUT, "only {} calls of {method} {path}", calls.len());
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Returns the responses to a poll: zones and stations.
    pub(super) async fn responses(&self) -> anyhow::Result<[String; 2]> {
        let api_url = &self.site.simulator.announced.api_url;
        let login = &self.site.logins.controller;
        let credentials = json!({ "login": login.user, "password": login.password });
        let response: Value =
            self.http.post(format!("{api_url}/login")).json(&credentials).send().await?.json().await?;
        let token = response["token"].as_str().context("the simulator gives no token")?;
        let read = async |path| -> anyhow::Result<String> {
            let request = self.http.get(format!("{api_url}{path}")).bearer_auth(token);
            Ok(request.send().await?.error_for_status()?.text().await?)
        };
        Ok([read("/zones").await?, read("/stations").await?])
    }
}

/// A client for local services; the simulator's certificate is self-signed.
pub(super) fn http_client() -> anyhow::Result<reqwest::Client> {
    // The process may have chosen a provider already; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().no_proxy().tls_danger_accept_invalid_certs(true).build()?)
}
