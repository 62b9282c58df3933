//! Classes of `plugins/misbehaving` with the events of their workers. All classes, seen as an administrator sees
//! them, are in `host/tests/end_to_end/misbehaving_plugins.rs`.

use std::time::Duration;

use crate::fixture::{Fixture, events_of, marked};
use riser_worker_host::{WorkerEvent, WorkerLimits};
use riser_worker_protocol::frames::{FromWorker, Outcome};

struct Ended {
    reason: String,
    outcome: Option<Outcome>,
    lines: Vec<String>,
    orphans: usize,
}

async fn run(class: &str, limits: WorkerLimits) -> Ended {
    let fixture = Fixture::new(class);
    let library = fixture.library("riser-misbehaving");
    let worker = fixture.run(&library, class, limits).await;
    let mut ended = Ended { reason: String::new(), outcome: None, lines: Vec::new(), orphans: 0 };
    for event in events_of(worker).await {
        match event {
            WorkerEvent::Frame(FromWorker::Outcome(outcome)) => ended.outcome = Some(outcome),
            WorkerEvent::Frame(_) => {}
            WorkerEvent::Output(line) => ended.lines.push(line.text),
            WorkerEvent::OrphansKilled(processes) => ended.orphans = processes,
            WorkerEvent::Ended(reason) => ended.reason = reason.to_string(),
        }
    }
    assert_eq!(marked(&fixture.instance), 0, "{class} left a process");
    ended
}

#[tokio::test]
async fn a_panic_becomes_a_failure_with_message_and_location() {
    let ended = run("panic", WorkerLimits::default()).await;
    assert_eq!(ended.reason, "finished");
    let Some(Outcome::Failed(failure)) = ended.outcome else { panic!("{:?}", ended.outcome) };
    assert!(failure.is_panic);
    assert!(failure.what.contains("panicked as ordered at "), "{}", failure.what);
    assert!(failure.what.contains("plugins/misbehaving/src/panics.rs:"), "{}", failure.what);
    assert!(ended.lines.iter().any(|line| line.contains("panicked as ordered")), "{:?}", ended.lines);
}

#[tokio::test]
async fn a_segfault_is_reported_with_its_signal() {
    let ended = run("segfault", WorkerLimits::default()).await;
    assert_eq!((ended.reason.as_str(), ended.outcome), ("ended with signal 11 (segmentation fault)", None));
}

#[tokio::test]
async fn an_endless_loop_is_killed_without_a_sign_of_life() {
    let limits =
        WorkerLimits { sign_of_life_within: Some(Duration::from_secs(2)), ..WorkerLimits::default() };
    let ended = run("endless-loop", limits).await;
    assert_eq!(ended.reason, "no sign of life from the plugin for 2 s");
}

#[tokio::test]
async fn an_endless_loop_is_killed_after_the_grace_period_of_a_stop() {
    let fixture = Fixture::new("stopped-loop");
    let library = fixture.library("riser-misbehaving");
    let limits = WorkerLimits { stop_grace: Duration::from_millis(300), ..WorkerLimits::default() };
    let mut worker = fixture.run(&library, "endless-loop", limits).await;
    loop {
        match worker.next_event().await {
            WorkerEvent::Frame(FromWorker::Log { text, .. }) if text == "looping" => worker.stop(),
            WorkerEvent::Ended(reason) => {
                assert_eq!(reason.to_string(), "did not stop within 300 ms of being asked");
                break;
            }
            _ => {}
        }
    }
    assert_eq!(marked(&fixture.instance), 0);
}

#[tokio::test]
async fn a_memory_leak_is_killed_at_the_limit() {
    let ended = run("memory-leak", WorkerLimits::with_memory_mib(64)).await;
    assert_eq!((ended.reason.as_str(), ended.outcome), ("memory limit 64 MiB reached", None));
}

#[tokio::test]
async fn an_orphan_in_its_own_session_is_killed_after_its_run() {
    let ended = run("left-behind", WorkerLimits::default()).await;
    assert_eq!((ended.reason.as_str(), ended.orphans), ("finished", 1));
    assert_eq!(ended.outcome, Some(Outcome::Succeeded));
}
