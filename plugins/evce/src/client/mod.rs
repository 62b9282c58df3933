//! Calls a charge controller: logs in when needed, and parses responses into the model.

mod error;

use std::time::{Duration, Instant, SystemTime};

use riser_plugin::http::{ActionResult, HttpClient, LimitedAction, Request, Response};
use riser_plugin::{Host, HostError, LogLevel, Secret};

pub(crate) use error::EvceError;

use crate::back_off::BackOff;
use crate::connection::EvceConnection;
use crate::model::{Availability, Connector, ObjectId, ObjectKey, Reduction, Site};
use crate::wire::{DecodeError, Profile, Version};

/// Default pause after a lock-out.
const LOCK_OUT_PAUSE: Duration = Duration::from_mins(15);
/// Default pause after too many requests.
const THROTTLE_PAUSE: Duration = Duration::from_secs(5);
/// Fifths of its lifetime for which a token is used (design, evce/scale.md, 6).
const TOKEN_USED_FIFTHS: u32 = 4;

/// First and longest pause before the next login after sessions that did not last.
const LOGIN_PAUSES: (Duration, Duration) = (Duration::from_secs(30), Duration::from_mins(5));

/// Most skipped objects to log one by one.
const MAX_LOGGED_FAULTS: usize = 10;

/// A client of one controller. One login serves many calls.
#[derive(Debug)]
pub(crate) struct EvceClient {
    http: HttpClient,
    profile: Profile,
    login: String,
    password: Secret<String>,
    token: Option<Token>,
    host: Host,
    /// Pauses logins while sessions do not last.
    login_pause: BackOff,
    /// Why logins pause.
    session_fault: Option<SessionFault>,
}

/// A session that did not last, or could not begin.
#[derive(Clone, Debug)]
struct SessionFault {
    has_too_many: bool,
    status: u16,
    detail: String,
}

/// A token from a login.
#[derive(Debug)]
struct Token {
    text: Secret<String>,
    /// When Riser stops using it, if the controller sent its lifetime.
    ends: Option<Instant>,
}

/// How the controller acknowledged a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteAck {
    Done,
    /// It takes effect later.
    Deferred,
}

/// The state of a controller at one moment.
#[derive(Clone, Debug)]
pub(crate) struct SiteSnapshot {
    pub(crate) site: Site,
    /// A message for each unusable object.
    pub(crate) skipped: Vec<String>,
    /// Riser's time if the controller does not send its own.
    pub(crate) controller_now: SystemTime,
    /// Whether the controller sends its time.
    pub(crate) has_clock: bool,
}

/// A reduction and the controller's time of reading it.
#[derive(Clone, Debug)]
pub(crate) struct ReadReduction {
    pub(crate) reduction: Option<Reduction>,
    pub(crate) controller_now: SystemTime,
}

impl SiteSnapshot {
    /// Logs the skipped objects.
    pub(crate) fn log_skipped(skipped: &[String], host: &Host) {
        for fault in skipped.iter().take(MAX_LOGGED_FAULTS) {
            host.log(LogLevel::Warn, &format!("skipped: {fault}"));
        }
        if let Some(more @ 1..) = skipped.len().checked_sub(MAX_LOGGED_FAULTS) {
            host.log(LogLevel::Warn, &format!("skipped {more} more"));
        }
    }
}

impl EvceClient {
    /// Creates a client without connecting.
    ///
    /// # Errors
    /// If address, certificate or profile is invalid.
    pub(crate) fn new(host: &Host, connection: &EvceConnection) -> Result<Self, EvceError> {
        Ok(Self {
            http: HttpClient::new(host, &connection.base_url, &connection.trust())?,
            profile: connection.read_profile()?,
            login: connection.login.clone(),
            password: Secret::new(connection.password.expose().clone()),
            token: None,
            host: host.clone(),
            login_pause: BackOff::new(LOGIN_PAUSES),
            session_fault: None,
        })
    }

    /// Returns the description of this user's reduction.
    pub(crate) fn reduction_description(&self, zone: &ObjectId, zone_name: &str) -> String {
        self.profile.reduction_description(&self.login, zone, zone_name)
    }

    /// Returns whether a reduction belongs to this user. Only our own can have an empty description.
    pub(crate) fn is_own(&self, zone: &ObjectId, reduction: &Reduction) -> bool {
        let description = reduction.description.as_deref().unwrap_or_default();
        description.is_empty() || self.profile.is_own_reduction(&self.login, zone, description)
    }

    /// Reads the version; needs no login.
    /// A controller without a version is not an error.
    pub(crate) fn version(&self) -> Result<Version, EvceError> {
        let response = self.http.send(LimitedAction::Request, &self.profile.version(), classify)?;
        match self.accepted(response) {
            Ok(response) => Ok(self.profile.decode_version(&response.body).unwrap_or_default()),
            Err(EvceError::Refused { .. }) => Ok(Version::default()),
            Err(error) => Err(error),
        }
    }

    /// Logs in for a token.
    pub(crate) fn log_in(&mut self) -> Result<(), EvceError> {
        if let Some(fault) = &self.session_fault
            && !self.login_pause.is_over(self.uptime()?)
        {
            return Err(self.session_error(fault.clone()));
        }
        let request = self.profile.login(&self.login, &self.password);
        let has_too_many = |response: &Response| {
            let code = self.profile.decode_error(&response.body).0;
            response.status >= 400 && code.is_some_and(|code| self.profile.is_too_many_sessions(&code))
        };
        let classify = |response: &Response| {
            if has_too_many(response) { ActionResult::Done } else { classify_login(response) }
        };
        let response = self.http.send(LimitedAction::Login, &request, classify)?;
        if has_too_many(&response) {
            return Err(self.pause_logins(&response, true)?);
        }
        if matches!(response.status, 401 | 403) {
            return Err(EvceError::CredentialsRefused { address: self.http.address() });
        }
        let (text, life) = self.profile.decode_token(&self.accepted(response)?.body)?;
        let ends = life.and_then(|life| Instant::now().checked_add(life / 5 * TOKEN_USED_FIFTHS));
        self.token = Some(Token { text: Secret::new(text), ends });
        Ok(())
    }

    /// Returns the token, since a controller allows few at a time; also when the run must end. Ignores
    /// failures.
    pub(crate) fn log_out(&mut self) {
        if let Some(token) = self.token.take() {
            self.http.send_final(&self.profile.logout().bearer(token.text.expose()));
        }
    }

    /// Reads zones, stations and connectors.
    pub(crate) fn poll(&mut self) -> Result<SiteSnapshot, EvceError> {
        let zones = self.list(&self.profile.zones(), "the zones")?;
        let stations = self.list(&self.profile.stations(), "the stations")?;
        let (site, skipped) = self.profile.decode_site(&zones.body, &stations.body)?;
        Ok(SiteSnapshot {
            site,
            skipped,
            controller_now: stations.date.unwrap_or(stations.received),
            has_clock: stations.date.is_some(),
        })
    }

    /// Parses the reduction of one zone.
    pub(crate) fn reduction(&mut self, zone: &ObjectId) -> Result<ReadReduction, EvceError> {
        let response = self.send(&self.profile.reduction(zone), classify_object)?;
        // Without a Date the controller's clock is taken to be ours.
        let controller_now = response.date.unwrap_or(response.received);
        if response.status == 404 {
            let (code, _) = self.profile.decode_error(&response.body);
            if code.is_some_and(|code| self.profile.is_no_reduction(&code)) {
                return Ok(ReadReduction { reduction: None, controller_now });
            }
        }
        let reduction = Some(self.profile.decode_reduction(&self.accepted(response)?.body)?);
        Ok(ReadReduction { reduction, controller_now })
    }

    /// Sets the reduction of a zone as a whole.
    pub(crate) fn put_reduction(
        &mut self,
        zone: &ObjectId,
        percent: f64,
        valid_until: SystemTime,
        description: &str,
    ) -> Result<WriteAck, EvceError> {
        self.write(&self.profile.put_reduction(zone, percent, valid_until, description))
    }

    /// Removes the reduction of a zone.
    pub(crate) fn delete_reduction(&mut self, zone: &ObjectId) -> Result<WriteAck, EvceError> {
        self.write(&self.profile.delete_reduction(zone))
    }

    /// Parses one connector.
    pub(crate) fn connector(
        &mut self,
        station: &ObjectId,
        number: i32,
    ) -> Result<Option<Connector>, EvceError> {
        let response = self.call(&self.profile.connector(station, number), classify_object)?;
        Ok(self.profile.decode_connector(&response.body)?)
    }

    /// Makes a connector operative or inoperative.
    pub(crate) fn put_availability(
        &mut self,
        station: &ObjectId,
        number: i32,
        availability: Availability,
    ) -> Result<WriteAck, EvceError> {
        self.write(&self.profile.put_availability(station, number, availability))
    }

    /// Returns whether the controller has an object, by a request for this object alone; `None` if that is not known.
    pub(crate) fn exists(&mut self, key: &ObjectKey) -> Result<Option<bool>, EvceError> {
        let request = match key {
            ObjectKey::Zone(zone) => self.profile.zone(zone),
            ObjectKey::Station(station) => self.profile.station(station),
            ObjectKey::Connector(station, number) => Some(self.profile.connector(station, *number)),
        };
        let Some(request) = request else { return Ok(None) };
        let response = self.send(&request, classify_object)?;
        let is_object = || response.body.trim_ascii_start().starts_with(b"{");
        Ok(match response.status {
            404 | 410 => Some(false),
            200..=299 if is_object() => Some(true),
            _ => None,
        })
    }

    /// Requests a whole list. Rejects the first of several pages: objects on the others would look removed.
    fn list(&mut self, request: &Request, what: &'static str) -> Result<Response, EvceError> {
        let response = self.call(request, classify)?;
        let link = response.headers.get("link").and_then(|link| link.to_str().ok()).unwrap_or_default();
        if link.contains("rel=\"next\"") || link.contains("rel=next") {
            return Err(DecodeError::Paged { what }.into());
        }
        Ok(response)
    }

    fn write(&mut self, request: &Request) -> Result<WriteAck, EvceError> {
        let response = self.call(request, classify_object)?;
        Ok(if response.status == 202 { WriteAck::Deferred } else { WriteAck::Done })
    }

    /// Sends a request that must succeed.
    fn call(&mut self, request: &Request, classify: Classify) -> Result<Response, EvceError> {
        let response = self.send(request, classify)?;
        self.accepted(response)
    }

    /// Sends a request with a token. If the session is lost, logs in again at once, and from the second time on after a
    /// pause: only a login shows whether login and password are right.
    fn send(&mut self, request: &Request, classify: Classify) -> Result<Response, EvceError> {
        let mut response = self.send_with_token(request, classify)?;
        if self.is_session_lost(&response) && self.session_fault.is_none() {
            self.token = None;
            response = self.send_with_token(request, classify)?;
        }
        if self.is_session_lost(&response) {
            self.token = None;
            return Err(self.pause_logins(&response, false)?);
        }
        self.session_fault = None;
        self.login_pause.reset();
        Ok(response)
    }

    fn send_with_token(&mut self, request: &Request, classify: Classify) -> Result<Response, EvceError> {
        let has_ended = |token: &Token| token.ends.is_some_and(|ends| ends <= Instant::now());
        if self.token.as_ref().is_none_or(has_ended) {
            self.log_in()?;
        }
        let token = self.token.as_ref().map_or("", |token| token.text.expose());
        Ok(self.http.send(LimitedAction::Request, &request.clone().bearer(token), classify)?)
    }

    /// Returns whether a response means that the session has ended, whatever code the controller uses.
    fn is_session_lost(&self, response: &Response) -> bool {
        match response.status {
            // 419 and 440 are common for a login that timed out.
            401 | 419 | 440 => true,
            403 => self.profile.decode_error(&response.body).0.is_some_and(|code| {
                self.profile.is_token_ended(&code) || self.profile.is_too_many_sessions(&code)
            }),
            _ => false,
        }
    }

    /// Pauses logins, longer each time. Returns the error.
    fn pause_logins(&mut self, response: &Response, has_too_many: bool) -> Result<EvceError, EvceError> {
        let now = self.uptime()?;
        self.login_pause.fail(now);
        let fault = SessionFault { has_too_many, status: response.status, detail: self.detail(response) };
        self.session_fault = Some(fault.clone());
        Ok(self.session_error(fault))
    }

    fn session_error(&self, fault: SessionFault) -> EvceError {
        let address = self.http.address();
        let SessionFault { has_too_many, status, detail } = fault;
        if has_too_many {
            EvceError::TooManySessions { address, status, detail }
        } else {
            EvceError::SessionLost { address, status, detail }
        }
    }

    fn uptime(&self) -> Result<Duration, EvceError> {
        match self.host.uptime() {
            // A connection test has no time, and no second login.
            Err(HostError::Refused { .. }) => Ok(Duration::ZERO),
            other => other.map_err(|error| EvceError::Http(error.into())),
        }
    }

    fn detail(&self, response: &Response) -> String {
        let (code, message) = self.profile.decode_error(&response.body);
        message.or(code).map_or_else(String::new, |text| format!(": {text}"))
    }

    fn accepted(&self, response: Response) -> Result<Response, EvceError> {
        if matches!(response.status, 200..=299) {
            return Ok(response);
        }
        let (address, detail) = (self.http.address(), self.detail(&response));
        Err(match response.status {
            423 => EvceError::LockedOut { address },
            429 | 500..=599 => EvceError::Unwell { address, status: response.status, detail },
            status => EvceError::Refused { status, detail },
        })
    }
}

/// Classifies a response for the connection limiter.
type Classify = fn(&Response) -> ActionResult;

/// Classifies the response to a request for one object. An error of the object is not one of the connection.
fn classify_object(response: &Response) -> ActionResult {
    match response.status {
        500..=599 if response.retry_after().is_none() => ActionResult::Done,
        _ => classify(response),
    }
}

/// Classifies a response for the connection limiter.
fn classify(response: &Response) -> ActionResult {
    match response.status {
        429 | 503 => pause(response, THROTTLE_PAUSE),
        500..=599 => ActionResult::Failed,
        _ => ActionResult::Done,
    }
}

fn classify_login(response: &Response) -> ActionResult {
    match response.status {
        401 | 403 => ActionResult::CredentialsRefused,
        423 => pause(response, LOCK_OUT_PAUSE),
        _ => classify(response),
    }
}

fn pause(response: &Response, usual: Duration) -> ActionResult {
    let pause = response.retry_after().unwrap_or(usual);
    ActionResult::Throttled { pause_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX) }
}
