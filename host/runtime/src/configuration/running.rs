//! Drafts for a running Riser.

use std::sync::Arc;

use riser_domain::{Actor, Problem};
use tokio::sync::oneshot;

use super::check::CheckedDraft;
use super::configure::check_draft;
use super::{ConfigurationDraft, ConfigureError, ExportScope, Plan, commit, export};
use crate::reconfigure::ReconfigureError;
use crate::{Inner, Runtime};

impl Runtime {
    /// Returns the difference that a draft would make.
    pub async fn plan(&self, draft: &ConfigurationDraft) -> Result<Plan, ConfigureError> {
        Ok(self.inner.check(draft).await?.plan())
    }

    /// Checks a draft, stores it and applies it to the running system. A caller that goes away does not stop it.
    ///
    /// Returns what was changed, and the problems that keep parts of it from taking effect now, such as an address
    /// that is taken; Riser goes on trying.
    pub async fn configure_draft(
        &self,
        draft: ConfigurationDraft,
        actor: Actor,
    ) -> Result<(Plan, Vec<Problem>), ConfigureError> {
        let inner = Arc::clone(&self.inner);
        let (sender, plan) = oneshot::channel();
        let committing = move |_| async move {
            let checked = inner.check(&draft).await?;
            // The caller may be gone.
            let _ = sender.send(checked.plan());
            commit(checked, (&inner.store, &inner.keyring), (&actor, inner.clock.now())).await
        };
        let problems = self.configure(committing).await.map_err(|error| match error {
            ReconfigureError::NotCommitted(error) => error,
            ReconfigureError::Ending => ConfigureError::Ending,
        })?;
        Ok((plan.await.map_err(|_| ConfigureError::Ending)?, problems))
    }

    /// Returns the configuration as a file.
    pub fn export(&self, scope: ExportScope) -> String {
        export(&self.inner.configurations.now(), scope)
    }
}

impl Inner {
    async fn check(&self, draft: &ConfigurationDraft) -> Result<CheckedDraft, ConfigureError> {
        let libraries = self.libraries.list();
        check_draft(draft, (&self.store, &self.keyring), (&libraries, Some(&self.launcher))).await
    }
}
