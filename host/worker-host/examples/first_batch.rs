//! Measures, for `cargo xtask bench`, the time from the start of a worker with a stored tree to its first batch of
//! values. Arguments: the program `riser`, the library of the metronome, the number of values.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use riser_domain::{EwsItem, PointHandle, StoredItem};
use riser_worker_host::{LaunchOptions, Launcher, LibraryCache, WorkerEvent, WorkerLimits, WorkerProcess};
use riser_worker_protocol::PackedTree;
use riser_worker_protocol::contract::packed_points;
use riser_worker_protocol::declared_tree::declared_tree;
use riser_worker_protocol::frames::{Call, FromWorker, Reply, RunRequest, ToWorker};
use riser_worker_protocol::messages::{self, RunRequestMessage};
use serde_json::json;

const STARTS: usize = 51;
const CLASS: &str = "metronome";

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().ok_or("usage: first_batch PROGRAM LIBRARY VALUES");
    let (program, library, values) = (PathBuf::from(argument()?), argument()?, argument()?.parse()?);
    let directory = std::env::temp_dir().join(format!("riser-first-batch-{}", std::process::id()));
    std::fs::create_dir(&directory)?;
    let library = LibraryCache::open(&directory)?.copy_in(library.as_ref())?.path;
    let instance = format!("first-batch-{}", std::process::id());
    let launcher = Launcher::start(LaunchOptions {
        executable: program.clone(),
        arguments: vec!["worker".into()],
        instance: instance.clone(),
    })?;
    let message = RunRequestMessage {
        configuration: CLASS.to_owned(),
        instance: instance.clone(),
        settings: json!({ "points": values }),
        connection: None,
        writes: Vec::new(),
    };
    let request = || {
        let library = library.to_string_lossy().into_owned();
        RunRequest::new(library, CLASS.to_owned(), &message)
    };
    let mut stored = Vec::new();
    let mut first = launch(&launcher, request()?).await?;
    wait_for_batch(&mut first, values, &mut stored).await?;
    end(first).await;
    let (mut batches, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let begin = Instant::now();
        Command::new(&program).arg("--version").stdout(Stdio::null()).status()?;
        floors.push(begin.elapsed());

        let begin = Instant::now();
        let mut worker = launch(&launcher, request()?).await?;
        wait_for_batch(&mut worker, values, &mut stored).await?;
        batches.push(begin.elapsed());
        end(worker).await;
    }
    std::fs::remove_dir_all(&directory)?;
    let (median, floor) = (median_ms(batches), median_ms(floors));
    writeln!(std::io::stdout(), r#"{{"median_ms":{median},"floor_ms":{floor}}}"#)?;
    Ok(())
}

async fn launch(launcher: &Launcher, request: RunRequest) -> Outcome<WorkerProcess> {
    let worker = launcher.launch(WorkerLimits::default()).await?;
    worker.send(ToWorker::Run(Box::new(request)))?;
    Ok(worker)
}

/// Serves the class until it publishes all its values, and stores the declared points.
async fn wait_for_batch(
    worker: &mut WorkerProcess,
    wanted: usize,
    stored: &mut Vec<StoredItem>,
) -> Outcome<()> {
    loop {
        match worker.next_event().await {
            WorkerEvent::Frame(FromWorker::Call { call: Call::Publish { values }, .. }) => {
                // The stamp is one more value.
                assert_eq!(values.values().count(), wanted + 1);
                return Ok(());
            }
            WorkerEvent::Frame(FromWorker::Call { request, call }) => {
                let reply = match call {
                    Call::Contract(messages::Call::Points) => {
                        Reply::Contract(messages::Reply::Points(packed_points(stored)))
                    }
                    Call::Contract(messages::Call::Declare { tree }) => {
                        *stored = stored_items(&tree)?;
                        let (points, added) = (packed_points(stored), u32::try_from(stored.len())?);
                        let declared =
                            messages::Reply::Declared { points, added, changed: 0, kept: 0, vanished: 0 };
                        Reply::Contract(declared)
                    }
                    _ => Reply::Done,
                };
                worker.send(ToWorker::Reply { request, reply })?;
            }
            WorkerEvent::Ended(reason) => return Err(format!("the worker ended: {reason:?}").into()),
            _ => {}
        }
    }
}

/// Kills a worker and waits for its end, so that this does not disturb the next one.
async fn end(mut worker: WorkerProcess) {
    worker.kill();
    while !matches!(worker.next_event().await, WorkerEvent::Ended(_)) {}
}

/// Returns the values of a declared tree as a host stores them.
fn stored_items(tree: &PackedTree) -> Outcome<Vec<StoredItem>> {
    let items = declared_tree(tree)?.0.items.into_iter().filter(|item| matches!(item, EwsItem::Value(_)));
    let stored = items.zip(0..).map(|(item, number)| StoredItem {
        handle: PointHandle(number),
        position: number,
        item: Arc::new(item),
        vanished_at: None,
    });
    Ok(stored.collect())
}

fn median_ms(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}
