//! However the demo ends, nothing of it is left.

use rustix::process::Signal;

use crate::running_demo::RunningDemo;

fn started() -> RunningDemo {
    let demo = RunningDemo::start(&["--fixture", "F1"]);
    let commands: Vec<_> = demo.processes.iter().map(|process| process.command.as_str()).collect();
    let count = |word: &str| commands.iter().filter(|command| command.contains(word)).count();
    assert_eq!(count("evce-simulator "), 1, "{commands:?}");
    assert_eq!(count(" serve "), 1, "{commands:?}");
    // EVCE Setup ends by itself; Status and Logs run.
    assert!(count(" worker") >= 2, "{commands:?}");
    demo
}

#[test]
fn ctrl_c_leaves_no_process_and_no_port() {
    let demo = started();
    demo.signal(Signal::INT);
    assert!(demo.assert_ends().success());
}

#[test]
fn ctrl_c_pressed_twice_leaves_no_process_and_no_port() {
    let demo = started();
    demo.signal(Signal::INT);
    demo.signal(Signal::INT);
    assert!(demo.assert_ends().success());
}

#[test]
fn sigterm_leaves_no_process_and_no_port() {
    let demo = started();
    demo.signal(Signal::TERM);
    assert!(demo.assert_ends().success());
}

#[test]
fn sigkill_leaves_no_process_and_no_port() {
    let demo = started();
    let data = demo.fact("data_dir").to_owned();
    demo.signal(Signal::KILL);
    assert!(!demo.assert_ends().success());
    // No process was left to do it.
    std::fs::remove_dir_all(std::path::Path::new(&data).parent().unwrap()).unwrap();
}
