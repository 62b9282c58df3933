//! The program: its ready line and its end.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

const PROGRAM: &str = env!("CARGO_BIN_EXE_evce-simulator");
/// A generous limit for a hanging program.
const TEST_TIMEOUT: Duration = Duration::from_secs(30);

async fn announced(child: &mut Child) -> (Value, BufReader<ChildStdout>) {
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    tokio::time::timeout(TEST_TIMEOUT, out.read_line(&mut line)).await.unwrap().unwrap();
    (serde_json::from_str(&line).unwrap(), out)
}

async fn rest(mut out: BufReader<ChildStdout>) -> String {
    let mut text = String::new();
    tokio::time::timeout(TEST_TIMEOUT, out.read_to_string(&mut text)).await.unwrap().unwrap();
    text
}

fn signal(child: &Child, signal: Signal) {
    let id = i32::try_from(child.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
}

#[tokio::test]
async fn it_prints_one_ready_line_and_succeeds_after_a_signal() {
    for asked in [Signal::TERM, Signal::INT] {
        let mut child = Command::new(PROGRAM)
            .args(["--print-ready", "--fixture", "F2", "--user", "riser"])
            .env_remove("EVCE_SIMULATOR_PASSWORD")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (line, out) = announced(&mut child).await;
        assert!(line["api_url"].as_str().unwrap().starts_with("https://127.0.0.1:"));
        assert!(line["control_url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
        assert_eq!(line["certificate_sha256"].as_str().unwrap().len(), 64);
        assert_eq!(line["login"], "riser");
        assert_eq!(line["password"].as_str().unwrap().len(), 32);
        signal(&child, asked);
        assert_eq!(rest(out).await, "");
        assert!(child.wait().await.unwrap().success());
    }
}

#[tokio::test]
async fn a_given_password_is_not_printed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    std::fs::write(&file, "correct horse\n").unwrap();
    let mut child = Command::new(PROGRAM)
        .arg("--print-ready")
        .arg("--password-file")
        .arg(&file)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (line, _out) = announced(&mut child).await;
    assert_eq!(line.get("password"), None);
    signal(&child, Signal::TERM);
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test]
async fn the_control_interface_can_end_it() {
    let mut child =
        Command::new(PROGRAM).arg("--print-ready").stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let (line, out) = announced(&mut child).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let stop = format!("{}/_sim/stop", line["control_url"].as_str().unwrap());
    let client = reqwest::Client::builder().build().unwrap();
    // Its end may overtake the response.
    let _ = client.post(stop).send().await;
    rest(out).await;
    assert!(child.wait().await.unwrap().success());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn it_ends_when_its_parent_is_killed() {
    let mut shell = Command::new("sh")
        .args(["-c", "\"$0\" --print-ready & wait", PROGRAM])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (_, out) = announced(&mut shell).await;
    signal(&shell, Signal::KILL);
    // Reads until the simulator has ended and its output is closed.
    rest(out).await;
}

#[tokio::test]
async fn a_port_that_is_taken_and_an_open_control_interface_are_refused() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (option, value, hint) in [
        ("--listen", address.as_str(), "cannot listen on"),
        ("--control", "0.0.0.0:0", "loopback addresses only"),
    ] {
        let output = Command::new(PROGRAM).args([option, value]).output().await.unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(hint), "{error}");
    }
}

#[tokio::test]
async fn a_site_and_a_script_of_the_user_are_read_and_mistakes_are_explained() {
    let directory = tempfile::tempdir().unwrap();
    let (site, script) = (directory.path().join("site.toml"), directory.path().join("script.toml"));
    let zone = "[[zone]]\nid = 7\nname = \"Yard\"\ntype = \"static\"\nmax_current_a = 100\nstations = 2\n\
                connectors = 1\ntemplate = \"ac11\"\n";
    std::fs::write(&site, zone).unwrap();
    let step = "[[step]]\nat = \"1h\"\nevent = { kind = \"link_loss\", station = 1 }\n";
    std::fs::write(&script, step).unwrap();
    let mut child = Command::new(PROGRAM)
        .arg("--print-ready")
        .args(["--listen-without-tls", "127.0.0.1:0"])
        .arg("--site")
        .arg(&site)
        .arg("--script")
        .arg(&script)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (line, _out) = announced(&mut child).await;
    assert!(line["plain_url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let state = format!("{}/_sim/state", line["control_url"].as_str().unwrap());
    let response = reqwest::Client::builder().build().unwrap().get(state).send().await.unwrap();
    let state: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!((&state["zones"][0]["name"], &state["scheduled_events"]), (&"Yard".into(), &1.into()));
    signal(&child, Signal::TERM);
    assert!(child.wait().await.unwrap().success());

    std::fs::write(&script, "[[step]]\nat = \"soon\"").unwrap();
    let output = Command::new(PROGRAM).arg("--script").arg(&script).output().await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("script.toml has a mistake"), "{error}");
}
