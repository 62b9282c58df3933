//! The audit trail: one row for every change and every write from the BMS, in the transaction of the change.

use riser_domain::{Actor, Timestamp};
use sqlx::SqliteConnection;

use crate::actor_columns::ActorColumns;
use crate::{Store, StoreError};

/// An entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Rises with time.
    pub id: i64,
    pub at: Timestamp,
    pub actor: Actor,
    /// `add`, `update`, `remove` or `set`.
    pub action: String,
    /// The kind of object, such as `connection` or `set point`.
    pub subject: String,
    pub subject_name: String,
    /// Details for people; never a secret.
    pub detail: String,
}

/// An entry to add to the audit trail.
#[derive(Clone, Copy, Debug)]
pub struct NewAuditEntry<'a> {
    /// `add`, `update`, `remove` or `set`.
    pub action: &'a str,
    /// The kind of object, such as `connection` or `set point`.
    pub subject: &'a str,
    pub subject_name: &'a str,
    /// Details for people; never a secret.
    pub detail: &'a str,
}

impl Store {
    /// Records an action that changed nothing in the store, such as a login.
    pub async fn record_audit(
        &self,
        actor: &Actor,
        now: Timestamp,
        entry: NewAuditEntry<'_>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        record(&mut transaction, actor, now, entry).await?;
        transaction.commit().await
    }

    /// Returns the newest entries, newest first.
    pub async fn list_audit(&self, count: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let rows = sqlx::query!(
            "SELECT id, at, actor_kind, actor_name, actor_server, action, subject, subject_name, detail
             FROM audit ORDER BY id DESC LIMIT ?",
            count
        )
        .fetch_all(self.riser().read())
        .await?;
        rows.into_iter()
            .map(|row| {
                let actor =
                    ActorColumns { kind: row.actor_kind, name: row.actor_name, server: row.actor_server };
                Ok(AuditEntry {
                    id: row.id,
                    at: Timestamp::from_unix_ms(row.at),
                    actor: actor.into_actor("audit", row.id)?,
                    action: row.action,
                    subject: row.subject,
                    subject_name: row.subject_name,
                    detail: row.detail,
                })
            })
            .collect()
    }
}

/// Adds an entry in the transaction of the change that it describes.
pub(crate) async fn record(
    connection: &mut SqliteConnection,
    actor: &Actor,
    now: Timestamp,
    entry: NewAuditEntry<'_>,
) -> Result<(), StoreError> {
    let actor = ActorColumns::from(actor);
    let now_ms = now.unix_ms();
    sqlx::query!(
        "INSERT INTO audit
             (at, actor_kind, actor_name, actor_server, action, subject, subject_name, detail)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        now_ms,
        actor.kind,
        actor.name,
        actor.server,
        entry.action,
        entry.subject,
        entry.subject_name,
        entry.detail
    )
    .execute(connection)
    .await?;
    Ok(())
}
