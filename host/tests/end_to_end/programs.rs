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
