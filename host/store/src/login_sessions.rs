//! Portal sessions. The store knows a token only by its hash.

use riser_domain::Timestamp;

use crate::users::{User, UserId, user_from};
use crate::{Store, StoreError};

/// SHA-256 of a session's token.
pub type TokenHash = [u8; 32];

/// A session that begins.
#[derive(Clone, Debug)]
pub struct NewLoginSession {
    /// SHA-256 of its token.
    pub token_sha256: TokenHash,
    /// Who logged in.
    pub user: UserId,
    /// What forms of this session carry.
    pub csrf_token: String,
    /// When it ends, however busy it is.
    pub expires_at: Timestamp,
}

/// A session that lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSession {
    /// Whose it is.
    pub user: User,
    /// What forms of this session carry.
    pub csrf_token: String,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// When it ends, however busy it is.
    pub expires_at: Timestamp,
}

impl Store {
    /// Begins a session and forgets those that are over.
    pub async fn add_session(&self, session: &NewLoginSession, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let (now_ms, expires_ms) = (now.unix_ms(), session.expires_at.unix_ms());
        let token = session.token_sha256.as_slice();
        sqlx::query!("DELETE FROM login_sessions WHERE expires_at <= ?", now_ms)
            .execute(&mut *transaction)
            .await?;
        sqlx::query!(
            "INSERT INTO login_sessions (token_sha256, user_id, csrf_token, created_at, last_seen_at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?)",
            token,
            session.user.0,
            session.csrf_token,
            now_ms,
            now_ms,
            expires_ms
        )
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::about("a session"))?;
        transaction.commit().await
    }

    /// The session with this token, if it is not over.
    pub async fn find_session(
        &self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<LoginSession>, StoreError> {
        let (token, now_ms) = (token.as_slice(), now.unix_ms());
        let row = sqlx::query!(
            "SELECT users.id, users.name, users.role, users.password_hash, csrf_token, last_seen_at, expires_at
             FROM login_sessions JOIN users ON users.id = login_sessions.user_id
             WHERE token_sha256 = ? AND expires_at > ?",
            token,
            now_ms
        )
        .fetch_optional(self.riser().read())
        .await?;
        row.map(|row| {
            Ok(LoginSession {
                user: user_from(row.id, row.name, &row.role, row.password_hash)?,
                csrf_token: row.csrf_token,
                last_seen_at: Timestamp::from_unix_ms(row.last_seen_at),
                expires_at: Timestamp::from_unix_ms(row.expires_at),
            })
        })
        .transpose()
    }

    /// Notes that a session was used. Callers do so about once a minute, not with every request.
    pub async fn update_session_seen(&self, token: &TokenHash, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let (token, now_ms) = (token.as_slice(), now.unix_ms());
        sqlx::query!("UPDATE login_sessions SET last_seen_at = ? WHERE token_sha256 = ?", now_ms, token)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    /// Ends a session.
    pub async fn remove_session(&self, token: &TokenHash) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let token = token.as_slice();
        sqlx::query!("DELETE FROM login_sessions WHERE token_sha256 = ?", token)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }
}
