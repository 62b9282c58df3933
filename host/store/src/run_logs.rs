//! Log lines of runs, in the same file as the histories: a power cut can lose the last few seconds.

use riser_domain::{LogLevel, RunId, Timestamp};

use crate::id_blocks::json_list;
use crate::{Store, StoreError, bulk_statements};

/// A line of the log of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLogLine {
    /// Rises in the order of writing.
    pub number: i64,
    pub at: Timestamp,
    pub level: LogLevel,
    pub line: String,
}

impl Store {
    /// Adds lines to the log of a run.
    pub async fn record_run_log(
        &self,
        run: RunId,
        lines: &[(Timestamp, LogLevel, String)],
    ) -> Result<(), StoreError> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut transaction = self.history().write().await?;
        bulk_statements::add_log_lines(&mut transaction, run, lines).await?;
        transaction.commit().await
    }

    /// Returns lines of a run after the line with this number (0 for the first), in order.
    pub async fn list_run_log(
        &self,
        run: RunId,
        after: i64,
        count: u32,
    ) -> Result<Vec<RunLogLine>, StoreError> {
        sqlx::query!(
            "SELECT id, at, level, line FROM run_log WHERE run_id = ? AND id > ? ORDER BY id LIMIT ?",
            run.0,
            after,
            count
        )
        .fetch_all(self.history().read())
        .await?
        .into_iter()
        .map(|row| {
            Ok(RunLogLine {
                number: row.id,
                at: Timestamp::from_unix_ms(row.at),
                level: row
                    .level
                    .parse::<LogLevel>()
                    .map_err(|_| StoreError::damaged("run_log", "level", &row.id))?,
                line: row.line,
            })
        })
        .collect()
    }

    /// Removes the oldest lines of runs that wrote more than `count`, because a run can last for years.
    /// Returns the number of removed lines.
    pub async fn trim_run_logs(&self, count: u32) -> Result<u64, StoreError> {
        let mut transaction = self.history().write().await?;
        let removed = sqlx::query!(
            "DELETE FROM run_log WHERE id IN (
                 SELECT id FROM (
                     SELECT id, row_number() OVER (PARTITION BY run_id ORDER BY id DESC) AS place FROM run_log)
                 WHERE place > ?)",
            count
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(removed.rows_affected())
    }

    pub(crate) async fn remove_run_logs(&self, runs: &[i64]) -> Result<(), StoreError> {
        if runs.is_empty() {
            return Ok(());
        }
        let list = json_list(runs.iter().copied());
        let mut transaction = self.history().write().await?;
        sqlx::query!("DELETE FROM run_log WHERE run_id IN (SELECT value FROM json_each(?))", list)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }
}
