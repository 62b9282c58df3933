//! The simulated controller and its control interface.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use evce_simulator::{Options, Simulator, WallClock};
use serde_json::{Value, json};

/// 5 January 2026, 06:00:15 UTC.
pub(super) const START_MS: i64 = 1_767_592_815_000;

pub(super) struct Controller(Simulator);

impl Controller {
    /// Returns a controller with a fixed clock that only the test moves.
    pub(super) fn with_fixed_clock(options: Options) -> Self {
        let wall_clock = WallClock::Fixed { unix_ms: START_MS };
        Self(Simulator::start(Options { wall_clock, ..options }).unwrap())
    }

    /// Returns the settings of a connection to it, with a profile.
    pub(super) fn connection_with(&self, profile: &std::path::Path) -> Value {
        let mut connection = self.connection();
        connection["profile"] = json!(profile);
        connection
    }

    /// Returns the settings of a connection to it.
    pub(super) fn connection(&self) -> Value {
        json!({
            "base_url": self.0.api_url, "login": self.0.login, "password": self.0.password,
            "certificate_sha256": self.0.certificate_sha256,
        })
    }

    pub(super) fn certificate_sha256(&self) -> &str {
        &self.0.certificate_sha256
    }

    pub(super) fn advance(&self, span: &str) {
        self.send("POST", "/_sim/clock", &json!({ "advance": span }));
    }

    /// Sets the controller's clock this far from the time of the start.
    pub(super) fn set_offset(&self, offset: &str) {
        self.send("POST", "/_sim/clock", &json!({ "offset": offset }));
    }

    pub(super) fn apply_event(&self, event: &Value) -> Value {
        self.send("POST", "/_sim/event", event)
    }

    pub(super) fn fault(&self, fault: &Value) {
        self.send("POST", "/_sim/faults", fault);
    }

    pub(super) fn end_faults(&self) {
        self.send("DELETE", "/_sim/faults", &Value::Null);
    }

    pub(super) fn revoke_tokens(&self) {
        self.send("POST", "/_sim/auth/revoke", &Value::Null);
    }

    /// Number of open sessions.
    pub(super) fn sessions(&self) -> i64 {
        self.send("GET", "/_sim/state", &Value::Null)["api_sessions"].as_i64().unwrap()
    }

    /// Returns the calls with this method and path prefix below `/api/v2`, oldest first.
    pub(super) fn requests(&self, method: &str, path: &str) -> Vec<Value> {
        let listed = self.send("GET", &format!("/_sim/requests?method={method}&path={path}"), &Value::Null);
        listed.as_array().unwrap().clone()
    }

    /// Returns the bodies of the PUT requests below a path.
    pub(super) fn put(&self, path: &str) -> Vec<Value> {
        let bodies = self.requests("PUT", path);
        bodies.iter().map(|put| serde_json::from_str(put["body"].as_str().unwrap()).unwrap()).collect()
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let address = self.0.control_url.strip_prefix("http://").unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {response}");
        serde_json::from_str(body).unwrap_or_default()
    }
}
