//! Test programs: builds them with cargo and lists their tests.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, ensure};

use super::TestEnvironment;
use super::single_test::SingleTest;
use crate::artifacts::{Artifacts, MESSAGE_FORMAT};
use crate::workspace;

/// A test program.
#[derive(Debug)]
pub(super) struct TestProgram {
    pub(super) executable: PathBuf,
    /// The directory of its package, where its tests run.
    pub(super) package: PathBuf,
    /// Its name in output, such as `riser-store::tests/store`.
    pub(super) name: String,
}

/// Builds all tests, and all programs and libraries that they start or load.
pub(super) fn build() -> anyhow::Result<Vec<TestProgram>> {
    // With all targets at once, everything is built with the same features, and once.
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--workspace", "--all-targets", MESSAGE_FORMAT]);
    let built = cargo.stderr(Stdio::inherit()).output().context("cargo could not be started")?;
    ensure!(built.status.success(), "the workspace does not build");
    let artifacts = Artifacts::read(&built.stdout)?;
    let programs: Vec<_> = artifacts
        .test_programs()
        .filter_map(|(artifact, executable)| {
            let package = artifact.manifest_path.parent()?.to_owned();
            let kind = artifact.target.kind.first().map_or("lib", String::as_str);
            let directory = package.strip_prefix(workspace::root()).unwrap_or(&package).display();
            let name = match kind {
                "test" => format!("{directory}/tests/{}", artifact.target.name),
                "bin" => format!("{directory} (program {})", artifact.target.name),
                _ => directory.to_string(),
            };
            Some(TestProgram { executable: executable.to_owned(), package, name })
        })
        .collect();
    ensure!(!programs.is_empty(), "cargo built no test program");
    Ok(programs)
}

/// Lists the tests of the programs.
pub(super) fn list_tests(
    programs: &[TestProgram],
    environment: &TestEnvironment,
) -> anyhow::Result<Vec<SingleTest>> {
    let mut tests = Vec::new();
    for program in programs {
        let program = Arc::new(TestProgram {
            executable: program.executable.clone(),
            package: program.package.clone(),
            name: program.name.clone(),
        });
        let mut command = program.command(environment);
        let listed = command.args(["--list", "--format", "terse"]).output()?;
        ensure!(listed.status.success(), "{} does not list its tests", program.name);
        let names = String::from_utf8(listed.stdout).context("the name of a test is not UTF-8")?;
        let names = names.lines().filter_map(|line| line.strip_suffix(": test"));
        tests.extend(names.map(|name| SingleTest::new(Arc::clone(&program), name)));
    }
    Ok(tests)
}

impl TestProgram {
    /// Builds a command with the directory and environment of its tests.
    pub(super) fn command(&self, environment: &TestEnvironment) -> Command {
        let mut command = Command::new(&self.executable);
        workspace::forget_package(&mut command);
        command
            .current_dir(&self.package)
            .env("LD_LIBRARY_PATH", &environment.library_path)
            .env("RISER_TEST_PYTHON", &environment.python)
            .env("RISER_TEST_PLUGINS", &environment.programs)
            .env("RISER_PROGRAMS", &environment.programs)
            .stdin(Stdio::null());
        command
    }
}

/// Returns the path to the compiler's libraries.
pub(super) fn library_path() -> anyhow::Result<OsString> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = Command::new(rustc)
        .args(["--print", "target-libdir"])
        .current_dir(workspace::root())
        .output()
        .context("rustc could not be started")?;
    let directory = PathBuf::from(String::from_utf8(asked.stdout)?.trim());
    let present = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    Ok(std::env::join_paths([directory].into_iter().chain(std::env::split_paths(&present)))?)
}
