//! Recordings of a controller: its responses without secrets, which a test can replay.

use riser_plugin::http::{Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded;

/// Stands for a secret.
const REDACTED: &str = "***";
/// Parts of the names of members with secrets or with data about persons.
const SECRET_NAMES: [&str; 11] = [
    "token",
    "passw",
    "secret",
    "cookie",
    "session",
    "authorization",
    "apikey",
    "api_key",
    "idtag",
    "rfid",
    "credential",
];
/// Headers that a profile may need.
const KEPT_HEADERS: [&str; 5] = ["content-type", "date", "link", "retry-after", "set-cookie"];
/// Shorter texts are not searched for: they occur by chance.
const SHORTEST_SECRET: usize = 4;

/// The exchanges with a controller, in their order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recording {
    pub(crate) exchanges: Vec<Exchange>,
    #[serde(skip)]
    secrets: Vec<String>,
}

/// A request and its response. Bodies of requests are left out: they have credentials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    /// Below the address of the API.
    pub(crate) path: String,
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
    /// JSON, or a text for another body.
    pub(crate) body: Value,
}

impl Recording {
    /// Returns an empty recording, without these texts, also as they are written in addresses.
    pub(crate) fn without(secrets: impl IntoIterator<Item = String>) -> Self {
        let secrets = secrets.into_iter().filter(|secret| secret.len() >= SHORTEST_SECRET);
        let spellings = |secret: String| {
            let query: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            [query.replace('+', "%20"), query, secret]
        };
        Self { exchanges: Vec::new(), secrets: secrets.flat_map(spellings).collect() }
    }

    /// Adds an exchange; `version_header` is kept, too.
    pub(crate) fn add(&mut self, request: &Request, response: &Response, version_header: Option<&str>) {
        let is_kept = |name: &str| {
            KEPT_HEADERS.contains(&name)
                || version_header.is_some_and(|version| version.eq_ignore_ascii_case(name))
        };
        let header = |(name, value): (&str, &str)| {
            let value =
                if name == "set-cookie" { redacted_cookie(value) } else { self.without_secrets(value) };
            (name.to_owned(), value)
        };
        let headers = response.headers.iter().filter_map(|(name, value)| {
            Some((name.as_str(), value.to_str().ok()?)).filter(|(name, _)| is_kept(name)).map(header)
        });
        let mut body = serde_json::from_slice(&response.body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&response.body).into_owned()));
        self.redact(&mut body);
        let exchange = Exchange {
            method: request.method.to_string(),
            path: self.without_secrets(&request.path),
            status: response.status,
            headers: headers.collect(),
            body,
        };
        self.exchanges.push(exchange);
    }

    fn redact(&self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    if is_secret_name(name) && !member.is_object() && !member.is_array() && !member.is_null()
                    {
                        *member = REDACTED.into();
                    } else {
                        self.redact(member);
                    }
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|element| self.redact(element)),
            Value::String(text) => *text = without_user_info(&self.without_secrets(text)),
            _ => {}
        }
    }

    fn without_secrets(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, REDACTED))
    }
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // `tokenType` and `expires_in` are not secret.
    SECRET_NAMES.iter().any(|part| name.contains(part)) && !name.ends_with("type")
}

/// Removes the value of a cookie.
fn redacted_cookie(cookie: &str) -> String {
    let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
    let name = pair.split('=').next().unwrap_or_default();
    format!("{name}={REDACTED};{attributes}")
}

/// Removes user and password from an address.
fn without_user_info(text: &str) -> String {
    match text.split_once("://").map(|(scheme, rest)| (scheme, rest.split_once('@'))) {
        Some((scheme, Some((user, host)))) if !user.contains('/') => format!("{scheme}://{REDACTED}@{host}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_leave_no_trace_by_name_by_value_and_in_addresses() {
        let recording = Recording::without(["hunter2&long".to_owned(), "ab".to_owned()]);
        let mut body = serde_json::json!({
            "access_token": "t", "tokenType": "Bearer", "note": "for hunter2&long", "ab": "ab",
            "next": "/zones?key=hunter2%26long&page=2",
            "list": [{ "idTag": "04A2", "cpo": "wss://user:pass@cpo.example/x" }],
        });
        recording.redact(&mut body);
        let expected = serde_json::json!({
            "access_token": "***", "tokenType": "Bearer", "note": "for ***", "ab": "ab",
            "next": "/zones?key=***&page=2",
            "list": [{ "idTag": "***", "cpo": "wss://***@cpo.example/x" }],
        });
        assert_eq!(body, expected);
        assert_eq!(redacted_cookie("SID=abc; Path=/"), "SID=***; Path=/");
    }
}
