//! Every call of the API, for tests that count them.

use std::collections::VecDeque;

use serde::Serialize;

use crate::faults::FaultKind;

/// Calls that are kept; older ones are forgotten.
const KEPT: usize = 100_000;
/// Bytes of a body that are kept.
const BODY_KEPT: usize = 16 * 1024;

/// One call of the API.
#[derive(Clone, Serialize)]
pub(crate) struct LoggedRequest {
    /// Numbered from 1; never used twice.
    sequence: u64,
    /// Wall time of its arrival.
    unix_ms: i64,
    /// `CONNECT` for a connection that was refused.
    method: String,
    path: String,
    query: Option<String>,
    /// Of writes. A login shows its name, never its password.
    body: Option<String>,
    /// Number of the token, never the token.
    token_id: Option<u64>,
    /// `None` until the response; for ever if none was sent.
    status: Option<u16>,
    /// The fault that affected it.
    fault: Option<FaultKind>,
    response_bytes: Option<usize>,
}

/// The data of an incoming call.
pub(crate) struct Arrival {
    pub(crate) unix_ms: i64,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) token_id: Option<u64>,
}

/// All calls so far.
#[derive(Default)]
pub(crate) struct RequestLog {
    requests: VecDeque<LoggedRequest>,
    so_far: u64,
}

/// Selects calls.
#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestFilter {
    /// Only those after this sequence number.
    since: Option<u64>,
    method: Option<String>,
    /// Beginning of the path below `/api/v2`.
    path: Option<String>,
    /// Only this number of the newest.
    last: Option<usize>,
}

impl RequestLog {
    /// Logs an incoming call. Returns its sequence number.
    pub(crate) fn begin(&mut self, arrival: Arrival) -> u64 {
        self.so_far += 1;
        if self.requests.len() == KEPT {
            self.requests.pop_front();
        }
        self.requests.push_back(LoggedRequest {
            sequence: self.so_far,
            unix_ms: arrival.unix_ms,
            method: arrival.method,
            path: arrival.path,
            query: arrival.query,
            body: arrival.body.map(shortened),
            token_id: arrival.token_id,
            status: None,
            fault: None,
            response_bytes: None,
        });
        self.so_far
    }

    pub(crate) fn set_fault(&mut self, sequence: u64, fault: Option<FaultKind>) {
        if let Some(request) = self.find(sequence) {
            request.fault = fault;
        }
    }

    pub(crate) fn set_response(&mut self, sequence: u64, status: u16, bytes: usize) {
        if let Some(request) = self.find(sequence) {
            request.status = Some(status);
            request.response_bytes = Some(bytes);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.requests.clear();
    }

    /// Returns the calls that a filter selects, oldest first; with `last`, only the newest.
    pub(crate) fn list(&self, filter: &RequestFilter) -> Vec<LoggedRequest> {
        let newest = self.requests.iter().rev().filter(|request| filter.matches(request));
        let mut found: Vec<_> = newest.take(filter.last.unwrap_or(usize::MAX)).cloned().collect();
        found.reverse();
        found
    }

    /// Returns the number of calls so far, forgotten ones included.
    pub(crate) fn count(&self) -> u64 {
        self.so_far
    }

    fn find(&mut self, sequence: u64) -> Option<&mut LoggedRequest> {
        let index = self.requests.binary_search_by_key(&sequence, |request| request.sequence).ok()?;
        self.requests.get_mut(index)
    }
}

impl RequestFilter {
    fn matches(&self, request: &LoggedRequest) -> bool {
        let below_api = request.path.strip_prefix("/api/v2").unwrap_or(&request.path);
        self.since.is_none_or(|since| request.sequence > since)
            && self.method.as_ref().is_none_or(|method| request.method.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|path| below_api.starts_with(path.as_str()))
    }
}

fn shortened(mut body: String) -> String {
    if body.len() > BODY_KEPT {
        let end = (0..=BODY_KEPT).rev().find(|end| body.is_char_boundary(*end)).unwrap_or(0);
        body.truncate(end);
    }
    body
}
