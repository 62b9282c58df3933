//! The fixture of the tests with real libraries: a launcher, a cache, plugins built by cargo.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use riser_worker_host::{
    CachedLibrary, LaunchOptions, Launcher, LibraryCache, WorkerEvent, WorkerLimits, WorkerProcess,
};
use riser_worker_protocol::frames::{RunRequest, ToWorker};
use riser_worker_protocol::messages::RunRequestMessage;
use serde_json::{Value, json};

/// An example of this package (`program.rs`).
const PROGRAM: &str = "riser-worker-under-test";

pub(crate) struct Fixture {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) launcher: Launcher,
    pub(crate) cache: LibraryCache,
    pub(crate) instance: String,
}

impl Fixture {
    /// Returns a fixture whose processes have a unique marker.
    pub(crate) fn new(instance: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let instance = format!("{instance}-{}", std::process::id());
        let launcher = Launcher::start(LaunchOptions {
            executable: program_under_test(),
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

    /// Starts a worker that runs this class.
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
        RunRequest::new(library, class.to_owned(), &message).unwrap()
    }
}

/// Returns all events of a worker until its end.
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

/// Returns the library of a plugin of this workspace.
pub(crate) fn built_library(package: &str) -> PathBuf {
    programs().join(format!("lib{}.so", package.replace('-', "_")))
}

/// Returns the program that tests start instead of `riser worker`.
pub(crate) fn program_under_test() -> PathBuf {
    programs().join("examples").join(PROGRAM)
}

/// Returns the directory in `RISER_TEST_PLUGINS`, or builds program and plugins where the tests were built.
fn programs() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| std::env::var_os("RISER_TEST_PLUGINS").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    let directory = profile_dir();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--lib", "--example", PROGRAM, "--package", env!("CARGO_PKG_NAME")]);
    build.args(["--package", "riser-example", "--package", "riser-misbehaving"]);
    build.arg("--target-dir").arg(target_dir());
    build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    if directory.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success(), "program and plugins cannot be built");
    directory
}

/// Returns the directory of programs and libraries, the parent of the tests' directory `deps`.
fn profile_dir() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().to_owned()
}

/// Returns the target directory of these tests.
pub(crate) fn target_dir() -> PathBuf {
    profile_dir().parent().unwrap().to_owned()
}

/// Counts the processes with the marker of this instance.
pub(crate) fn marked(instance: &str) -> usize {
    let entry = format!("RISER_INSTANCE={instance}");
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|process| std::fs::read(process.path().join("environ")).ok())
        .filter(|environment| environment.split(|byte| *byte == 0).any(|part| part == entry.as_bytes()))
        .count()
}
