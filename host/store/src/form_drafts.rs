//! Unfinished forms of the portal.

use riser_domain::Timestamp;

use crate::users::UserId;
use crate::{SealedValue, Store, StoreError};

/// Drafts kept for each user; older ones are removed.
const DRAFTS_PER_USER: i64 = 20;

/// An unfinished form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormDraft {
    /// Random: the sealed input is bound to it.
    pub id: i64,
    pub title: String,
    pub input: SealedValue,
    pub changed_at: Timestamp,
}

impl Store {
    /// Adds a draft of a user or replaces it. Removes drafts last changed before `oldest`.
    pub async fn save_form_draft(
        &self,
        user: UserId,
        draft: &FormDraft,
        oldest: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        let (changed_ms, oldest_ms) = (draft.changed_at.unix_ms(), oldest.unix_ms());
        sqlx::query!(
            "INSERT INTO form_drafts (id, user_id, title, kid, input, changed_at) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET
                 title = excluded.title, kid = excluded.kid, input = excluded.input, changed_at = excluded.changed_at
             WHERE user_id = excluded.user_id",
            draft.id,
            user.0,
            draft.title,
            draft.input.kid,
            draft.input.bytes,
            changed_ms
        )
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::about("a draft"))?;
        sqlx::query!("DELETE FROM form_drafts WHERE changed_at < ? AND id <> ?", oldest_ms, draft.id)
            .execute(&mut *transaction)
            .await?;
        sqlx::query!(
            "DELETE FROM form_drafts WHERE user_id = ?1 AND id NOT IN
                 (SELECT id FROM form_drafts WHERE user_id = ?1 ORDER BY changed_at DESC, id LIMIT ?2)",
            user.0,
            DRAFTS_PER_USER
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }

    /// Returns the drafts of a user, the latest first.
    pub async fn list_form_drafts(&self, user: UserId) -> Result<Vec<FormDraft>, StoreError> {
        let rows = sqlx::query!(
            "SELECT id, title, kid, input, changed_at FROM form_drafts WHERE user_id = ? ORDER BY changed_at DESC, id",
            user.0
        )
        .fetch_all(self.riser().read())
        .await?;
        let draft = |id, title, kid, bytes, changed_ms| FormDraft {
            id,
            title,
            input: SealedValue { kid, bytes },
            changed_at: Timestamp::from_unix_ms(changed_ms),
        };
        Ok(rows.into_iter().map(|row| draft(row.id, row.title, row.kid, row.input, row.changed_at)).collect())
    }

    /// Removes a draft of a user.
    pub async fn remove_form_draft(&self, user: UserId, id: i64) -> Result<(), StoreError> {
        let mut transaction = self.riser().write().await?;
        sqlx::query!("DELETE FROM form_drafts WHERE id = ? AND user_id = ?", id, user.0)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    }
}
