//! A short torture, with programs of the profile that the tests have.

#![expect(clippy::unwrap_used, reason = "what fails in a test may panic")]

use std::path::Path;
use std::process::Command;

const XTASK: &str = env!("CARGO_BIN_EXE_xtask");

/// Builds the tortured programs, unless `cargo xtask test` has built them.
fn build_programs() {
    if std::env::var_os("RISER_TEST_PLUGINS").is_some() {
        return;
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "riser", "--package", "riser-evce"]);
    cargo.args(["--package", "evce-simulator"]);
    let target = Path::new(XTASK).parent().unwrap().parent().unwrap();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    assert!(cargo.arg("--target-dir").arg(target).current_dir(workspace).status().unwrap().success());
}

#[test]
fn twenty_kills_lose_no_acknowledged_change() {
    build_programs();
    let directory = Path::new(XTASK).parent().unwrap();
    let mut torture = Command::new(XTASK);
    let ended = torture.args(["torture", "--kills", "20", "--programs"]).arg(directory).output().unwrap();
    let said = [ended.stdout.as_slice(), &ended.stderr].map(String::from_utf8_lossy).concat();
    assert!(ended.status.success(), "{said}");
    let forms = ["sign-in", "schedule", "user", "set point", "processor", "connection"];
    let forms = forms.map(|form| format!("portal form ({form})"));
    for client in ["EWS SetValues", "riser apply"].into_iter().chain(forms.iter().map(String::as_str)) {
        let line = said.lines().find(|line| line.starts_with(client));
        assert!(line.is_some_and(|line| line.ends_with(" 0")), "{said}");
    }
}
