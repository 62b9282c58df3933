//! The last time at which Riser ran with a plausible clock. The next start compares its clock with it.

use riser_domain::{Actor, Timestamp};

use crate::audit::{self, NewAuditEntry};
use crate::{Store, StoreError};

impl Store {
    /// Returns the last plausible time; `None` if there was none.
    pub async fn plausible_time(&self) -> Result<Option<Timestamp>, StoreError> {
        let known =
            sqlx::query_scalar!("SELECT plausible_time FROM instance").fetch_one(self.riser().read()).await?;
        Ok(known.map(Timestamp::from_unix_ms))
    }

    pub async fn save_plausible_time(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let now_ms = now.unix_ms();
        sqlx::query!("UPDATE instance SET plausible_time = ?", now_ms).execute(&mut *transaction).await?;
        transaction.commit().await
    }

    /// Saves the time that a person confirmed, with its audit entry.
    pub async fn confirm_time(&self, actor: &Actor, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let now_ms = now.unix_ms();
        sqlx::query!("UPDATE instance SET plausible_time = ?", now_ms).execute(&mut *transaction).await?;
        let entry =
            NewAuditEntry { action: "confirm", subject: "clock", subject_name: "", detail: &now.to_string() };
        audit::record(&mut transaction, actor, now, entry).await?;
        transaction.commit().await
    }
}
