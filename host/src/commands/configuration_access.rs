//! The configuration for commands: from a running host, or from a data directory that no host uses.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use riser_domain::Actor;
use riser_runtime::{
    ConfigurationDraft, ConfigureError, ConnectionDraft, ExportScope, FieldError, LaunchOptions,
    OfflineConfiguration, Plan, SystemClock, TestStage,
};

use crate::control::access::{self, Access};
use crate::control::client::{Client, ClientError};
use crate::control::protocol::{Configured, Failure, Reply, Request, UserReport};
use crate::control::stored;
use crate::open_data_dir::OpenDataDir;
use crate::paths::{DataDir, PluginDirs};

/// The configuration that a command reads and changes.
pub(crate) enum ConfigurationAccess {
    /// The directory of a running host. The host uses its own plugin directories.
    Host(PathBuf),
    Directory {
        open: Box<OpenDataDir>,
        plugin_directories: Vec<PathBuf>,
    },
}

/// Why the configuration could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    #[error(transparent)]
    Directory(#[from] ConfigureError),
    #[error(transparent)]
    Host(#[from] ClientError),
    #[error(
        "the host ended before it replied; run `riser plan` or `riser audit` to see whether the change was made"
    )]
    Unconfirmed,
}

impl AccessError {
    /// Returns the errors of the draft, if they are the reason.
    pub(crate) fn fields(&self) -> Option<&[FieldError]> {
        match self {
            Self::Directory(error) => error.fields(),
            Self::Host(ClientError::Refused(Failure::Fields { errors })) => Some(errors),
            Self::Host(_) | Self::Unconfirmed => None,
        }
    }

    /// Returns whether the configuration is no longer the one that the draft was made from.
    pub(crate) fn is_stale(&self) -> bool {
        matches!(
            self,
            Self::Directory(ConfigureError::Stale) | Self::Host(ClientError::Refused(Failure::Stale))
        )
    }
}

impl ConfigurationAccess {
    /// Finds the configuration, and creates the data directory if necessary.
    pub(crate) async fn open(data: &DataDir, plugins: &PluginDirs) -> anyhow::Result<Self> {
        let directory = data.path()?;
        let access = access::open(&directory).await?;
        Ok(Self::of(access, directory, plugins))
    }

    /// Finds the configuration in a data directory that must exist.
    pub(crate) async fn open_existing(data: &DataDir, plugins: &PluginDirs) -> anyhow::Result<Self> {
        let directory = data.path()?;
        let access = access::open_existing(&directory).await?;
        Ok(Self::of(access, directory, plugins))
    }

    fn of(access: Access, directory: PathBuf, plugins: &PluginDirs) -> Self {
        match access {
            Access::Host(_) => Self::Host(directory),
            Access::Directory(open) => {
                Self::Directory { open, plugin_directories: plugins.paths(&directory) }
            }
        }
    }

    /// Returns the difference that a draft would make.
    pub(crate) async fn plan(&self, draft: &ConfigurationDraft) -> Result<Plan, AccessError> {
        match self {
            Self::Host(directory) => match ask(directory, Request::Plan { draft: draft.clone() }).await? {
                Reply::Plan(plan) => Ok(plan),
                _ => Err(ClientError::Unexpected.into()),
            },
            Self::Directory { open, plugin_directories } => {
                Ok(offline(open, plugin_directories).plan(draft).await?)
            }
        }
    }

    /// Applies a draft.
    pub(crate) async fn configure(&self, draft: &ConfigurationDraft) -> Result<Configured, AccessError> {
        match self {
            Self::Host(directory) => {
                match ask(directory, Request::Configure { draft: draft.clone() }).await {
                    Ok(Reply::Configured(configured)) => Ok(configured),
                    Ok(_) => Err(ClientError::Unexpected.into()),
                    Err(ClientError::HungUp) => Err(AccessError::Unconfirmed),
                    Err(error) => Err(error.into()),
                }
            }
            Self::Directory { open, plugin_directories } => {
                let plan = offline(open, plugin_directories).configure(draft, &Actor::CommandLine).await?;
                Ok(Configured { plan, problems: Vec::new() })
            }
        }
    }

    /// Tests a connection. Returns whether it works. Calls `on_stage` at the beginning and end of each stage.
    pub(crate) async fn test_connection(
        &self,
        draft: &ConnectionDraft,
        mut on_stage: impl FnMut(TestStage),
    ) -> Result<bool, AccessError> {
        match self {
            Self::Host(directory) => {
                let mut client = Client::connect(directory).await?.ok_or(ClientError::Ended)?;
                client.send(&Request::TestConnection { connection: draft.clone() }).await?;
                loop {
                    match client.next().await? {
                        Reply::TestStage(stage) => on_stage(stage),
                        Reply::ConnectionTested { passed } => return Ok(passed),
                        _ => return Err(ClientError::Unexpected.into()),
                    }
                }
            }
            Self::Directory { open, plugin_directories } => {
                Ok(offline(open, plugin_directories).test_connection(draft, on_stage).await?)
            }
        }
    }

    pub(crate) async fn export(&self, scope: ExportScope) -> Result<String, AccessError> {
        let with_disabled = scope == ExportScope::All;
        match self {
            Self::Host(directory) => match ask(directory, Request::Export { with_disabled }).await? {
                Reply::Exported(text) => Ok(text),
                _ => Err(ClientError::Unexpected.into()),
            },
            Self::Directory { open, plugin_directories } => {
                Ok(offline(open, plugin_directories).export(scope).await?)
            }
        }
    }

    pub(crate) async fn users(&self) -> anyhow::Result<Vec<UserReport>> {
        match self {
            Self::Host(directory) => match ask(directory, Request::Users).await? {
                Reply::Users(users) => Ok(users),
                _ => Err(ClientError::Unexpected.into()),
            },
            Self::Directory { open, .. } => Ok(stored::users(&open.store).await?),
        }
    }

    pub(crate) async fn close(self) {
        if let Self::Directory { open, .. } = self {
            open.store.close().await;
        }
    }
}

async fn ask(directory: &Path, request: Request) -> Result<Reply, ClientError> {
    // A connection has one request.
    let client = Client::connect(directory).await?.ok_or(ClientError::Ended)?;
    client.ask(&request).await
}

fn offline<'open>(open: &'open OpenDataDir, plugin_directories: &[PathBuf]) -> OfflineConfiguration<'open> {
    OfflineConfiguration {
        store: &open.store,
        keyring: &open.keyring,
        clock: Arc::new(SystemClock),
        plugin_directories: plugin_directories.to_vec(),
        worker: LaunchOptions::of_this_program(open.store.instance_id()),
    }
}
