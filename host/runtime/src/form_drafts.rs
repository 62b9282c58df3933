//! Unfinished forms of the portal, sealed because they may contain passwords.

use std::time::Duration;

use riser_domain::Timestamp;
use riser_secrets::{SecretContext, SecretError};
use riser_store::{FormDraft, SealedValue, StoreError, UserId};
use secrecy::SecretString;

use crate::Runtime;

/// A draft that nobody has changed for this time is removed.
const LIFETIME: Duration = Duration::from_hours(14 * 24);
const TABLE: &str = "form_drafts";
const COLUMN: &str = "input";

/// An unfinished form.
#[derive(Clone, Debug)]
pub struct OpenFormDraft {
    pub id: i64,
    pub title: String,
    /// The fields, in the form that the portal gave them.
    pub input: SecretString,
    pub changed_at: Timestamp,
}

/// Why a draft could not be read or stored.
#[derive(Debug, thiserror::Error)]
pub enum FormDraftError {
    #[error("the draft could not be stored")]
    Store(#[from] StoreError),
    #[error("the draft could not be sealed or opened: {0}")]
    Secret(#[from] SecretError),
    #[error("the operating system gives no random numbers ({0})")]
    Random(#[from] getrandom::Error),
}

impl Runtime {
    /// Stores a draft of a user, and returns its number. A draft with a number replaces that one.
    pub async fn save_form_draft(
        &self,
        user: UserId,
        id: Option<i64>,
        (title, input): (&str, &SecretString),
    ) -> Result<i64, FormDraftError> {
        let id = id.map_or_else(random_id, Ok)?;
        let sealed = self.inner.keyring.seal(&SecretContext::new(TABLE, id, COLUMN), input)?;
        let now = self.inner.clock.now();
        let draft = FormDraft {
            id,
            title: title.to_owned(),
            input: SealedValue { kid: sealed.kid, bytes: sealed.bytes },
            changed_at: now,
        };
        self.inner.store.save_form_draft(user, &draft, now.minus(LIFETIME)).await?;
        Ok(id)
    }

    /// Returns the drafts of a user, the latest first. A draft that no key opens is left out.
    pub async fn form_drafts(&self, user: UserId) -> Result<Vec<OpenFormDraft>, StoreError> {
        let drafts = self.inner.store.list_form_drafts(user).await?;
        let open = |draft: FormDraft| {
            let context = SecretContext::new(TABLE, draft.id, COLUMN);
            let input = self.inner.keyring.open(&context, &draft.input.bytes).ok()?;
            Some(OpenFormDraft { id: draft.id, title: draft.title, input, changed_at: draft.changed_at })
        };
        Ok(drafts.into_iter().filter_map(open).collect())
    }
}

/// Returns a positive number that no draft ever had.
fn random_id() -> Result<i64, getrandom::Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    Ok(i64::from_be_bytes(bytes) & i64::MAX)
}
