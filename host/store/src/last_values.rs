//! Last values: served after a restart until the first poll.

use std::sync::Arc;

use riser_domain::{PointHandle, Reading, Timestamp};

use crate::items::handle_from;
use crate::value_columns::{ValueColumns, state_from};
use crate::{Store, StoreError, bulk_statements};

impl Store {
    /// Returns all last values.
    pub async fn load_last_values(&self) -> Result<Vec<(PointHandle, Reading)>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT handle, value_type, value_number, value_whole, value_text AS "value_text: Arc<str>",
                      state, reason AS "reason: Arc<str>", source_time, received_time
               FROM last_values ORDER BY handle"#
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
                let reading = Reading {
                    value: value.into_value("last_values", &row.handle)?,
                    state: state_from(row.state, "last_values", &row.handle)?,
                    reason: row.reason,
                    source_time: Timestamp::from_unix_ms(row.source_time),
                    received_time: Timestamp::from_unix_ms(row.received_time),
                };
                Ok((handle_from(row.handle, "last_values", "handle")?, reading))
            })
            .collect()
    }

    /// Replaces values in one transaction. Values sorted by handle are many times faster, because neighbours
    /// share a page.
    pub async fn save_last_values(&self, readings: &[(PointHandle, Reading)]) -> Result<(), StoreError> {
        if readings.is_empty() {
            return Ok(());
        }
        let mut transaction = self.history().write().await?;
        bulk_statements::put_last_values(&mut transaction, readings).await?;
        transaction.commit().await
    }
}
