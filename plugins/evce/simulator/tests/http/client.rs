//! A simulator and a client that trusts its certificate only.

use evce_simulator::{Options, Simulator, WallClock};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

/// 12 February 2025, 09:30:15 UTC.
pub(crate) const START_MS: i64 = 1_739_352_615_000;

pub(crate) struct Site {
    pub(crate) simulator: Simulator,
    pub(crate) http: Client,
}

/// Status and body.
#[derive(Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Site {
    /// Returns a simulator with fixed clocks that only the test moves.
    pub(crate) fn with_fixed_clock(options: Options) -> Self {
        Self::start(Options { wall_clock: WallClock::Fixed { unix_ms: START_MS }, ..options })
    }

    pub(crate) fn start(options: Options) -> Self {
        // Fails only when another test of this process installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let simulator = Simulator::start(options).unwrap();
        let certificate = reqwest::Certificate::from_der(&simulator.certificate_der).unwrap();
        let http = Client::builder().tls_certs_only([certificate]).build().unwrap();
        Self { simulator, http }
    }

    pub(crate) async fn raw(&self, method: Method, path: &str, token: &str) -> reqwest::Result<Response> {
        let url = format!("{}{path}", self.simulator.api_url);
        self.http.request(method, url).bearer_auth(token).send().await
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Reply {
        read_reply(self.raw(Method::GET, path, token).await.unwrap()).await
    }

    pub(crate) async fn put(&self, token: &str, path: &str, body: Value) -> Reply {
        let url = format!("{}{path}", self.simulator.api_url);
        read_reply(self.http.put(url).bearer_auth(token).json(&body).send().await.unwrap()).await
    }

    pub(crate) async fn delete(&self, token: &str, path: &str) -> Reply {
        read_reply(self.raw(Method::DELETE, path, token).await.unwrap()).await
    }

    pub(crate) async fn try_log_in(&self, login: &str, password: &str) -> Reply {
        let url = format!("{}/login", self.simulator.api_url);
        let body = json!({ "login": login, "password": password });
        read_reply(self.http.post(url).json(&body).send().await.unwrap()).await
    }

    /// Returns a new token for an account.
    pub(crate) async fn token_of(&self, login: &str) -> String {
        let response = self.try_log_in(login, &self.simulator.password).await;
        assert_eq!(response.status, 200, "{response:?}");
        response.body["token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn token(&self) -> String {
        self.token_of(&self.simulator.login).await
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let url = format!("{}{path}", self.simulator.control_url);
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        read_reply(request.send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let response = self.control(Method::POST, path, Some(body)).await;
        assert!(response.status < 300, "{response:?}");
        response.body
    }

    pub(crate) async fn advance(&self, span: &str) {
        self.post("/_sim/clock", json!({ "advance": span })).await;
    }

    pub(crate) async fn state(&self) -> Value {
        self.control(Method::GET, "/_sim/state", None).await.body
    }

    pub(crate) async fn requests(&self) -> Vec<Value> {
        let response = self.control(Method::GET, "/_sim/requests", None).await;
        response.body.as_array().unwrap().clone()
    }
}

pub(crate) async fn read_reply(response: Response) -> Reply {
    let status = response.status().as_u16();
    let bytes = response.bytes().await.unwrap();
    Reply { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

impl Reply {
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
}
