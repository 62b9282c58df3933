//! Log lines of runs, in the same file as the histories: a power cut can lose the last few seconds.

use std::collections::BTreeMap;

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

/// Selects lines of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLogFilter {
    pub lowest: LogLevel,
    /// Lines contain this text, in upper or lower case; an empty text selects all.
    pub text: String,
}

/// The number of lines of a run, by level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunLogCounts {
    pub debug: u64,
    pub info: u64,
    pub warn: u64,
    pub error: u64,
    /// Lines that were removed because the run wrote more than are kept.
    pub trimmed: u64,
}

impl RunLogCounts {
    /// Returns the number of lines that are kept.
    pub const fn kept(&self) -> u64 {
        self.debug + self.info + self.warn + self.error
    }
}

impl Default for RunLogFilter {
    fn default() -> Self {
        Self { lowest: LogLevel::Debug, text: String::new() }
    }
}

impl RunLogFilter {
    /// Returns the levels as a JSON list.
    fn levels(&self) -> String {
        let all = [LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error];
        let wanted: Vec<String> =
            all.iter().filter(|it| **it >= self.lowest).map(|it| format!("\"{}\"", it.as_str())).collect();
        format!("[{}]", wanted.join(","))
    }
}

struct LineRow {
    id: i64,
    at: i64,
    level: String,
    line: String,
}

impl TryFrom<LineRow> for RunLogLine {
    type Error = StoreError;

    fn try_from(row: LineRow) -> Result<Self, StoreError> {
        Ok(Self {
            number: row.id,
            at: Timestamp::from_unix_ms(row.at),
            level: row
                .level
                .parse::<LogLevel>()
                .map_err(|_| StoreError::damaged("run_log", "level", &row.id))?,
            line: row.line,
        })
    }
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
        sqlx::query_as!(
            LineRow,
            "SELECT id, at, level, line FROM run_log WHERE run_id = ? AND id > ? ORDER BY id LIMIT ?",
            run.0,
            after,
            count
        )
        .fetch_all(self.history().read())
        .await?
        .into_iter()
        .map(RunLogLine::try_from)
        .collect()
    }

    /// Returns the newest lines that a filter selects, between the lines with these numbers, in order.
    pub async fn search_run_log(
        &self,
        run: RunId,
        filter: &RunLogFilter,
        (after, before): (i64, i64),
        count: u32,
    ) -> Result<Vec<RunLogLine>, StoreError> {
        let levels = filter.levels();
        let mut lines = sqlx::query_as!(
            LineRow,
            "SELECT id, at, level, line FROM run_log
             WHERE run_id = ? AND id > ? AND id < ? AND level IN (SELECT value FROM json_each(?))
                 AND instr(lower(line), lower(?)) > 0
             ORDER BY id DESC LIMIT ?",
            run.0,
            after,
            before,
            levels,
            filter.text,
            count
        )
        .fetch_all(self.history().read())
        .await?
        .into_iter()
        .map(RunLogLine::try_from)
        .collect::<Result<Vec<_>, _>>()?;
        lines.reverse();
        Ok(lines)
    }

    /// Counts the lines of a run.
    pub async fn count_run_log(&self, run: RunId) -> Result<RunLogCounts, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT level, count(*) AS "lines!: i64" FROM run_log WHERE run_id = ?1 GROUP BY level
               UNION ALL SELECT 'trimmed', lines FROM run_log_trimmed WHERE run_id = ?1"#,
            run.0
        )
        .fetch_all(self.history().read())
        .await?;
        let of = |level: &str| {
            let row = rows.iter().find(|row| row.level == level);
            row.map_or(0, |row| row.lines.unsigned_abs())
        };
        Ok(RunLogCounts {
            debug: of("debug"),
            info: of("info"),
            warn: of("warn"),
            error: of("error"),
            trimmed: of("trimmed"),
        })
    }

    /// Removes the oldest lines of runs that wrote more than `count`, because a run can last for years.
    /// Returns the number of removed lines.
    pub async fn trim_run_logs(&self, count: u32) -> Result<u64, StoreError> {
        let mut transaction = self.history().write().await?;
        let removed = sqlx::query_scalar!(
            "DELETE FROM run_log WHERE id IN (
                 SELECT id FROM (
                     SELECT id, row_number() OVER (PARTITION BY run_id ORDER BY id DESC) AS place FROM run_log)
                 WHERE place > ?)
             RETURNING run_id",
            count
        )
        .fetch_all(&mut *transaction)
        .await?;
        let mut by_run: BTreeMap<i64, i64> = BTreeMap::new();
        for run in &removed {
            *by_run.entry(*run).or_default() += 1;
        }
        for (run, lines) in by_run {
            sqlx::query!(
                "INSERT INTO run_log_trimmed (run_id, lines) VALUES (?, ?)
                 ON CONFLICT (run_id) DO UPDATE SET lines = lines + excluded.lines",
                run,
                lines
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(removed.len() as u64)
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
        sqlx::query!("DELETE FROM run_log_trimmed WHERE run_id IN (SELECT value FROM json_each(?))", list)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }
}
