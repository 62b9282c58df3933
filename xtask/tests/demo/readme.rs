//! Every command in README.md and every command that the demo prints works.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::processes::{assert_gone, descendants};
use crate::running_demo::send;
use crate::waiting::until;

/// Limit of the demo from the first child process to the first live value over EWS.
const FIRST_LIVE_VALUE_S: f64 = 10.0;
/// A generous limit for a set point to reach the charge controller.
const TEST_TIMEOUT: Duration = Duration::from_secs(30);

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Locks the well-known ports against other tests, also in other processes.
pub(crate) fn lock_known_ports() -> File {
    let file = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("known-ports.lock")).unwrap();
    file.lock().unwrap();
    file
}

#[test]
fn every_command_of_the_readme_works() {
    let readme = std::fs::read_to_string(workspace().join("README.md")).unwrap();
    let mut is_command = false;
    let mut commands = Vec::new();
    for line in readme.lines() {
        match line.trim() {
            fence if fence.starts_with("```") => is_command = fence == "```sh",
            command if is_command && !command.is_empty() => {
                commands.push(command.split(" #").next().unwrap_or(command).trim().to_owned());
            }
            _ => {}
        }
    }
    assert!(!commands.is_empty());
    for command in commands {
        match command.as_str() {
            "cargo xtask demo" => the_demo_and_what_it_prints_work(&command),
            // A test cannot run all tests. CI does, with this very command.
            "cargo xtask test" => assert!(ci_runs(&command), "{command}"),
            other => panic!("no test runs the command {other} of README.md"),
        }
    }
}

fn ci_runs(command: &str) -> bool {
    let script = std::fs::read_to_string(workspace().join(".ci/run")).unwrap();
    script.lines().last() == Some(format!("exec {command}").as_str())
}

fn the_demo_and_what_it_prints_work(command: &str) {
    let _lock = lock_known_ports();
    let mut words = command.split_whitespace();
    let mut demo = Command::new(words.next().unwrap())
        .args(words)
        .current_dir(workspace())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Kept open: the demo ends if it cannot print.
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let mut guide = Vec::new();
    for line in lines.by_ref().map(Result::unwrap) {
        let is_last = line.starts_with("Ctrl-C ends everything");
        guide.push(line);
        if is_last {
            break;
        }
    }
    let processes = descendants(demo.id());
    let checked = std::panic::catch_unwind(|| check_guide(&guide));
    send(demo.id(), Signal::INT);
    assert!(demo.wait().unwrap().success());
    assert_gone(&processes, &[]);
    checked.unwrap();
}

/// Runs the commands of the guide.
fn check_guide(guide: &[String]) {
    let text = guide.join("\n");
    let seconds =
        text.split("First live value over EWS after ").nth(1).and_then(|rest| rest.split(' ').next());
    assert!(seconds.unwrap().parse::<f64>().unwrap() <= FIRST_LIVE_VALUE_S, "{text}");
    let portal = text.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    assert!(
        shell(&format!("curl --silent --location {portal}")).contains("<form"),
        "the portal asks to log in"
    );

    let tries: Vec<_> = guide.iter().filter(|line| line.starts_with("curl ")).collect();
    let [read, write, look] = tries.as_slice() else { panic!("three commands in {text}") };
    let value = shell(read);
    assert!(value.contains("<State>0</State>") && value.contains("<Value>"), "{value}");
    let written = shell(write);
    assert!(written.contains("<Success>true</Success>"), "{written}");
    until("the set point at the charge controller", TEST_TIMEOUT, || {
        let requests = shell(look);
        if requests.contains("external-reduction") { Ok(()) } else { Err(requests) }
    });
}

fn shell(line: &str) -> String {
    let output = Command::new("sh").args(["-c", line]).output().unwrap();
    assert!(output.status.success(), "{line}: {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}
