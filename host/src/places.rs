//! Where Riser keeps what it keeps.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

/// The data folder of a Riser that the machine runs.
const SYSTEM_DATA: &str = "/var/lib/riser";

/// The data folder, as an argument of every command that uses it.
#[derive(Args, Clone, Debug)]
pub(crate) struct DataFolder {
    /// Data folder [default: /var/lib/riser for root, else riser in the user's data home]
    #[arg(long, value_name = "DIR", env = "RISER_DATA", global = true)]
    data: Option<PathBuf>,
}

/// Where plugin libraries lie, as an argument of every command that loads them.
#[derive(Args, Clone, Debug)]
pub(crate) struct PluginFolders {
    /// Folder with plugin libraries [default: `plugins` beside this program, then `plugins` in the data folder]
    #[arg(long, value_name = "DIR", env = "RISER_PLUGINS")]
    plugins: Option<PathBuf>,
}

impl DataFolder {
    /// The folder, absolute, whether or not it is there.
    pub(crate) fn path(&self) -> anyhow::Result<PathBuf> {
        let folder = match &self.data {
            Some(folder) => folder.clone(),
            None if rustix::process::geteuid().is_root() => PathBuf::from(SYSTEM_DATA),
            None => {
                data_home().context("neither XDG_DATA_HOME nor HOME is set; name a folder with --data")?
            }
        };
        std::path::absolute(&folder).with_context(|| format!("{} is no path of a folder", folder.display()))
    }
}

impl PluginFolders {
    /// The folders, those that come first winning.
    pub(crate) fn paths(&self, data_folder: &Path) -> Vec<PathBuf> {
        if let Some(folder) = &self.plugins {
            return vec![folder.clone()];
        }
        let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join("plugins")));
        beside.into_iter().chain([data_folder.join("plugins")]).collect()
    }
}

fn data_home() -> Option<PathBuf> {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = named("XDG_DATA_HOME").or_else(|| Some(named("HOME")?.join(".local/share")))?;
    Some(home.join("riser"))
}
