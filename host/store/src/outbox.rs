//! The outbox: set points accepted and what became of them. An accepted write is on disk before the caller
//! hears of it.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use parking_lot::Mutex;
use riser_domain::{
    Actor, EwsItemId, EwsServerId, PointHandle, SetPointWrite, Timestamp, Value, WriteId, WriteState,
};
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use crate::actor_columns::ActorColumns;
use crate::database::{Database, WriteTransaction};
use crate::id_blocks::{self, Numbered, json_list};
use crate::items::handle_from;
use crate::value_columns::ValueColumns;
use crate::{Store, StoreError, bulk_statements};

const NEWER_WRITE: &str = "a newer set point for the same point took its place";

/// A set point that was checked and is to be accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct NewWrite {
    /// The point.
    pub point: PointHandle,
    /// The point's id.
    pub item: EwsItemId,
    /// The server it was written on.
    pub ews_server: EwsServerId,
    /// What is requested.
    pub value: Value,
    /// It is not sent after this moment.
    pub expires_at: Timestamp,
}

/// Requests that wait for the writing connection. Whoever gets it next commits them all, so that writes that
/// arrive during one commit share the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupCommit {
    waiting: Arc<Mutex<Vec<AcceptRequest>>>,
}

#[derive(Debug)]
struct AcceptRequest {
    writes: Vec<NewWrite>,
    actor: Actor,
    now: Timestamp,
    done: oneshot::Sender<Result<Vec<SetPointWrite>, StoreError>>,
}

impl Store {
    /// Accepts the set points of one request: one group, committed with its audit rows when this returns.
    /// Older open writes for the same points are superseded; of two for one point in a request, the last
    /// stays.
    pub async fn accept_writes(
        &self,
        writes: &[NewWrite],
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<SetPointWrite>, StoreError> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let (done, reply) = oneshot::channel();
        let request = AcceptRequest { writes: writes.to_vec(), actor: actor.clone(), now, done };
        self.accept_queue().waiting().push(request);
        // In a task of its own, so that a caller that goes away does not take others' requests with it.
        let (queue, database) = (self.accept_queue().clone(), self.riser().clone());
        tokio::spawn(async move { queue.commit_waiting(&database).await });
        match reply.await {
            Ok(accepted) => accepted,
            // The runtime is shutting down.
            Err(_) => Err(StoreError::WritesStopped),
        }
    }

    /// Changes the state of a write. Returns whether the rules allow the change.
    pub async fn update_write(
        &self,
        write: WriteId,
        state: WriteState,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.riser().write().await?;
        let present = sqlx::query_scalar!("SELECT state FROM set_point_writes WHERE id = ?", write.0)
            .fetch_optional(&mut *transaction)
            .await?
            .ok_or(StoreError::Gone("a set point"))?;
        let present = present
            .parse::<WriteState>()
            .map_err(|_| StoreError::damaged("set_point_writes", "state", &write.0))?;
        if !present.may_become(state) {
            return Ok(false);
        }
        let (word, now_ms, is_sent) = (state.as_str(), now.unix_ms(), state == WriteState::Sent);
        sqlx::query!(
            "UPDATE set_point_writes SET state = ?1, reason = ?2, changed_at = ?3,
                 sent_at = CASE WHEN ?4 THEN ifnull(sent_at, ?3) ELSE sent_at END
             WHERE id = ?5",
            word,
            reason,
            now_ms,
            is_sent,
            write.0
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Writes that wait for their end, in the order of their acceptance.
    pub async fn open_writes(&self) -> Result<Vec<SetPointWrite>, StoreError> {
        writes_from(
            sqlx::query_as!(
                WriteRow,
                "SELECT * FROM set_point_writes WHERE state IN ('Accepted', 'Sent', 'Pending', 'Unknown') ORDER BY id"
            )
            .fetch_all(self.riser().read())
            .await?,
        )
    }

    /// The newest write of every point, in the order of their acceptance.
    pub async fn latest_writes(&self) -> Result<Vec<SetPointWrite>, StoreError> {
        writes_from(
            sqlx::query_as!(
                WriteRow,
                "SELECT * FROM set_point_writes WHERE id IN (SELECT max(id) FROM set_point_writes GROUP BY point) ORDER BY id"
            )
            .fetch_all(self.riser().read())
            .await?,
        )
    }

    /// Returns the newest writes of a point that were accepted in a span of time, newest first. Both ends belong to
    /// the span.
    pub async fn list_writes_of(
        &self,
        point: PointHandle,
        span: (Timestamp, Timestamp),
        count: u32,
    ) -> Result<Vec<SetPointWrite>, StoreError> {
        let (from_ms, to_ms) = (span.0.unix_ms(), span.1.unix_ms());
        writes_from(
            sqlx::query_as!(
                WriteRow,
                "SELECT * FROM set_point_writes WHERE point = ? AND accepted_at BETWEEN ? AND ? ORDER BY id DESC LIMIT ?",
                point.0,
                from_ms,
                to_ms,
                count
            )
            .fetch_all(self.riser().read())
            .await?,
        )
    }

    /// Changes when open writes expire, after the clock was set.
    pub async fn move_expiry(&self, writes: &[(WriteId, Timestamp)]) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        for (write, expires_at) in writes {
            let expires_ms = expires_at.unix_ms();
            sqlx::query!("UPDATE set_point_writes SET expires_at = ? WHERE id = ?", expires_ms, write.0)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }

    /// Expires those of these writes that are still open. Returns them in their new state.
    pub async fn expire_writes(
        &self,
        writes: &[WriteId],
        now: Timestamp,
    ) -> Result<Vec<SetPointWrite>, StoreError> {
        let mut transaction = self.riser().write().await?;
        let (now_ms, ids) = (now.unix_ms(), json_list(writes.iter().map(|write| write.0)));
        let rows = sqlx::query_as!(
            WriteRow,
            "UPDATE set_point_writes SET state = 'Expired', changed_at = ?1,
                 reason = 'expired before it was confirmed'
             WHERE state IN ('Accepted', 'Sent', 'Pending', 'Unknown')
                 AND id IN (SELECT value FROM json_each(?2))
             RETURNING *",
            now_ms,
            ids
        )
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        writes_from(rows)
    }

    /// Forgets writes that ended before a moment, but never the newest of a point: it says how the point came
    /// to its value. Returns their number.
    pub async fn remove_old_writes(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut transaction = self.riser().write().await?;
        let before_ms = before.unix_ms();
        let removed = sqlx::query!(
            "DELETE FROM set_point_writes WHERE changed_at < ? AND state NOT IN ('Accepted', 'Sent', 'Pending', 'Unknown')
                 AND id NOT IN (SELECT max(id) FROM set_point_writes GROUP BY point)",
            before_ms
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(removed.rows_affected())
    }
}

impl GroupCommit {
    fn waiting(&self) -> parking_lot::MutexGuard<'_, Vec<AcceptRequest>> {
        self.waiting.lock()
    }

    /// Commits every request that waits when the connection is free; none waits any more when another
    /// caller's task took it along.
    async fn commit_waiting(&self, database: &Database) {
        let transaction = database.write().await;
        let requests = mem::take(&mut *self.waiting());
        let together = match transaction {
            Ok(transaction) => accept_all(transaction, &requests).await,
            Err(error) => Err(error),
        };
        match together {
            Ok(accepted) => {
                for (request, writes) in requests.into_iter().zip(accepted) {
                    // A caller that went away finds its writes in the outbox.
                    let _ = request.done.send(Ok(writes));
                }
            }
            // One request must not fail for the fault of another: each is tried by itself.
            Err(_) => {
                for request in requests {
                    let alone = accept_alone(database, &request).await;
                    let _ = request.done.send(alone);
                }
            }
        }
    }
}

async fn accept_alone(
    database: &Database,
    request: &AcceptRequest,
) -> Result<Vec<SetPointWrite>, StoreError> {
    let accepted = accept_all(database.write().await?, std::slice::from_ref(request)).await?;
    Ok(accepted.into_iter().flatten().collect())
}

async fn accept_all(
    mut transaction: WriteTransaction,
    requests: &[AcceptRequest],
) -> Result<Vec<Vec<SetPointWrite>>, StoreError> {
    let mut accepted = Vec::with_capacity(requests.len());
    for request in requests {
        accepted.push(accept(&mut transaction, request).await?);
    }
    transaction.commit().await?;
    Ok(accepted)
}

async fn accept(
    connection: &mut SqliteConnection,
    request: &AcceptRequest,
) -> Result<Vec<SetPointWrite>, StoreError> {
    bulk_statements::audit_writes(connection, &request.writes, &request.actor, request.now).await?;
    let wanted = &request.writes;
    supersede(connection, wanted, request.now).await?;
    let first = id_blocks::take(connection, Numbered::SetPointWrite, wanted.len()).await?;
    let last_of_point: HashMap<PointHandle, usize> =
        wanted.iter().enumerate().map(|(index, write)| (write.point, index)).collect();
    let writes: Vec<SetPointWrite> = (first..)
        .zip(wanted.iter().enumerate())
        .map(|(id, (index, write))| {
            let is_last = last_of_point.get(&write.point) == Some(&index);
            let (state, reason) =
                if is_last { (WriteState::Accepted, "") } else { (WriteState::Superseded, NEWER_WRITE) };
            SetPointWrite {
                id: WriteId(id),
                group: first,
                point: write.point,
                item: write.item.clone(),
                ews_server: write.ews_server,
                value: write.value.clone(),
                actor: request.actor.clone(),
                state,
                reason: reason.to_owned(),
                accepted_at: request.now,
                sent_at: None,
                changed_at: request.now,
                expires_at: write.expires_at,
            }
        })
        .collect();
    bulk_statements::add_writes(connection, &writes).await?;
    Ok(writes)
}

/// Ends older open writes for the points of a request.
async fn supersede(
    connection: &mut SqliteConnection,
    wanted: &[NewWrite],
    now: Timestamp,
) -> Result<(), StoreError> {
    let points = json_list(wanted.iter().map(|write| i64::from(write.point.0)));
    let now_ms = now.unix_ms();
    sqlx::query!(
        "UPDATE set_point_writes SET state = 'Superseded', reason = ?, changed_at = ?
         WHERE state IN ('Accepted', 'Sent', 'Pending', 'Unknown')
             AND point IN (SELECT value FROM json_each(?))",
        NEWER_WRITE,
        now_ms,
        points
    )
    .execute(connection)
    .await?;
    Ok(())
}

struct WriteRow {
    id: i64,
    group_id: i64,
    point: i64,
    item_id: String,
    ews_server_id: i64,
    value_type: i64,
    value_number: Option<f64>,
    value_whole: Option<i64>,
    value_text: Option<String>,
    actor_kind: String,
    actor_name: Option<String>,
    actor_server: Option<String>,
    state: String,
    reason: String,
    accepted_at: i64,
    sent_at: Option<i64>,
    changed_at: i64,
    expires_at: i64,
}

impl TryFrom<WriteRow> for SetPointWrite {
    type Error = StoreError;

    fn try_from(row: WriteRow) -> Result<Self, StoreError> {
        let value = ValueColumns {
            value_type: row.value_type,
            number: row.value_number,
            whole: row.value_whole,
            text: row.value_text.map(Arc::from),
        };
        let actor = ActorColumns { kind: row.actor_kind, name: row.actor_name, server: row.actor_server };
        Ok(Self {
            id: WriteId(row.id),
            group: row.group_id,
            point: handle_from(row.point, "writes", "point")?,
            item: EwsItemId::new(&row.item_id),
            ews_server: EwsServerId(row.ews_server_id),
            value: value.into_value("writes", &row.id)?,
            actor: actor.into_actor("writes", row.id)?,
            state: row
                .state
                .parse::<WriteState>()
                .map_err(|_| StoreError::damaged("set_point_writes", "state", &row.id))?,
            reason: row.reason,
            accepted_at: Timestamp::from_unix_ms(row.accepted_at),
            sent_at: row.sent_at.map(Timestamp::from_unix_ms),
            changed_at: Timestamp::from_unix_ms(row.changed_at),
            expires_at: Timestamp::from_unix_ms(row.expires_at),
        })
    }
}

fn writes_from(rows: Vec<WriteRow>) -> Result<Vec<SetPointWrite>, StoreError> {
    rows.into_iter().map(SetPointWrite::try_from).collect()
}
