//! Copies of plugin libraries, named by their hash. Workers load the copy, because overwriting a file in place kills
//! every process that has it mapped. The hash recorded with a run identifies the library that ran.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use riser_platform::{
    FileStamp, LIBRARY_EXTENSION, LIBRARY_HEADER_BYTES, LibraryFormat, create_private_dir_all,
    create_private_file, library_format, set_read_only,
};
use sha2::{Digest, Sha256};

use super::error::LibraryError;

/// Prefix of the names of unfinished copies.
const UNFINISHED: &str = ".unfinished-";

const CHUNK_BYTES: usize = 64 * 1024;

/// A copy of a library, which never changes. Workers may load it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CachedLibrary {
    pub path: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// The file it was copied from, for messages.
    pub source: PathBuf,
}

/// The directory of copies: `libraries` in the data directory.
#[derive(Clone, Debug)]
pub struct LibraryCache {
    directory: PathBuf,
}

impl LibraryCache {
    /// Opens or creates the directory, and removes unfinished copies.
    pub fn open(data_dir: &Path) -> Result<Self, LibraryError> {
        let cache = Self { directory: data_dir.join("libraries") };
        cache.prepare().map_err(|source| cache.not_writable(source))?;
        Ok(cache)
    }

    fn prepare(&self) -> io::Result<()> {
        create_private_dir_all(&self.directory)?;
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Returns the copy of `file`. Creates it if no copy has the same bytes.
    pub fn copy_in(&self, file: &Path) -> Result<CachedLibrary, LibraryError> {
        self.copy_in_as(file, file)
    }

    /// Returns the copy of `path`, which messages call `file`.
    pub(super) fn copy_in_as(&self, path: &Path, file: &Path) -> Result<CachedLibrary, LibraryError> {
        let mut library = File::open(path).map_err(|source| unreadable(file, source))?;
        let before = library.metadata().map_err(|source| unreadable(file, source))?;
        let header = read_header(&mut library).map_err(|source| unreadable(file, source))?;
        match library_format(&header) {
            LibraryFormat::Library { complete_bytes } if complete_bytes <= before.len() => {}
            LibraryFormat::Library { .. } => return Err(LibraryError::Incomplete { file: file.to_owned() }),
            LibraryFormat::OtherTarget(built_for) => {
                return Err(LibraryError::OtherMachine { file: file.to_owned(), built_for });
            }
            // A program that copies a file creates an empty one first.
            LibraryFormat::NotALibrary if header.is_empty() => {
                return Err(LibraryError::Incomplete { file: file.to_owned() });
            }
            LibraryFormat::NotALibrary => return Err(LibraryError::NotALibrary { file: file.to_owned() }),
        }
        let copy = UnfinishedCopy::begin(&self.directory).map_err(|source| self.not_writable(source))?;
        let sha256 = copy.fill(&header, &mut library).map_err(|error| match error {
            CopyError::Read(source) => unreadable(file, source),
            CopyError::Write(source) => self.not_writable(source),
        })?;
        let after = library.metadata().map_err(|source| unreadable(file, source))?;
        if FileStamp::from(&before) != FileStamp::from(&after) {
            return Err(LibraryError::Incomplete { file: file.to_owned() });
        }
        let path = self.path_of(&sha256);
        if !path.exists() {
            copy.finish(&path).map_err(|source| self.not_writable(source))?;
        }
        Ok(CachedLibrary { path, sha256, source: file.to_owned() })
    }

    /// Returns the copy with this hash, if it exists.
    pub fn find(&self, sha256: &str, source: &Path) -> Option<CachedLibrary> {
        let path = self.path_of(sha256);
        let is_hash = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_hash && path.is_file()).then(|| CachedLibrary {
            path,
            sha256: sha256.to_owned(),
            source: source.to_owned(),
        })
    }

    /// Removes a copy. Workers that have loaded it keep it until they end.
    pub fn remove(&self, library: &CachedLibrary) -> Result<(), LibraryError> {
        match fs::remove_file(&library.path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(self.not_writable(source)),
            _ => Ok(()),
        }
    }

    fn path_of(&self, sha256: &str) -> PathBuf {
        self.directory.join(format!("{sha256}.{LIBRARY_EXTENSION}"))
    }

    fn not_writable(&self, source: io::Error) -> LibraryError {
        LibraryError::CacheNotWritable { directory: self.directory.clone(), source }
    }
}

fn unreadable(file: &Path, source: io::Error) -> LibraryError {
    let file = file.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => LibraryError::Vanished { file },
        io::ErrorKind::IsADirectory => LibraryError::NotALibrary { file },
        _ => LibraryError::Unreadable { file, source },
    }
}

fn read_header(library: &mut File) -> io::Result<Vec<u8>> {
    let mut header = Vec::with_capacity(LIBRARY_HEADER_BYTES);
    library.take(LIBRARY_HEADER_BYTES as u64).read_to_end(&mut header)?;
    Ok(header)
}

enum CopyError {
    Read(io::Error),
    Write(io::Error),
}

/// A copy under a temporary name. Dropping it removes the file.
struct UnfinishedCopy {
    path: PathBuf,
    file: File,
}

impl UnfinishedCopy {
    fn begin(directory: &Path) -> io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let path = directory.join(format!("{UNFINISHED}{}", hex::encode(random)));
        let file = create_private_file(&path)?;
        Ok(Self { path, file })
    }

    /// Writes header and rest. Returns the hash of both.
    fn fill(&self, header: &[u8], rest: &mut File) -> Result<String, CopyError> {
        let mut hash = Sha256::new();
        let mut chunk = header.to_vec();
        let mut length = header.len();
        while length > 0 {
            hash.update(&chunk[..length]);
            (&self.file).write_all(&chunk[..length]).map_err(CopyError::Write)?;
            chunk.resize(CHUNK_BYTES, 0);
            length = rest.read(&mut chunk).map_err(CopyError::Read)?;
        }
        Ok(hex::encode(hash.finalize()))
    }

    /// Renames the copy to its final name, after its bytes are on the disk.
    fn finish(&self, path: &Path) -> io::Result<()> {
        set_read_only(&self.file)?;
        self.file.sync_all()?;
        fs::rename(&self.path, path)
    }
}

impl Drop for UnfinishedCopy {
    fn drop(&mut self) {
        let _already_renamed = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    struct Fixture {
        directory: tempfile::TempDir,
        cache: LibraryCache,
    }

    impl Fixture {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let cache = LibraryCache::open(&directory.path().join("data")).unwrap();
            Self { directory, cache }
        }

        fn file(&self, bytes: &[u8]) -> PathBuf {
            let path = self.directory.path().join("plugin.so");
            fs::write(&path, bytes).unwrap();
            path
        }

        fn in_the_cache(&self) -> usize {
            fs::read_dir(&self.cache.directory).unwrap().count()
        }
    }

    fn own_bytes() -> Vec<u8> {
        fs::read("/proc/self/exe").unwrap()
    }

    #[test]
    fn a_copy_keeps_its_bytes_when_the_file_is_changed_or_removed() {
        let fixture = Fixture::new();
        let file = fixture.file(&own_bytes());
        let first = fixture.cache.copy_in(&file).unwrap();
        assert_eq!(fs::metadata(&first.path).unwrap().permissions().mode() & 0o777, 0o400);
        assert_eq!(fixture.cache.copy_in(&file).unwrap(), first);
        let mut next = own_bytes();
        next.push(0);
        let second = fixture.cache.copy_in(&fixture.file(&next)).unwrap();
        assert_ne!(second.sha256, first.sha256);
        assert_eq!((fs::read(&first.path).unwrap(), fs::read(&second.path).unwrap()), (own_bytes(), next));
        fs::remove_file(&file).unwrap();
        assert!(matches!(fixture.cache.copy_in(&file), Err(LibraryError::Vanished { .. })));
        assert_eq!(fixture.cache.find(&first.sha256, &file), Some(first));
        assert_eq!(fixture.in_the_cache(), 2);
    }

    #[test]
    fn a_file_that_is_still_being_copied_is_incomplete() {
        let fixture = Fixture::new();
        let whole = own_bytes();
        for length in [0, LIBRARY_HEADER_BYTES, whole.len() / 2, whole.len() - 1] {
            let file = fixture.file(&whole[..length]);
            let error = fixture.cache.copy_in(&file).unwrap_err();
            assert!(matches!(error, LibraryError::Incomplete { .. }), "{length}: {error}");
        }
        assert_eq!(fixture.in_the_cache(), 0);
    }

    #[test]
    fn errors_about_other_files_include_the_remedy() {
        let fixture = Fixture::new();
        let refusal = |bytes: &[u8]| {
            let error = fixture.cache.copy_in(&fixture.file(bytes)).unwrap_err().to_string();
            error.split_once("plugin.so ").unwrap().1.to_owned()
        };
        assert_eq!(
            refusal(b"#!/bin/sh\n"),
            "is not a shared library: remove it from the plugin directory, or replace it with the plugin's .so file"
        );
        // Bytes 18 and 19 name the processor; 40 is 32-bit Arm.
        let mut for_arm = own_bytes()[..LIBRARY_HEADER_BYTES].to_vec();
        for_arm[18..20].copy_from_slice(&[40, 0]);
        assert!(
            refusal(&for_arm).starts_with("was built for Linux on Arm (32 bit), this machine is Linux on")
        );
    }

    #[test]
    fn an_unfinished_copy_is_removed_at_the_next_start() {
        let fixture = Fixture::new();
        fs::write(fixture.cache.directory.join(".unfinished-1"), "half").unwrap();
        LibraryCache::open(&fixture.directory.path().join("data")).unwrap();
        assert_eq!(fixture.in_the_cache(), 0);
    }
}
