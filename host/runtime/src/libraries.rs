//! The plugin libraries in use: found in the plugin folders, copied by hash, described in a worker.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use riser_domain::{ClassId, Problem, RunMode};
use riser_worker::{
    Launcher, LibraryDescription, LibraryShelf, PluginFinding, PluginFolders, ShelvedLibrary, describe,
};

use crate::problems::Problems;

/// No library offers this plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no plugin library offers {plugin}: put its .so file into one of {folders}")]
pub(crate) struct LibraryMissing {
    plugin: String,
    folders: String,
}

/// What the scheduler needs to know of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClassFacts {
    pub(crate) mode: RunMode,
    /// The class that must have succeeded once before this one runs.
    pub(crate) after: Option<String>,
}

/// A library in use.
#[derive(Clone, Debug)]
pub struct Library {
    pub shelved: ShelvedLibrary,
    pub description: LibraryDescription,
}

/// The libraries in use, by plugin id.
#[derive(Debug)]
pub(crate) struct Libraries {
    folder_names: String,
    /// Held while the folders are read, so that a scan sees what changed since the one before it.
    folders: tokio::sync::Mutex<PluginFolders>,
    in_use: RwLock<BTreeMap<String, Library>>,
}

impl Libraries {
    pub(crate) fn new(folders: Vec<PathBuf>, shelf: LibraryShelf) -> Self {
        let names: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        Self {
            folder_names: names.join(", "),
            folders: tokio::sync::Mutex::new(PluginFolders::new(folders, shelf)),
            in_use: RwLock::default(),
        }
    }

    /// Looks for libraries that came or changed and describes them; what is wrong with one stands as a problem.
    pub(crate) async fn scan(&self, launcher: &Launcher, problems: &Problems) {
        let mut folders = self.folders.lock().await;
        // Reading and copying a library is a matter of milliseconds and happens when one changed.
        let findings = tokio::task::block_in_place(|| folders.scan());
        for finding in findings {
            match finding {
                PluginFinding::Library(shelved) => self.take_up(shelved, launcher, problems).await,
                PluginFinding::Faulty { file, fault } => {
                    raise(problems, &file.display().to_string(), &fault.to_string());
                }
                PluginFinding::Gone { file } => {
                    problems.clear(None, &code(&file.display().to_string()));
                    tracing::warn!("the plugin file {} is gone; its copy is used on", file.display());
                }
            }
        }
    }

    async fn take_up(&self, shelved: ShelvedLibrary, launcher: &Launcher, problems: &Problems) {
        let file = shelved.source.display().to_string();
        match describe(launcher, &shelved).await {
            Ok(description) => {
                problems.clear(None, &code(&file));
                tracing::info!(
                    plugin.name = description.id,
                    "plugin {} {} from {file}",
                    description.name,
                    description.version
                );
                self.in_use
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(description.id.clone(), Library { shelved, description });
            }
            Err(error) => raise(problems, &file, &error.to_string()),
        }
    }

    /// The copy that runs of a plugin use now.
    pub(crate) fn library(&self, plugin: &str) -> Result<ShelvedLibrary, LibraryMissing> {
        let in_use = self.in_use.read().unwrap_or_else(PoisonError::into_inner);
        in_use
            .get(plugin)
            .map(|library| library.shelved.clone())
            .ok_or_else(|| LibraryMissing { plugin: plugin.to_owned(), folders: self.folder_names.clone() })
    }

    /// What is known of a class; `None` while its library is missing or has no such class.
    pub(crate) fn class(&self, class: &ClassId) -> Option<ClassFacts> {
        let in_use = self.in_use.read().unwrap_or_else(PoisonError::into_inner);
        let described = in_use.get(&class.plugin)?.description.class(&class.class)?;
        Some(ClassFacts { mode: described.mode, after: described.after.clone() })
    }

    /// All libraries in use.
    pub(crate) fn list(&self) -> Vec<Library> {
        self.in_use.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
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
            remedy: "put a working library in its place; Riser takes it up by itself".to_owned(),
            setting: None,
        },
    );
}
