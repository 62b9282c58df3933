//! Default directories.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use riser_platform::default_data_directory;

/// The data directory argument.
#[derive(Args, Clone, Debug)]
pub(crate) struct DataDir {
    /// Data directory [default: /var/lib/riser for root, else riser in the user's data home]
    #[arg(long = "data-dir", value_name = "DIR", env = "RISER_DATA_DIR", global = true)]
    data: Option<PathBuf>,
}

/// The plugin directory argument.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct PluginDirs {
    /// Directory with plugin libraries [default: `plugins` in the data directory, then `plugins` beside this program]
    #[arg(long = "plugin-dir", value_name = "DIR", env = "RISER_PLUGIN_DIR", global = true)]
    plugins: Option<PathBuf>,
}

impl DataDir {
    /// Returns the absolute path of the directory, which may not exist.
    pub(crate) fn path(&self) -> anyhow::Result<PathBuf> {
        let directory = match &self.data {
            Some(directory) => directory.clone(),
            None => default_data_directory()
                .context("neither XDG_DATA_HOME nor HOME is set; name a directory with --data-dir")?,
        };
        std::path::absolute(&directory)
            .with_context(|| format!("{} is not the path of a directory", directory.display()))
    }
}

impl PluginDirs {
    /// Returns the directories by precedence, the first one wins.
    pub(crate) fn paths(&self, data_dir: &Path) -> Vec<PathBuf> {
        if let Some(directory) = &self.plugins {
            return vec![directory.clone()];
        }
        let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join("plugins")));
        std::iter::once(data_dir.join("plugins")).chain(beside).collect()
    }
}
