//! The plugin libraries in use: found in the plugin directories, copied by hash and described by a worker.

use std::collections::BTreeMap;
use std::env::consts::DLL_EXTENSION;
use std::path::PathBuf;

use parking_lot::RwLock;
use riser_domain::{ClassId, Problem, RunMode};
use riser_worker_host::{
    CachedLibrary, Launcher, LibraryCache, LibraryDescription, PluginDirs, PluginFinding, describe,
};

use crate::problems::Problems;

/// No library offers this plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no plugin library offers {plugin}: put its .{DLL_EXTENSION} file into one of {directories}")]
pub(crate) struct LibraryMissing {
    plugin: String,
    directories: String,
}

/// The facts about a class that the scheduler uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClassFacts {
    pub(crate) mode: RunMode,
    /// The class that must have succeeded once before this one runs.
    pub(crate) requires: Option<String>,
}

/// A library in use.
#[derive(Clone, Debug)]
pub struct Library {
    pub cached: CachedLibrary,
    pub description: LibraryDescription,
}

/// The libraries in use, by plugin id.
#[derive(Debug)]
pub(crate) struct Libraries {
    dir_names: String,
    /// Held while the directories are read, so that a scan sees what changed since the one before it.
    directories: tokio::sync::Mutex<PluginDirs>,
    in_use: RwLock<BTreeMap<String, Library>>,
}

impl Libraries {
    pub(crate) fn new(directories: Vec<PathBuf>, cache: LibraryCache) -> Self {
        let names: Vec<String> =
            directories.iter().map(|directory| directory.display().to_string()).collect();
        Self {
            dir_names: names.join(", "),
            directories: tokio::sync::Mutex::new(PluginDirs::new(directories, cache)),
            in_use: RwLock::default(),
        }
    }

    /// Finds new and changed libraries and describes them. Raises a problem for an unusable one.
    pub(crate) async fn scan(&self, launcher: &Launcher, problems: &Problems) {
        let mut directories = self.directories.lock().await;
        // Reading and copying a library takes milliseconds and happens only when one changed.
        let findings = tokio::task::block_in_place(|| directories.scan());
        for finding in findings {
            match finding {
                PluginFinding::Library(cached) => self.adopt(cached, launcher, problems).await,
                PluginFinding::Faulty { file, fault } => {
                    raise(problems, &file.display().to_string(), &fault.to_string());
                }
                PluginFinding::Gone { file } => {
                    problems.clear(None, &code(&file.display().to_string()));
                    tracing::warn!("the plugin file {} is gone; its copy stays in use", file.display());
                }
            }
        }
    }

    async fn adopt(&self, cached: CachedLibrary, launcher: &Launcher, problems: &Problems) {
        let file = cached.source.display().to_string();
        match describe(launcher, &cached).await {
            Ok(description) => {
                problems.clear(None, &code(&file));
                tracing::info!(
                    plugin.name = description.id,
                    "plugin {} {} from {file}",
                    description.name,
                    description.version
                );
                self.in_use.write().insert(description.id.clone(), Library { cached, description });
            }
            Err(error) => raise(problems, &file, &error.to_string()),
        }
    }

    /// Returns the copy that new runs of a plugin use.
    pub(crate) fn library(&self, plugin: &str) -> Result<CachedLibrary, LibraryMissing> {
        let in_use = self.in_use.read();
        in_use
            .get(plugin)
            .map(|library| library.cached.clone())
            .ok_or_else(|| LibraryMissing { plugin: plugin.to_owned(), directories: self.dir_names.clone() })
    }

    /// Returns the facts about a class; `None` while its library is missing or has no such class.
    pub(crate) fn class(&self, class: &ClassId) -> Option<ClassFacts> {
        let in_use = self.in_use.read();
        let described = in_use.get(&class.plugin)?.description.class(&class.class)?;
        Some(ClassFacts { mode: described.mode, requires: described.requires.clone() })
    }

    /// Returns all libraries in use.
    pub(crate) fn list(&self) -> Vec<Library> {
        self.in_use.read().values().cloned().collect()
    }
}

fn code(file: &str) -> String {
    format!("plugin-unusable {file}")
}

fn raise(problems: &Problems, file: &str, what: &str) {
    tracing::warn!("{what}");
    problems.raise(
        None,
        "Riser",
        Problem {
            code: code(file),
            what: what.to_owned(),
            effect: "processors of this plugin run with the library they had, or not at all".to_owned(),
            remedy: "put a working library in its place; Riser loads it by itself".to_owned(),
            setting: None,
        },
    );
}
