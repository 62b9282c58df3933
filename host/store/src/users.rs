//! People with a portal account.

use riser_domain::{Actor, Role, Timestamp};

use crate::audit::{self, NewAuditEntry};
use crate::{Store, StoreError};

const A_USER: &str = "a user";

/// The database's number of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

/// A person who gets a portal account.
#[derive(Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The name, unique on this host.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The password's hash (Argon2id, PHC string), made by riser-secrets.
    pub password_hash: String,
}

/// A person with a portal account.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The number.
    pub id: UserId,
    /// The name, unique on this host.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The password's hash (Argon2id, PHC string).
    pub password_hash: String,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for NewUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewUser").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

impl Store {
    /// Adds a person.
    pub async fn add_user(
        &self,
        user: &NewUser,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<UserId, StoreError> {
        let mut transaction = self.riser().write().await?;
        let (word, now_ms) = (user.role.as_str(), now.unix_ms());
        let id = sqlx::query_scalar!(
            r#"INSERT INTO users (name, role, password_hash, created_at) VALUES (?, ?, ?, ?) RETURNING id AS "id!: i64""#,
            user.name,
            word,
            user.password_hash,
            now_ms
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::about(A_USER))?;
        audit::record(&mut transaction, actor, now, entry("add", &user.name, word)).await?;
        transaction.commit().await?;
        Ok(UserId(id))
    }

    /// Everyone, by name.
    pub async fn list_users(&self) -> Result<Vec<User>, StoreError> {
        sqlx::query!("SELECT id, name, role, password_hash FROM users ORDER BY name")
            .fetch_all(self.riser().read())
            .await?
            .into_iter()
            .map(|row| user_from(row.id, row.name, &row.role, row.password_hash))
            .collect()
    }

    /// The person with this name.
    pub async fn find_user(&self, name: &str) -> Result<Option<User>, StoreError> {
        sqlx::query!("SELECT id, name, role, password_hash FROM users WHERE name = ?", name)
            .fetch_optional(self.riser().read())
            .await?
            .map(|row| user_from(row.id, row.name, &row.role, row.password_hash))
            .transpose()
    }

    /// Sets a password and ends the person's sessions.
    pub async fn update_user_password(
        &self,
        user: UserId,
        password_hash: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let name = sqlx::query_scalar!(
            "UPDATE users SET password_hash = ? WHERE id = ? RETURNING name",
            password_hash,
            user.0
        )
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or(StoreError::Gone(A_USER))?;
        sqlx::query!("DELETE FROM login_sessions WHERE user_id = ?", user.0)
            .execute(&mut *transaction)
            .await?;
        audit::record(&mut transaction, actor, now, entry("update", &name, "password")).await?;
        transaction.commit().await
    }

    /// Gives a person another role and ends the person's sessions.
    pub async fn update_user_role(
        &self,
        user: UserId,
        role: Role,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let word = role.as_str();
        let name = sqlx::query_scalar!("UPDATE users SET role = ? WHERE id = ? RETURNING name", word, user.0)
            .fetch_optional(&mut *transaction)
            .await?
            .ok_or(StoreError::Gone(A_USER))?;
        sqlx::query!("DELETE FROM login_sessions WHERE user_id = ?", user.0)
            .execute(&mut *transaction)
            .await?;
        audit::record(&mut transaction, actor, now, entry("update", &name, word)).await?;
        transaction.commit().await
    }

    /// Removes a person, with all sessions.
    pub async fn remove_user(&self, user: UserId, actor: &Actor, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let name = sqlx::query_scalar!("DELETE FROM users WHERE id = ? RETURNING name", user.0)
            .fetch_optional(&mut *transaction)
            .await?
            .ok_or(StoreError::Gone(A_USER))?;
        audit::record(&mut transaction, actor, now, entry("remove", &name, "")).await?;
        transaction.commit().await
    }
}

const fn entry<'a>(action: &'a str, name: &'a str, detail: &'a str) -> NewAuditEntry<'a> {
    NewAuditEntry { action, subject: "user", subject_name: name, detail }
}

pub(crate) fn user_from(
    id: i64,
    name: String,
    role: &str,
    password_hash: String,
) -> Result<User, StoreError> {
    let role = role.parse::<Role>().map_err(|_| StoreError::damaged("users", "role", &id))?;
    Ok(User { id: UserId(id), name, role, password_hash })
}
