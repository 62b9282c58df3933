//! The program that tests start instead of `riser worker`, or as a host that they kill.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::process::ExitCode;

use riser_worker::worker_main;
use riser_worker_host::{LaunchOptions, Launcher, WorkerEvent, WorkerLimits};
use riser_worker_protocol::frames::{FromWorker, RunRequest, ToWorker};
use riser_worker_protocol::messages::RunRequestMessage;
use serde_json::json;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => worker_main(),
        ["host", instance, library] => {
            tokio::runtime::Runtime::new().unwrap().block_on(host(instance, library));
            ExitCode::SUCCESS
        }
        _ => ExitCode::from(2),
    }
}

/// Runs a host with a worker in an endless loop and a worker whose child has its own session. Prints a line when both
/// run, and then waits to be killed.
async fn host(instance: &str, library: &str) {
    let launcher = |executable: &str, arguments: &[&str]| {
        let arguments = arguments.iter().map(Into::into).collect();
        Launcher::start(LaunchOptions {
            executable: executable.into(),
            arguments,
            instance: instance.to_owned(),
        })
    };
    let looping = launcher("/proc/self/exe", &[]).unwrap();
    let mut looping = looping.launch(WorkerLimits::default()).await.unwrap();
    let message = RunRequestMessage {
        configuration: "endless loop".to_owned(),
        instance: instance.to_owned(),
        settings: json!({}),
        connection: None,
        writes: Vec::new(),
    };
    let (library, class) = (library.to_owned(), "endless-loop".to_owned());
    let request = RunRequest::new(library, class, &message).unwrap();
    looping.send(ToWorker::Run(Box::new(request))).unwrap();
    while !matches!(looping.next_event().await, WorkerEvent::Frame(FromWorker::Log { .. })) {}

    let script = "setsid --fork sleep 3600; echo ready; cat >/dev/null";
    let parent = launcher("/bin/sh", &["-c", script]).unwrap();
    let mut parent = parent.launch(WorkerLimits::default()).await.unwrap();
    while !matches!(parent.next_event().await, WorkerEvent::Output(_)) {}

    std::io::stdout().write_all(b"ready\n").unwrap();
    std::future::pending::<()>().await;
}
