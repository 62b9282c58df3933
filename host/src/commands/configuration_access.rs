//! Where commands find the configuration: in the data directory itself, when no host uses it.

use std::path::PathBuf;
use std::sync::Arc;

use riser_domain::Actor;
use riser_runtime::{
    ConfigurationDraft, ConfigureError, ExportScope, LaunchOptions, OfflineConfiguration, Plan, SystemClock,
};
use riser_store::User;

use crate::open_data_dir::{OpenDataDir, open_data_dir};
use crate::paths::{DataDir, PluginDirs};

/// The configuration that a command reads and changes.
pub(crate) struct ConfigurationAccess {
    open: OpenDataDir,
    plugin_directories: Vec<PathBuf>,
}

impl ConfigurationAccess {
    /// Opens the configuration. This is the place that decides whether a host runs.
    pub(crate) async fn open(data: &DataDir, plugins: &PluginDirs) -> anyhow::Result<Self> {
        let directory = data.path()?;
        let plugin_directories = plugins.paths(&directory);
        Ok(Self { open: open_data_dir(&directory, &SystemClock).await?, plugin_directories })
    }

    /// The difference that a draft would make.
    pub(crate) async fn plan(&self, draft: &ConfigurationDraft) -> Result<Plan, ConfigureError> {
        self.offline().plan(draft).await
    }

    /// Applies a draft; returns what was changed.
    pub(crate) async fn configure(
        &self,
        draft: &ConfigurationDraft,
        actor: &Actor,
    ) -> Result<Plan, ConfigureError> {
        self.offline().configure(draft, actor).await
    }

    pub(crate) async fn export(&self, scope: ExportScope) -> Result<String, ConfigureError> {
        self.offline().export(scope).await
    }

    pub(crate) async fn users(&self) -> anyhow::Result<Vec<User>> {
        Ok(self.open.store.list_users().await?)
    }

    pub(crate) async fn close(self) {
        self.open.store.close().await;
    }

    fn offline(&self) -> OfflineConfiguration<'_> {
        OfflineConfiguration {
            store: &self.open.store,
            keyring: &self.open.keyring,
            clock: Arc::new(SystemClock),
            plugin_directories: self.plugin_directories.clone(),
            worker: LaunchOptions::of_this_program(self.open.store.instance_id()),
        }
    }
}
