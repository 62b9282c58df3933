//! Uploaded libraries: written to a private file, checked in a worker, and kept until they are installed or discarded.

use std::collections::VecDeque;
use std::path::Path;

use parking_lot::Mutex;
use riser_domain::sanitize_line;
use riser_worker_host::{
    CachedLibrary, LibraryDescription, LibraryError, LibraryUploads, UnfinishedUpload, describe,
};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::PluginError;
use crate::Runtime;

/// Largest library. The EVCE plugin has 10 MiB.
const LIMIT_BYTES: u64 = 64 << 20;
/// Checked uploads that wait for a decision. The oldest one makes room for another.
const WAITING_UPLOADS: usize = 4;
/// Longest name of a file in messages, in characters.
const NAME_LENGTH: usize = 100;

/// The uploads that a worker has checked.
#[derive(Debug)]
pub(crate) struct PluginUploads {
    files: LibraryUploads,
    checked: Mutex<VecDeque<CheckedUpload>>,
}

/// A file that is being uploaded. Dropping it removes the file.
#[derive(Debug)]
pub struct PluginUpload {
    name: String,
    bytes: u64,
    unfinished: UnfinishedUpload,
    file: File,
}

/// A library that can be installed.
#[derive(Clone, Debug)]
pub struct CheckedUpload {
    /// The name that the browser sent.
    pub file_name: String,
    pub(super) library: CachedLibrary,
    pub description: LibraryDescription,
}

impl CheckedUpload {
    /// Returns the SHA-256 of the file, which identifies the upload.
    pub fn sha256(&self) -> &str {
        &self.library.sha256
    }
}

impl PluginUpload {
    /// Adds the next bytes of the file.
    ///
    /// # Errors
    /// If the file is too large, or cannot be written.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), PluginError> {
        self.bytes += bytes.len() as u64;
        if self.bytes > LIMIT_BYTES {
            return Err(PluginError::TooLarge { file: self.name.clone(), limit_bytes: LIMIT_BYTES });
        }
        self.file.write_all(bytes).await.map_err(PluginError::of_write(Path::new(&self.name)))
    }
}

impl PluginUploads {
    pub(crate) fn open(data_dir: &Path) -> Result<Self, LibraryError> {
        Ok(Self { files: LibraryUploads::open(data_dir)?, checked: Mutex::default() })
    }

    fn list(&self) -> Vec<CheckedUpload> {
        self.checked.lock().iter().cloned().collect()
    }

    pub(super) fn find(&self, sha256: &str) -> Option<CheckedUpload> {
        self.checked.lock().iter().find(|upload| upload.sha256() == sha256).cloned()
    }

    pub(super) fn remove(&self, sha256: &str) {
        let mut checked = self.checked.lock();
        if let Some(index) = checked.iter().position(|upload| upload.sha256() == sha256)
            && let Some(upload) = checked.remove(index)
        {
            self.remove_file(&upload.library);
        }
    }

    fn add(&self, upload: CheckedUpload) {
        let mut checked = self.checked.lock();
        checked.retain(|known| known.sha256() != upload.sha256());
        checked.push_back(upload);
        while checked.len() > WAITING_UPLOADS
            && let Some(oldest) = checked.pop_front()
        {
            self.remove_file(&oldest.library);
        }
    }

    fn remove_file(&self, library: &CachedLibrary) {
        if let Err(error) = self.files.remove(library) {
            tracing::warn!("an uploaded plugin was not removed: {error}");
        }
    }
}

impl Runtime {
    /// Returns the size of the largest plugin that can be uploaded, in bytes.
    pub const fn upload_limit_bytes() -> u64 {
        LIMIT_BYTES
    }

    /// Begins the upload of a plugin. `name` is the name of the file, for messages.
    ///
    /// # Errors
    /// If the data directory cannot be written.
    pub fn begin_upload(&self, name: &str) -> Result<PluginUpload, PluginError> {
        let name: String =
            name.rsplit(['/', '\\']).next().unwrap_or_default().chars().take(NAME_LENGTH).collect();
        let name = if name.trim().is_empty() { "the file".to_owned() } else { sanitize_line(&name) };
        let uploads = &self.inner.uploads.files;
        let (unfinished, file) = uploads.begin().map_err(PluginError::of_write(Path::new(&name)))?;
        Ok(PluginUpload { name, bytes: 0, unfinished, file: File::from_std(file) })
    }

    /// Checks an uploaded file in a worker process. Nothing is installed. A file that is not a plugin is removed.
    ///
    /// # Errors
    /// Why the file cannot be used.
    pub async fn check_upload(&self, upload: PluginUpload) -> Result<CheckedUpload, PluginError> {
        let PluginUpload { name, unfinished, mut file, .. } = upload;
        let inner = &*self.inner;
        file.flush().await.map_err(PluginError::of_write(Path::new(&name)))?;
        drop(file);
        // Reading and copying a file takes milliseconds.
        let library = tokio::task::block_in_place(|| inner.uploads.files.finish(unfinished, &name))
            .map_err(|error| PluginError::of_file(&name, &error))?;
        match describe(&inner.launcher, &library).await {
            Ok(description) => {
                let upload = CheckedUpload { file_name: name, library, description };
                inner.uploads.add(upload.clone());
                Ok(upload)
            }
            Err(error) => {
                // Another upload of the same bytes may wait for a decision.
                if inner.uploads.find(&library.sha256).is_none() {
                    inner.uploads.remove_file(&library);
                }
                Err(PluginError::of_query(&name, &error))
            }
        }
    }

    /// Returns all uploads that a worker has checked, the oldest first.
    pub fn checked_uploads(&self) -> Vec<CheckedUpload> {
        self.inner.uploads.list()
    }

    /// Returns an upload that a worker has checked.
    pub fn checked_upload(&self, sha256: &str) -> Option<CheckedUpload> {
        self.inner.uploads.find(sha256)
    }

    /// Removes an upload.
    pub fn discard_upload(&self, sha256: &str) {
        self.inner.uploads.remove(sha256);
    }
}
