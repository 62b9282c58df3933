//! Accounts of EWS servers: who may log in there.

use riser_domain::{AccountId, AccountRights, EwsServerId};
use sqlx::SqliteConnection;

use crate::{ConfigurationTransaction, SealedValue, StoreError, audit_words, stored_names};

const AN_ACCOUNT: &str = "an account";

/// An account of an EWS server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number; its password is sealed for table `ews_accounts`, this row, column `password`.
    pub id: AccountId,
    /// The server it belongs to.
    pub ews_server: EwsServerId,
    /// Its name, unique on the server.
    pub name: String,
    /// What it may do.
    pub rights: AccountRights,
    /// Its password, sealed; `None` until one is set: nobody can log in then.
    pub password: Option<SealedValue>,
}

impl ConfigurationTransaction {
    /// Adds an account. Its password is sealed for the id that it gets, and set next.
    pub async fn add_account(
        &mut self,
        server: EwsServerId,
        name: &str,
        rights: AccountRights,
    ) -> Result<AccountId, StoreError> {
        let word = rights.as_str();
        let id = sqlx::query_scalar!(
            r#"INSERT INTO ews_accounts (ews_server_id, name, rights) VALUES (?, ?, ?) RETURNING id AS "id!: i64""#,
            server.0,
            name,
            word
        )
        .fetch_one(&mut *self.transaction)
        .await
        .map_err(StoreError::about(AN_ACCOUNT))?;
        let server = stored_names::of_ews_server(&mut self.transaction, server).await?.unwrap_or_default();
        self.audit("add", "EWS account", name, &format!("account of {server:?}, {word}")).await?;
        Ok(AccountId(id))
    }

    /// Changes an account's name and rights.
    pub async fn update_account(
        &mut self,
        id: AccountId,
        name: &str,
        rights: AccountRights,
    ) -> Result<(), StoreError> {
        let word = rights.as_str();
        let (old_name, server) = self.account_names(id).await?;
        sqlx::query!("UPDATE ews_accounts SET name = ?, rights = ? WHERE id = ?", name, word, id.0)
            .execute(&mut *self.transaction)
            .await
            .map_err(StoreError::about(AN_ACCOUNT))?;
        let words = format!("account of {server:?}, {word}");
        let detail = audit_words::with_old_name(&old_name, name, &words);
        self.audit("update", "EWS account", name, &detail).await
    }

    /// Sets an account's password.
    pub async fn update_account_password(
        &mut self,
        id: AccountId,
        password: &SealedValue,
    ) -> Result<(), StoreError> {
        let (name, server) = self.account_names(id).await?;
        sqlx::query!(
            "UPDATE ews_accounts SET password_kid = ?, password = ? WHERE id = ?",
            password.kid,
            password.bytes,
            id.0
        )
        .execute(&mut *self.transaction)
        .await?;
        self.audit("update", "EWS account", &name, &format!("account of {server:?}, new password")).await
    }

    /// Removes an account.
    pub async fn remove_account(&mut self, id: AccountId) -> Result<(), StoreError> {
        let (name, server) = self.account_names(id).await?;
        sqlx::query!("DELETE FROM ews_accounts WHERE id = ?", id.0).execute(&mut *self.transaction).await?;
        self.audit("remove", "EWS account", &name, &format!("account of {server:?}")).await
    }

    /// Returns the name of an account and that of its server.
    async fn account_names(&mut self, id: AccountId) -> Result<(String, String), StoreError> {
        stored_names::of_account(&mut self.transaction, id).await?.ok_or(StoreError::Gone(AN_ACCOUNT))
    }
}

pub(crate) async fn list(connection: &mut SqliteConnection) -> Result<Vec<Account>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, ews_server_id, name, rights, password_kid, password
         FROM ews_accounts ORDER BY ews_server_id, name"
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let rights = row
                .rights
                .parse::<AccountRights>()
                .map_err(|_| StoreError::damaged("ews_accounts", "rights", &row.id))?;
            let password = row.password_kid.zip(row.password);
            Ok(Account {
                id: AccountId(row.id),
                ews_server: EwsServerId(row.ews_server_id),
                name: row.name,
                rights,
                password: password.map(|(kid, bytes)| SealedValue { kid, bytes }),
            })
        })
        .collect()
}
