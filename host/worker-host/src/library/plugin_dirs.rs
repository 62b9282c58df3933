//! Scans the directories in which administrators put plugins.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use riser_platform::{FileStamp, LIBRARY_EXTENSION};

use super::error::LibraryError;
use super::library_cache::{CachedLibrary, LibraryCache};

/// A change in a plugin directory since the previous scan.
#[derive(Debug)]
pub enum PluginFinding {
    /// A library is new or changed.
    Library(CachedLibrary),
    /// A new or changed file cannot be used. The next change of the file is a new finding.
    Faulty { file: PathBuf, fault: LibraryError },
    /// A file was removed. Its copy remains.
    Gone { file: PathBuf },
}

/// The plugin directories. Each scan returns the changes since the previous one.
#[derive(Debug)]
pub struct PluginDirs {
    directories: Vec<PathBuf>,
    cache: LibraryCache,
    seen: BTreeMap<PathBuf, FileStamp>,
    /// Unreadable directories that were already reported.
    unreadable: BTreeSet<PathBuf>,
}

impl PluginDirs {
    /// Watches these directories. Missing ones are ignored until they exist.
    pub fn new(directories: Vec<PathBuf>, cache: LibraryCache) -> Self {
        Self { directories, cache, seen: BTreeMap::new(), unreadable: BTreeSet::new() }
    }

    /// Copies each library file that is new or changed. Blocks, so do not call it in an asynchronous task.
    pub fn scan(&mut self) -> Vec<PluginFinding> {
        let mut findings = Vec::new();
        let mut present = BTreeMap::new();
        for directory in &self.directories {
            match libraries_in(directory) {
                Ok(files) => {
                    present.extend(files);
                    self.unreadable.remove(directory);
                }
                Err(source) => {
                    if self.unreadable.insert(directory.clone()) {
                        let fault = LibraryError::Unreadable { file: directory.clone(), source };
                        findings.push(PluginFinding::Faulty { file: directory.clone(), fault });
                    }
                    // Files of an unreadable directory are not reported as removed.
                    present
                        .extend(self.seen.iter().filter(|(file, _)| file.starts_with(directory)).map(cloned));
                }
            }
        }
        for (file, stamp) in &present {
            if self.seen.get(file) == Some(stamp) {
                continue;
            }
            match self.cache.copy_in(file) {
                Ok(library) => findings.push(PluginFinding::Library(library)),
                // Removed after the listing: the next scan reports it.
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

fn libraries_in(directory: &Path) -> io::Result<Vec<(PathBuf, FileStamp)>> {
    let entries = match fs::read_dir(directory) {
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
        // Follows links and ignores broken ones.
        if let Ok(metadata) = fs::metadata(&path) {
            files.push((path, FileStamp::from(&metadata)));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(findings: &[PluginFinding]) -> Vec<String> {
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
    fn each_scan_returns_the_changes_since_the_previous_one() {
        let root = tempfile::tempdir().unwrap();
        let plugins = root.path().join("plugins");
        let cache = LibraryCache::open(root.path()).unwrap();
        let mut dirs = PluginDirs::new(vec![plugins.clone(), root.path().join("none")], cache);
        assert!(summary(&dirs.scan()).is_empty());

        let whole = fs::read("/proc/self/exe").unwrap();
        fs::create_dir(&plugins).unwrap();
        fs::write(plugins.join("a.so"), &whole[..whole.len() / 2]).unwrap();
        fs::write(plugins.join("b.so"), "text").unwrap();
        fs::write(plugins.join("README.md"), "no library").unwrap();
        assert_eq!(summary(&dirs.scan()), ["incomplete a.so", "faulty b.so"]);
        assert!(summary(&dirs.scan()).is_empty());

        fs::write(plugins.join("a.so"), &whole).unwrap();
        fs::remove_file(plugins.join("b.so")).unwrap();
        assert_eq!(summary(&dirs.scan()), ["library a.so", "gone b.so"]);
        assert!(summary(&dirs.scan()).is_empty());
    }
}
