//! Samples of histories: a journal ordered by time, and a table ordered by history.

use std::collections::HashSet;
use std::sync::Arc;

use riser_domain::{HistorySample, PointHandle, Timestamp};

use crate::id_blocks::json_list;
use crate::items::handle_from;
use crate::value_columns::{ValueColumns, state_from};
use crate::{Store, StoreError, bulk_statements};

/// The samples of a history to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryRange {
    /// Inclusive.
    pub from: Timestamp,
    /// Inclusive.
    pub to: Timestamp,
    /// Skips samples up to this time, the last one of the previous page.
    pub after: Option<Timestamp>,
    /// Largest number of samples.
    pub limit: u32,
}

impl Store {
    /// Records samples. A sample replaces an earlier one of the same history and time. Samples survive a
    /// crash; a power cut can lose the last few seconds.
    pub async fn journal_samples(&self, samples: &[(PointHandle, HistorySample)]) -> Result<(), StoreError> {
        if samples.is_empty() {
            return Ok(());
        }
        let mut transaction = self.history().write().await?;
        bulk_statements::put_samples(&mut transaction, samples).await?;
        transaction.commit().await
    }

    /// Moves samples before a time from the journal to the table ordered by history. Returns their number.
    /// Readers see every sample during the move.
    pub async fn flush_journal(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut transaction = self.history().write().await?;
        let before_ms = before.unix_ms();
        sqlx::query!(
            "INSERT OR REPLACE INTO samples
                 (handle, ts, value_type, value_number, value_whole, value_text, state)
             SELECT handle, ts, value_type, value_number, value_whole, value_text, state
             FROM sample_journal WHERE ts < ? ORDER BY handle, ts",
            before_ms
        )
        .execute(&mut *transaction)
        .await?;
        let moved = sqlx::query!("DELETE FROM sample_journal WHERE ts < ?", before_ms)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(moved.rows_affected())
    }

    /// Returns samples of a history in the order of time, from the journal and the table.
    pub async fn read_history(
        &self,
        history: PointHandle,
        range: HistoryRange,
    ) -> Result<Vec<HistorySample>, StoreError> {
        let after = range.after.map_or(i64::MIN, |after| after.unix_ms().saturating_add(1));
        let from_ms = range.from.unix_ms().max(after);
        let to_ms = range.to.unix_ms();
        let handle = i64::from(history.0);
        let rows = sqlx::query!(
            r#"SELECT ts AS "ts!: i64", value_type AS "value_type!: i64", value_number AS "value_number: f64",
                      value_whole AS "value_whole: i64", value_text AS "value_text: Arc<str>",
                      state AS "state!: i64"
               FROM (
                   SELECT ts, value_type, value_number, value_whole, value_text, state FROM sample_journal
                   WHERE handle = ?1 AND ts BETWEEN ?2 AND ?3
                   UNION ALL
                   SELECT ts, value_type, value_number, value_whole, value_text, state FROM samples
                   WHERE handle = ?1 AND ts BETWEEN ?2 AND ?3 AND NOT EXISTS (
                       SELECT 1 FROM sample_journal AS newer
                       WHERE newer.ts = samples.ts AND newer.handle = samples.handle)
               )
               ORDER BY ts LIMIT ?4"#,
            handle,
            from_ms,
            to_ms,
            range.limit
        )
        .fetch_all(self.history().read())
        .await?;
        rows.into_iter()
            .map(|row| {
                let value = ValueColumns {
                    value_type: row.value_type,
                    number: row.value_number,
                    whole: row.value_whole,
                    text: row.value_text,
                };
                let place = format!("{handle} at {}", row.ts);
                Ok(HistorySample {
                    value: value.into_value("samples", &place)?,
                    state: state_from(row.state, "samples", &place)?,
                    time: Timestamp::from_unix_ms(row.ts),
                })
            })
            .collect()
    }

    /// Returns the newest samples of a history in a span of time, newest first. Both ends belong to the span.
    pub async fn read_newest_samples(
        &self,
        history: PointHandle,
        span: (Timestamp, Timestamp),
        count: u32,
    ) -> Result<Vec<HistorySample>, StoreError> {
        let (from_ms, to_ms) = (span.0.unix_ms(), span.1.unix_ms());
        let handle = i64::from(history.0);
        // Each part reads its newest rows only; a sample in both counts once.
        let times = sqlx::query_scalar!(
            r#"SELECT ts AS "ts!: i64" FROM (
                   SELECT ts FROM (SELECT ts FROM sample_journal WHERE handle = ?1 AND ts BETWEEN ?2 AND ?3
                                   ORDER BY ts DESC LIMIT ?4)
                   UNION
                   SELECT ts FROM (SELECT ts FROM samples WHERE handle = ?1 AND ts BETWEEN ?2 AND ?3
                                   ORDER BY ts DESC LIMIT ?4)
               ) ORDER BY ts DESC LIMIT ?4"#,
            handle,
            from_ms,
            to_ms,
            count
        )
        .fetch_all(self.history().read())
        .await?;
        let Some(oldest) = times.last() else { return Ok(Vec::new()) };
        let range =
            HistoryRange { from: Timestamp::from_unix_ms(*oldest), to: span.1, after: None, limit: count };
        let mut samples = self.read_history(history, range).await?;
        samples.reverse();
        Ok(samples)
    }

    /// Returns the times of the oldest and the newest sample of a history; `None` if it has no samples.
    pub async fn find_history_span(
        &self,
        history: PointHandle,
    ) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        let handle = i64::from(history.0);
        let row = sqlx::query!(
            r#"SELECT min(ts) AS "oldest: i64", max(ts) AS "newest: i64" FROM (
                   SELECT (SELECT min(ts) FROM samples WHERE handle = ?1) AS ts
                   UNION ALL SELECT (SELECT max(ts) FROM samples WHERE handle = ?1)
                   UNION ALL SELECT (SELECT min(ts) FROM sample_journal WHERE handle = ?1)
                   UNION ALL SELECT (SELECT max(ts) FROM sample_journal WHERE handle = ?1)
               )"#,
            handle
        )
        .fetch_one(self.history().read())
        .await?;
        Ok(row
            .oldest
            .zip(row.newest)
            .map(|(oldest, newest)| (Timestamp::from_unix_ms(oldest), Timestamp::from_unix_ms(newest))))
    }

    /// Removes the samples of all histories before a time. Returns their number.
    pub async fn remove_old_samples(&self, before: Timestamp) -> Result<u64, StoreError> {
        // The table is ordered by history, so a condition on the time alone would scan all of it.
        let histories =
            sqlx::query_scalar!(
                r#"SELECT handle AS "handle!: i64" FROM items JOIN item_definitions ON item_definitions.id = definition_id
                   WHERE node = 'history'"#
            )
            .fetch_all(self.riser().read())
            .await?;
        let list = json_list(histories);
        let before_ms = before.unix_ms();
        let mut transaction = self.history().write().await?;
        let sorted = sqlx::query!(
            "DELETE FROM samples WHERE handle IN (SELECT value FROM json_each(?)) AND ts < ?",
            list,
            before_ms
        )
        .execute(&mut *transaction)
        .await?;
        let waiting = sqlx::query!("DELETE FROM sample_journal WHERE ts < ?", before_ms)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(sorted.rows_affected() + waiting.rows_affected())
    }

    /// Removes the samples of values, which Riser records itself, before a time. Returns their number.
    pub async fn remove_old_samples_of_values(&self, before: Timestamp) -> Result<u64, StoreError> {
        // Each step of the recursion finds the next handle in the primary key, so the samples are not scanned.
        let sampled = sqlx::query_scalar!(
            r#"WITH RECURSIVE sampled(handle) AS (
                   SELECT min(handle) FROM samples
                   UNION ALL
                   SELECT (SELECT min(handle) FROM samples WHERE handle > sampled.handle)
                   FROM sampled WHERE sampled.handle IS NOT NULL
               )
               SELECT handle AS "handle!: i64" FROM sampled WHERE handle IS NOT NULL"#
        )
        .fetch_all(self.history().read())
        .await?;
        let list = json_list(sampled);
        let values = sqlx::query_scalar!(
            r#"SELECT handle AS "handle!: i64" FROM items JOIN item_definitions ON item_definitions.id = definition_id
               WHERE node = 'value' AND handle IN (SELECT value FROM json_each(?))"#,
            list
        )
        .fetch_all(self.riser().read())
        .await?;
        let list = json_list(values);
        let before_ms = before.unix_ms();
        let mut transaction = self.history().write().await?;
        let removed = sqlx::query!(
            "DELETE FROM samples WHERE handle IN (SELECT value FROM json_each(?)) AND ts < ?",
            list,
            before_ms
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(removed.rows_affected())
    }

    /// Removes the values and samples of items that a removed connection or EWS server left behind. Returns the
    /// number of these items.
    pub async fn remove_records_of_removed_items(&self) -> Result<usize, StoreError> {
        // Read before the items: a handle is recorded only while its item exists. Each step of the recursion
        // finds the next handle in the primary key, so the samples are not scanned.
        let recorded = sqlx::query_scalar!(
            r#"WITH RECURSIVE sampled(handle) AS (
                   SELECT min(handle) FROM samples
                   UNION ALL
                   SELECT (SELECT min(handle) FROM samples WHERE handle > sampled.handle)
                   FROM sampled WHERE sampled.handle IS NOT NULL
               )
               SELECT handle AS "handle!: i64" FROM sampled WHERE handle IS NOT NULL
               UNION SELECT handle FROM sample_journal
               UNION SELECT handle FROM last_values"#
        )
        .fetch_all(self.history().read())
        .await?;
        let known: HashSet<i64> = sqlx::query_scalar!(r#"SELECT handle AS "handle!: i64" FROM items"#)
            .fetch_all(self.riser().read())
            .await?
            .into_iter()
            .collect();
        let removed = recorded
            .into_iter()
            .filter(|handle| !known.contains(handle))
            .map(|handle| handle_from(handle, "last_values", "handle"))
            .collect::<Result<Vec<_>, _>>()?;
        if !removed.is_empty() {
            self.remove_recorded(&removed).await?;
        }
        Ok(removed.len())
    }

    /// Removes the values and samples of removed items.
    pub(crate) async fn remove_recorded(&self, handles: &[PointHandle]) -> Result<(), StoreError> {
        let list = json_list(handles.iter().map(|handle| i64::from(handle.0)));
        let mut transaction = self.history().write().await?;
        sqlx::query!("DELETE FROM last_values WHERE handle IN (SELECT value FROM json_each(?))", list)
            .execute(&mut *transaction)
            .await?;
        sqlx::query!("DELETE FROM samples WHERE handle IN (SELECT value FROM json_each(?))", list)
            .execute(&mut *transaction)
            .await?;
        sqlx::query!("DELETE FROM sample_journal WHERE handle IN (SELECT value FROM json_each(?))", list)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }
}
