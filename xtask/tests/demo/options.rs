//! The options of the demo.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::running_demo::{RunningDemo, XTASK, port_of};

const KEYS: [&str; 10] = [
    "portal_url",
    "admin_user",
    "admin_password",
    "ews_url",
    "ews_realm",
    "ews_user",
    "ews_password",
    "simulator_url",
    "simulator_control_url",
    "data_dir",
];

#[tokio::test]
async fn the_line_of_json_is_enough_to_read_a_live_value() {
    let demo = RunningDemo::start(&["--fixture", "F1"]);
    let keys: BTreeSet<_> = demo.announced.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, BTreeSet::from(KEYS));
    let value = demo.read("SiteOverallActivePowerTotal").await;
    assert_eq!((value.text.as_str(), value.state.as_str()), ("0.133", "Good"));
    assert!(Path::new(demo.fact("data_dir")).join("riser.db").exists());
    demo.signal(Signal::INT);
    let data = demo.fact("data_dir").to_owned();
    assert!(demo.assert_ends().success());
    assert!(!Path::new(&data).exists(), "a temporary directory is removed");
}

#[tokio::test]
async fn a_named_directory_is_kept_and_reused_with_new_passwords() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let options = ["--data-dir", data.to_str().unwrap(), "--fixture", "F1"];
    let mut passwords = BTreeSet::new();
    for _ in 0..2 {
        let demo = RunningDemo::start(&options);
        assert_eq!(Path::new(demo.fact("data_dir")), data);
        assert_eq!(demo.read("SiteNumberOfZones").await.text, "3");
        passwords.extend(["admin_password", "ews_password"].map(|key| demo.fact(key).to_owned()));
        demo.signal(Signal::INT);
        assert!(demo.assert_ends().success());
    }
    assert_eq!(passwords.len(), 4, "passwords are random at each start");
}

#[test]
fn an_empty_host_has_a_portal_and_serves_no_ews() {
    let demo = RunningDemo::start(&["--empty"]);
    assert!(demo.announced["ews_url"].is_null());
    assert_eq!(demo.ports().len(), 3, "portal, simulator, its control interface");
    demo.signal(Signal::TERM);
    assert!(demo.assert_ends().success());
}

#[test]
fn a_given_port_that_is_taken_is_refused_with_the_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for option in ["--portal-port", "--ews-port"] {
        let refused = Command::new(XTASK).args(["demo", "--json", option, &port]).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains("is taken") && said.contains(option), "{said}");
        assert!(refused.stdout.is_empty());
    }
}

#[test]
fn well_known_ports_are_replaced_when_they_are_taken() {
    let _lock = crate::readme::lock_known_ports();
    // Taken by this test, unless another process has them.
    let _taken = [8082, 51358].map(|port| TcpListener::bind(("127.0.0.1", port)));
    let mut command = Command::new(XTASK);
    command.args(["demo", "--json", "--fixture", "F1"]);
    let demo = RunningDemo::start_command(command);
    assert_ne!(port_of(demo.fact("portal_url")), Some(8082));
    assert_ne!(port_of(demo.fact("ews_url")), Some(51358));
    demo.signal(Signal::TERM);
    assert!(demo.assert_ends().success());
}
