//! Files and directories that only their owner may use, and what identifies the state of a file.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::{Access, access};

const OWNER_DIRECTORY: u32 = 0o700;
const OWNER_FILE: u32 = 0o600;
const OWNER_READS: u32 = 0o400;
const EVERYBODY_ELSE: u32 = 0o077;

/// Creates a directory that only this user can enter. Fails if the path exists.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(OWNER_DIRECTORY).create(path)
}

/// Creates a directory and the missing ones above it, so that only this user can enter them. An existing
/// directory keeps its permissions.
pub fn create_private_dir_all(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(OWNER_DIRECTORY).create(path)
}

/// Creates an empty file that only this user can read and write. Fails if the path exists.
pub fn create_private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(OWNER_FILE).open(path)
}

/// Makes a file readable for this user only, and writable for no user.
pub fn set_read_only(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(OWNER_READS))
}

/// Returns whether only the owner of a file (and root) has rights to it.
pub fn is_private(file: &Metadata) -> bool {
    file.permissions().mode() & EVERYBODY_ELSE == 0
}

/// Writes the entries of a directory to the disk. A new file survives a power cut only after this.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Returns whether this user may create files in a directory, or create the directory if it is missing.
pub fn is_writable_directory(path: &Path) -> bool {
    let existing = path.ancestors().find(|path| !path.as_os_str().is_empty() && path.exists());
    existing.is_some_and(|path| path.is_dir() && access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok())
}

/// The state of a file. Two equal stamps of one path mean that the file has not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStamp {
    inode: u64,
    bytes: u64,
    modified_s: i64,
    modified_ns: i64,
}

impl From<&Metadata> for FileStamp {
    fn from(file: &Metadata) -> Self {
        Self {
            inode: file.ino(),
            bytes: file.len(),
            modified_s: file.mtime(),
            modified_ns: file.mtime_nsec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn new_files_and_directories_are_private() {
        let directory = tempfile::tempdir().unwrap();
        let nested = directory.path().join("a/b");
        create_private_dir_all(&nested).unwrap();
        create_private_dir_all(&nested).unwrap();
        assert_eq!((mode(&nested), mode(nested.parent().unwrap())), (0o700, 0o700));
        create_private_dir(&nested).unwrap_err();

        let path = nested.join("key");
        let file = create_private_file(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        assert!(is_private(&file.metadata().unwrap()));
        set_read_only(&file).unwrap();
        assert_eq!(mode(&path), 0o400);
        create_private_file(&path).unwrap_err();
        sync_directory(&nested).unwrap();
    }

    #[test]
    fn a_file_that_others_may_read_is_not_private() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_permissions(Permissions::from_mode(0o640)).unwrap();
        assert!(!is_private(&file.as_file().metadata().unwrap()));
    }

    #[test]
    fn a_missing_directory_is_as_writable_as_the_one_above_it() {
        let directory = tempfile::tempdir().unwrap();
        assert!(is_writable_directory(directory.path()));
        assert!(is_writable_directory(&directory.path().join("a/b")));
        let file = directory.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(!is_writable_directory(&file) && !is_writable_directory(&file.join("a")));
    }

    #[test]
    fn a_stamp_changes_with_the_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let stamp = |file: &tempfile::NamedTempFile| FileStamp::from(&file.as_file().metadata().unwrap());
        let before = stamp(&file);
        assert_eq!(stamp(&file), before);
        file.write_all(b"x").unwrap();
        assert_ne!(stamp(&file), before);
    }
}
