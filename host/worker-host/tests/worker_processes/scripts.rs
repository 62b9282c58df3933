//! Worker processes that send no frames: shell scripts instead of workers.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use riser_worker_host::{
    ExitReason, LaunchOptions, Launcher, OutputLine, OutputStream, WorkerEvent, WorkerLimits, WorkerProcess,
    kill_orphans,
};

use crate::fixture::marked;

/// Returns a unique marker: tests run in parallel, and each launcher kills the processes with its marker.
fn instance(name: &str) -> String {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    format!("{name}-{}-{}", std::process::id(), CALLS.fetch_add(1, Ordering::Relaxed))
}

fn launcher(instance: &str, script: &str) -> Launcher {
    Launcher::start(LaunchOptions {
        executable: "/bin/sh".into(),
        arguments: vec!["-c".into(), script.into()],
        instance: instance.to_owned(),
    })
    .unwrap()
}

async fn end_of(mut worker: WorkerProcess) -> (ExitReason, Vec<OutputLine>) {
    let mut lines = Vec::new();
    loop {
        match worker.next_event().await {
            WorkerEvent::Output(line) => lines.push(line),
            WorkerEvent::OrphansKilled(_) => {}
            WorkerEvent::Ended(reason) => return (reason, lines),
            other @ WorkerEvent::Frame(_) => panic!("{other:?}"),
        }
    }
}

async fn outcome_of(script: &str, limits: WorkerLimits) -> (String, Vec<OutputLine>) {
    let worker = launcher(&instance("processes-outcome"), script).launch(limits).await.unwrap();
    let (reason, lines) = end_of(worker).await;
    (reason.to_string(), lines)
}

#[tokio::test]
async fn exit_codes_and_signals_are_named() {
    let cases = [
        ("exit 3", "exited with code 3 before it finished"),
        ("exit 0", "exited with code 0 before it finished"),
        ("kill -SEGV $$", "ended with signal 11 (segmentation fault)"),
        ("kill -KILL $$", "ended with signal 9 (killed)"),
        ("echo 'memory allocation of 4096 bytes failed' >&2; kill -ABRT $$", "memory limit 256 MiB reached"),
        ("kill -ABRT $$", "ended with signal 6 (aborted)"),
    ];
    for (script, reason) in cases {
        assert_eq!(outcome_of(script, WorkerLimits::default()).await.0, reason, "{script}");
    }
}

#[tokio::test]
async fn output_arrives_line_by_line_before_the_end() {
    let (_, lines) = outcome_of("echo one; echo two >&2; printf three", WorkerLimits::default()).await;
    let of = |stream| lines.iter().filter(move |line| line.stream == stream).map(|line| line.text.as_str());
    assert_eq!(of(OutputStream::Out).collect::<Vec<_>>(), ["one", "three"]);
    assert_eq!(of(OutputStream::Error).collect::<Vec<_>>(), ["two"]);
}

#[tokio::test]
async fn a_process_without_heartbeat_socket_or_valid_frames_is_killed() {
    let limits = WorkerLimits { heartbeat_within: Duration::from_millis(200), ..WorkerLimits::default() };
    assert_eq!(outcome_of("sleep 600", limits).await.0, "no heartbeat for 200 ms");
    assert_eq!(
        outcome_of("exec </dev/null; sleep 600", WorkerLimits::default()).await.0,
        "closed its connection to the host before it finished"
    );
    let (reason, _) = outcome_of("printf 'GET / HTTP/1.1' >&0; sleep 600", WorkerLimits::default()).await;
    assert!(reason.starts_with("sent an invalid frame: a frame of"), "{reason}");
}

#[tokio::test]
async fn a_worker_that_ignores_a_stop_is_killed_after_its_grace_period() {
    let limits = WorkerLimits { stop_grace: Duration::from_millis(200), ..WorkerLimits::default() };
    let worker = launcher(&instance("processes-stop"), "sleep 600").launch(limits).await.unwrap();
    worker.stop();
    assert_eq!(end_of(worker).await.0.to_string(), "did not stop within 200 ms of being asked");
}

#[tokio::test]
async fn a_time_limit_and_a_kill_end_a_worker_immediately() {
    let limits = WorkerLimits { time_limit: Some(Duration::from_millis(200)), ..WorkerLimits::default() };
    assert_eq!(outcome_of("sleep 600", limits).await.0, "took longer than 200 ms");
    let worker =
        launcher(&instance("processes-kill"), "sleep 600").launch(WorkerLimits::default()).await.unwrap();
    worker.kill();
    assert_eq!(end_of(worker).await.0, ExitReason::Killed);
}

#[tokio::test]
async fn orphans_are_killed_with_their_worker() {
    let scripts = [
        "sleep 600 &",
        "setsid sleep 600 &",
        "(setsid setsid sleep 600 &) ; (setsid sh -c 'sleep 600 & sleep 600' &)",
    ];
    for script in scripts {
        let script = format!("{script}\necho started; sleep 0.1; exit 1");
        let instance = instance("processes-orphans");
        let mut worker = launcher(&instance, &script).launch(WorkerLimits::default()).await.unwrap();
        let mut orphans = 0;
        let reason = loop {
            match worker.next_event().await {
                WorkerEvent::OrphansKilled(processes) => orphans = processes,
                WorkerEvent::Ended(reason) => break reason,
                _ => {}
            }
        };
        assert_eq!(reason, ExitReason::Exited { code: 1 });
        // The kill of the worker's group ends other processes of the group.
        assert_eq!(orphans > 0, script.contains("setsid"), "{script}");
        assert_eq!(marked(&instance), 0, "{script}");
    }
}

#[tokio::test]
async fn an_orphan_without_its_environment_is_killed_as_an_adopted_process() {
    let script = "setsid env -i sleep 4711.25 & sleep 0.1; exit 1";
    let worker =
        launcher(&instance("processes-hidden"), script).launch(WorkerLimits::default()).await.unwrap();
    end_of(worker).await;
    let is_left = std::fs::read_dir("/proc").unwrap().flatten().any(|process| {
        let command = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        command == b"sleep\x004711.25\0"
    });
    assert!(!is_left);
}

#[tokio::test]
async fn orphans_of_an_installation_are_killed_at_its_next_start() {
    // A grandchild of a worker that survived a killed host.
    let (ours, other) = (instance("processes-next-start"), instance("processes-other"));
    let mut orphan = std::process::Command::new("setsid")
        .args(["--fork", "sleep", "600"])
        .env("RISER_INSTANCE", &ours)
        .spawn()
        .unwrap();
    orphan.wait().unwrap();
    assert_eq!(kill_orphans(&other), 0);
    assert_eq!(kill_orphans(&ours), 1);
    assert_eq!(marked(&ours), 0);
}

#[tokio::test]
async fn a_worker_inherits_only_listed_environment_variables() {
    let (_, lines) = outcome_of("env", WorkerLimits::default()).await;
    let names: Vec<_> = lines.iter().filter_map(|line| Some(line.text.split_once('=')?.0)).collect();
    assert!(names.contains(&"RISER_INSTANCE") && names.contains(&"RISER_WORKER"), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("CARGO")), "{names:?}");
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let launcher = Launcher::start(LaunchOptions {
        executable: "/nowhere/riser".into(),
        arguments: Vec::new(),
        instance: "processes-none".to_owned(),
    })
    .unwrap();
    let error = launcher.launch(WorkerLimits::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot start a worker process from /nowhere/riser");
}
