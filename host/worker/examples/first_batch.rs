//! Measures, for `cargo xtask bench`, the time from the order to start a worker to its first batch of 10,000 values.
//! Arguments: the program `riser`, and the library of the metronome.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use riser_worker::frames::{
    Answer, Call, DeclaredFrame, DeclaredNodeFrame, FromWorker, PointFrame, RunOrder, ToWorker,
};
use riser_worker::{LaunchOptions, Launcher, LibraryShelf, WorkerEvent, WorkerLimits, WorkerProcess};

/// Workers that are started.
const STARTS: usize = 51;
/// The class under measurement, with its default of 10,000 points.
const CLASS: &str = "metronome";
const VALUES: usize = 10_000;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (program, library) = (arguments.next(), arguments.next());
    let (program, library) = program.zip(library).ok_or("the program and the library are to be named")?;
    let folder = std::env::temp_dir().join(format!("riser-first-batch-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let library = LibraryShelf::open(&folder)?.shelve(&library)?.path;
    let instance = format!("first-batch-{}", std::process::id());
    let launcher = Launcher::start(LaunchOptions {
        executable: program.clone(),
        arguments: vec!["worker".into()],
        instance: instance.clone(),
    })?;
    let order = || RunOrder {
        library: library.to_string_lossy().into_owned(),
        class: CLASS.to_owned(),
        configuration: CLASS.to_owned(),
        instance: instance.clone(),
        settings_json: "{}".to_owned(),
        connection: None,
        points: Vec::new(),
        wishes: Vec::new(),
    };
    let (mut batches, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let begin = Instant::now();
        Command::new(&program).arg("--version").stdout(Stdio::null()).status()?;
        floors.push(begin.elapsed());

        let begin = Instant::now();
        let mut worker = launcher.launch(WorkerLimits::default()).await?;
        worker.send(ToWorker::Run(Box::new(order())))?;
        wait_for_batch(&mut worker).await?;
        batches.push(begin.elapsed());
    }
    std::fs::remove_dir_all(&folder)?;
    let (median, floor) = (median_ms(batches), median_ms(floors));
    writeln!(std::io::stdout(), r#"{{"median_ms":{median},"floor_ms":{floor}}}"#)?;
    Ok(())
}

/// Answers what the class asks for until it publishes all of its values.
async fn wait_for_batch(worker: &mut WorkerProcess) -> Outcome<()> {
    loop {
        match worker.next_event().await {
            WorkerEvent::Frame(FromWorker::Call { call: Call::Publish { values }, .. }) => {
                // One more, the stamp.
                assert_eq!(values.len(), VALUES + 1);
                return Ok(());
            }
            WorkerEvent::Frame(FromWorker::Call { request, call }) => {
                let answer = match call {
                    Call::Declare { items } => declared(items),
                    _ => Answer::Done,
                };
                worker.send(ToWorker::Answer { request, answer })?;
            }
            WorkerEvent::Ended(reason) => return Err(format!("the worker ended: {reason:?}").into()),
            _ => {}
        }
    }
}

/// Handles for all points, as a host gives them.
fn declared(items: Vec<DeclaredFrame>) -> Answer {
    let points = items.into_iter().zip(0..).filter_map(|(item, handle)| match item.node {
        DeclaredNodeFrame::Value { kind, unit, written_by, .. } => Some(PointFrame {
            handle,
            id: Arc::clone(&item.id),
            is_history: false,
            recorded: None,
            kind,
            unit,
            written_by,
        }),
        _ => None,
    });
    let points: Vec<PointFrame> = points.collect();
    let added = u32::try_from(points.len()).unwrap_or(u32::MAX);
    Answer::Declared { points, added, changed: 0, kept: 0, vanished: 0 }
}

fn median_ms(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}
