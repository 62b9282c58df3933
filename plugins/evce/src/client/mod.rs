//! Calls a charge controller: logs in when needed, and parses responses into the model.

mod error;
mod read;
mod recording;
mod session;

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use riser_plugin::http::{ActionResult, HttpClient, LimitedAction, Request, Response};
use riser_plugin::{Host, LogLevel, Secret};

pub(crate) use error::EvceError;
pub(crate) use recording::{Exchange, Recording};

use crate::back_off::BackOff;
use crate::connection::EvceConnection;
use crate::model::{Availability, ObjectId, Reduction, Site};
use crate::wire::{Ack, Profile, ReductionWrite, Version};
use session::{Session, SessionFault};

/// Default pause after a lock-out.
const LOCK_OUT_PAUSE: Duration = Duration::from_mins(15);
/// Default pause after too many requests.
const THROTTLE_PAUSE: Duration = Duration::from_secs(5);
/// The validity of a reduction of 0, for controllers that take one instead of a removal.
const VALIDITY_OF_NONE: Duration = Duration::from_mins(15);

/// First and longest pause before the next login after sessions that did not last.
const LOGIN_PAUSES: (Duration, Duration) = (Duration::from_secs(30), Duration::from_mins(5));

/// Most skipped objects to log one by one.
const MAX_LOGGED_FAULTS: usize = 10;

/// A client of one controller. One login serves many calls.
#[derive(Debug)]
pub(crate) struct EvceClient {
    http: HttpClient,
    profile: Rc<Profile>,
    login: String,
    password: Secret<String>,
    /// `None`: log in first, if the profile has a login.
    session: Option<Session>,
    /// The last version in a header.
    header_version: Option<String>,
    host: Host,
    /// The controller's clock before or behind the host's.
    clock_ahead_ms: i64,
    /// Whether the last response had the controller's time.
    has_clock: bool,
    /// Pauses logins while sessions do not last.
    login_pause: BackOff,
    /// Why logins pause.
    session_fault: Option<SessionFault>,
    recording: Option<Recording>,
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
        Self::with_profile(host, connection, Rc::new(connection.read_profile()?))
    }

    /// Creates a client with this profile.
    ///
    /// # Errors
    /// If address or certificate is invalid.
    pub(crate) fn with_profile(
        host: &Host,
        connection: &EvceConnection,
        profile: Rc<Profile>,
    ) -> Result<Self, EvceError> {
        Ok(Self {
            http: HttpClient::new(host, &connection.base_url, &connection.trust())?,
            profile,
            login: connection.login.clone(),
            password: Secret::new(connection.password.expose().clone()),
            session: None,
            header_version: None,
            host: host.clone(),
            clock_ahead_ms: 0,
            has_clock: false,
            login_pause: BackOff::new(LOGIN_PAUSES),
            session_fault: None,
            recording: None,
        })
    }

    /// Returns the user of the connection.
    pub(crate) fn login(&self) -> &str {
        &self.login
    }

    /// Begins a recording without credentials.
    pub(crate) fn record(&mut self) {
        self.recording = Some(Recording::without([self.password.expose().clone()]));
    }

    /// Ends the recording.
    pub(crate) fn recording(&mut self) -> Recording {
        self.recording.take().unwrap_or_default()
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

    /// Reads the version. A controller without a version is not an error.
    pub(crate) fn version(&mut self) -> Result<Version, EvceError> {
        let Some((request, needs_login)) = self.profile.version() else {
            return self.header_version();
        };
        let response = if needs_login || !self.profile.has_session() {
            self.send(&request, classify)?
        } else {
            let response = self.send_plain(&request)?;
            self.note_response(&request, &response);
            response
        };
        match self.accepted(response) {
            Ok(response) => {
                let version = self.profile.decode_version(&response.body).unwrap_or_default();
                let api_version = version.api_version.or_else(|| self.header_version.clone());
                Ok(Version { api_version, ..version })
            }
            Err(EvceError::Refused { .. }) => Ok(Version::default()),
            Err(error) => Err(error),
        }
    }

    /// Returns the version in the header of a response, which the read of the zones has if no other came before.
    fn header_version(&mut self) -> Result<Version, EvceError> {
        if self.header_version.is_none()
            && self.profile.version_header().is_some()
            && let Some(request) = self.profile.first_request()
        {
            self.call(&request, classify)?;
        }
        Ok(Version { api_version: self.header_version.clone(), ..Version::default() })
    }

    /// Notes version and clock of the controller, and the response for a recording.
    fn note_response(&mut self, request: &Request, response: &Response) {
        if let Some(recording) = &mut self.recording {
            recording.add(request, response, self.profile.version_header());
        }
        self.note_clock(response);
        let header = self.profile.version_header().and_then(|name| response.headers.get(name));
        if let Some(version) = header.and_then(|version| version.to_str().ok()) {
            self.header_version = Some(version.to_owned());
        }
    }

    /// Returns the versions of the API that the profile supports; none: all.
    pub(crate) fn supported_versions(&self) -> &[String] {
        self.profile.supported_versions()
    }

    /// Returns the largest difference between a validity that is written and the same one read back.
    pub(crate) fn validity_tolerance(&self) -> Duration {
        self.profile.validity_tolerance()
    }

    /// Sets the reduction of a zone as a whole.
    pub(crate) fn put_reduction(
        &mut self,
        zone: &ObjectId,
        percent: f64,
        valid_until: SystemTime,
        description: &str,
    ) -> Result<WriteAck, EvceError> {
        let now = self.controller_now();
        let write = ReductionWrite { zone, zone_name: "", percent, valid_until, description, now };
        self.write("reductions", self.profile.put_reduction(&write))
    }

    /// Removes the reduction of a zone.
    pub(crate) fn delete_reduction(&mut self, zone: &ObjectId) -> Result<WriteAck, EvceError> {
        let now = self.controller_now();
        let description = self.reduction_description(zone, "");
        let valid_until = now + VALIDITY_OF_NONE;
        let write =
            ReductionWrite { zone, zone_name: "", percent: 0.0, valid_until, description: &description, now };
        self.write("reductions", self.profile.remove_reduction(&write))
    }

    /// Makes a connector operative or inoperative.
    pub(crate) fn put_availability(
        &mut self,
        station: &ObjectId,
        number: i32,
        availability: Availability,
    ) -> Result<WriteAck, EvceError> {
        self.write("availabilities", self.profile.put_availability(station, number, availability))
    }

    fn write(&mut self, what: &'static str, request: Option<Request>) -> Result<WriteAck, EvceError> {
        let request = request.ok_or(EvceError::NotOffered { what })?;
        let response = self.call(&request, classify_object)?;
        match self.profile.decode_ack(response.status, &response.body) {
            Ack::Done => Ok(WriteAck::Done),
            Ack::Deferred => Ok(WriteAck::Deferred),
            Ack::Rejected(word) => {
                Err(EvceError::Refused { status: response.status, detail: format!(": {word}") })
            }
        }
    }

    /// Sends a request that must succeed.
    fn call(&mut self, request: &Request, classify: Classify) -> Result<Response, EvceError> {
        let response = self.send(request, classify)?;
        self.accepted(response)
    }

    /// Sends a request with the credentials of the profile. If the session is lost, logs in again at once, and from the
    /// second time on after a pause: only a login shows whether login and password are right.
    fn send(&mut self, request: &Request, classify: Classify) -> Result<Response, EvceError> {
        let mut response = self.send_in_session(request, classify)?;
        if self.is_session_lost(&response) && self.session_fault.is_none() {
            self.session = None;
            response = self.send_in_session(request, classify)?;
        }
        if self.is_session_lost(&response) {
            self.session = None;
            return Err(self.pause_logins(&response, false)?);
        }
        if self.are_credentials_refused(&response) {
            return Err(EvceError::CredentialsRefused { address: self.http.address() });
        }
        self.session_fault = None;
        self.login_pause.reset();
        Ok(response)
    }

    fn send_in_session(&mut self, request: &Request, classify: Classify) -> Result<Response, EvceError> {
        if self.session.as_ref().is_none_or(Session::has_ended) {
            self.log_in()?;
        }
        let sent = self.with_session(request.clone());
        let classify = |response: &Response| {
            if self.are_credentials_refused(response) {
                return self.refused();
            }
            classify(response)
        };
        let response = self.http.send(LimitedAction::Request, &sent, classify)?;
        self.note_response(request, &response);
        Ok(response)
    }

    /// Returns whether a controller without sessions refuses the credentials of a request.
    fn are_credentials_refused(&self, response: &Response) -> bool {
        !self.profile.has_session() && self.profile.is_session_status(response.status)
    }

    /// Returns whether a response means that the session has ended, whatever code the controller uses.
    fn is_session_lost(&self, response: &Response) -> bool {
        if !self.profile.has_session() {
            return false;
        }
        let has_ended =
            |code: String| self.profile.is_session_ended(&code) || self.profile.is_too_many_sessions(&code);
        self.profile.is_session_status(response.status)
            || response.status == 403 && self.profile.decode_error(&response.body).0.is_some_and(has_ended)
    }

    fn detail(&self, response: &Response) -> String {
        let (code, message) = self.profile.decode_error(&response.body);
        message.or(code).map_or_else(String::new, |text| format!(": {text}"))
    }

    /// Returns the result for the limiter when credentials are refused. A recording client tries dialects, and a refusal
    /// by the wrong dialect says nothing about the credentials.
    const fn refused(&self) -> ActionResult {
        if self.recording.is_some() { ActionResult::Done } else { ActionResult::CredentialsRefused }
    }

    fn accepted(&self, response: Response) -> Result<Response, EvceError> {
        if matches!(response.status, 200..=299) {
            return Ok(response);
        }
        let (address, detail) = (self.http.address(), self.detail(&response));
        let (code, _) = self.profile.decode_error(&response.body);
        let is_offline = code.is_some_and(|code| self.profile.is_station_offline(&code));
        Err(match response.status {
            _ if is_offline => EvceError::Refused { status: 424, detail },
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
        423 => pause(response, LOCK_OUT_PAUSE),
        _ => classify(response),
    }
}

fn pause(response: &Response, usual: Duration) -> ActionResult {
    let pause = response.retry_after().unwrap_or(usual);
    ActionResult::Throttled { pause_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX) }
}
