//! The plugin libraries in use: found in the plugin directories, copied by hash and described by a worker.

use std::collections::BTreeMap;
use std::env::consts::DLL_EXTENSION;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    pub description: Arc<LibraryDescription>,
}

/// A file in a plugin directory.
#[derive(Clone, Debug)]
pub struct PluginFile {
    pub path: PathBuf,
    /// The library in it, or the reason why it cannot be used.
    pub content: Result<Library, String>,
}

/// The libraries in use, by plugin id.
#[derive(Debug)]
pub(crate) struct Libraries {
    /// By precedence.
    directories: Vec<PathBuf>,
    /// Held while the directories are read, so that a scan sees what changed since the one before it.
    scans: tokio::sync::Mutex<PluginDirs>,
    /// The files that the last scan found.
    files: RwLock<BTreeMap<PathBuf, Result<Library, String>>>,
    in_use: RwLock<BTreeMap<String, Library>>,
}

impl Libraries {
    pub(crate) fn new(directories: Vec<PathBuf>, cache: LibraryCache) -> Self {
        Self {
            scans: tokio::sync::Mutex::new(PluginDirs::new(directories.clone(), cache)),
            directories,
            files: RwLock::default(),
            in_use: RwLock::default(),
        }
    }

    /// Finds new and changed libraries and describes them. Raises a problem for an unusable one.
    pub(crate) async fn scan(&self, launcher: &Launcher, problems: &Problems) {
        let mut scans = self.scans.lock().await;
        // Reading and copying a library takes milliseconds and happens only when one changed.
        let findings = tokio::task::block_in_place(|| scans.scan());
        for finding in findings {
            match finding {
                PluginFinding::Library(cached) => self.adopt(cached, launcher, problems).await,
                PluginFinding::Faulty { file, fault } => {
                    raise(problems, &file.display().to_string(), &fault.to_string());
                    self.files.write().insert(file, Err(fault.to_string()));
                }
                PluginFinding::Gone { file } => {
                    problems.clear(None, &code(&file.display().to_string()));
                    self.files.write().remove(&file);
                    if self.in_use.read().values().any(|library| library.cached.source == file) {
                        tracing::warn!("the plugin file {} is gone; its copy stays in use", file.display());
                    }
                }
            }
        }
    }

    async fn adopt(&self, cached: CachedLibrary, launcher: &Launcher, problems: &Problems) {
        let path = cached.source.clone();
        let file = path.display().to_string();
        match describe(launcher, &cached).await {
            Ok(description) => {
                problems.clear(None, &code(&file));
                let (plugin, name, version) =
                    (description.id.clone(), description.name.clone(), description.version.clone());
                let library = Library { cached, description: Arc::new(description) };
                self.files.write().insert(path.clone(), Ok(library));
                let used = self.choose(&plugin);
                if used.as_ref() == Some(&path) {
                    tracing::info!(plugin.name = plugin, "plugin {name} {version} from {file}");
                } else {
                    let used = used.unwrap_or_default();
                    tracing::info!(
                        plugin.name = plugin,
                        "plugin {name} {version} from {file} is not used: {} precedes it",
                        used.display()
                    );
                }
            }
            Err(error) => {
                raise(problems, &file, &error.to_string());
                self.files.write().insert(path, Err(error.to_string()));
            }
        }
    }

    /// Uses the file of the first directory that offers a plugin. Without one, its copy stays in use. Returns the file.
    fn choose(&self, plugin: &str) -> Option<PathBuf> {
        let files = self.files.read();
        let offering = files.values().flatten().filter(|library| library.description.id == plugin);
        let precedence = |library: &&Library| {
            let directory = library.cached.source.parent();
            self.directories.iter().position(|known| directory == Some(known))
        };
        let chosen = offering.min_by_key(precedence)?.clone();
        let file = chosen.cached.source.clone();
        self.in_use.write().insert(plugin.to_owned(), chosen);
        Some(file)
    }

    /// Stops using a file that was removed. Another file that offers the plugin is used instead.
    pub(crate) fn forget(&self, plugin: &str, file: &Path) {
        self.files.write().remove(file);
        if self.choose(plugin).is_none() {
            self.in_use.write().remove(plugin);
        }
    }

    /// Returns the plugin directories, by precedence.
    pub(crate) fn directories(&self) -> &[PathBuf] {
        &self.directories
    }

    /// Returns the files in the plugin directories, by path.
    pub(crate) fn files(&self) -> Vec<PluginFile> {
        let files = self.files.read();
        files
            .iter()
            .map(|(path, content)| PluginFile { path: path.clone(), content: content.clone() })
            .collect()
    }

    /// Returns the library in use of a plugin.
    pub(crate) fn find(&self, plugin: &str) -> Option<Library> {
        self.in_use.read().get(plugin).cloned()
    }

    /// Returns the copy that new runs of a plugin use.
    pub(crate) fn library(&self, plugin: &str) -> Result<CachedLibrary, LibraryMissing> {
        let in_use = self.in_use.read();
        in_use.get(plugin).map(|library| library.cached.clone()).ok_or_else(|| self.missing(plugin))
    }

    /// Checks that a library offers a plugin.
    pub(crate) fn check(&self, plugin: &str) -> Result<(), LibraryMissing> {
        if self.in_use.read().contains_key(plugin) { Ok(()) } else { Err(self.missing(plugin)) }
    }

    fn missing(&self, plugin: &str) -> LibraryMissing {
        LibraryMissing { plugin: plugin.to_owned(), directories: self.dir_names() }
    }

    /// Returns the facts about a class; `None` while its library is missing or has no such class.
    pub(crate) fn class(&self, class: &ClassId) -> Option<ClassFacts> {
        let in_use = self.in_use.read();
        let described = in_use.get(&class.plugin)?.description.class(&class.class)?;
        Some(ClassFacts { mode: described.mode, requires: described.requires.clone() })
    }

    fn dir_names(&self) -> String {
        let names = self.directories.iter().map(|directory| directory.display().to_string());
        names.collect::<Vec<_>>().join(", ")
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
