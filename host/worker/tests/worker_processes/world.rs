//! The world of the tests with real libraries: a launcher, a shelf, plugins built by cargo.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use riser_worker::frames::{RunOrder, ToWorker};
use riser_worker::{
    LaunchOptions, Launcher, LibraryShelf, ShelvedLibrary, WorkerEvent, WorkerLimits, WorkerProcess,
};

pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) launcher: Launcher,
    pub(crate) shelf: LibraryShelf,
    pub(crate) instance: String,
}

impl World {
    /// A world whose processes carry a marker of their own.
    pub(crate) fn new(instance: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let instance = format!("{instance}-{}", std::process::id());
        let launcher = Launcher::start(LaunchOptions {
            executable: env!("CARGO_BIN_EXE_riser-worker-under-test").into(),
            arguments: Vec::new(),
            instance: instance.clone(),
        })
        .unwrap();
        let shelf = LibraryShelf::open(folder.path()).unwrap();
        Self { folder, launcher, shelf, instance }
    }

    pub(crate) fn library(&self, package: &str) -> ShelvedLibrary {
        self.shelf.shelve(&built_library(package)).unwrap()
    }

    /// A worker that runs this class.
    pub(crate) async fn run(
        &self,
        library: &ShelvedLibrary,
        class: &str,
        limits: WorkerLimits,
    ) -> WorkerProcess {
        let worker = self.launcher.launch(limits).await.unwrap();
        worker.send(ToWorker::Run(Box::new(self.order(library, class)))).unwrap();
        worker
    }

    pub(crate) fn order(&self, library: &ShelvedLibrary, class: &str) -> RunOrder {
        RunOrder {
            library: library.path.to_str().unwrap().to_owned(),
            class: class.to_owned(),
            configuration: format!("{class} under test"),
            instance: self.instance.clone(),
            settings_json: "{}".to_owned(),
            connection: None,
            points: Vec::new(),
            wishes: Vec::new(),
        }
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

/// The library of a plugin of this workspace: from the folder that `RISER_TEST_PLUGINS` names, or built where
/// the tests were built.
pub(crate) fn built_library(package: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder =
        FOLDER.get_or_init(|| std::env::var_os("RISER_TEST_PLUGINS").map_or_else(build, PathBuf::from));
    folder.join(format!("lib{}.so", package.replace('-', "_")))
}

fn build() -> PathBuf {
    let folder = program_folder();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "riser-example", "--package", "riser-misbehaving"]);
    build.arg("--target-dir").arg(target_folder());
    build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    if folder.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success(), "the plugins cannot be built");
    folder.to_owned()
}

fn program_folder() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_riser-worker-under-test")).parent().unwrap()
}

/// Where cargo built these tests.
pub(crate) fn target_folder() -> PathBuf {
    program_folder().parent().unwrap().to_owned()
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
