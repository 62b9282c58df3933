use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::{CONNECTION, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, redirect};
use tokio::runtime::Runtime;
use url::Url;

use super::request::Request;
use super::retry::Budget;
use super::trust::{Refused, Trust, tls_config};
use super::{ActionResult, HttpError, LimitedAction};
use crate::tokio_runtime::runtime;
use crate::{Host, HostError};

/// Time to reach the other side, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for the whole response.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(20);
/// Time for a last request, within which a run that is asked to stop has to end anyway.
const FINAL_REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
/// Largest response.
const LARGEST_RESPONSE_MIB: usize = 20;
/// An idle connection is kept this long; longer than the usual poll.
const IDLE_KEPT: Duration = Duration::from_mins(1);
/// Kept connections in a row that must be closed on reuse before no more are kept.
const CLOSED_ON_REUSE: u8 = 2;

/// A response, whole.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, unzipped.
    pub body: Vec<u8>,
    /// The other side's clock, from its `Date` header, to the second.
    pub date: Option<SystemTime>,
    /// This host's clock when the response came.
    pub received: SystemTime,
}

impl Response {
    /// Returns how long to pause, from `Retry-After` in seconds or as a date; at most an hour.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get("retry-after")?.to_str().ok()?;
        let pause = text.trim().parse().map(Duration::from_secs).ok().or_else(|| {
            let until = httpdate::parse_http_date(text).ok()?;
            until.duration_since(self.date.unwrap_or(self.received)).ok()
        })?;
        Some(pause.min(Duration::from_hours(1)))
    }
}

/// The client of one connection. [any thread; requests of one client follow each other]
#[derive(Debug)]
pub struct HttpClient {
    host: Host,
    base: Url,
    client: reqwest::Client,
    runtime: Runtime,
    refused: Refused,
    budget: Mutex<Budget>,
    /// Whether a connection may be open that has served a request.
    has_kept: AtomicBool,
    /// Kept connections in a row that the server closed when they were used again.
    closed_on_reuse: AtomicU8,
}

impl HttpClient {
    /// Returns a client for a base address such as `https://10.0.0.5/api/v2`.
    ///
    /// # Errors
    /// [`HttpError::Address`] and [`HttpError::CaFile`] for settings that cannot be used.
    pub fn new(host: &Host, base_url: &str, trust: &Trust) -> Result<Self, HttpError> {
        let address = |what: &str| HttpError::Address { address: base_url.to_owned(), what: what.to_owned() };
        let base = Url::parse(base_url.trim_end_matches('/')).map_err(|error| address(&error.to_string()))?;
        if !matches!(base.scheme(), "https" | "http") || base.host_str().is_none() {
            return Err(address("it has the form https://HOST/PATH"));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(address("login and password do not belong into it"));
        }
        let refused: Refused = Arc::default();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls_config(trust, &refused)?)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(RESPONSE_TIMEOUT)
            .pool_idle_timeout(IDLE_KEPT)
            .pool_max_idle_per_host(1)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .gzip(true)
            .build()
            .map_err(HttpError::Client)?;
        let runtime = runtime()?;
        Ok(Self {
            host: host.clone(),
            base,
            client,
            runtime,
            refused,
            budget: Mutex::default(),
            has_kept: AtomicBool::new(false),
            closed_on_reuse: AtomicU8::new(0),
        })
    }

    /// Sends a request through the connection limiter; `classify` gives the limiter the result. A GET is
    /// retried if the server does not respond. A GET or a login that fails on a connection kept from an earlier request
    /// is sent again at once on a new one. After two of them in a row, each request has a new connection.
    /// [any thread] Blocks at most about 20 s for each try.
    ///
    /// # Errors
    /// [`HttpError::Denied`] while the limiter is closed, [`HttpError::Host`] after a stop request, else why
    /// there is no response. Any status is a response.
    pub fn send(
        &self,
        purpose: LimitedAction,
        request: &Request,
        classify: impl Fn(&Response) -> ActionResult,
    ) -> Result<Response, HttpError> {
        let mut tried = 0;
        loop {
            let permit = self.host.connection_limiter().acquire(purpose)??;
            tried += 1;
            match self.send_or_renew(purpose, request) {
                Ok(response) => {
                    permit.release(classify(&response));
                    self.budget().earn();
                    return Ok(response);
                }
                Err(error) => {
                    permit.release(ActionResult::Failed);
                    let may_repeat = request.method == Method::GET
                        && matches!(error, HttpError::Unreachable { .. } | HttpError::TimedOut { .. });
                    let chance = f64::from(u16::from_le_bytes(self.host.random())) / f64::from(u16::MAX);
                    let Some(wait) = may_repeat.then(|| self.budget().spend(tried, chance)).flatten() else {
                        return Err(error);
                    };
                    // The sleep is made where there is a clock to wake it.
                    self.host.block_on_in(&self.runtime, async { tokio::time::sleep(wait).await })?;
                }
            }
        }
    }

    /// Sends a last request, such as a logout, also after a stop request. The result is ignored, so
    /// the request bypasses the limiter, which could block. [any thread, running or stopping] Blocks for 1 s
    /// at most.
    pub fn send_final(&self, request: &Request) {
        let sent =
            async { tokio::time::timeout(FINAL_REQUEST_TIMEOUT, self.exchange(request)).await.is_ok() };
        self.runtime.block_on(sent);
    }

    /// Returns the address that requests go to, for messages.
    pub fn address(&self) -> String {
        let port = self.base.port().map_or(String::new(), |port| format!(":{port}"));
        format!("{}{port}", self.base.host_str().unwrap_or_default())
    }

    /// Sends a request, and once more on a new connection if a kept one was closed.
    fn send_or_renew(&self, purpose: LimitedAction, request: &Request) -> Result<Response, HttpError> {
        let was_kept = self.has_kept.swap(false, Ordering::Relaxed);
        let mut sent = self.send_once(request);
        let may_repeat = request.method == Method::GET || purpose == LimitedAction::Login;
        if was_kept && sent.is_ok() {
            self.closed_on_reuse.store(0, Ordering::Relaxed);
        }
        if was_kept && may_repeat && matches!(&sent, Err(error) if error.is_closed_connection()) {
            // Counted before, so that the connection of this request is not kept either.
            self.closed_on_reuse.fetch_add(1, Ordering::Relaxed);
            sent = self.send_once(request);
            if sent.is_err() {
                // The server does not respond at all.
                self.closed_on_reuse.fetch_sub(1, Ordering::Relaxed);
            }
        }
        if sent.is_ok() {
            self.has_kept.store(!self.avoids_reuse(), Ordering::Relaxed);
        }
        sent
    }

    fn avoids_reuse(&self) -> bool {
        self.closed_on_reuse.load(Ordering::Relaxed) >= CLOSED_ON_REUSE
    }

    /// Returns the path below the base address that a link in a response leads to, such as that of the next page.
    /// The link may be a URL, or relative to the request with this path; `None` if it leads to another server or
    /// out of the base address, so that credentials are never sent there.
    pub fn linked_path(&self, request_path: &str, link: &str) -> Option<String> {
        let base = self.base.as_str().trim_end_matches('/');
        let linked = Url::parse(&format!("{base}{request_path}")).ok()?.join(link).ok()?;
        if linked.origin() != self.base.origin() || !linked.username().is_empty() {
            return None;
        }
        let below = linked[url::Position::BeforePath..url::Position::AfterQuery]
            .strip_prefix(self.base.path().trim_end_matches('/'))?;
        below.starts_with('/').then(|| below.to_owned())
    }

    fn send_once(&self, request: &Request) -> Result<Response, HttpError> {
        let sent = self.host.block_on_in(&self.runtime, self.exchange(request));
        match sent {
            Ok(response) => response,
            Err(stop) => Err(stop.into()),
        }
    }

    async fn exchange(&self, request: &Request) -> Result<Response, HttpError> {
        let url = format!("{}{}", self.base.as_str().trim_end_matches('/'), request.path);
        let mut building = self.client.request(request.method.clone(), url);
        if self.avoids_reuse() {
            building = building.header(CONNECTION, "close");
        }
        for (name, value) in &request.headers {
            building = building.header(name, value);
        }
        if let Some(body) = &request.body {
            building = building.header(CONTENT_TYPE, body.content_type).body(body.content.clone());
        }
        let built = building.build().map_err(|_| HttpError::Request)?;
        let mut response = self.client.execute(built).await.map_err(|error| self.no_response(error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.no_response(error))? {
            if body.len() + chunk.len() > LARGEST_RESPONSE_MIB << 20 {
                return Err(HttpError::TooLarge { address: self.address(), limit_mib: LARGEST_RESPONSE_MIB });
            }
            body.extend_from_slice(&chunk);
        }
        let date = headers
            .get("date")
            .and_then(|date| date.to_str().ok())
            .and_then(|date| httpdate::parse_http_date(date).ok());
        Ok(Response { status, headers, body, date, received: self.host.now() })
    }

    fn no_response(&self, error: reqwest::Error) -> HttpError {
        let address = self.address();
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).take();
        match refused {
            Some(pin) => HttpError::Certificate { address, fingerprint: pin.to_string() },
            None if error.is_timeout() && !error.is_connect() => HttpError::TimedOut { address },
            // The message already has the address, which may contain the administrator's input.
            None => HttpError::Unreachable { address, source: error.without_url() },
        }
    }

    fn budget(&self) -> std::sync::MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<HttpError> for HostError {
    /// Keeps a stop; converts every other error to a refusal with its text.
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Host(error) => error,
            other => Self::Refused { code: "http".to_owned(), what: other.to_string() },
        }
    }
}
