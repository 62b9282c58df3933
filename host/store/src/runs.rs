//! Runs of processor configurations.

use std::collections::HashMap;

use riser_domain::{ConfigurationId, Run, RunId, RunState, RunTrigger, Timestamp};

use crate::schedule_progress::record_progress;

use crate::{Store, StoreError};

impl Store {
    /// Adds a run in the state `waiting`. The time of one by a schedule is done then.
    pub async fn add_run(
        &self,
        configuration: ConfigurationId,
        trigger: &RunTrigger,
        now: Timestamp,
    ) -> Result<RunId, StoreError> {
        let mut transaction = self.riser().write().await?;
        let (kind, name, due_at) = trigger_columns(trigger);
        let now_ms = now.unix_ms();
        let id = sqlx::query_scalar!(
            r#"INSERT INTO runs (configuration_id, trigger_kind, trigger_name, due_at, state, reason, queued_at)
             VALUES (?, ?, ?, ?, 'waiting', '', ?) RETURNING id AS "id!: i64""#,
            configuration.0,
            kind,
            name,
            due_at,
            now_ms
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::about("the processor configuration of the run"))?;
        if let RunTrigger::Schedule(due) = trigger {
            record_progress(&mut transaction, configuration, *due).await?;
        }
        transaction.commit().await?;
        Ok(RunId(id))
    }

    /// Records the reason that a run waits.
    pub async fn update_run_reason(&self, run: RunId, reason: &str) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        sqlx::query!("UPDATE runs SET reason = ? WHERE id = ? AND state = 'waiting'", reason, run.0)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    /// Records the start of the worker, with the hash of its library.
    pub async fn start_run(
        &self,
        run: RunId,
        library_sha256: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let now_ms = now.unix_ms();
        let started = sqlx::query!(
            "UPDATE runs SET state = 'running', reason = '', library_sha256 = ?, started_at = ?
             WHERE id = ? AND state = 'waiting'",
            library_sha256,
            now_ms,
            run.0
        )
        .execute(&mut *transaction)
        .await?;
        if started.rows_affected() == 0 {
            return Err(StoreError::Gone("a waiting run"));
        }
        transaction.commit().await
    }

    /// Records the end of a run. Does nothing if the run has ended already.
    pub async fn end_run(
        &self,
        run: RunId,
        state: RunState,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let (word, now_ms) = (state.as_str(), now.unix_ms());
        sqlx::query!(
            "UPDATE runs SET state = ?, reason = ?, ended_at = ? WHERE id = ? AND state IN ('waiting', 'running')",
            word,
            reason,
            now_ms,
            run.0
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }

    /// Returns the run with this id.
    pub async fn find_run(&self, run: RunId) -> Result<Option<Run>, StoreError> {
        sqlx::query_as!(RunRow, "SELECT * FROM runs WHERE id = ?", run.0)
            .fetch_optional(self.riser().read())
            .await?
            .map(Run::try_from)
            .transpose()
    }

    /// Returns the newest runs of all configurations, newest first.
    pub async fn list_recent_runs(&self, count: u32) -> Result<Vec<Run>, StoreError> {
        sqlx::query_as!(RunRow, "SELECT * FROM runs ORDER BY id DESC LIMIT ?", count)
            .fetch_all(self.riser().read())
            .await?
            .into_iter()
            .map(Run::try_from)
            .collect()
    }

    /// Returns the newest runs of one configuration, newest first.
    pub async fn list_runs_of(
        &self,
        configuration: ConfigurationId,
        count: u32,
    ) -> Result<Vec<Run>, StoreError> {
        sqlx::query_as!(
            RunRow,
            "SELECT * FROM runs WHERE configuration_id = ? ORDER BY id DESC LIMIT ?",
            configuration.0,
            count
        )
        .fetch_all(self.riser().read())
        .await?
        .into_iter()
        .map(Run::try_from)
        .collect()
    }

    /// Returns runs of one configuration that were recorded before this one, newest first.
    pub async fn list_runs_before(
        &self,
        configuration: ConfigurationId,
        before: RunId,
        count: u32,
    ) -> Result<Vec<Run>, StoreError> {
        sqlx::query_as!(
            RunRow,
            "SELECT * FROM runs WHERE configuration_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
            configuration.0,
            before.0,
            count
        )
        .fetch_all(self.riser().read())
        .await?
        .into_iter()
        .map(Run::try_from)
        .collect()
    }

    /// Returns the runs that are attempts at the same work as this one, the newest `count` of them in order: one that
    /// began for another reason than a restart, and the restarts after it.
    pub async fn list_attempts(&self, run: &Run, count: u32) -> Result<Vec<Run>, StoreError> {
        let (configuration, id) = (run.configuration.0, run.id.0);
        let ends = sqlx::query!(
            r#"SELECT max(CASE WHEN id <= ?2 THEN id END) AS "first: i64", min(CASE WHEN id > ?2 THEN id END) AS "next: i64"
               FROM runs WHERE configuration_id = ?1 AND trigger_kind <> 'restart'
                   AND state NOT IN ('skipped', 'merged', 'missed')"#,
            configuration,
            id
        )
        .fetch_one(self.riser().read())
        .await?;
        let (first, next) = (ends.first.unwrap_or(0), ends.next.unwrap_or(i64::MAX));
        let mut attempts = sqlx::query_as!(
            RunRow,
            "SELECT * FROM runs WHERE configuration_id = ? AND id >= ? AND id < ?
                 AND state NOT IN ('skipped', 'merged', 'missed') ORDER BY id DESC LIMIT ?",
            configuration,
            first,
            next,
            count
        )
        .fetch_all(self.riser().read())
        .await?
        .into_iter()
        .map(Run::try_from)
        .collect::<Result<Vec<_>, _>>()?;
        attempts.reverse();
        Ok(attempts)
    }

    /// Returns the newest run of a configuration that began, or is to begin.
    pub async fn latest_run_of(&self, configuration: ConfigurationId) -> Result<Option<Run>, StoreError> {
        sqlx::query_as!(
            RunRow,
            "SELECT * FROM runs WHERE configuration_id = ? AND state NOT IN ('skipped', 'merged', 'missed')
             ORDER BY id DESC LIMIT 1",
            configuration.0
        )
        .fetch_optional(self.riser().read())
        .await?
        .map(Run::try_from)
        .transpose()
    }

    /// Counts the runs of each configuration that failed or took too long and ended at this time or later.
    pub async fn count_failed_runs(
        &self,
        since: Timestamp,
    ) -> Result<HashMap<ConfigurationId, u64>, StoreError> {
        let since_ms = since.unix_ms();
        let rows = sqlx::query!(
            r#"SELECT configuration_id, count(*) AS "runs!: i64" FROM runs
               WHERE ended_at >= ? AND state IN ('failed', 'timed out') GROUP BY configuration_id"#,
            since_ms
        )
        .fetch_all(self.riser().read())
        .await?;
        Ok(rows.iter().map(|row| (ConfigurationId(row.configuration_id), row.runs.unsigned_abs())).collect())
    }

    /// Returns the time of the last successful run of a configuration; `None` if no run succeeded.
    pub async fn last_success(
        &self,
        configuration: ConfigurationId,
    ) -> Result<Option<Timestamp>, StoreError> {
        let ended_at = sqlx::query_scalar!(
            r#"SELECT max(ended_at) AS "ended_at: i64" FROM runs
               WHERE configuration_id = ? AND state = 'succeeded'"#,
            configuration.0
        )
        .fetch_one(self.riser().read())
        .await?;
        Ok(ended_at.map(Timestamp::from_unix_ms))
    }

    /// Removes runs that ended before a time, with their logs. Keeps the newest success of each
    /// configuration, because other classes may require it. Returns the number of removed runs.
    pub async fn remove_old_runs(&self, before: Timestamp) -> Result<u64, StoreError> {
        let before_ms = before.unix_ms();
        let mut transaction = self.riser().write().await?;
        let removed = sqlx::query_scalar!(
            "DELETE FROM runs WHERE ended_at < ? AND id NOT IN
                 (SELECT max(id) FROM runs WHERE state = 'succeeded' GROUP BY configuration_id)
             RETURNING id",
            before_ms
        )
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        self.remove_run_logs(&removed).await?;
        Ok(removed.len() as u64)
    }
}

struct RunRow {
    id: i64,
    configuration_id: i64,
    trigger_kind: String,
    trigger_name: Option<String>,
    due_at: Option<i64>,
    state: String,
    reason: String,
    library_sha256: Option<String>,
    queued_at: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
}

impl TryFrom<RunRow> for Run {
    type Error = StoreError;

    fn try_from(row: RunRow) -> Result<Self, StoreError> {
        let due = row.due_at.map(Timestamp::from_unix_ms);
        let trigger = trigger_from(&row.trigger_kind, row.trigger_name, due)
            .ok_or_else(|| StoreError::damaged("runs", "trigger_kind", &row.id))?;
        let state =
            row.state.parse::<RunState>().map_err(|_| StoreError::damaged("runs", "state", &row.id))?;
        Ok(Self {
            id: RunId(row.id),
            configuration: ConfigurationId(row.configuration_id),
            trigger,
            state,
            reason: row.reason,
            library_sha256: row.library_sha256,
            queued_at: Timestamp::from_unix_ms(row.queued_at),
            started_at: row.started_at.map(Timestamp::from_unix_ms),
            ended_at: row.ended_at.map(Timestamp::from_unix_ms),
        })
    }
}

/// Returns the kind, the name and the time of the schedule in Unix milliseconds.
fn trigger_columns(trigger: &RunTrigger) -> (&'static str, Option<&str>, Option<i64>) {
    match trigger {
        RunTrigger::Schedule(due) => ("schedule", None, Some(due.unix_ms())),
        RunTrigger::HostStart => ("host start", None, None),
        RunTrigger::Person(name) => ("person", Some(name), None),
        RunTrigger::SetPoint => ("set point", None, None),
        RunTrigger::Processor(name) => ("processor", Some(name), None),
        RunTrigger::Restart => ("restart", None, None),
    }
}

fn trigger_from(kind: &str, name: Option<String>, due: Option<Timestamp>) -> Option<RunTrigger> {
    match kind {
        "schedule" => due.map(RunTrigger::Schedule),
        "host start" => Some(RunTrigger::HostStart),
        "person" => name.map(RunTrigger::Person),
        "set point" => Some(RunTrigger::SetPoint),
        "processor" => name.map(RunTrigger::Processor),
        "restart" => Some(RunTrigger::Restart),
        _ => None,
    }
}
