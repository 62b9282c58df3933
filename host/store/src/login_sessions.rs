//! Login sessions of the portal. The store contains only the hash of a token.

use std::fmt::Write as _;

use riser_domain::{Actor, Timestamp};

use crate::audit::{self, NewAuditEntry};
use crate::users::{User, UserId, user_from};
use crate::{Store, StoreError};

/// SHA-256 of the token of a session.
pub type TokenHash = [u8; 32];

#[derive(Clone, Debug)]
pub struct NewLoginSession {
    pub token_sha256: TokenHash,
    pub user: UserId,
    /// Sent back by each form of this session.
    pub csrf_token: String,
    /// The client's address.
    pub address: String,
    /// The session ends at this time even if it is in use.
    pub expires_at: Timestamp,
}

/// A session in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSession {
    pub token_sha256: TokenHash,
    pub session: LoginSession,
    /// The client's address at the login.
    pub address: String,
    pub created_at: Timestamp,
}

/// The sessions of a person to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedSessions<'a> {
    One(&'a TokenHash),
    AllBut(Option<&'a TokenHash>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSession {
    pub user: User,
    /// Sent back by each form of this session.
    pub csrf_token: String,
    pub last_seen_at: Timestamp,
    /// The session ends at this time even if it is in use.
    pub expires_at: Timestamp,
}

impl Store {
    /// Adds a session and removes expired ones, except those of `alive`: they only look expired because the clock
    /// was set.
    pub async fn add_session(
        &self,
        session: &NewLoginSession,
        alive: &[TokenHash],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let (now_ms, expires_ms) = (now.unix_ms(), session.expires_at.unix_ms());
        let token = session.token_sha256.as_slice();
        let alive = hex_list(alive);
        sqlx::query!(
            "DELETE FROM login_sessions
             WHERE expires_at <= ? AND hex(token_sha256) NOT IN (SELECT value FROM json_each(?))",
            now_ms,
            alive
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "INSERT INTO login_sessions
                 (token_sha256, user_id, csrf_token, address, created_at, last_seen_at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            token,
            session.user.0,
            session.csrf_token,
            session.address,
            now_ms,
            now_ms,
            expires_ms
        )
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::about("a session"))?;
        sqlx::query!("UPDATE users SET signed_in_at = ? WHERE id = ?", now_ms, session.user.0)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    /// Returns all sessions, the latest first, expired or not.
    pub async fn list_sessions(&self) -> Result<Vec<ListedSession>, StoreError> {
        let rows = sqlx::query!(
            "SELECT token_sha256, users.id, users.name, users.role, users.password_hash, users.signed_in_at,
                 csrf_token, address, login_sessions.created_at, last_seen_at, expires_at
             FROM login_sessions JOIN users ON users.id = login_sessions.user_id
             ORDER BY last_seen_at DESC, token_sha256"
        )
        .fetch_all(self.riser().read())
        .await?;
        rows.into_iter()
            .map(|row| {
                let token_sha256 = row.token_sha256.try_into();
                Ok(ListedSession {
                    token_sha256: token_sha256
                        .map_err(|_| StoreError::damaged("login_sessions", "token_sha256", &row.id))?,
                    session: LoginSession {
                        user: user_from(row.id, row.name, &row.role, row.password_hash, row.signed_in_at)?,
                        csrf_token: row.csrf_token,
                        last_seen_at: Timestamp::from_unix_ms(row.last_seen_at),
                        expires_at: Timestamp::from_unix_ms(row.expires_at),
                    },
                    address: row.address,
                    created_at: Timestamp::from_unix_ms(row.created_at),
                })
            })
            .collect()
    }

    /// Ends one session of a person, or all but `kept`.
    pub async fn end_sessions(
        &self,
        user: &User,
        which: EndedSessions<'_>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let ended = match which {
            EndedSessions::One(token) => {
                let token = token.as_slice();
                sqlx::query!(
                    "DELETE FROM login_sessions WHERE user_id = ? AND token_sha256 = ?",
                    user.id.0,
                    token
                )
                .execute(&mut *transaction)
                .await?
            }
            EndedSessions::AllBut(kept) => {
                let kept = kept.map(TokenHash::as_slice).unwrap_or_default();
                sqlx::query!(
                    "DELETE FROM login_sessions WHERE user_id = ? AND token_sha256 <> ?",
                    user.id.0,
                    kept
                )
                .execute(&mut *transaction)
                .await?
            }
        };
        let ended = ended.rows_affected();
        if ended > 0 {
            let detail = match ended {
                1 => "1 session ended".to_owned(),
                many => format!("{many} sessions ended"),
            };
            let entry = NewAuditEntry {
                action: "end",
                subject: "session",
                subject_name: &user.name,
                detail: &detail,
            };
            audit::record(&mut transaction, actor, now, entry).await?;
        }
        transaction.commit().await
    }

    /// Returns the session with this token, expired or not. Reads the database after a commit only.
    pub async fn find_session(&self, token: &TokenHash) -> Result<Option<LoginSession>, StoreError> {
        let (cache, commits) = (&self.caches().sessions, self.riser().commits());
        if let Some(session) = cache.get(commits, token) {
            return Ok(Some(session));
        }
        let session = self.read_session(token).await?;
        if let Some(session) = &session {
            cache.keep(commits, *token, session.clone());
        }
        Ok(session)
    }

    async fn read_session(&self, token: &TokenHash) -> Result<Option<LoginSession>, StoreError> {
        let token = token.as_slice();
        let row = sqlx::query!(
            "SELECT users.id, users.name, users.role, users.password_hash, users.signed_in_at, csrf_token,
                 last_seen_at, expires_at
             FROM login_sessions JOIN users ON users.id = login_sessions.user_id
             WHERE token_sha256 = ?",
            token
        )
        .fetch_optional(self.riser().read())
        .await?;
        row.map(|row| {
            Ok(LoginSession {
                user: user_from(row.id, row.name, &row.role, row.password_hash, row.signed_in_at)?,
                csrf_token: row.csrf_token,
                last_seen_at: Timestamp::from_unix_ms(row.last_seen_at),
                expires_at: Timestamp::from_unix_ms(row.expires_at),
            })
        })
        .transpose()
    }

    /// Records the last use of a session. Callers do so about once a minute, not with every request.
    pub async fn update_session_seen(&self, token: &TokenHash, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let (token, now_ms) = (token.as_slice(), now.unix_ms());
        sqlx::query!("UPDATE login_sessions SET last_seen_at = ? WHERE token_sha256 = ?", now_ms, token)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    pub async fn remove_session(&self, token: &TokenHash) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let token = token.as_slice();
        sqlx::query!("DELETE FROM login_sessions WHERE token_sha256 = ?", token)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }
}

/// Returns tokens as a JSON array in the spelling of SQL's `hex`.
fn hex_list(tokens: &[TokenHash]) -> String {
    let mut list = String::from("[");
    for token in tokens {
        list.push_str(if list.len() == 1 { "\"" } else { ",\"" });
        for byte in token {
            // Writing to a text never fails.
            let _ = write!(list, "{byte:02X}");
        }
        list.push('"');
    }
    list.push(']');
    list
}
