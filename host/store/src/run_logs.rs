//! Lines that runs wrote. They lie beside the histories: the last of them may be lost at a power cut.

use riser_domain::{LogLevel, RunId, Timestamp};

use crate::id_blocks::json_list;
use crate::{Store, StoreError, bulk_statements};

/// A line of a run's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLogLine {
    /// Its number; rises with the order of writing.
    pub number: i64,
    /// When it was written.
    pub at: Timestamp,
    /// How important it is.
    pub level: LogLevel,
    /// The line.
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

    /// Lines of a run after the line with this number (0 for the first), in their order.
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

    /// Forgets the oldest lines of runs that wrote more than `count`: a run may go on for years. Answers how
    /// many.
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
