//! Processors that are not started until a person releases them.

use riser_domain::{Actor, ConfigurationId, Timestamp};

use crate::audit::{self, NewAuditEntry};
use crate::{Store, StoreError};

/// The kind of object in the audit trail.
const SUBJECT: &str = "quarantine";

/// Why a processor is not started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    pub since: Timestamp,
    /// Why its last run failed.
    pub reason: String,
}

impl Store {
    /// Returns the quarantine of a processor.
    pub async fn find_quarantine(
        &self,
        configuration: ConfigurationId,
    ) -> Result<Option<Quarantine>, StoreError> {
        let row =
            sqlx::query!("SELECT since, reason FROM quarantines WHERE configuration_id = ?", configuration.0)
                .fetch_optional(self.riser().read())
                .await?;
        Ok(row.map(|row| Quarantine { since: Timestamp::from_unix_ms(row.since), reason: row.reason }))
    }

    /// Quarantines a processor. A quarantine that it has already stays.
    pub async fn add_quarantine(
        &self,
        configuration: ConfigurationId,
        processor: &str,
        quarantine: &Quarantine,
    ) -> Result<(), StoreError> {
        let since = quarantine.since.unix_ms();
        let mut transaction = self.riser().write().await?;
        let added = sqlx::query!(
            "INSERT INTO quarantines (configuration_id, since, reason) VALUES (?, ?, ?)
             ON CONFLICT (configuration_id) DO NOTHING",
            configuration.0,
            since,
            quarantine.reason
        )
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::about("the processor configuration of the quarantine"))?;
        if added.rows_affected() > 0 {
            let detail = &quarantine.reason;
            let entry = NewAuditEntry { action: "add", subject: SUBJECT, subject_name: processor, detail };
            audit::record(&mut transaction, &Actor::System, quarantine.since, entry).await?;
        }
        transaction.commit().await
    }

    /// Ends the quarantine of a processor for a person.
    pub async fn remove_quarantine(
        &self,
        configuration: ConfigurationId,
        processor: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let removed = sqlx::query!("DELETE FROM quarantines WHERE configuration_id = ?", configuration.0)
            .execute(&mut *transaction)
            .await?;
        if removed.rows_affected() > 0 {
            let entry =
                NewAuditEntry { action: "remove", subject: SUBJECT, subject_name: processor, detail: "" };
            audit::record(&mut transaction, actor, now, entry).await?;
        }
        transaction.commit().await
    }
}
