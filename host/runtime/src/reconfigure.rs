//! Changes of the configuration, applied to the running system. Only what a change is about is touched.

use std::collections::HashSet;
use std::sync::Arc;

use riser_calendar::ZoneDatabase;
use riser_domain::{Actor, Connection, Problem, ProcessorConfiguration};
use riser_worker_host::DryRunReport;
use riser_worker_protocol::messages::TestStage;

use crate::changes::Change;
use crate::configuration::{
    CheckedDraft, ConfigurationChange, ConfigurationDraft, ConfigureError, ConnectionDraft, ExportScope,
    Plan, check_draft, commit, dry_run_draft, export, test_draft,
};
use crate::site_zone::update_site_zone_problem;
use crate::zone_problems::update_zone_data_problems;
use crate::{Inner, Runtime};

/// A configuration that was committed and applied.
#[derive(Debug)]
pub struct Configured {
    pub plan: Plan,
    /// Problems that keep parts of the change from taking effect now, such as an address in use. Riser retries.
    pub problems: Vec<Problem>,
}

/// Applies changes one after the other.
#[derive(Debug, Default)]
pub(crate) struct ChangeQueue {
    phase: tokio::sync::Mutex<Phase>,
}

/// The phase of the runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing listens and nothing runs. A change is only recorded.
    #[default]
    Loaded,
    Started,
    Ended,
}

impl ChangeQueue {
    /// Waits for the change under way. No other one begins while the phase is held.
    pub(crate) async fn phase(&self) -> tokio::sync::MutexGuard<'_, Phase> {
        self.phase.lock().await
    }
}

impl Runtime {
    /// Returns the difference that a draft would make.
    ///
    /// # Errors
    /// Those of [`check_draft`].
    pub async fn plan(&self, draft: &ConfigurationDraft) -> Result<Plan, ConfigureError> {
        Ok(self.inner.check(draft).await?.plan())
    }

    /// Checks a draft, commits it and applies it to the running system. Changes follow each other, so a draft is
    /// checked against the configuration that the change before it left. It continues when the caller goes away.
    ///
    /// # Errors
    /// Those of [`check_draft`] and [`commit`]; [`ConfigureError::Ending`] while Riser stops. Nothing is changed then.
    pub async fn configure(
        &self,
        draft: ConfigurationDraft,
        actor: Actor,
    ) -> Result<Configured, ConfigureError> {
        let this = self.clone();
        let configuring = tokio::spawn(async move {
            let inner = &*this.inner;
            let phase = inner.changing.phase().await;
            if *phase == Phase::Ended {
                return Err(ConfigureError::Ending);
            }
            let checked = inner.check(&draft).await?;
            let plan = checked.plan();
            let access = (&inner.store, &*inner.keyring);
            let change = commit(checked, access, (&actor, inner.clock.now())).await?;
            let problems = inner.apply(*phase, &change).await;
            Ok(Configured { plan, problems })
        });
        configuring.await.unwrap_or(Err(ConfigureError::Ending))
    }

    /// Tests a connection with the settings of a draft, such as a form that is not saved. Settings that it leaves out are
    /// those of the stored connection; the rules for its secrets are those of a change. Returns whether the connection
    /// works. Calls `on_stage` at the beginning and end of each stage: a failed stage has the finding and the remedy.
    /// Ends within 10 s. Dropping the future aborts the test.
    ///
    /// # Errors
    /// Those of [`check_draft`], before anything is sent to the remote system.
    pub async fn test_connection(
        &self,
        draft: &ConnectionDraft,
        on_stage: impl FnMut(TestStage),
    ) -> Result<bool, ConfigureError> {
        let inner = &*self.inner;
        inner.libraries.scan(&inner.launcher, &inner.problems).await;
        let (access, libraries) = ((&inner.store, &*inner.keyring), inner.libraries.list());
        let machine = &inner.machine_zone;
        test_draft(draft, access, (&libraries, &inner.launcher), machine, on_stage).await
    }

    /// Runs the processor of a draft with this name once, in a worker. Neither the draft nor the results of the run are
    /// stored, and nothing is written to the device.
    pub async fn dry_run(
        &self,
        draft: &ConfigurationDraft,
        processor: &str,
    ) -> Result<DryRunReport, ConfigureError> {
        let inner = &*self.inner;
        inner.libraries.scan(&inner.launcher, &inner.problems).await;
        let (access, libraries) = ((&inner.store, &*inner.keyring), inner.libraries.list());
        let plugins = (libraries.as_slice(), &inner.launcher);
        dry_run_draft(draft, processor, access, plugins, &inner.machine_zone).await
    }

    /// Returns the configuration as a file.
    pub fn export(&self, scope: ExportScope) -> String {
        export(&self.inner.configurations.now(), scope)
    }

    /// Applies a committed change to the running system. It returns when all of it has begun: a run that has to
    /// stop is given its grace afterwards. Returns problems as [`Configured`] does.
    pub async fn apply_change(&self, change: &ConfigurationChange) -> Vec<Problem> {
        let phase = self.inner.changing.phase().await;
        self.inner.apply(*phase, change).await
    }
}

impl Inner {
    /// Scans the plugin directories first, so that a plugin copied a moment ago is found.
    async fn check(&self, draft: &ConfigurationDraft) -> Result<CheckedDraft, ConfigureError> {
        self.libraries.scan(&self.launcher, &self.problems).await;
        let libraries = self.libraries.list();
        let access = (&self.store, &*self.keyring);
        check_draft(draft, access, (&libraries, Some(&self.launcher)), &self.machine_zone).await
    }

    async fn apply(&self, phase: Phase, change: &ConfigurationChange) -> Vec<Problem> {
        self.configurations.replace(Arc::clone(&change.after));
        self.apply_to_items(change).await;
        self.apply_to_connections(change);
        self.apply_to_problems(change);
        // Reading a rule finds damaged zones.
        update_zone_data_problems(&self.problems, ZoneDatabase::current(), self.clock.now());
        update_site_zone_problem(&self.problems, &change.after.site, &self.machine_zone);
        let mut problems = Vec::new();
        if phase == Phase::Started {
            problems = self.ews.align().await;
            self.supervisor.apply(change).await;
        }
        for server in removed(&change.before.ews_servers, &change.after.ews_servers, |server| server.id) {
            self.ews.forget(server);
        }
        self.changes.send(Change::Configuration);
        problems
    }

    /// Removes the items of removed servers and connections with their values and samples, and shows servers by
    /// their new names.
    async fn apply_to_items(&self, change: &ConfigurationChange) {
        let points = self.items.configure(&change.after.ews_servers, &change.after.connections).await;
        if let Err(error) = self.outbox.end_removed(&points).await {
            self.failures.report("the set points of removed items could not be ended", &error);
        }
        if !points.is_empty()
            && let Err(error) = self.store.remove_records_of_removed_items().await
        {
            self.failures.report("the values and samples of removed items could not be removed", &error);
        }
    }

    /// Forgets failures of connections with a changed address or secret, so that they are tried at once.
    fn apply_to_connections(&self, change: &ConfigurationChange) {
        let (before, after) = (&change.before.connections, &change.after.connections);
        for connection in removed(before, after, |connection| connection.id) {
            self.limiters.remove(connection);
        }
        for connection in after {
            let is_as_before = |known: &Connection| {
                known.id == connection.id
                    && known.secret_version == connection.secret_version
                    && known.settings_json == connection.settings_json
            };
            if !before.iter().any(is_as_before) {
                self.limiters.forget(connection.id);
            }
        }
    }

    fn apply_to_problems(&self, change: &ConfigurationChange) {
        for processor in &change.after.processors {
            let is_renamed =
                |known: &ProcessorConfiguration| known.id == processor.id && known.name != processor.name;
            if change.before.processors.iter().any(is_renamed) {
                self.problems.rename(processor.id, &processor.name);
            }
        }
    }
}

/// Returns the ids that are only in `before`.
fn removed<T, Id: Eq + std::hash::Hash + Copy>(before: &[T], after: &[T], id: impl Fn(&T) -> Id) -> Vec<Id> {
    let kept: HashSet<Id> = after.iter().map(&id).collect();
    before.iter().map(id).filter(|id| !kept.contains(id)).collect()
}
