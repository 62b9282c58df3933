//! The programs and libraries under test, in the build directory of the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub(crate) const RISER: &str = env!("CARGO_BIN_EXE_riser");

pub(crate) fn simulator() -> PathBuf {
    built_dir().join("evce-simulator")
}

/// Returns the library of a plugin of this workspace.
pub(crate) fn library(package: &str) -> PathBuf {
    built_dir().join(format!("lib{}.so", package.replace('-', "_")))
}

/// Returns the directory in `RISER_TEST_PLUGINS`, or builds everything in the directory of the tests.
fn built_dir() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| std::env::var_os("RISER_TEST_PLUGINS").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    let directory = Path::new(RISER).parent().unwrap();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "riser-evce", "--package", "evce-simulator"]);
    build.args(["--package", "riser-example", "--package", "riser-misbehaving", "--target-dir"]);
    build.arg(directory.parent().unwrap()).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    if directory.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success(), "the plugins cannot be built");
    directory.to_owned()
}

/// Builds version 0.2.0 of the example from a copy of its directory, with its source changed. Copies with other
/// changes need another name, because their builds share no directory.
pub(crate) fn copied_example(directory: &Path, name: &str, change: impl Fn(&str) -> String) -> PathBuf {
    let example = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins/example"));
    let copy = directory.join(name);
    std::fs::create_dir_all(copy.join("src")).unwrap();
    let manifest = std::fs::read_to_string(example.join("Cargo.toml")).unwrap();
    let plugin_api = example.join("../../plugin-api").canonicalize().unwrap();
    let manifest = manifest.replace("../../plugin-api", plugin_api.to_str().unwrap());
    std::fs::write(copy.join("Cargo.toml"), manifest.replace("\"0.1.0\"", "\"0.2.0\"")).unwrap();
    // The versions of dependencies that are known to work, and nothing to fetch.
    std::fs::copy(example.join("../../Cargo.lock"), copy.join("Cargo.lock")).unwrap();
    let source = std::fs::read_to_string(example.join("src/lib.rs")).unwrap();
    std::fs::write(copy.join("src/lib.rs"), change(&source)).unwrap();
    let target = Path::new(RISER).ancestors().nth(2).unwrap().join(name);
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--offline", "--lib", "--target-dir"]).arg(&target).current_dir(&copy);
    assert!(build.status().unwrap().success(), "the copied example does not build");
    target.join("debug/libriser_example.so")
}
