//! What is left when the host itself is killed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use riser_worker_host::kill_orphans;

use crate::fixture::{Fixture, marked, program_under_test};

/// Longer than any end takes; a machine under load may need a second.
const TEST_TIMEOUT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_killed_host_takes_its_workers_along_and_the_next_start_ends_what_escaped() {
    let fixture = Fixture::new("killed-host");
    let library = fixture.library("riser-misbehaving");
    let mut host = Command::new(program_under_test())
        .args(["host", &fixture.instance, library.path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(host.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "ready\n");
    // The worker that loops, the shell and its reader, and what it started in a session of its own.
    wait_until(|| marked(&fixture.instance) == 4);

    host.kill().unwrap();
    host.wait().unwrap();
    let escaped = 1;
    wait_until(|| marked(&fixture.instance) == escaped);
    assert_eq!(kill_orphans(&fixture.instance), escaped);
    assert_eq!(marked(&fixture.instance), 0);
}

/// Looks again and again; fails when it never holds.
fn wait_until(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + TEST_TIMEOUT;
    while !holds() {
        assert!(Instant::now() < deadline, "it never comes true");
        std::thread::sleep(Duration::from_millis(10));
    }
}
