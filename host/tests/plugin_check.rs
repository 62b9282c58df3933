//! `riser plugin check` on a plugin and on other files.

#![expect(clippy::unwrap_used, reason = "a failing test may panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const RISER: &str = env!("CARGO_BIN_EXE_riser");

/// Returns the library of the example from `RISER_TEST_PLUGINS`, or builds it in the directory of the tests.
fn example() -> PathBuf {
    let directory = std::env::var_os("RISER_TEST_PLUGINS").map_or_else(build, PathBuf::from);
    directory.join("libriser_example.so")
}

fn build() -> PathBuf {
    let directory = Path::new(RISER).parent().unwrap();
    let mut build = Command::new(env!("CARGO"));
    build
        .args(["build", "--quiet", "--package", "riser-example", "--target-dir"])
        .arg(directory.parent().unwrap());
    if directory.ends_with("release") {
        build.arg("--release");
    }
    let status = build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).status().unwrap();
    assert!(status.success(), "the example cannot be built");
    directory.to_owned()
}

fn check(file: &Path) -> Output {
    Command::new(RISER).args(["plugin", "check"]).arg(file).output().unwrap()
}

/// Returns the error for a file with these bytes, without its name.
fn refusal(bytes: &[u8]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("plugin.so");
    std::fs::write(&file, bytes).unwrap();
    let output = check(&file);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
    let text = String::from_utf8(output.stderr).unwrap();
    text.strip_prefix(&format!("riser: {} ", file.display())).unwrap_or(&text).trim_end().to_owned()
}

#[test]
fn a_plugin_is_shown_with_its_settings_and_has_no_faults() {
    let output = check(&example());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        text,
        "Example (riser.example) 0.1.0 by Riser, built for plugin contract 1.1\n\
         class riser.example/counter: Counter; runs until it is stopped\n  \
         start: First number to publish.; 0 by default\n  \
         step_every: Time between two steps.; \"1 s\" by default\n\
         no faults found\n"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_file_of_another_type_is_named_with_a_remedy() {
    assert!(refusal(b"#!/bin/sh\n").starts_with("is not a shared library: "));
    assert!(refusal(b"MZ\x90\0").starts_with("was built for Windows, this machine is Linux on "));
    let mut arm = std::fs::read("/proc/self/exe").unwrap()[..4096].to_vec();
    arm[18..20].copy_from_slice(&40_u16.to_le_bytes());
    assert!(refusal(&arm).starts_with("was built for Linux on Arm (32 bit), this machine is Linux on "));
    let c_library = std::fs::read("/lib/x86_64-linux-gnu/libm.so.6").unwrap();
    assert_eq!(
        refusal(&c_library),
        "is a library but not a Riser plugin: remove it from the plugin directory"
    );
    assert!(refusal(&c_library[..c_library.len() / 2]).starts_with("is incomplete: "));

    let nowhere = check(Path::new("/nowhere/plugin.so"));
    let text = String::from_utf8(nowhere.stderr).unwrap();
    assert!(text.starts_with("riser: /nowhere/plugin.so does not exist; name a plugin library"), "{text}");
}

#[test]
fn a_command_without_a_file_is_a_wrong_command_line() {
    assert_eq!(Command::new(RISER).args(["plugin", "check"]).output().unwrap().status.code(), Some(2));
}

#[test]
fn a_library_without_commands_runs_none() {
    let file = example();
    let output = Command::new(RISER).args(["plugin", "run"]).arg(&file).arg("probe").output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text, format!("riser: {} has no command \"probe\"; it has none\n", file.display()));
}
