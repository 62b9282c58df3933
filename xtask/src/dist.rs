//! `cargo xtask dist`: one directory to install from.

mod licences;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::artifacts::{Artifacts, MESSAGE_FORMAT};
use crate::workspace;

/// Plugins that are shipped.
const PLUGINS: [&str; 1] = ["riser-evce"];
/// Files of the workspace to include.
const DOCUMENTS: [&str; 4] = ["LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md", "docs/admin"];
/// Starts Riser with the files next to the script.
const START: &str = "#!/bin/sh\n# Runs Riser; arguments go on to `riser serve`, see `./riser serve --help`.\n\
                     exec \"$(dirname \"$0\")/riser\" serve \"$@\"\n";

/// Arguments of `cargo xtask dist`.
#[derive(Args, Debug)]
pub(crate) struct DistArgs {
    /// The new directory, which must not exist [default: riser-VERSION in target/dist]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

/// The content of the directory.
struct Parts {
    program: PathBuf,
    plugins: Vec<PathBuf>,
    third_party: String,
}

/// Builds with the release profile and writes the directory.
pub(crate) fn run(arguments: &DistArgs) -> anyhow::Result<ExitCode> {
    let directory = match &arguments.to {
        Some(directory) => std::path::absolute(directory)?,
        None => workspace::target_dir().join("dist").join(concat!("riser-", env!("CARGO_PKG_VERSION"))),
    };
    ensure!(
        !directory.exists(),
        "{} is already there: remove it, or name another with --to",
        directory.display()
    );
    let parts = build()?;
    write_parts(&parts, &directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    writeln!(std::io::stdout(), "{}", directory.display())?;
    Ok(ExitCode::SUCCESS)
}

fn build() -> anyhow::Result<Parts> {
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--release", MESSAGE_FORMAT, "--package", "riser"]);
    for plugin in PLUGINS {
        cargo.args(["--package", plugin]);
    }
    let built = cargo.stderr(Stdio::inherit()).output().context("cargo could not be started")?;
    ensure!(built.status.success(), "Riser does not build");
    let artifacts = Artifacts::read(&built.stdout)?;
    Ok(Parts {
        program: artifacts.program("riser")?.to_owned(),
        plugins: PLUGINS
            .iter()
            .map(|it| Ok(artifacts.library(it)?.to_owned()))
            .collect::<anyhow::Result<_>>()?,
        third_party: licences::of_dependencies(&[&["riser"], PLUGINS.as_slice()].concat())?,
    })
}

fn write_parts(parts: &Parts, directory: &Path) -> anyhow::Result<()> {
    let plugins = directory.join("plugins");
    std::fs::create_dir_all(&plugins)?;
    std::fs::copy(&parts.program, directory.join("riser"))?;
    for plugin in &parts.plugins {
        std::fs::copy(plugin, plugins.join(plugin.file_name().context("a plugin path has no file name")?))?;
    }
    for document in DOCUMENTS {
        let from = workspace::root().join(document);
        let to = directory.join(from.file_name().context("a document path has no file name")?);
        copy(&from, &to).with_context(|| format!("{document} cannot be copied"))?;
    }
    add_shell_files(directory)?;
    std::fs::write(directory.join("LICENSES-THIRD-PARTY.txt"), &parts.third_party)?;
    let start = directory.join("start");
    std::fs::write(&start, START)?;
    make_executable(&start)
}

/// Lets the program write its completions and man pages.
fn add_shell_files(directory: &Path) -> anyhow::Result<()> {
    let mut riser = Command::new(directory.join("riser"));
    let status = riser.arg("shell-files").arg(directory).stdout(Stdio::null()).status();
    let status = status.context("the program cannot be started")?;
    ensure!(status.success(), "the program cannot write its completions and man pages");
    Ok(())
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        return std::fs::copy(from, to).map(|_| ());
    }
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn make_executable(file: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_starts_riser_with_its_plugins_and_contains_every_licence() {
        let scratch = tempfile::tempdir().unwrap();
        let program = scratch.path().join("riser");
        std::fs::write(&program, "#!/bin/sh\necho \"$@\"\n[ $1 = serve ] || mkdir \"$2/man\"\n").unwrap();
        make_executable(&program).unwrap();
        let plugin = scratch.path().join("libriser_evce.so");
        std::fs::write(&plugin, "a library").unwrap();
        let third_party = licences::of_dependencies(&["riser", "riser-evce"]).unwrap();
        let parts = Parts { program, plugins: vec![plugin], third_party };
        let directory = scratch.path().join("dist");
        write_parts(&parts, &directory).unwrap();

        let started = Command::new(directory.join("start")).args(["--data-dir", "x"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&started.stdout), "serve --data-dir x\n");
        for file in
            ["plugins/libriser_evce.so", "LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md", "admin", "man"]
        {
            assert!(directory.join(file).exists(), "{file} is missing");
        }
        let licences = std::fs::read_to_string(directory.join("LICENSES-THIRD-PARTY.txt")).unwrap();
        for owed in ["abi_stable 0.", "generational-arena 0.", "htmx", "Mozilla Public License"] {
            assert!(licences.contains(owed), "{owed} is missing");
        }
    }
}
