//! What the compiler does not see: who imports whom, what documents say of files, and how files are kept.

#![expect(clippy::unwrap_used, reason = "what fails in a test may panic")]

mod documents;
mod imports;
mod operating_system;
mod source_files;

use std::path::Path;

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
