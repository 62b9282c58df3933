//! The charge controller: the simulator in a separate process.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::redirect::Policy;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::programs;

pub(crate) const LOGIN: &str = "bmsApi";
pub(crate) const PASSWORD: &str = "a password of the controller";

/// A running simulator. Dropping it ends the process.
pub(crate) struct Controller {
    child: Child,
    pub(crate) api_url: String,
    pub(crate) certificate_sha256: String,
    control_url: String,
    http: reqwest::Client,
}

#[derive(Deserialize)]
struct ReadyLine {
    api_url: String,
    control_url: String,
    certificate_sha256: String,
}

/// One call of the API, as the controller recorded it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Request {
    pub(crate) unix_ms: i64,
    pub(crate) body: Option<String>,
    /// `None` until the response is sent.
    pub(crate) status: Option<u16>,
}

impl Controller {
    pub(crate) fn start(fixture: &str) -> Self {
        Self::start_with_password(fixture, PASSWORD)
    }

    pub(crate) fn start_with_password(fixture: &str, password: &str) -> Self {
        let mut child = Command::new(programs::simulator())
            .args(["--print-ready", "--fixture", fixture])
            .env("EVCE_SIMULATOR_PASSWORD", password)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ReadyLine { api_url, control_url, certificate_sha256 } = serde_json::from_str(&line).unwrap();
        Self { child, api_url, certificate_sha256, control_url, http: http_client() }
    }

    /// Returns the calls with this method and path (below `/api/v2`), oldest first.
    pub(crate) async fn requests(&self, method: &str, path: &str) -> Vec<Request> {
        let url = format!("{}/_sim/requests?method={method}&path={path}", self.control_url);
        let response = self.http.get(url).send().await.unwrap().error_for_status().unwrap();
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    }

    /// Returns the bodies of all executed writes, oldest first.
    pub(crate) async fn writes(&self, path: &str) -> Vec<Value> {
        let requests = self.requests("PUT", path).await;
        requests
            .iter()
            .map(|request| serde_json::from_str(request.body.as_deref().unwrap()).unwrap())
            .collect()
    }

    pub(crate) async fn fault(&self, order: Value) {
        self.post("/_sim/faults", order).await;
    }

    pub(crate) async fn end_faults(&self) {
        let url = format!("{}/_sim/faults", self.control_url);
        self.http.delete(url).send().await.unwrap().error_for_status().unwrap();
    }

    pub(crate) async fn event(&self, event: Value) {
        self.post("/_sim/event", event).await;
    }

    async fn post(&self, path: &str, body: Value) {
        let url = format!("{}{path}", self.control_url);
        let response = self.http.post(url).body(body.to_string()).header("content-type", "application/json");
        response.send().await.unwrap().error_for_status().unwrap();
    }

    /// Refuses all connections until [`Self::end_faults`].
    pub(crate) async fn go_down(&self) {
        self.fault(json!({ "kind": "down" })).await;
    }
}

/// Returns a client that follows no redirects.
pub(crate) fn http_client() -> reqwest::Client {
    http_client_builder().build().unwrap()
}

pub(crate) fn http_client_builder() -> reqwest::ClientBuilder {
    // Fails when another client of this process has installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(30))
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
