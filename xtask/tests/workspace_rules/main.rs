//! Rules that the compiler does not check: imports, paths in documents, source files, and words.

#![expect(clippy::unwrap_used, reason = "what fails in a test may panic")]

mod documents;
mod files_to_touch;
mod imports;
mod operating_system;
mod source_files;
mod words;

use std::path::Path;

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
