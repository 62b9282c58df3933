//! Puts library files into plugin directories.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

pub use riser_platform::is_writable_directory;
use riser_platform::{LIBRARY_EXTENSION, create_private_dir_all, sync_directory};

/// Returns the file to write so that the plugin is used from it: the file in use, or else a new one in the first
/// writable directory that precedes it. `None` if there is no such directory.
pub fn installation_target(directories: &[PathBuf], plugin: &str, in_use: Option<&Path>) -> Option<PathBuf> {
    for directory in directories {
        if let Some(file) = in_use.filter(|file| file.parent() == Some(directory)) {
            return is_writable_directory(directory).then(|| file.to_owned());
        }
        if is_writable_directory(directory) {
            return Some(free_name(directory, plugin));
        }
    }
    None
}

/// Returns `libriser_evce.so` for `riser.evce`, with a number if another file has this name.
fn free_name(directory: &Path, plugin: &str) -> PathBuf {
    let stem = format!("lib{}", plugin.replace(['.', '-'], "_"));
    let numbered = (2..).map(|number| format!("{stem}_{number}"));
    let mut paths = std::iter::once(stem.clone())
        .chain(numbered)
        .map(|stem| directory.join(format!("{stem}.{LIBRARY_EXTENSION}")));
    paths.find(|path| !path.exists()).unwrap_or_else(|| directory.join(stem))
}

/// A library beside its final place, under a name that no scan sees. Dropping it removes the file.
#[derive(Debug)]
pub struct StagedFile {
    path: PathBuf,
    target: PathBuf,
}

impl StagedFile {
    /// Copies a library into the directory of `target`. Creates the directory if it is missing.
    pub fn stage(library: &Path, target: &Path) -> io::Result<Self> {
        let directory = target.parent().unwrap_or(Path::new("/"));
        create_private_dir_all(directory)?;
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let staged = Self { path: directory.join(format!(".{name}.new")), target: target.to_owned() };
        let mut file = File::create(&staged.path)?;
        io::copy(&mut File::open(library)?, &mut file)?;
        file.sync_all()?;
        Ok(staged)
    }

    /// Replaces the file at the final place. Processes that have loaded that one keep it.
    pub fn commit(self) -> io::Result<()> {
        fs::rename(&self.path, &self.target)?;
        sync_directory(self.target.parent().unwrap_or(Path::new("/")))
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        let _already_renamed = fs::remove_file(&self.path);
    }
}

/// Removes a library from its plugin directory.
pub fn remove_file(file: &Path) -> io::Result<()> {
    fs::remove_file(file)?;
    sync_directory(file.parent().unwrap_or(Path::new("/")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_new_plugin_belongs_into_the_first_writable_directory() {
        let root = tempfile::tempdir().unwrap();
        // No directory can be created in a file.
        let unwritable = root.path().join("file/plugins");
        fs::write(root.path().join("file"), "").unwrap();
        let directories = [unwritable.clone(), root.path().join("own"), root.path().join("beside")];
        let target = |in_use: Option<&Path>| installation_target(&directories, "riser.ev-ce", in_use);
        let file = root.path().join("own/libriser_ev_ce.so");
        assert_eq!(target(None), Some(file.clone()));
        fs::create_dir(root.path().join("own")).unwrap();
        fs::write(&file, "").unwrap();
        assert_eq!(target(None), Some(root.path().join("own/libriser_ev_ce_2.so")));
        assert_eq!(target(Some(&file)), Some(file.clone()));
        // A file of a later directory is preceded by the new one.
        let shipped = root.path().join("beside/libevce.so");
        assert_eq!(target(Some(&shipped)), Some(root.path().join("own/libriser_ev_ce_2.so")));
        // A file that cannot be replaced precedes all others.
        assert_eq!(target(Some(&unwritable.join("libevce.so"))), None);
    }

    #[test]
    fn a_staged_file_replaces_the_target_at_once_or_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let (library, target) = (root.path().join("library"), root.path().join("plugins/a.so"));
        fs::write(&library, "new").unwrap();
        fs::set_permissions(&library, fs::Permissions::from_mode(0o400)).unwrap();
        drop(StagedFile::stage(&library, &target).unwrap());
        assert_eq!(fs::read_dir(root.path().join("plugins")).unwrap().count(), 0);
        fs::write(&target, "old").unwrap();
        StagedFile::stage(&library, &target).unwrap().commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        StagedFile::stage(&library, &target).unwrap().commit().unwrap();
        remove_file(&target).unwrap();
        assert_eq!(fs::read_dir(root.path().join("plugins")).unwrap().count(), 0);
    }
}
