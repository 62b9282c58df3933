//! Talks to a charge controller: logs in when it has to, and turns answers into the model.

mod error;

use std::time::{Duration, Instant, SystemTime};

use riser_plugin::http::{ActionResult, HttpClient, LimitedAction, Request, Response};
use riser_plugin::{Host, LogLevel, Secret};

pub(crate) use error::EvceError;

use crate::connection::EvceConnection;
use crate::model::{Availability, Connector, ObjectId, Reduction, Site};
use crate::wire::{DecodeError, Profile, Version};

/// How long a controller that locks us out is left alone when it does not say.
const LOCK_OUT_PAUSE: Duration = Duration::from_mins(15);
/// The same for one that says it is asked too often.
const THROTTLE_PAUSE: Duration = Duration::from_secs(5);
/// Fifths of its life for which a token is used (design, evce/scale.md, 6).
const TOKEN_USED_FIFTHS: u32 = 4;

/// Objects that cannot be used and are told one by one.
const FAULTS_TOLD: usize = 10;

/// A client of one controller. One login serves many calls.
#[derive(Debug)]
pub(crate) struct EvceClient {
    http: HttpClient,
    profile: Profile,
    login: String,
    password: Secret<String>,
    token: Option<Token>,
}

/// What a login gave.
#[derive(Debug)]
struct Token {
    text: Secret<String>,
    /// When it is not used any more, if the controller said how long it lives.
    ends: Option<Instant>,
}

/// What became of a write that the controller took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Now,
    /// It acts later.
    Later,
}

/// Everything a controller shows, at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) site: Site,
    /// In words, what it showed and cannot be used.
    pub(crate) left_out: Vec<String>,
    pub(crate) controller_now: SystemTime,
}

/// A reduction as read, with the controller's own time.
#[derive(Clone, Debug)]
pub(crate) struct ReadReduction {
    pub(crate) reduction: Option<Reduction>,
    pub(crate) controller_now: SystemTime,
}

impl Look {
    /// Says what could not be used.
    pub(crate) fn tell_left_out(left_out: &[String], host: &Host) {
        for fault in left_out.iter().take(FAULTS_TOLD) {
            host.log(LogLevel::Warn, &format!("left out: {fault}"));
        }
        if let Some(more @ 1..) = left_out.len().checked_sub(FAULTS_TOLD) {
            host.log(LogLevel::Warn, &format!("left out: {more} more"));
        }
    }
}

impl EvceClient {
    /// A client that has not called yet.
    ///
    /// # Errors
    /// When address, certificate or profile cannot be used.
    pub(crate) fn new(host: &Host, connection: &EvceConnection) -> Result<Self, EvceError> {
        Ok(Self {
            http: HttpClient::new(host, &connection.base_url, &connection.trust())?,
            profile: connection.read_profile()?,
            login: connection.login.clone(),
            password: Secret::new(connection.password.expose().clone()),
            token: None,
        })
    }

    /// What a reduction of this user is called.
    pub(crate) fn reduction_description(&self, zone: &ObjectId, zone_name: &str) -> String {
        self.profile.reduction_description(&self.login, zone, zone_name)
    }

    /// Whether a reduction is this user's. One that is called nothing stands where only ours can.
    pub(crate) fn is_own(&self, zone: &ObjectId, reduction: &Reduction) -> bool {
        let description = reduction.description.as_deref().unwrap_or_default();
        description.is_empty() || self.profile.is_own_reduction(&self.login, zone, description)
    }

    /// What the controller says of itself; needs no login.
    /// A controller that does not tell is no error.
    pub(crate) fn version(&self) -> Result<Version, EvceError> {
        let answer = self.http.send(LimitedAction::Request, &self.profile.version(), judge)?;
        match self.accepted(answer) {
            Ok(answer) => Ok(self.profile.decode_version(&answer.body).unwrap_or_default()),
            Err(EvceError::Refused { .. }) => Ok(Version::default()),
            Err(error) => Err(error),
        }
    }

    /// Asks for a token.
    pub(crate) fn log_in(&mut self) -> Result<(), EvceError> {
        let request = self.profile.login(&self.login, &self.password);
        let answer = self.http.send(LimitedAction::Login, &request, judge_login)?;
        if matches!(answer.status, 401 | 403) {
            return Err(EvceError::CredentialsRefused { address: self.http.address() });
        }
        let (text, life) = self.profile.decode_token(&self.accepted(answer)?.body)?;
        let ends = life.and_then(|life| Instant::now().checked_add(life / 5 * TOKEN_USED_FIFTHS));
        self.token = Some(Token { text: Secret::new(text), ends });
        Ok(())
    }

    /// Gives the token back, since a controller holds few at a time; also when the run is to end. Whether it works
    /// does not matter.
    pub(crate) fn log_out(&mut self) {
        if let Some(token) = self.token.take() {
            self.http.send_final(&self.profile.logout().bearer(token.text.expose()));
        }
    }

    /// Reads zones, stations and connectors.
    pub(crate) fn look(&mut self) -> Result<Look, EvceError> {
        let zones = self.list(&self.profile.zones(), "the zones")?;
        let stations = self.list(&self.profile.stations(), "the stations")?;
        let (site, left_out) = self.profile.decode_site(&zones.body, &stations.body)?;
        Ok(Look { site, left_out, controller_now: stations.date.unwrap_or(stations.received) })
    }

    /// Reads the reduction of one zone.
    pub(crate) fn reduction(&mut self, zone: &ObjectId) -> Result<ReadReduction, EvceError> {
        let answer = self.send(&self.profile.reduction(zone))?;
        // Without a Date the controller's clock is taken to be ours.
        let controller_now = answer.date.unwrap_or(answer.received);
        if answer.status == 404 {
            let (code, _) = self.profile.decode_error(&answer.body);
            if code.is_some_and(|code| self.profile.is_no_reduction(&code)) {
                return Ok(ReadReduction { reduction: None, controller_now });
            }
        }
        let reduction = Some(self.profile.decode_reduction(&self.accepted(answer)?.body)?);
        Ok(ReadReduction { reduction, controller_now })
    }

    /// Puts a reduction on a zone, whole.
    pub(crate) fn put_reduction(
        &mut self,
        zone: &ObjectId,
        percent: f64,
        valid_until: SystemTime,
        description: &str,
    ) -> Result<Taken, EvceError> {
        self.write(&self.profile.put_reduction(zone, percent, valid_until, description))
    }

    /// Takes the reduction from a zone.
    pub(crate) fn delete_reduction(&mut self, zone: &ObjectId) -> Result<Taken, EvceError> {
        self.write(&self.profile.delete_reduction(zone))
    }

    /// Reads one connector.
    pub(crate) fn connector(
        &mut self,
        station: &ObjectId,
        number: i32,
    ) -> Result<Option<Connector>, EvceError> {
        let answer = self.call(&self.profile.connector(station, number))?;
        Ok(self.profile.decode_connector(&answer.body)?)
    }

    /// Makes a connector operative or inoperative.
    pub(crate) fn put_availability(
        &mut self,
        station: &ObjectId,
        number: i32,
        availability: Availability,
    ) -> Result<Taken, EvceError> {
        self.write(&self.profile.put_availability(station, number, availability))
    }

    /// Asks for a whole list. A first page of several is no list: what stands on the others would be gone.
    fn list(&mut self, request: &Request, what: &'static str) -> Result<Response, EvceError> {
        let answer = self.call(request)?;
        let link = answer.headers.get("link").and_then(|link| link.to_str().ok()).unwrap_or_default();
        if link.contains("rel=\"next\"") || link.contains("rel=next") {
            return Err(DecodeError::Paged { what }.into());
        }
        Ok(answer)
    }

    fn write(&mut self, request: &Request) -> Result<Taken, EvceError> {
        let answer = self.call(request)?;
        Ok(if answer.status == 202 { Taken::Later } else { Taken::Now })
    }

    /// Sends a request that must be accepted.
    fn call(&mut self, request: &Request) -> Result<Response, EvceError> {
        let answer = self.send(request)?;
        self.accepted(answer)
    }

    /// Sends a request with a token; gets another one when it has ended, once.
    fn send(&mut self, request: &Request) -> Result<Response, EvceError> {
        let answer = self.send_with_token(request, Try::First)?;
        if answer.status != 401 {
            return Ok(answer);
        }
        self.token = None;
        if !is_about_token(&self.profile, &answer) {
            return Err(EvceError::CredentialsRefused { address: self.http.address() });
        }
        let answer = self.send_with_token(request, Try::Second)?;
        if answer.status == 401 {
            self.token = None;
            return Err(EvceError::TokenRefused { address: self.http.address() });
        }
        Ok(answer)
    }

    fn send_with_token(&mut self, request: &Request, tried: Try) -> Result<Response, EvceError> {
        let has_ended = |token: &Token| token.ends.is_some_and(|ends| ends <= Instant::now());
        if self.token.as_ref().is_none_or(has_ended) {
            self.log_in()?;
        }
        let token = self.token.as_ref().map_or("", |token| token.text.expose());
        // Logging in again does not help then: nobody does so for a while, whoever asks.
        let judge = |answer: &Response| match answer.status {
            401 if tried == Try::Second || !is_about_token(&self.profile, answer) => {
                ActionResult::CredentialsRefused
            }
            _ => judge(answer),
        };
        Ok(self.http.send(LimitedAction::Request, &request.clone().bearer(token), judge)?)
    }

    fn accepted(&self, answer: Response) -> Result<Response, EvceError> {
        if matches!(answer.status, 200..=299) {
            return Ok(answer);
        }
        let (code, message) = self.profile.decode_error(&answer.body);
        let address = self.http.address();
        let said = message.or(code).map_or_else(String::new, |text| format!(": {text}"));
        Err(match answer.status {
            423 => EvceError::LockedOut { address },
            429 | 500..=599 => EvceError::Unwell { address, status: answer.status, said },
            status => EvceError::Refused { status, said },
        })
    }
}

/// Which attempt at a request this is; before the second there was a login.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Try {
    First,
    Second,
}

/// Whether a 401 is about the token, and not about login and password. One that says nothing is.
fn is_about_token(profile: &Profile, answer: &Response) -> bool {
    profile.decode_error(&answer.body).0.is_none_or(|code| profile.is_token_ended(&code))
}

/// What an answer means for the connection as a whole.
fn judge(answer: &Response) -> ActionResult {
    match answer.status {
        429 | 503 => pause(answer, THROTTLE_PAUSE),
        500..=599 => ActionResult::Failed,
        _ => ActionResult::Done,
    }
}

fn judge_login(answer: &Response) -> ActionResult {
    match answer.status {
        401 | 403 => ActionResult::CredentialsRefused,
        423 => pause(answer, LOCK_OUT_PAUSE),
        _ => judge(answer),
    }
}

fn pause(answer: &Response, usual: Duration) -> ActionResult {
    let pause = answer.retry_after().unwrap_or(usual);
    ActionResult::Throttled { pause_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX) }
}
