//! The folders in which administrators put plugins.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use riser_platform::{FileStamp, LIBRARY_EXTENSION};

use super::error::LibraryError;
use super::library_cache::{CachedLibrary, LibraryCache};

/// A change in a plugin folder since the scan before.
#[derive(Debug)]
pub enum PluginFinding {
    /// A library came or changed: describe it.
    Library(CachedLibrary),
    /// A file came or changed and is no use; an incomplete one is looked at again when it changes.
    Faulty {
        /// The file.
        file: PathBuf,
        /// Why.
        fault: LibraryError,
    },
    /// A file is gone; its copy stays.
    Gone {
        /// The file.
        file: PathBuf,
    },
}

/// The watched folders: each scan tells what changed since the one before.
#[derive(Debug)]
pub struct PluginDirs {
    folders: Vec<PathBuf>,
    cache: LibraryCache,
    seen: BTreeMap<PathBuf, FileStamp>,
    /// Told already.
    unreadable: BTreeSet<PathBuf>,
}

impl PluginDirs {
    /// Watches these folders, of which some may not exist.
    pub fn new(folders: Vec<PathBuf>, cache: LibraryCache) -> Self {
        Self { folders, cache, seen: BTreeMap::new(), unreadable: BTreeSet::new() }
    }

    /// Copies each library file that is new or changed. Reads files and waits for the disk:
    /// not for an asynchronous task.
    pub fn scan(&mut self) -> Vec<PluginFinding> {
        let mut findings = Vec::new();
        let mut present = BTreeMap::new();
        for folder in &self.folders {
            match libraries_in(folder) {
                Ok(files) => {
                    present.extend(files);
                    self.unreadable.remove(folder);
                }
                Err(source) => {
                    if self.unreadable.insert(folder.clone()) {
                        let fault = LibraryError::Unreadable { file: folder.clone(), source };
                        findings.push(PluginFinding::Faulty { file: folder.clone(), fault });
                    }
                    // What cannot be seen is not gone.
                    present.extend(self.seen.iter().filter(|(file, _)| file.starts_with(folder)).map(cloned));
                }
            }
        }
        for (file, stamp) in &present {
            if self.seen.get(file) == Some(stamp) {
                continue;
            }
            match self.cache.copy_in(file) {
                Ok(library) => findings.push(PluginFinding::Library(library)),
                // Between listing and reading it: the next scan finds it gone.
                Err(LibraryError::Vanished { .. }) => {}
                Err(fault) => findings.push(PluginFinding::Faulty { file: file.clone(), fault }),
            }
        }
        let gone = self.seen.keys().filter(|file| !present.contains_key(*file));
        findings.extend(gone.map(|file| PluginFinding::Gone { file: file.clone() }));
        self.seen = present;
        findings
    }
}

fn cloned((file, stamp): (&PathBuf, &FileStamp)) -> (PathBuf, FileStamp) {
    (file.clone(), *stamp)
}

fn libraries_in(folder: &Path) -> io::Result<Vec<(PathBuf, FileStamp)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden || path.extension().is_none_or(|extension| extension != LIBRARY_EXTENSION) {
            continue;
        }
        // Follows links; a link to nothing is as good as no file.
        if let Ok(metadata) = fs::metadata(&path) {
            files.push((path, FileStamp::from(&metadata)));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a scan found, in words.
    fn words(findings: &[PluginFinding]) -> Vec<String> {
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        findings
            .iter()
            .map(|finding| match finding {
                PluginFinding::Library(library) => format!("library {}", name(&library.source)),
                PluginFinding::Faulty { file, fault: LibraryError::Incomplete { .. } } => {
                    format!("incomplete {}", name(file))
                }
                PluginFinding::Faulty { file, .. } => format!("faulty {}", name(file)),
                PluginFinding::Gone { file } => format!("gone {}", name(file)),
            })
            .collect()
    }

    #[test]
    fn each_scan_tells_what_changed_since_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let plugins = folder.path().join("plugins");
        let cache = LibraryCache::open(folder.path()).unwrap();
        let mut folders = PluginDirs::new(vec![plugins.clone(), folder.path().join("none")], cache);
        assert!(words(&folders.scan()).is_empty());

        let whole = fs::read("/proc/self/exe").unwrap();
        fs::create_dir(&plugins).unwrap();
        fs::write(plugins.join("a.so"), &whole[..whole.len() / 2]).unwrap();
        fs::write(plugins.join("b.so"), "text").unwrap();
        fs::write(plugins.join("README.md"), "no library").unwrap();
        assert_eq!(words(&folders.scan()), ["incomplete a.so", "faulty b.so"]);
        assert!(words(&folders.scan()).is_empty());

        fs::write(plugins.join("a.so"), &whole).unwrap();
        fs::remove_file(plugins.join("b.so")).unwrap();
        assert_eq!(words(&folders.scan()), ["library a.so", "gone b.so"]);
        assert!(words(&folders.scan()).is_empty());
    }
}
