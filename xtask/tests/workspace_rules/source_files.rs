//! Source files are small, and nothing in them is unfinished.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::workspace;

/// Lines that a source file may have without its tests.
const MOST_LINES: usize = 499;
/// Directories with our sources.
const DIRECTORIES: [&str; 4] = ["host", "plugin-api", "plugins", "xtask"];
/// Marks of what is not done, put together so that this file does not hold them.
const UNFINISHED: [&str; 5] = [
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("FIX", "ME"),
    concat!("#[ign", "ore"),
    concat!("XX", "X:"),
];

/// All Rust files, with their paths from the top.
pub(crate) fn rust_files() -> Vec<(PathBuf, String)> {
    let mut open: Vec<PathBuf> = DIRECTORIES.iter().map(|directory| workspace().join(directory)).collect();
    let mut files = Vec::new();
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !name.starts_with(['.']) && name != "target" {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(workspace()).unwrap().to_owned(), text));
            }
        }
    }
    files
}

/// Files and directories of modules that are compiled for tests only.
pub(crate) fn test_modules(files: &[(PathBuf, String)]) -> BTreeSet<PathBuf> {
    let mut modules = BTreeSet::new();
    for (path, text) in files {
        let name = path.file_stem().unwrap();
        let directory = path.parent().unwrap();
        let is_root = name == "mod" || name == "lib" || name == "main";
        let directory = if is_root { directory.to_owned() } else { directory.join(name) };
        for declared in text.split("#[cfg(test)]").skip(1) {
            let line = declared.trim_start().lines().next().unwrap_or_default();
            if let Some(module) = line.split_once("mod ").and_then(|(_, rest)| rest.strip_suffix(';')) {
                modules.insert(directory.join(module));
            }
        }
    }
    modules
}

pub(crate) fn is_test_code(path: &Path, test_modules: &BTreeSet<PathBuf>) -> bool {
    path.components().any(|part| part.as_os_str() == "tests")
        || path.with_extension("").ancestors().any(|part| test_modules.contains(part))
}

/// Returns a file up to the module with its unit tests.
pub(crate) fn code_without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()
}

#[test]
fn no_file_is_longer_than_a_reader_can_bear() {
    let files = rust_files();
    let test_modules = test_modules(&files);
    let mut long = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| !is_test_code(path, &test_modules)) {
        let code = code_without_tests(text).lines().count();
        if code > MOST_LINES {
            long.push(format!("{}: {code} lines without tests", path.display()));
        }
    }
    assert_eq!(long, [""; 0]);
}

#[test]
fn nothing_is_unfinished() {
    let mut found = Vec::new();
    for (path, text) in rust_files() {
        for mark in UNFINISHED.iter().filter(|mark| text.contains(**mark)) {
            found.push(format!("{}: {mark}", path.display()));
        }
    }
    assert_eq!(found, [""; 0]);
}
