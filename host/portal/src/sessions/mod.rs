//! Login sessions: signing in and out, and finding the person behind a request.
//!
//! The browser holds a random token in a cookie that no script can read. The store holds the token's hash. A
//! session ends when the person signs out, after 30 minutes without a request, or 12 hours after the login.

mod attempts;
mod auth_rejection;
mod lifetimes;
mod roles;
mod signed_in;
mod streams;
mod token;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use parking_lot::Mutex;
use riser_domain::{Actor, Clock, ClockReading};
use riser_runtime::{PasswordError, hash_new_password};
use riser_secrets::SecretError;
use riser_store::{
    ListedSession, LoginSession, NewAuditEntry, NewLoginSession, Store, StoreError, TokenHash, User,
};
use secrecy::SecretString;
use tokio::sync::Semaphore;

use self::attempts::Attempts;
use self::lifetimes::Lifetimes;
use self::streams::Streams;
use self::token::SessionToken;

pub(crate) use self::auth_rejection::AuthRejection;
pub(crate) use self::roles::{Admin, Operator, Viewer};
pub(crate) use self::signed_in::SignedIn;
pub(crate) use self::streams::StreamPermit;

/// A session ends after this time without a request.
const IDLE_TIMEOUT: Duration = Duration::from_mins(30);
/// A session ends this long after the login, even if it is in use.
const MAX_LIFETIME: Duration = Duration::from_hours(12);
/// The time of the last request is stored at most this often.
const LAST_SEEN_INTERVAL: Duration = Duration::from_mins(1);
/// Passwords hashed at the same time. Each one takes 19 MiB and a processor core.
const PARALLEL_HASHES: usize = 2;
/// Longer names belong to no account, so only this many characters are looked up.
const MAX_NAME_CHARS: usize = 200;

/// The login sessions of this portal.
#[derive(Debug)]
pub(crate) struct Sessions {
    store: Store,
    clock: Arc<dyn Clock>,
    attempts: Mutex<Attempts>,
    lifetimes: Lifetimes,
    hashing: Semaphore,
    streams: Streams,
    cookie: CookieKind,
}

/// Name and protection of the session cookie. Browsers share cookies between the ports of a host, so the name
/// contains the port. Over TLS the browser sends the cookie over TLS only.
#[derive(Clone, Debug)]
pub(crate) struct CookieKind {
    name: String,
    is_secure: bool,
}

/// The reason why a login was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInRefusal {
    /// Name or password is wrong. The response does not say which.
    NoMatch { retry_after_s: u64 },
    /// The last failure was too recent, so the password was not checked.
    TooSoon { retry_after_s: u64 },
}

/// The reason why a login could not be decided.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the operating system returned no random numbers")]
    NoRandomness(#[from] getrandom::Error),
}

impl CookieKind {
    pub(crate) fn new(port: u16, is_secure: bool) -> Self {
        let prefix = if is_secure { "__Host-" } else { "" };
        Self { name: format!("{prefix}riser-{port}"), is_secure }
    }

    fn cookie(&self, value: String) -> Cookie<'static> {
        Cookie::build((self.name.clone(), value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(self.is_secure)
            .build()
    }

    fn removal(&self) -> Cookie<'static> {
        let mut cookie = self.cookie(String::new());
        cookie.make_removal();
        cookie
    }
}

impl Sessions {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, cookie: CookieKind) -> Self {
        Self {
            store,
            clock,
            attempts: Mutex::default(),
            lifetimes: Lifetimes::default(),
            hashing: Semaphore::new(PARALLEL_HASHES),
            streams: Streams::default(),
            cookie,
        }
    }

    /// Checks a name and a password. Returns the cookie of a new session.
    pub(crate) async fn sign_in(
        &self,
        name: &str,
        password: SecretString,
        address: IpAddr,
    ) -> Result<Result<Cookie<'static>, SignInRefusal>, SignInError> {
        match self.check_password(name, password, address).await? {
            Ok(user) => Ok(Ok(self.begin(&user, address).await?)),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Checks a name and a password. Returns the person.
    pub(crate) async fn check_password(
        &self,
        name: &str,
        password: SecretString,
        address: IpAddr,
    ) -> Result<Result<User, SignInRefusal>, StoreError> {
        let name: String = name.trim().chars().take(MAX_NAME_CHARS).collect();
        let pause = match self.count_attempt(&name, address) {
            Ok(pause) => pause,
            Err(left) => return Ok(Err(SignInRefusal::TooSoon { retry_after_s: whole_seconds(left) })),
        };
        let user = self.store.find_user(&name).await?;
        // An unknown name takes as long as a known one, so the time does not reveal which names exist.
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let is_right = self.verify_password(hash, password).await;
        let Some(user) = user.filter(|_| is_right) else {
            tracing::warn!(user.name = %name.escape_debug(), client.address = %address, "login refused for {}", name.escape_debug());
            return Ok(Err(SignInRefusal::NoMatch { retry_after_s: whole_seconds(pause) }));
        };
        self.attempts.lock().succeeded(&name, address, self.clock.uptime());
        Ok(Ok(user))
    }

    /// Returns all sessions that have not ended, the last used first.
    pub(crate) async fn list(&self) -> Result<Vec<ListedSession>, StoreError> {
        let mut sessions = self.store.list_sessions().await?;
        let now = self.clock.read();
        sessions.retain(|listed| self.lifetimes.is_alive(&listed.token_sha256, &listed.session, now));
        Ok(sessions)
    }

    /// Begins a session for a person who has proved who they are. Returns its cookie.
    pub(crate) async fn begin(&self, user: &User, address: IpAddr) -> Result<Cookie<'static>, SignInError> {
        let ClockReading { wall: now, uptime } = self.clock.read();
        let token = SessionToken::random()?;
        let session = NewLoginSession {
            token_sha256: token.hash(),
            user: user.id,
            csrf_token: token.csrf(),
            address: address.to_string(),
            expires_at: now.plus(MAX_LIFETIME),
        };
        self.store.add_session(&session, &self.lifetimes.alive(uptime), now).await?;
        self.lifetimes.begin(session.token_sha256, uptime);
        let entry = NewAuditEntry {
            action: "login",
            subject: "session",
            subject_name: &user.name,
            detail: &address.to_string(),
        };
        self.store.record_audit(&Actor::Person(user.name.clone()), now, entry).await?;
        tracing::info!(user.name = %user.name, client.address = %address, "{} signed in", user.name);
        Ok(self.cookie.cookie(token.text()))
    }

    /// Counts an attempt to type the set-up code. Each address is counted separately: the code cannot be guessed, and
    /// nobody keeps the owner out. Returns the refusal if the attempt is too soon.
    pub(crate) fn count_setup_attempt(&self, address: IpAddr) -> Result<Duration, SignInRefusal> {
        let refused = |left| SignInRefusal::TooSoon { retry_after_s: whole_seconds(left) };
        self.count_attempt(&setup_account(address), address).map_err(refused)
    }

    /// Ends the pauses of an address that has typed the right set-up code.
    pub(crate) fn forget_setup_attempts(&self, address: IpAddr) {
        self.attempts.lock().forget(&setup_account(address), address);
    }

    /// Hashes a new password. Takes a large part of a second.
    pub(crate) async fn hash_new_password(
        &self,
        password: SecretString,
    ) -> Result<SecretString, PasswordError> {
        let _permit = self.hashing.acquire().await.expect("the semaphore is never closed");
        let hashing = tokio::task::spawn_blocking(move || hash_new_password(&password));
        hashing.await.unwrap_or(Err(PasswordError::Secret(SecretError::Hashing)))
    }

    /// Counts an attempt. Returns the pause that follows if it fails, or the time left until one is allowed.
    fn count_attempt(&self, name: &str, address: IpAddr) -> Result<Duration, Duration> {
        let now = self.clock.uptime();
        let mut attempts = self.attempts.lock();
        let left = attempts.pause_left(name, address, now);
        if left.is_zero() { Ok(attempts.count(name, address, now)) } else { Err(left) }
    }

    async fn verify_password(&self, hash: Option<String>, password: SecretString) -> bool {
        let _permit = self.hashing.acquire().await.expect("the semaphore is never closed");
        let verify = move || riser_secrets::verify_password(&password, hash.as_deref());
        tokio::task::spawn_blocking(verify).await.unwrap_or(false)
    }

    /// Ends a session. Returns the cookie that removes the session's cookie.
    pub(crate) async fn sign_out(&self, signed_in: &SignedIn) -> Result<Cookie<'static>, StoreError> {
        self.store.remove_session(&signed_in.session).await?;
        Ok(self.cookie.removal())
    }

    /// Returns the session named by a request's cookie if it has not ended, and notes that it was used.
    pub(crate) async fn of_request(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<(TokenHash, LoginSession)>, StoreError> {
        let jar = CookieJar::from_headers(headers);
        let token = jar.get(&self.cookie.name).and_then(|cookie| SessionToken::parse(cookie.value()));
        let Some(hash) = token.map(|token| token.hash()) else { return Ok(None) };
        let Some(session) = self.find(&hash).await? else { return Ok(None) };
        let ClockReading { wall, uptime } = self.clock.read();
        if self.lifetimes.note_request(&hash, uptime) {
            self.store.update_session_seen(&hash, wall).await?;
        }
        Ok(Some((hash, session)))
    }

    /// Returns the session with this token hash if it has not ended. Does not count as a use of the session.
    pub(crate) async fn find(&self, token: &TokenHash) -> Result<Option<LoginSession>, StoreError> {
        let Some(session) = self.store.find_session(token).await? else { return Ok(None) };
        if self.lifetimes.is_alive(token, &session, self.clock.read()) {
            return Ok(Some(session));
        }
        self.store.remove_session(token).await?;
        Ok(None)
    }

    /// Returns a permit for one more event stream; `None` if the session holds too many.
    pub(crate) fn open_stream(&self, session: TokenHash) -> Option<StreamPermit> {
        self.streams.acquire(session)
    }
}

/// Returns the name under which attempts of the first run are counted. No account has a name with a control character.
fn setup_account(address: IpAddr) -> String {
    format!("\0set-up {address}")
}

/// Rounds up, so that an attempt after this many seconds is never too early.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX)
}
