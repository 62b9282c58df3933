//! Logins and sessions: a token, cookies, or credentials with each request.

use std::time::{Duration, Instant};

use riser_plugin::http::{ActionResult, LimitedAction, Request, Response};
use riser_plugin::{HostError, Secret};

use super::{EvceClient, EvceError, classify, classify_login};
use crate::wire::{DecodeError, LoginKind};

/// Fifths of its lifetime for which a token is used (design, evce/scale.md, 6).
const TOKEN_USED_FIFTHS: u32 = 4;

/// A session that did not last, or could not begin.
#[derive(Clone, Debug)]
pub(super) struct SessionFault {
    has_too_many: bool,
    status: u16,
    detail: String,
}

/// What the controller knows a logged-in user by.
#[derive(Debug)]
pub(super) enum Session {
    Token {
        text: Secret<String>,
        /// When Riser stops using it, if the controller sent its lifetime.
        ends: Option<Instant>,
    },
    /// The value of the header `Cookie`.
    Cookies(Secret<String>),
    /// Each request has the credentials.
    Stateless,
}

impl Session {
    pub(super) fn has_ended(&self) -> bool {
        matches!(self, Self::Token { ends: Some(ends), .. } if *ends <= Instant::now())
    }
}

impl EvceClient {
    /// Logs in for a session. Without one, reads the zones to test the credentials.
    pub(crate) fn log_in(&mut self) -> Result<(), EvceError> {
        let Some(request) = self.profile.login(&self.login, &self.password) else {
            self.session = Some(Session::Stateless);
            return Ok(());
        };
        if let Some(fault) = &self.session_fault
            && !self.login_pause.is_over(self.uptime()?)
        {
            return Err(self.session_error(fault.clone()));
        }
        let profile = &self.profile;
        let code = |response: &Response| profile.decode_error(&response.body).0;
        let has_too_many = |response: &Response| {
            response.status >= 400 && code(response).is_some_and(|code| profile.is_too_many_sessions(&code))
        };
        let is_wrong =
            |response: &Response| profile.is_bad_credentials(response.status, code(response).as_deref());
        let classified = |response: &Response| match response {
            _ if has_too_many(response) => ActionResult::Done,
            _ if is_wrong(response) => self.refused(),
            _ => classify_login(response),
        };
        let response = self.http.send(LimitedAction::Login, &request, classified)?;
        let (has_too_many, is_wrong) = (has_too_many(&response), is_wrong(&response));
        self.note_response(&request, &response);
        if has_too_many {
            return Err(self.pause_logins(&response, true)?);
        }
        if is_wrong {
            return Err(EvceError::CredentialsRefused { address: self.http.address() });
        }
        let is_cookie = self.profile.login_kind() == LoginKind::Cookie;
        // A form for people leads on to a page after the login.
        let is_redirect = is_cookie && matches!(response.status, 302 | 303);
        let response = if is_redirect { response } else { self.accepted(response)? };
        self.session =
            Some(if is_cookie { cookies(&request, &response)? } else { self.token(&request, &response)? });
        Ok(())
    }

    fn token(&self, request: &Request, response: &Response) -> Result<Session, EvceError> {
        let path = format!("{} {}", request.method, request.path);
        let (text, life) = self.profile.decode_token(&path, &response.body)?;
        let ends = life.and_then(|life| Instant::now().checked_add(life / 5 * TOKEN_USED_FIFTHS));
        Ok(Session::Token { text: Secret::new(text), ends })
    }

    /// Tests the credentials where a login does not.
    pub(crate) fn test_credentials(&mut self) -> Result<(), EvceError> {
        self.log_in()?;
        if let (Some(Session::Stateless), Some(request)) = (&self.session, self.profile.first_request()) {
            self.call(&request, classify)?;
        }
        Ok(())
    }

    /// Returns the session to the controller, since it allows few at a time; also when the run must end. Ignores
    /// failures.
    pub(crate) fn log_out(&mut self) {
        if let Some(Session::Token { .. } | Session::Cookies(_)) = self.session
            && let Some(request) = self.profile.logout()
        {
            self.http.send_final(&self.with_session(request));
        }
        self.session = None;
    }

    /// Adds session or credentials to a request.
    pub(super) fn with_session(&self, request: Request) -> Request {
        match &self.session {
            Some(Session::Token { text, .. }) => self.profile.with_token(request, text.expose()),
            Some(Session::Cookies(cookies)) => request.header("Cookie", cookies.expose().as_str()),
            Some(Session::Stateless) => self.profile.with_credentials(request, &self.login, &self.password),
            None => request,
        }
    }

    /// Pauses logins, longer each time. Returns the error.
    pub(super) fn pause_logins(
        &mut self,
        response: &Response,
        has_too_many: bool,
    ) -> Result<EvceError, EvceError> {
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

    /// Returns the controller's clock, as far as its last response shows it.
    pub(super) fn controller_now(&self) -> std::time::SystemTime {
        let ahead = Duration::from_millis(self.clock_ahead_ms.unsigned_abs());
        let now = self.host.now();
        if self.clock_ahead_ms < 0 { now.checked_sub(ahead).unwrap_or(now) } else { now + ahead }
    }

    /// Sends a request without a session.
    pub(super) fn send_plain(&self, request: &Request) -> Result<Response, EvceError> {
        Ok(self.http.send(LimitedAction::Request, request, classify)?)
    }
}

/// Returns the cookies of a response, without their attributes.
fn cookies(request: &Request, response: &Response) -> Result<Session, EvceError> {
    let set = response.headers.get_all("set-cookie").into_iter();
    let pairs: Vec<&str> = set
        .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
        .map(str::trim)
        .filter(|pair| {
            pair.split_once('=').is_some_and(|(name, value)| !name.is_empty() && !value.is_empty())
        })
        .collect();
    if pairs.is_empty() {
        let path = format!("{} {}", request.method, request.path);
        return Err(DecodeError::NoSession { path, what: "cookie", places: "Set-Cookie".to_owned() }.into());
    }
    Ok(Session::Cookies(Secret::new(pairs.join("; "))))
}
