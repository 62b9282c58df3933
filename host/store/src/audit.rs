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

/// Selects entries of the audit trail. Empty texts and `None` select all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The kind of object.
    pub subject: String,
    pub action: String,
    /// The actor, the name or the details contain this text, in upper or lower case.
    pub text: String,
    pub from: Option<Timestamp>,
    /// Entries before this time.
    pub until: Option<Timestamp>,
}

/// An entry with the details of the entry before it about the same object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditChange {
    pub entry: AuditEntry,
    /// `None` for the first entry of an object.
    pub before: Option<String>,
}

struct AuditRow {
    id: i64,
    at: i64,
    actor_kind: String,
    actor_name: Option<String>,
    actor_server: Option<String>,
    action: String,
    subject: String,
    subject_name: String,
    detail: String,
    before: Option<String>,
}

impl TryFrom<AuditRow> for AuditChange {
    type Error = StoreError;

    fn try_from(row: AuditRow) -> Result<Self, StoreError> {
        let actor = ActorColumns { kind: row.actor_kind, name: row.actor_name, server: row.actor_server };
        let entry = AuditEntry {
            id: row.id,
            at: Timestamp::from_unix_ms(row.at),
            actor: actor.into_actor("audit", row.id)?,
            action: row.action,
            subject: row.subject,
            subject_name: row.subject_name,
            detail: row.detail,
        };
        Ok(Self { entry, before: row.before })
    }
}

impl Store {
    /// Returns the newest entries that a filter selects and whose number is lower than `before`, newest first.
    pub async fn search_audit(
        &self,
        filter: &AuditFilter,
        before: i64,
        count: u32,
    ) -> Result<Vec<AuditChange>, StoreError> {
        let from_ms = filter.from.map_or(i64::MIN, Timestamp::unix_ms);
        let until_ms = filter.until.map_or(i64::MAX, Timestamp::unix_ms);
        sqlx::query_as!(
            AuditRow,
            r#"SELECT id, at, actor_kind, actor_name, actor_server, action, subject, subject_name, detail,
                   (SELECT earlier.detail FROM audit AS earlier
                    WHERE earlier.id < audit.id AND earlier.subject = audit.subject
                        AND earlier.subject_name = audit.subject_name
                    ORDER BY earlier.id DESC LIMIT 1) AS "before: String"
               FROM audit
               WHERE id < ?1 AND (?2 = '' OR subject = ?2) AND (?3 = '' OR action = ?3) AND at >= ?4 AND at < ?5
                   AND (?6 = '' OR instr(lower(coalesce(actor_name, actor_kind) || char(10) || subject_name
                        || char(10) || detail), lower(?6)) > 0)
               ORDER BY id DESC LIMIT ?7"#,
            before,
            filter.subject,
            filter.action,
            from_ms,
            until_ms,
            filter.text,
            count
        )
        .fetch_all(self.riser().read())
        .await?
        .into_iter()
        .map(AuditChange::try_from)
        .collect()
    }

    /// Returns the kinds of objects and the actions in the audit trail, each sorted.
    pub async fn list_audit_words(&self) -> Result<(Vec<String>, Vec<String>), StoreError> {
        let subjects = sqlx::query_scalar!("SELECT DISTINCT subject FROM audit ORDER BY subject")
            .fetch_all(self.riser().read())
            .await?;
        let actions = sqlx::query_scalar!("SELECT DISTINCT action FROM audit ORDER BY action")
            .fetch_all(self.riser().read())
            .await?;
        Ok((subjects, actions))
    }

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
        self.newest_entries(count, true).await
    }

    /// Returns the newest entries about changes, newest first: without logins and their ends. Reads the database after a
    /// commit only.
    pub async fn list_latest_changes(&self, count: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let (cache, commits) = (&self.caches().latest_changes, self.riser().commits());
        if let Some(changes) = cache.get(commits, &count) {
            return Ok(changes);
        }
        let changes = self.newest_entries(count, false).await?;
        cache.keep(commits, count, changes.clone());
        Ok(changes)
    }

    async fn newest_entries(&self, count: u32, has_sessions: bool) -> Result<Vec<AuditEntry>, StoreError> {
        sqlx::query_as!(
            AuditRow,
            r#"SELECT id, at, actor_kind, actor_name, actor_server, action, subject, subject_name, detail,
                   NULL AS "before: String"
               FROM audit WHERE ?1 OR subject <> 'session' ORDER BY id DESC LIMIT ?2"#,
            has_sessions,
            count
        )
        .fetch_all(self.riser().read())
        .await?
        .into_iter()
        .map(|row| AuditChange::try_from(row).map(|change| change.entry))
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
