//! How far schedules are done: each time up to then had its run, or has a row that says why not.

use std::collections::HashMap;

use riser_domain::{ConfigurationId, RunState, Timestamp};
use sqlx::SqliteConnection;

use crate::{Store, StoreError};

/// A time of a schedule that has no run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnstartedRun {
    pub due: Timestamp,
    /// Skipped, merged or missed.
    pub state: RunState,
    /// Why, in words.
    pub reason: String,
}

impl Store {
    /// Returns up to when the times of each processor's rule are done. A rule that is new counts from now on.
    pub async fn resume_schedules(
        &self,
        rules: &[(ConfigurationId, String)],
        now: Timestamp,
    ) -> Result<Vec<Timestamp>, StoreError> {
        if rules.is_empty() {
            return Ok(Vec::new());
        }
        let mut transaction = self.riser().write().await?;
        let rows = sqlx::query!("SELECT configuration_id, rule, done_until FROM schedule_progress")
            .fetch_all(&mut *transaction)
            .await?;
        let known: HashMap<i64, (String, i64)> =
            rows.into_iter().map(|row| (row.configuration_id, (row.rule, row.done_until))).collect();
        let mut all_done = Vec::with_capacity(rules.len());
        for (configuration, rule) in rules {
            let done = match known.get(&configuration.0) {
                Some((known, done_until)) if known == rule => Timestamp::from_unix_ms(*done_until),
                _ => {
                    begin(&mut transaction, *configuration, rule, now).await?;
                    now
                }
            };
            all_done.push(done);
        }
        transaction.commit().await?;
        Ok(all_done)
    }

    /// Records that a rule counts from a time on.
    pub async fn begin_schedule(
        &self,
        configuration: ConfigurationId,
        rule: &str,
        from: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        begin(&mut transaction, configuration, rule, from).await?;
        transaction.commit().await
    }

    /// Records that no rule counts any more.
    pub async fn end_schedule(&self, configuration: ConfigurationId) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        sqlx::query!("DELETE FROM schedule_progress WHERE configuration_id = ?", configuration.0)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }

    /// Records up to when all times of the rule are done.
    pub async fn record_schedule_progress(
        &self,
        configuration: ConfigurationId,
        done_until: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        record_progress(&mut transaction, configuration, done_until).await?;
        transaction.commit().await
    }

    /// Adds a row for each time that has no run, and records up to when all times are done.
    pub async fn add_unstarted_runs(
        &self,
        configuration: ConfigurationId,
        unstarted: &[UnstartedRun],
        done_until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let now_ms = now.unix_ms();
        for run in unstarted {
            let (due_ms, state) = (run.due.unix_ms(), run.state.as_str());
            sqlx::query!(
                "INSERT INTO runs (configuration_id, trigger_kind, due_at, state, reason, queued_at, ended_at)
                 VALUES (?, 'schedule', ?, ?, ?, ?, ?)",
                configuration.0,
                due_ms,
                state,
                run.reason,
                due_ms,
                now_ms
            )
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::about("the processor configuration of the run"))?;
        }
        record_progress(&mut transaction, configuration, done_until).await?;
        transaction.commit().await
    }
}

async fn begin(
    connection: &mut SqliteConnection,
    configuration: ConfigurationId,
    rule: &str,
    from: Timestamp,
) -> Result<(), StoreError> {
    let from_ms = from.unix_ms();
    sqlx::query!(
        "INSERT INTO schedule_progress (configuration_id, rule, done_until) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET rule = ?2, done_until = ?3",
        configuration.0,
        rule,
        from_ms
    )
    .execute(connection)
    .await
    .map_err(StoreError::about("the processor configuration of the schedule"))?;
    Ok(())
}

/// Records that the times of a processor's schedule are done up to one.
pub(crate) async fn record_progress(
    connection: &mut SqliteConnection,
    configuration: ConfigurationId,
    until: Timestamp,
) -> Result<(), StoreError> {
    let until_ms = until.unix_ms();
    sqlx::query!(
        "UPDATE schedule_progress SET done_until = ? WHERE configuration_id = ?",
        until_ms,
        configuration.0
    )
    .execute(connection)
    .await?;
    Ok(())
}
