//! Real libraries in real workers: the example plugin from its first frame to its last.

use std::sync::Arc;
use std::time::Duration;

use riser_domain::{EwsItem, PointHandle, RunMode, StoredItem, Value, ValueState};
use riser_worker_host::{
    ConnectionToTest, ExitReason, LibraryError, QueryError, WorkerEvent, WorkerLimits, WorkerProcess,
    describe, test_connection,
};
use riser_worker_protocol::contract::packed_points;
use riser_worker_protocol::declared_tree::declared_tree;
use riser_worker_protocol::frames::{Call, FromWorker, LoadFault, Outcome, Reply, ToWorker};
use riser_worker_protocol::messages;
use serde_json::json;

use crate::fixture::{Fixture, built_library, events_of, marked};

fn stored(handle: u32, item: EwsItem) -> StoredItem {
    StoredItem { handle: PointHandle(handle), position: handle, item: Arc::new(item), vanished_at: None }
}

/// Replies to calls until the worker has published `count` numbers, and returns them.
async fn numbers_published(worker: &mut WorkerProcess, count: usize) -> Vec<i64> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        match worker.next_event().await {
            WorkerEvent::Frame(FromWorker::Call { request, call }) => {
                let reply = match call {
                    Call::Contract(messages::Call::Declare { tree }) => {
                        assert_eq!(tree.len(), 1);
                        let item = declared_tree(&tree).unwrap().0.items.remove(0);
                        let points = packed_points(&[stored(7, item)]);
                        Reply::Contract(messages::Reply::Declared {
                            points,
                            added: 1,
                            changed: 0,
                            kept: 0,
                            vanished: 0,
                        })
                    }
                    Call::Publish { values } => {
                        let values: Vec<_> = values.values().map(Result::unwrap).collect();
                        let point = (values.len(), values[0].point, values[0].state);
                        assert_eq!(point, (1, PointHandle(7), ValueState::Good));
                        let Some(Value::Long(number)) = values[0].value() else { panic!("{values:?}") };
                        numbers.push(number);
                        Reply::Done
                    }
                    _ => Reply::Done,
                };
                worker.send(ToWorker::Reply { request, reply }).unwrap();
            }
            WorkerEvent::Ended(reason) => panic!("{reason}"),
            _ => {}
        }
    }
    numbers
}

/// Stops a worker. Returns its outcome and the reason of its end.
async fn stop(worker: WorkerProcess) -> (Option<Outcome>, ExitReason) {
    worker.stop();
    let mut outcome = None;
    for event in events_of(worker).await {
        match event {
            WorkerEvent::Frame(FromWorker::Outcome(how)) => outcome = Some(how),
            WorkerEvent::Ended(reason) => return (outcome, reason),
            _ => {}
        }
    }
    unreachable!("the last event is the end")
}

#[tokio::test]
async fn the_example_is_described_runs_and_stops() {
    let fixture = Fixture::new("example");
    let library = fixture.library("riser-example");
    let described = describe(&fixture.launcher, &library).await.unwrap();
    assert_eq!((described.id.as_str(), described.contract.as_str()), ("riser.example", "1.1"));
    let counter = described.class("counter").unwrap();
    assert_eq!(counter.mode, RunMode::LongRunning);
    assert!(counter.settings.setting("step_every").is_some());

    let request = fixture.request(&library, "counter", json!({ "start": 40, "step_every": "100 ms" }));
    let mut worker = fixture.launcher.launch(WorkerLimits::default()).await.unwrap();
    worker.send(ToWorker::Run(Box::new(request))).unwrap();
    assert_eq!(numbers_published(&mut worker, 3).await, [40, 41, 42]);
    assert!(marked(&fixture.instance) > 0);
    assert_eq!(stop(worker).await, (Some(Outcome::Cancelled), ExitReason::Finished));
    assert_eq!(marked(&fixture.instance), 0);
}

#[tokio::test]
async fn a_worker_uses_at_most_8_mib() {
    let fixture = Fixture::new("small");
    let library = fixture.library("riser-example");
    let mut worker = fixture.run(&library, "counter", WorkerLimits::default()).await;
    numbers_published(&mut worker, 1).await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", worker.handle().pid())).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kib <= 8 * 1024, "{kib} KiB");
}

#[tokio::test]
async fn overwriting_a_library_in_use_harms_neither_the_current_run_nor_the_next() {
    let fixture = Fixture::new("overwritten");
    let file = fixture.directory.path().join("example.so");
    std::fs::copy(built_library("riser-example"), &file).unwrap();
    let first = fixture.cache.copy_in(&file).unwrap();
    let mut worker = fixture.run(&first, "counter", WorkerLimits::default()).await;
    assert_eq!(numbers_published(&mut worker, 1).await, [0]);

    // `cp` also writes into the same file.
    std::fs::write(&file, std::fs::read(built_library("riser-misbehaving")).unwrap()).unwrap();
    let second = fixture.cache.copy_in(&file).unwrap();
    assert_ne!(second.sha256, first.sha256);
    assert_eq!(describe(&fixture.launcher, &second).await.unwrap().id, "riser.misbehaving");
    assert_eq!(numbers_published(&mut worker, 1).await, [1]);
    assert_eq!(stop(worker).await, (Some(Outcome::Cancelled), ExitReason::Finished));
}

#[tokio::test]
async fn a_library_that_is_not_a_plugin_is_refused_with_the_remedy() {
    let fixture = Fixture::new("no-plugin");
    let file = fixture.directory.path().join("libm.so");
    std::fs::copy("/lib/x86_64-linux-gnu/libm.so.6", &file).unwrap();
    let library = fixture.cache.copy_in(&file).unwrap();
    let error = describe(&fixture.launcher, &library).await.unwrap_err();
    assert!(matches!(&error, QueryError::Library(LibraryError::Refused { fault: LoadFault::NoPlugin, .. })));
    assert_eq!(
        error.to_string(),
        format!(
            "{} is a library but not a Riser plugin: remove it from the plugin directory",
            file.display()
        )
    );
}

#[tokio::test]
async fn a_connection_is_tested_stage_by_stage() {
    let fixture = Fixture::new("connection");
    let library = fixture.library("riser-misbehaving");
    let mut stages = Vec::new();
    let connection = ConnectionToTest {
        kind: "riser.misbehaving/dead-end".to_owned(),
        instance: fixture.instance.clone(),
        settings: json!({ "host": "nowhere" }),
        time_limit: Duration::from_mins(1),
    };
    let tested = test_connection(&fixture.launcher, &library, connection, |stage| {
        stages.push((stage.stage, stage.passed, stage.finding, stage.advice));
    });
    assert!(!tested.await.unwrap());
    let stage = |name: &str, passed, finding: &str, advice: &str| {
        (name.to_owned(), passed, finding.to_owned(), advice.to_owned())
    };
    assert_eq!(
        stages,
        [
            stage("DNS", None, "", ""),
            stage("DNS", Some(true), "nowhere is known", ""),
            stage("TCP", None, "", ""),
            stage("TCP", Some(false), "no way through", "turn round"),
        ]
    );
}

#[tokio::test]
async fn a_fault_that_the_plugin_does_not_report_is_a_failed_stage() {
    let fixture = Fixture::new("faults");
    let library = fixture.library("riser-misbehaving");
    let failed = async |host: &str, time_limit: Duration| {
        let connection = ConnectionToTest {
            kind: "riser.misbehaving/dead-end".to_owned(),
            instance: fixture.instance.clone(),
            settings: json!({ "host": host }),
            time_limit,
        };
        let mut last = None;
        let tested = test_connection(&fixture.launcher, &library, connection, |stage| last = Some(stage));
        assert!(!tested.await.unwrap());
        let last = last.unwrap();
        assert_eq!(last.passed, Some(false));
        (last.stage, last.finding, last.advice)
    };
    let long = Duration::from_mins(1);
    let (stage, finding, advice) = failed("silent", Duration::from_secs(5)).await;
    assert_eq!((&*stage, &*finding), ("TCP", "no result within 5 s"));
    assert!(advice.contains("overloaded"), "{advice}");
    let (stage, finding, advice) = failed("crash", long).await;
    assert_eq!(stage, "TCP");
    assert!(
        finding.contains("ended with signal") && advice.contains("without this fault"),
        "{finding}; {advice}"
    );
    let (stage, finding, advice) = failed("unlucky", long).await;
    assert_eq!((&*stage, &*finding, &*advice), ("Test", "no luck today", "come again"));
}

#[tokio::test]
async fn a_connection_test_that_never_returns_is_killed_at_its_limit() {
    let fixture = Fixture::new("endless-test");
    let library = fixture.library("riser-misbehaving");
    let connection = ConnectionToTest {
        kind: "riser.misbehaving/endless-test".to_owned(),
        instance: fixture.instance.clone(),
        settings: json!({ "host": "nowhere" }),
        time_limit: Duration::from_secs(5),
    };
    let mut last = None;
    let tested = test_connection(&fixture.launcher, &library, connection, |stage| last = Some(stage));
    assert!(!tested.await.unwrap());
    let last = last.unwrap();
    assert_eq!((&*last.stage, &*last.finding), ("Test", "no result within 5 s"));
    assert_eq!(marked(&fixture.instance), 0);
}

#[tokio::test]
async fn an_unknown_class_and_invalid_settings_fail_with_a_reason() {
    let fixture = Fixture::new("unfit");
    let library = fixture.library("riser-example");
    let failure = async |class: &str, settings: serde_json::Value| {
        let request = fixture.request(&library, class, settings);
        let worker = fixture.launcher.launch(WorkerLimits::default()).await.unwrap();
        worker.send(ToWorker::Run(Box::new(request))).unwrap();
        let events = events_of(worker).await;
        let failed = events.into_iter().find_map(|event| match event {
            WorkerEvent::Frame(FromWorker::Outcome(Outcome::Failed(failure))) => Some(failure),
            _ => None,
        });
        failed.unwrap()
    };
    assert_eq!(failure("none", json!({})).await.what, "this library has no class none");
    let unfit = failure("counter", json!({ "step_every": "soon" })).await;
    assert!(!unfit.is_retryable && unfit.what.contains("step_every"), "{}", unfit.what);
}

#[tokio::test]
async fn a_class_can_include_the_command_for_its_log_in_a_problem() {
    let fixture = Fixture::new("run-log-link");
    let library = fixture.library("riser-misbehaving");
    let mut worker = fixture.run(&library, "needs-operator", WorkerLimits::default()).await;
    let failure = loop {
        match worker.next_event().await {
            WorkerEvent::Frame(FromWorker::Call { request, call: Call::Contract(call) }) => {
                let reply = match call {
                    messages::Call::RunLogLink => messages::Reply::RunLogLink("riser log 123".to_owned()),
                    messages::Call::StateGet { .. } => messages::Reply::State(None),
                    _ => messages::Reply::Done,
                };
                worker.send(ToWorker::Reply { request, reply: Reply::Contract(reply) }).unwrap();
            }
            WorkerEvent::Frame(FromWorker::Outcome(Outcome::Failed(failure))) => break failure,
            WorkerEvent::Ended(reason) => panic!("{reason}"),
            _ => {}
        }
    };
    assert_eq!(
        failure.problem.unwrap().remedy,
        "open the barrier and start it again; its log: `riser log 123`"
    );
}
