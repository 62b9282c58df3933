//! Interfaces of one operating system are used in `host/platform` only.
//!
//! Exempt are `xtask`, which runs on the machine of a developer, and the simulator, which replaces a device in
//! tests and demos: neither is part of the host. Tests and examples are exempt, too: they look at the host from
//! outside, at modes of files and at processes.

use std::path::Path;

use crate::imports::packages;
use crate::source_files::{code_without_tests, is_test_code, rust_files, test_modules};

const PLATFORM: &str = "host/platform";
const EXEMPT: [&str; 3] = [PLATFORM, "xtask", "plugins/evce/simulator"];

/// Text that only code for one operating system contains.
const MARKS: [&str; 13] = [
    "std::os::",
    "os::unix",
    "os::linux",
    "os::fd",
    "tokio::net::Unix",
    "net::unix",
    "signal::unix",
    "UnixStream",
    "UnixListener",
    "rustix::",
    "libc::",
    "\"/proc/",
    "\"so\"",
];
/// Conditions on the operating system in `cfg` attributes and macros.
const CONDITIONS: [&str; 5] = ["unix", "windows", "target_os", "target_family", "target_vendor"];
/// Crates that give access to the operating system.
const CRATES: [&str; 5] = ["rustix", "libc", "nix", "windows-sys", "signal-hook"];

/// The parts of a source file that depend on one operating system, each with the number of its line.
fn dependent_parts(text: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let code = line.trim_start();
        if code.starts_with("//") {
            continue;
        }
        found.extend(MARKS.into_iter().filter(|mark| code.contains(mark)).map(|mark| (index + 1, mark)));
        let condition = ["cfg(", "cfg!(", "cfg_attr("].iter().find_map(|start| code.split_once(start));
        if let Some((_, condition)) = condition {
            let is_word = |word: &&str| {
                condition.split(|it: char| !it.is_ascii_alphanumeric() && it != '_').any(|part| part == *word)
            };
            found.extend(CONDITIONS.into_iter().filter(is_word).map(|word| (index + 1, word)));
        }
    }
    found
}

#[test]
fn only_the_platform_crate_depends_on_an_operating_system() {
    let files = rust_files();
    let test_modules = test_modules(&files);
    let is_exempt = |path: &Path| {
        EXEMPT.iter().any(|exempt| path.starts_with(exempt))
            || is_test_code(path, &test_modules)
            || path.components().any(|part| part.as_os_str() == "examples")
    };
    let mut found = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| !is_exempt(path)) {
        for (line, mark) in dependent_parts(code_without_tests(text)) {
            found.push(format!("{}:{line}: {mark}", path.display()));
        }
    }
    assert_eq!(found, [""; 0], "move these into {PLATFORM}, behind a function that other systems can offer");
}

#[test]
fn only_the_platform_crate_links_crates_of_an_operating_system() {
    let mut found = Vec::new();
    for package in packages() {
        let is_exempt = ["riser-platform", "xtask", "evce-simulator"].contains(&package.name.as_str());
        for dependency in package.dependencies.iter().filter(|_| !is_exempt) {
            if dependency.kind.is_none() && CRATES.contains(&dependency.name.as_str()) {
                found.push(format!("{} links {}", package.name, dependency.name));
            }
        }
    }
    assert_eq!(found, [""; 0], "use riser-platform instead");
}

#[test]
fn the_platform_crate_is_where_these_marks_are_found() {
    let files = rust_files();
    let own = files.iter().filter(|(path, _)| path.starts_with(PLATFORM));
    let marks: Vec<&str> = own.flat_map(|(_, text)| dependent_parts(text)).map(|(_, mark)| mark).collect();
    for mark in ["std::os::", "net::unix", "signal::unix", "UnixStream", "rustix::", "\"/proc/", "target_os"]
    {
        assert!(marks.contains(&mark), "{mark}");
    }
}

#[test]
fn conditions_are_found_in_every_form() {
    for line in [
        "#[cfg(unix)]",
        "    #[cfg(all(test, not(windows)))]",
        "if cfg!(target_os = \"linux\") {",
        "#[cfg_attr(target_family = \"unix\", path = \"x\")]",
        "use std::os::unix::fs::MetadataExt;",
        "extension == \"so\"",
    ] {
        assert!(!dependent_parts(line).is_empty(), "{line}");
    }
    for line in ["#[cfg(test)]", "// as on unix: cfg(unix)", "let unix_s = 5;", "let cfg = windows(2);"] {
        assert_eq!(dependent_parts(line), [], "{line}");
    }
}
