//! Signing in, and knowing who is signed in.
//!
//! A browser holds a random token in a cookie that no script can read; the store holds its hash. A session
//! ends after 30 minutes without a request, 12 hours after it began at the latest, or when the person signs
//! out.

mod attempts;
mod signed_in;
mod token;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use riser_domain::{Actor, Clock};
use riser_store::{LoginSession, NewAuditEntry, NewLoginSession, Store, StoreError, TokenHash};
use secrecy::SecretString;
use tokio::sync::Semaphore;

use self::attempts::Attempts;
use self::token::SessionToken;
use crate::cookies;
use crate::pages::error::PageError;

pub(crate) use self::signed_in::SignedIn;

/// A session ends after this time without a request.
const IDLE_TIME: Duration = Duration::from_mins(30);
/// And this long after it began, however busy it is.
const LONGEST_TIME: Duration = Duration::from_hours(12);
/// The time of the last request is written at most this often.
const SEEN_UPDATE_INTERVAL: Duration = Duration::from_mins(1);
/// Passwords hashed at the same time: each takes 19 MiB and a processor core.
const HASHED_AT_ONCE: usize = 2;
/// Letters of a name that are looked up; longer ones belong to no account.
const LONGEST_NAME: usize = 200;

/// The sessions of this portal.
#[derive(Debug)]
pub(crate) struct Sessions {
    store: Store,
    clock: Arc<dyn Clock>,
    attempts: Mutex<Attempts>,
    hashing: Semaphore,
    cookie: CookieKind,
}

/// Over TLS the cookie is bound to it; each port has a name of its own, because browsers share cookies between
/// the ports of a host.
#[derive(Clone, Debug)]
pub(crate) struct CookieKind {
    name: String,
    is_secure: bool,
}

/// Why nobody was signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInRefusal {
    /// Name or password are wrong; which of them is not said.
    NoMatch { next_try_in_s: u64 },
    /// The last failure is too fresh; the password was not looked at.
    TooSoon { next_try_in_s: u64 },
}

impl CookieKind {
    pub(crate) fn new(port: u16, is_secure: bool) -> Self {
        let prefix = if is_secure { "__Host-" } else { "" };
        Self { name: format!("{prefix}riser-{port}"), is_secure }
    }

    fn set(&self, token: &SessionToken) -> HeaderValue {
        self.header(&token.text(), "")
    }

    fn remove(&self) -> HeaderValue {
        self.header("", "; Max-Age=0")
    }

    fn header(&self, value: &str, more: &str) -> HeaderValue {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}", self.name);
        HeaderValue::from_str(&text).expect("a name with a port and hexadecimal letters make a header")
    }
}

impl Sessions {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, cookie: CookieKind) -> Self {
        Self { store, clock, attempts: Mutex::default(), hashing: Semaphore::new(HASHED_AT_ONCE), cookie }
    }

    /// Looks at a name and a password; answers the cookie of a new session.
    pub(crate) async fn sign_in(
        &self,
        name: &str,
        password: SecretString,
        address: IpAddr,
    ) -> Result<Result<HeaderValue, SignInRefusal>, PageError> {
        let name: String = name.trim().chars().take(LONGEST_NAME).collect();
        let pause = match self.count_try(&name, address) {
            Ok(pause) => pause,
            Err(left) => return Ok(Err(SignInRefusal::TooSoon { next_try_in_s: whole_seconds(left) })),
        };
        let now = self.clock.now();
        let user = self.store.find_user(&name).await?;
        // An unknown name costs as much time as a known one, so that the time does not tell them apart.
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let fits = self.password_fits(hash, password).await;
        let Some(user) = user.filter(|_| fits) else {
            tracing::warn!(user.name = %name.escape_debug(), client.address = %address, "login refused for {}", name.escape_debug());
            return Ok(Err(SignInRefusal::NoMatch { next_try_in_s: whole_seconds(pause) }));
        };
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).succeeded(&name, address, now);
        let token = SessionToken::random().map_err(|error| {
            tracing::error!(%error, "the operating system gives no random numbers");
            PageError::StoreFailed
        })?;
        let expires_at = now.plus(LONGEST_TIME);
        let csrf_token = token.csrf();
        let session = NewLoginSession { token_sha256: token.hash(), user: user.id, csrf_token, expires_at };
        self.store.add_session(&session, now).await?;
        self.store
            .record_audit(
                &Actor::Person(user.name.clone()),
                now,
                NewAuditEntry {
                    action: "login",
                    subject: "session",
                    subject_name: &user.name,
                    detail: &address.to_string(),
                },
            )
            .await?;
        tracing::info!(user.name = %user.name, client.address = %address, "{} signed in", user.name);
        Ok(Ok(self.cookie.set(&token)))
    }

    fn count_try(&self, name: &str, address: IpAddr) -> Result<Duration, Duration> {
        let now = self.clock.now();
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let left = attempts.pause_left(name, address, now);
        if left.is_zero() { Ok(attempts.count_try(name, address, now)) } else { Err(left) }
    }

    async fn password_fits(&self, hash: Option<String>, password: SecretString) -> bool {
        let _permit = self.hashing.acquire().await.expect("the semaphore is never closed");
        let look = move || riser_secrets::verify_password(&password, hash.as_deref());
        tokio::task::spawn_blocking(look).await.unwrap_or(false)
    }

    /// Ends a session; answers what removes its cookie.
    pub(crate) async fn sign_out(&self, signed_in: &SignedIn) -> Result<HeaderValue, StoreError> {
        self.store.remove_session(&signed_in.session).await?;
        Ok(self.cookie.remove())
    }

    /// The session a request carries, if it still stands; notes that it was used.
    pub(crate) async fn of_request(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<(TokenHash, LoginSession)>, StoreError> {
        let token = cookies::find(headers, &self.cookie.name).and_then(SessionToken::parse);
        let Some(hash) = token.map(|token| token.hash()) else { return Ok(None) };
        let Some(session) = self.find(&hash).await? else { return Ok(None) };
        let now = self.clock.now();
        if now.since(session.last_seen_at) >= SEEN_UPDATE_INTERVAL {
            self.store.update_session_seen(&hash, now).await?;
        }
        Ok(Some((hash, session)))
    }

    /// The session with this token hash, if it still stands; looking does not keep it alive.
    pub(crate) async fn find(&self, token: &TokenHash) -> Result<Option<LoginSession>, StoreError> {
        let now = self.clock.now();
        let Some(session) = self.store.find_session(token, now).await? else { return Ok(None) };
        if now.since(session.last_seen_at) >= IDLE_TIME {
            self.store.remove_session(token).await?;
            return Ok(None);
        }
        Ok(Some(session))
    }
}

/// Seconds, so that a try after them is not a moment too soon.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX)
}
