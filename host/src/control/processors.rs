//! Starting and stopping processors for the command line.

use std::time::Duration;

use riser_domain::{Actor, ConfigurationId, RunId, RunState};
use riser_runtime::{LastRun, ProcessorState, ProcessorStatus, Runtime};
use tokio::time::Instant;

use super::protocol::{Failure, RunReport};
use super::stored;

/// Longest wait for a processor to start or to stop; a little more than a worker may take to end.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest wait for a notice of a change before the state is read again.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Starts a processor. Returns its run as soon as it runs or has ended.
pub(super) async fn start(runtime: &Runtime, name: &str) -> Result<RunReport, Failure> {
    let processor = find(runtime, name)?;
    let not_started = |reason: String| Failure::NotStarted { processor: processor.name.clone(), reason };
    let before = seen(&processor);
    runtime
        .start_by_hand(processor.configuration, &Actor::CommandLine)
        .await
        .map_err(|refusal| not_started(refusal.to_string()))?;
    let is_decided = |now: &ProcessorStatus| match &now.state {
        ProcessorState::Running { .. } => true,
        ProcessorState::WaitingFor { .. } => seen(now) != before,
        _ => seen(now) != before && now.last_run.as_ref().is_some_and(|run| run.state.is_over()),
    };
    let now = wait_until(runtime, processor.configuration, is_decided).await;
    match now {
        Some(ProcessorStatus { state: ProcessorState::WaitingFor { sentence, .. }, .. }) => {
            Err(not_started(format!("{sentence}; it starts by itself after that")))
        }
        Some(ProcessorStatus { last_run: Some(LastRun { id, .. }), .. }) => report(runtime, id).await,
        _ => Err(not_started(format!(
            "no worker runs it after {} s; `riser status` gives the reason",
            CHANGE_TIMEOUT.as_secs()
        ))),
    }
}

/// Stops a processor. Returns its run when it has ended.
pub(super) async fn stop(runtime: &Runtime, name: &str) -> Result<RunReport, Failure> {
    let processor = find(runtime, name)?;
    let not_stopped = |reason: String| Failure::NotStopped { processor: processor.name.clone(), reason };
    runtime
        .stop_by_hand(processor.configuration, &Actor::CommandLine)
        .await
        .map_err(|refusal| not_stopped(refusal.to_string()))?;
    let is_stopped = |now: &ProcessorStatus| !matches!(now.state, ProcessorState::Running { .. });
    match wait_until(runtime, processor.configuration, is_stopped).await {
        Some(ProcessorStatus { last_run: Some(LastRun { id, .. }), .. }) => report(runtime, id).await,
        _ => Err(not_stopped(format!("its worker still runs after {} s", CHANGE_TIMEOUT.as_secs()))),
    }
}

/// Ends the quarantine of a processor, which starts again.
pub(super) async fn release(runtime: &Runtime, name: &str) -> Result<(), Failure> {
    let processor = find(runtime, name)?;
    runtime
        .release(processor.configuration, &Actor::CommandLine)
        .await
        .map_err(|refusal| Failure::NotReleased { processor: processor.name, reason: refusal.to_string() })
}

fn find(runtime: &Runtime, name: &str) -> Result<ProcessorStatus, Failure> {
    let processors = runtime.processors();
    let names = processors.iter().map(|processor| processor.name.as_str());
    let unknown = stored::unknown_processor(name, names);
    processors.into_iter().find(|processor| processor.name == name).ok_or(unknown)
}

/// Identifies the last run and its state: a waiting run that starts keeps its number.
fn seen(status: &ProcessorStatus) -> Option<(RunId, RunState)> {
    status.last_run.as_ref().map(|run| (run.id, run.state))
}

async fn wait_until(
    runtime: &Runtime,
    processor: ConfigurationId,
    is_reached: impl Fn(&ProcessorStatus) -> bool,
) -> Option<ProcessorStatus> {
    let deadline = Instant::now() + CHANGE_TIMEOUT;
    let mut changes = runtime.changes();
    loop {
        let now = runtime.processors().into_iter().find(|it| it.configuration == processor)?;
        if is_reached(&now) {
            return Some(now);
        }
        if Instant::now() >= deadline {
            return None;
        }
        // Missed notices do not matter: the state is read again.
        let _ = tokio::time::timeout(POLL_INTERVAL, changes.recv()).await;
    }
}

async fn report(runtime: &Runtime, run: RunId) -> Result<RunReport, Failure> {
    stored::run(runtime.store(), run.0).await
}
