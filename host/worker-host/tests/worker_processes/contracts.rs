//! Libraries of other versions of the contract: older and newer minor versions run, another major version is refused.

use std::process::Command;

use riser_worker_host::{CachedLibrary, WorkerEvent, WorkerLimits, describe};
use riser_worker_protocol::frames::{FromWorker, Outcome};

use crate::fixture::{Fixture, events_of, target_dir};

/// Returns a library built from the frozen contract with this feature, copied to the cache.
fn library(fixture: &Fixture, feature: &str) -> CachedLibrary {
    let target = target_dir();
    let build = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--locked",
            "--package",
            "library-of-another-contract",
            "--features",
            feature,
        ])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contracts"))
        .status()
        .unwrap();
    assert!(build.success());
    // All features build a file of the same name.
    let file = fixture.directory.path().join(format!("contract{feature}.so"));
    std::fs::copy(target.join("debug/liblibrary_of_another_contract.so"), &file).unwrap();
    fixture.cache.copy_in(&file).unwrap()
}

async fn log_of_a_run(fixture: &Fixture, library: &CachedLibrary) -> String {
    let mut line = String::new();
    let mut outcome = None;
    for event in events_of(fixture.run(library, "log", WorkerLimits::default()).await).await {
        match event {
            WorkerEvent::Frame(FromWorker::Log { text, .. }) => line = text,
            WorkerEvent::Frame(FromWorker::Outcome(how)) => outcome = Some(how),
            _ => {}
        }
    }
    assert_eq!(outcome, Some(Outcome::Succeeded));
    line
}

// One test, because the builds share a directory.
#[tokio::test]
async fn other_minor_versions_load_and_another_major_version_is_refused() {
    let fixture = Fixture::new("contracts");
    for (feature, contract) in [("", "1.0"), ("contract-1-2", "1.2")] {
        let library = library(&fixture, feature);
        let described = describe(&fixture.launcher, &library).await.unwrap();
        assert_eq!(described.contract, contract);
        assert_eq!(log_of_a_run(&fixture, &library).await, format!("built from contract {contract}"));
    }
    let library = library(&fixture, "contract-2-0");
    let refusal = describe(&fixture.launcher, &library).await.unwrap_err().to_string();
    let reason = refusal.strip_prefix(&library.source.display().to_string()).unwrap();
    assert_eq!(
        reason,
        " needs plugin contract 2.0, this Riser offers 1.1: update Riser, or use the plugin's version for \
         contract 1.1"
    );
}
