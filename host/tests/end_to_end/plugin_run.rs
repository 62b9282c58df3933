//! `riser plugin run`: the probe of EVCE, in a worker, on a real controller.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::controller::{Controller, LOGIN, PASSWORD};
use crate::programs;

/// Runs the probe in a directory that has a file with the password.
fn probe(directory: &Path, controller: &Controller, more: &[&str]) -> Output {
    fs::write(directory.join("password"), PASSWORD).unwrap();
    Command::new(programs::RISER)
        .args(["plugin", "run"])
        .arg(programs::library("riser-evce"))
        .args(["probe", &format!("base_url={}", controller.api_url), &format!("login={LOGIN}")])
        .args(["--secret-file", "password=password"])
        .args(more)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn the_probe_prints_its_table_and_writes_a_recording_and_a_first_profile() {
    let controller = Controller::start("F2");
    let directory = tempfile::tempdir().unwrap();
    let pin = format!("certificate_sha256={}", controller.certificate_sha256);
    let unknown = probe(directory.path(), &controller, &[]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains(&controller.certificate_sha256), "{unknown:?}");

    let output = probe(directory.path(), &controller, &[&pin, "record=recording.json", "init=first.toml"]);
    let table = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(table.contains("v2-a: 3 zones, 50 stations, 100 connectors"), "{table}");
    let power = table.lines().find(|line| line.starts_with("connector.power_phase1")).unwrap();
    assert!(power.contains("100 of 100") && power.ends_with("plausible"), "{power}");
    let recording = fs::read_to_string(directory.path().join("recording.json")).unwrap();
    assert!(recording.contains("\"token\": \"***\"") && !recording.contains(PASSWORD), "{recording}");

    // The first profile is one.
    let with_profile = probe(directory.path(), &controller, &[&pin, "profile=first.toml"]);
    assert_eq!(with_profile.status.code(), Some(0), "{with_profile:?}");
    assert!(!text(&with_profile.stdout).contains("v2-b"), "{with_profile:?}");
}

#[test]
fn mistakes_in_settings_are_explained_and_secrets_are_not_taken_from_the_command_line() {
    let controller = Controller::start("F1");
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("bad.toml"), "[paging]\nkind = \"pages\"\n").unwrap();
    for (argument, expected) in [
        ("profile=bad.toml", "line 2, paging.kind: unknown name `pages`, expected one of `none`"),
        ("password=open", "password is a secret, which others see on a command line"),
        ("dialect=v2-b", "\"dialect\" is not a setting; use record, init, base_url"),
        ("allow_http=perhaps", "allow_http does not accept this value"),
        ("certificate_sha256=abc", "certificate_sha256: is not a SHA-256 fingerprint; enter 64"),
    ] {
        let output = probe(directory.path(), &controller, &[argument]);
        assert_eq!(output.status.code(), Some(1), "{argument}");
        assert!(text(&output.stderr).contains(expected), "{argument}: {}", text(&output.stderr));
    }
}
