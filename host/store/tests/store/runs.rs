use std::time::Duration;

use riser_domain::{LogLevel, RunState, RunTrigger};
use riser_store::{RunLogCounts, RunLogFilter, StoreError};

use crate::fixture::TestStore;

#[tokio::test]
async fn a_run_is_waiting_then_running_then_ended() {
    let (test, .., processor) = TestStore::new().await.with_processor().await;
    let trigger = RunTrigger::Person("ada".to_owned());
    let run = test.store.add_run(processor, &trigger, test.now()).await.unwrap();
    test.store.update_run_reason(run, "waiting for EVCE Setup").await.unwrap();
    let waiting = test.store.find_run(run).await.unwrap().unwrap();
    assert_eq!((waiting.state, &*waiting.reason), (RunState::Waiting, "waiting for EVCE Setup"));
    assert_eq!(waiting.trigger, trigger);

    test.clock.advance(Duration::from_secs(1));
    test.store.start_run(run, "ab12", test.now()).await.unwrap();
    assert_eq!(test.store.last_success(processor).await.unwrap(), None);
    test.clock.advance(Duration::from_secs(1));
    test.store.end_run(run, RunState::Succeeded, "", test.now()).await.unwrap();
    test.store.end_run(run, RunState::Failed, "too late", test.now()).await.unwrap();

    let ended = test.store.list_recent_runs(5).await.unwrap().remove(0);
    assert_eq!((ended.state, ended.library_sha256.as_deref()), (RunState::Succeeded, Some("ab12")));
    assert_eq!(ended.ended_at, Some(test.now()));
    assert_eq!(test.store.last_success(processor).await.unwrap(), Some(test.now()));
    assert!(matches!(test.store.start_run(run, "ab12", test.now()).await, Err(StoreError::Gone(_))));
}

#[tokio::test]
async fn the_next_start_interrupts_runs_that_had_not_ended() {
    let (test, .., processor) = TestStore::new().await.with_processor().await;
    let waiting = test.store.add_run(processor, &RunTrigger::HostStart, test.now()).await.unwrap();
    let running = test.store.add_run(processor, &RunTrigger::Schedule(test.now()), test.now()).await.unwrap();
    test.store.start_run(running, "ab12", test.now()).await.unwrap();
    let (test, recovery) = test.start_again().await;
    assert_eq!(recovery.interrupted_runs, [waiting, running]);
    for run in test.store.list_runs_of(processor, 5).await.unwrap() {
        assert_eq!(run.state, RunState::Interrupted);
        assert_eq!(run.reason, "the host ended before the run did");
        assert_eq!(run.ended_at, Some(test.now()));
    }
}

#[tokio::test]
async fn a_log_is_read_in_pages_and_removed_with_its_run() {
    let (test, .., processor) = TestStore::new().await.with_processor().await;
    let run = test.store.add_run(processor, &RunTrigger::SetPoint, test.now()).await.unwrap();
    let lines: Vec<_> =
        (0..1_001).map(|number| (test.now(), LogLevel::Info, format!("line {number}"))).collect();
    test.store.record_run_log(run, &lines).await.unwrap();
    let page = test.store.list_run_log(run, 0, 600).await.unwrap();
    let rest = test.store.list_run_log(run, page[599].number, 600).await.unwrap();
    assert_eq!(rest.len(), 401);
    assert_eq!(rest[400].line, "line 1000");

    test.store.end_run(run, RunState::Failed, "it broke", test.now()).await.unwrap();
    let success = test.store.add_run(processor, &RunTrigger::Restart, test.now()).await.unwrap();
    test.store.end_run(success, RunState::Succeeded, "", test.now()).await.unwrap();
    test.clock.advance(Duration::from_secs(1));
    // The newest success stays, because other classes may require it.
    assert_eq!(test.store.remove_old_runs(test.now()).await.unwrap(), 1);
    assert!(test.store.list_run_log(run, 0, 1).await.unwrap().is_empty());
    assert_eq!(test.store.list_recent_runs(5).await.unwrap()[0].id, success);
}

#[tokio::test]
async fn a_log_is_searched_and_counted_and_trimmed_lines_are_counted_too() {
    let (test, .., processor) = TestStore::new().await.with_processor().await;
    let run = test.store.add_run(processor, &RunTrigger::HostStart, test.now()).await.unwrap();
    let lines = [
        (LogLevel::Debug, "GET /zones"),
        (LogLevel::Info, "3 Zones"),
        (LogLevel::Warn, "slow"),
        (LogLevel::Error, "zones: refused"),
    ];
    let lines: Vec<_> = lines.map(|(level, text)| (test.now(), level, text.to_owned())).into();
    test.store.record_run_log(run, &lines).await.unwrap();
    let found = async |lowest, text: &str, range, count| {
        let filter = RunLogFilter { lowest, text: text.to_owned() };
        let lines = test.store.search_run_log(run, &filter, range, count).await.unwrap();
        lines.into_iter().map(|line| line.line).collect::<Vec<_>>()
    };
    let all = (0, i64::MAX);
    assert_eq!(found(LogLevel::Debug, "", all, 3).await, ["3 Zones", "slow", "zones: refused"]);
    assert_eq!(found(LogLevel::Info, "ZONES", all, 9).await, ["3 Zones", "zones: refused"]);
    assert_eq!(found(LogLevel::Warn, "", (3, i64::MAX), 9).await, ["zones: refused"]);
    assert_eq!(found(LogLevel::Debug, "", (0, 2), 9).await, ["GET /zones"]);

    assert_eq!(test.store.trim_run_logs(3).await.unwrap(), 1);
    assert_eq!(test.store.trim_run_logs(1).await.unwrap(), 2);
    let counts = test.store.count_run_log(run).await.unwrap();
    assert_eq!(counts, RunLogCounts { error: 1, trimmed: 3, ..RunLogCounts::default() });
    assert_eq!(counts.kept(), 1);
}

#[tokio::test]
async fn attempts_are_a_run_and_the_restarts_after_it() {
    let (test, .., processor) = TestStore::new().await.with_processor().await;
    let mut runs = Vec::new();
    for trigger in [
        RunTrigger::HostStart,
        RunTrigger::Restart,
        RunTrigger::Person("ada".to_owned()),
        RunTrigger::Restart,
        RunTrigger::Restart,
    ] {
        runs.push(test.store.add_run(processor, &trigger, test.now()).await.unwrap());
    }
    let attempts = async |index: usize, count| {
        let run = test.store.find_run(runs[index]).await.unwrap().unwrap();
        let attempts = test.store.list_attempts(&run, count).await.unwrap();
        attempts.into_iter().map(|run| run.id).collect::<Vec<_>>()
    };
    assert_eq!(attempts(0, 9).await, runs[..2]);
    assert_eq!(attempts(3, 9).await, runs[2..]);
    assert_eq!(attempts(2, 2).await, runs[3..]);
    let before = test.store.list_runs_before(processor, runs[2], 1).await.unwrap();
    assert_eq!(before.iter().map(|run| run.id).collect::<Vec<_>>(), [runs[1]]);
}
