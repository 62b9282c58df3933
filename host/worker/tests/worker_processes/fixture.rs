//! The fixture of the tests with real libraries: a launcher, a cache, plugins built by cargo.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use riser_worker::frames::{RunRequest, ToWorker};
use riser_worker::messages::RunRequestMessage;
use riser_worker::{
    CachedLibrary, LaunchOptions, Launcher, LibraryCache, PointTable, WorkerEvent, WorkerLimits,
    WorkerProcess,
};
use serde_json::{Value, json};

pub(crate) struct Fixture {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) launcher: Launcher,
    pub(crate) cache: LibraryCache,
    pub(crate) instance: String,
}

impl Fixture {
    /// A fixture whose processes carry a marker of their own.
    pub(crate) fn new(instance: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let instance = format!("{instance}-{}", std::process::id());
        let launcher = Launcher::start(LaunchOptions {
            executable: env!("CARGO_BIN_EXE_riser-worker-under-test").into(),
            arguments: Vec::new(),
            instance: instance.clone(),
        })
        .unwrap();
        let cache = LibraryCache::open(directory.path()).unwrap();
        Self { directory, launcher, cache, instance }
    }

    pub(crate) fn library(&self, package: &str) -> CachedLibrary {
        self.cache.copy_in(&built_library(package)).unwrap()
    }

    /// A worker that runs this class.
    pub(crate) async fn run(
        &self,
        library: &CachedLibrary,
        class: &str,
        limits: WorkerLimits,
    ) -> WorkerProcess {
        let worker = self.launcher.launch(limits).await.unwrap();
        worker.send(ToWorker::Run(Box::new(self.request(library, class, json!({}))))).unwrap();
        worker
    }

    pub(crate) fn request(&self, library: &CachedLibrary, class: &str, settings: Value) -> RunRequest {
        let message = RunRequestMessage {
            configuration: format!("{class} under test"),
            instance: self.instance.clone(),
            settings,
            connection: None,
            writes: Vec::new(),
        };
        let library = library.path.to_str().unwrap().to_owned();
        RunRequest::new(library, class.to_owned(), &message, PointTable::default()).unwrap()
    }
}

/// All events of a worker to its end.
pub(crate) async fn events_of(mut worker: WorkerProcess) -> Vec<WorkerEvent> {
    let mut events = Vec::new();
    loop {
        let event = worker.next_event().await;
        let is_last = matches!(event, WorkerEvent::Ended(_));
        events.push(event);
        if is_last {
            return events;
        }
    }
}

/// The library of a plugin of this workspace: from the directory that `RISER_TEST_PLUGINS` names, or built where
/// the tests were built.
pub(crate) fn built_library(package: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let directory =
        FOLDER.get_or_init(|| std::env::var_os("RISER_TEST_PLUGINS").map_or_else(build, PathBuf::from));
    directory.join(format!("lib{}.so", package.replace('-', "_")))
}

fn build() -> PathBuf {
    let directory = program_dir();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "riser-example", "--package", "riser-misbehaving"]);
    build.arg("--target-dir").arg(target_dir());
    build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    if directory.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success(), "the plugins cannot be built");
    directory.to_owned()
}

fn program_dir() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_riser-worker-under-test")).parent().unwrap()
}

/// Where cargo built these tests.
pub(crate) fn target_dir() -> PathBuf {
    program_dir().parent().unwrap().to_owned()
}

/// Processes that carry this instance's marker.
pub(crate) fn marked(instance: &str) -> usize {
    let entry = format!("RISER_INSTANCE={instance}");
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|process| std::fs::read(process.path().join("environ")).ok())
        .filter(|environment| environment.split(|byte| *byte == 0).any(|part| part == entry.as_bytes()))
        .count()
}
