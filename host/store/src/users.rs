//! People with a portal account.

use riser_domain::{Actor, Role, Timestamp};

use crate::{ConfigurationTransaction, Store, StoreError, stored_names};

const A_USER: &str = "a user";
/// What the audit trail calls a person.
const USER: &str = "user";

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
    /// The last login.
    pub signed_in_at: Option<Timestamp>,
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
    /// Adds a person in a transaction that does nothing else.
    pub async fn add_user(
        &self,
        user: &NewUser,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<UserId, StoreError> {
        let mut transaction = self.begin_configuration(actor, now).await?;
        let id = transaction.add_user(user).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Everyone, by name.
    pub async fn list_users(&self) -> Result<Vec<User>, StoreError> {
        sqlx::query!("SELECT id, name, role, password_hash, signed_in_at FROM users ORDER BY name")
            .fetch_all(self.riser().read())
            .await?
            .into_iter()
            .map(|row| user_from(row.id, row.name, &row.role, row.password_hash, row.signed_in_at))
            .collect()
    }

    /// The person with this name.
    pub async fn find_user(&self, name: &str) -> Result<Option<User>, StoreError> {
        sqlx::query!("SELECT id, name, role, password_hash, signed_in_at FROM users WHERE name = ?", name)
            .fetch_optional(self.riser().read())
            .await?
            .map(|row| user_from(row.id, row.name, &row.role, row.password_hash, row.signed_in_at))
            .transpose()
    }
}

impl ConfigurationTransaction {
    /// Adds a person.
    pub async fn add_user(&mut self, user: &NewUser) -> Result<UserId, StoreError> {
        let (word, now_ms) = (user.role.as_str(), self.now.unix_ms());
        let id = sqlx::query_scalar!(
            r#"INSERT INTO users (name, role, password_hash, created_at) VALUES (?, ?, ?, ?) RETURNING id AS "id!: i64""#,
            user.name,
            word,
            user.password_hash,
            now_ms
        )
        .fetch_one(&mut *self.transaction)
        .await
        .map_err(StoreError::about(A_USER))?;
        self.audit("add", USER, &user.name, &format!("role {word}")).await?;
        Ok(UserId(id))
    }

    /// Gives a person another name. Sessions go on.
    pub async fn rename_user(&mut self, user: UserId, name: &str) -> Result<(), StoreError> {
        let old_name =
            stored_names::of_user(&mut self.transaction, user).await?.ok_or(StoreError::Gone(A_USER))?;
        sqlx::query!("UPDATE users SET name = ? WHERE id = ?", name, user.0)
            .execute(&mut *self.transaction)
            .await
            .map_err(StoreError::about(A_USER))?;
        self.audit("update", USER, name, &format!("renamed from {old_name:?}")).await
    }

    /// Sets a password and ends the person's sessions.
    pub async fn update_user_password(
        &mut self,
        user: UserId,
        password_hash: &str,
    ) -> Result<(), StoreError> {
        let name = sqlx::query_scalar!(
            "UPDATE users SET password_hash = ? WHERE id = ? RETURNING name",
            password_hash,
            user.0
        )
        .fetch_optional(&mut *self.transaction)
        .await?
        .ok_or(StoreError::Gone(A_USER))?;
        self.end_sessions(user).await?;
        self.audit("update", USER, &name, "new password").await
    }

    /// Gives a person another role and ends the person's sessions.
    pub async fn update_user_role(&mut self, user: UserId, role: Role) -> Result<(), StoreError> {
        let word = role.as_str();
        let name = sqlx::query_scalar!("UPDATE users SET role = ? WHERE id = ? RETURNING name", word, user.0)
            .fetch_optional(&mut *self.transaction)
            .await?
            .ok_or(StoreError::Gone(A_USER))?;
        self.end_sessions(user).await?;
        self.audit("update", USER, &name, &format!("role {word}")).await
    }

    /// Removes a person, with all sessions.
    pub async fn remove_user(&mut self, user: UserId) -> Result<(), StoreError> {
        let name = sqlx::query_scalar!("DELETE FROM users WHERE id = ? RETURNING name", user.0)
            .fetch_optional(&mut *self.transaction)
            .await?
            .ok_or(StoreError::Gone(A_USER))?;
        self.audit("remove", USER, &name, "").await
    }

    async fn end_sessions(&mut self, user: UserId) -> Result<(), StoreError> {
        sqlx::query!("DELETE FROM login_sessions WHERE user_id = ?", user.0)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }
}

pub(crate) fn user_from(
    id: i64,
    name: String,
    role: &str,
    password_hash: String,
    signed_in_at: Option<i64>,
) -> Result<User, StoreError> {
    let role = role.parse::<Role>().map_err(|_| StoreError::damaged("users", "role", &id))?;
    let signed_in_at = signed_in_at.map(Timestamp::from_unix_ms);
    Ok(User { id: UserId(id), name, role, password_hash, signed_in_at })
}
