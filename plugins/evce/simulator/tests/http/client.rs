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
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Site {
    /// A simulator whose clocks stand still unless a test moves them.
    pub(crate) fn standing(options: Options) -> Self {
        Self::start(Options { wall_clock: WallClock::Standing { unix_ms: START_MS }, ..options })
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

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        answer(self.raw(Method::GET, path, token).await.unwrap()).await
    }

    pub(crate) async fn put(&self, token: &str, path: &str, body: Value) -> Answer {
        let url = format!("{}{path}", self.simulator.api_url);
        answer(self.http.put(url).bearer_auth(token).json(&body).send().await.unwrap()).await
    }

    pub(crate) async fn delete(&self, token: &str, path: &str) -> Answer {
        answer(self.raw(Method::DELETE, path, token).await.unwrap()).await
    }

    pub(crate) async fn try_log_in(&self, login: &str, password: &str) -> Answer {
        let url = format!("{}/login", self.simulator.api_url);
        let body = json!({ "login": login, "password": password });
        answer(self.http.post(url).json(&body).send().await.unwrap()).await
    }

    /// A new token for an account.
    pub(crate) async fn token_of(&self, login: &str) -> String {
        let answer = self.try_log_in(login, &self.simulator.password).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn token(&self) -> String {
        self.token_of(&self.simulator.login).await
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}{path}", self.simulator.control_url);
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        answer(request.send().await.unwrap()).await
    }

    pub(crate) async fn order(&self, path: &str, body: Value) -> Value {
        let answer = self.control(Method::POST, path, Some(body)).await;
        assert!(answer.status < 300, "{answer:?}");
        answer.body
    }

    pub(crate) async fn advance(&self, span: &str) {
        self.order("/_sim/clock", json!({ "advance": span })).await;
    }

    pub(crate) async fn state(&self) -> Value {
        self.control(Method::GET, "/_sim/state", None).await.body
    }

    pub(crate) async fn requests(&self) -> Vec<Value> {
        let answer = self.control(Method::GET, "/_sim/requests", None).await;
        answer.body.as_array().unwrap().clone()
    }
}

pub(crate) async fn answer(response: Response) -> Answer {
    let status = response.status().as_u16();
    let bytes = response.bytes().await.unwrap();
    Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
}
