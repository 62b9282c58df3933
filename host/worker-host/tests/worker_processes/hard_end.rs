//! The processes that remain when the host is killed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use riser_worker_host::kill_orphans;

use crate::fixture::{Fixture, marked, program_under_test};

/// Generous: a machine under load may need a second.
const TEST_TIMEOUT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn workers_end_with_a_killed_host_and_the_next_start_kills_escaped_processes() {
    let fixture = Fixture::new("killed-host");
    let library = fixture.library("riser-misbehaving");
    let mut host = Command::new(program_under_test())
        .args(["host", &fixture.instance, library.path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(host.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    // The looping worker, the shell, its `cat`, and the `sleep` in its own session.
    wait_until(|| marked(&fixture.instance) == 4);

    host.kill().unwrap();
    host.wait().unwrap();
    let escaped = 1;
    wait_until(|| marked(&fixture.instance) == escaped);
    assert_eq!(kill_orphans(&fixture.instance), escaped);
    assert_eq!(marked(&fixture.instance), 0);
}

/// Checks the condition repeatedly and fails after the timeout.
fn wait_until(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + TEST_TIMEOUT;
    while !holds() {
        assert!(Instant::now() < deadline, "the condition did not become true");
        std::thread::sleep(Duration::from_millis(10));
    }
}
