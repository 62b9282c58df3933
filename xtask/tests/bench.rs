//! The output of the bench. Speed is measured by the bench and never asserted.

#![expect(clippy::unwrap_used, reason = "what fails in a test may panic")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const XTASK: &str = env!("CARGO_BIN_EXE_xtask");

/// Runs the bench with programs of the profile that the tests have.
fn bench(arguments: &[&str]) -> Output {
    let directory = Path::new(XTASK).parent().unwrap();
    Command::new(XTASK).arg("bench").args(arguments).arg("--programs").arg(directory).output().unwrap()
}

/// Builds the measured programs, unless `cargo xtask test` has built them.
fn build_measured_programs() {
    if std::env::var_os("RISER_TEST_PLUGINS").is_some() {
        return;
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--bins", "--lib", "--example", "first_batch"]);
    cargo.args(["--package", "riser", "--package", "riser-worker-host", "--package", "riser-metronome"]);
    let target = Path::new(XTASK).parent().unwrap().parent().unwrap();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    assert!(cargo.arg("--target-dir").arg(target).current_dir(workspace).status().unwrap().success());
}

#[test]
fn a_line_is_one_json_object_with_its_floor() {
    build_measured_programs();
    let measured = bench(&["--json", "first batch"]);
    let said = String::from_utf8_lossy(&measured.stderr).into_owned();
    assert!(measured.status.success(), "{said}");
    let line: Value = serde_json::from_slice(&measured.stdout).unwrap();
    let keys: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["floor", "name", "ratio", "unit", "value"]);
    assert_eq!((&line["name"], &line["unit"]), (&"worker spawn to first batch".into(), &"ms".into()));
    assert!(line["ratio"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_filter_without_a_match_lists_the_names() {
    let refused = bench(&["an unknown benchmark"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("\"GetValues 1,000 ids\""), "{said}");
}
