//! Libraries that were uploaded and are not in use: `uploads` in the data directory.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use riser_platform::{create_private_dir_all, create_private_file};

use super::error::LibraryError;
use super::library_cache::{CachedLibrary, LibraryCache};

/// The directory of uploads. It is emptied when Riser starts.
#[derive(Clone, Debug)]
pub struct LibraryUploads {
    directory: PathBuf,
    cache: LibraryCache,
}

/// A file that is being uploaded. Dropping it removes the file.
#[derive(Debug)]
pub struct UnfinishedUpload {
    path: PathBuf,
}

impl LibraryUploads {
    /// Removes the uploads of an earlier Riser.
    pub fn open(data_dir: &Path) -> Result<Self, LibraryError> {
        let directory = data_dir.join("uploads");
        let not_writable = |source| LibraryError::CacheNotWritable { directory: directory.clone(), source };
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(not_writable(error)),
            _ => {}
        }
        create_private_dir_all(&directory).map_err(not_writable)?;
        let cache = LibraryCache::open(&directory)?;
        Ok(Self { directory, cache })
    }

    /// Begins an upload. Returns the file to write.
    pub fn begin(&self) -> io::Result<(UnfinishedUpload, File)> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let path = self.directory.join(hex::encode(random));
        let file = create_private_file(&path)?;
        Ok((UnfinishedUpload { path }, file))
    }

    /// Returns the copy that a worker may load. Messages call it `name`.
    #[expect(clippy::needless_pass_by_value, reason = "the unfinished file is removed")]
    pub fn finish(&self, upload: UnfinishedUpload, name: &str) -> Result<CachedLibrary, LibraryError> {
        self.cache.copy_in_as(&upload.path, Path::new(name))
    }

    /// Removes an upload.
    pub fn remove(&self, library: &CachedLibrary) -> Result<(), LibraryError> {
        self.cache.remove(library)
    }
}

impl Drop for UnfinishedUpload {
    fn drop(&mut self) {
        // What remains is removed at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn an_upload_leaves_a_copy_or_nothing() {
        let data = tempfile::tempdir().unwrap();
        let uploads = LibraryUploads::open(data.path()).unwrap();
        let files = || fs::read_dir(data.path().join("uploads/libraries")).unwrap().count();
        let upload = |bytes: &[u8]| {
            let (upload, mut file) = uploads.begin().unwrap();
            file.write_all(bytes).unwrap();
            uploads.finish(upload, "evce.so")
        };
        let error = upload(b"text").unwrap_err().to_string();
        assert!(error.starts_with("evce.so is not a shared library"), "{error}");
        assert_eq!(files(), 0);
        let library = upload(&fs::read("/proc/self/exe").unwrap()).unwrap();
        assert_eq!((library.source.as_path(), files()), (Path::new("evce.so"), 1));
        drop(uploads.begin().unwrap());
        // Only the directory of copies is left beside the copy.
        assert_eq!(fs::read_dir(data.path().join("uploads")).unwrap().count(), 1);
        uploads.remove(&library).unwrap();
        assert_eq!(files(), 0);
        upload(&fs::read("/proc/self/exe").unwrap()).unwrap();
        LibraryUploads::open(data.path()).unwrap();
        assert_eq!(files(), 0);
    }
}
