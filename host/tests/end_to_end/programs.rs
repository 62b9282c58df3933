//! The programs and libraries under test, built where the tests were built.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The program `riser`.
pub(crate) const RISER: &str = env!("CARGO_BIN_EXE_riser");

/// The simulator.
pub(crate) fn simulator() -> PathBuf {
    built_dir().join("evce-simulator")
}

/// The library of a plugin of this workspace.
pub(crate) fn library(package: &str) -> PathBuf {
    built_dir().join(format!("lib{}.so", package.replace('-', "_")))
}

/// The directory named by `RISER_TEST_PLUGINS`, or the one of the tests after a build.
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
