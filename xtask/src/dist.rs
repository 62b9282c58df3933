//! `cargo xtask dist`: one folder to install from.

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
/// Files of this folder that go along.
const DOCUMENTS: [&str; 4] = ["LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md", "docs/admin"];
/// Starts Riser with what lies beside the script.
const START: &str = "#!/bin/sh\n# Runs Riser; arguments go on to `riser serve`, see `./riser serve --help`.\n\
                     exec \"$(dirname \"$0\")/riser\" serve \"$@\"\n";

/// Arguments of `cargo xtask dist`.
#[derive(Args, Debug)]
pub(crate) struct DistArgs {
    /// The folder to make; it must not be there [default: riser-VERSION in the target folder's dist]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

/// What goes into the folder.
struct Parts {
    program: PathBuf,
    plugins: Vec<PathBuf>,
    third_party: String,
}

/// Builds with the release profile and makes the folder.
pub(crate) fn run(arguments: &DistArgs) -> anyhow::Result<ExitCode> {
    let folder = match &arguments.to {
        Some(folder) => std::path::absolute(folder)?,
        None => workspace::target_folder().join("dist").join(concat!("riser-", env!("CARGO_PKG_VERSION"))),
    };
    ensure!(!folder.exists(), "{} is already there: remove it, or name another with --to", folder.display());
    let parts = build()?;
    assemble(&parts, &folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    writeln!(std::io::stdout(), "{}", folder.display())?;
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

fn assemble(parts: &Parts, folder: &Path) -> anyhow::Result<()> {
    let plugins = folder.join("plugins");
    std::fs::create_dir_all(&plugins)?;
    std::fs::copy(&parts.program, folder.join("riser"))?;
    for plugin in &parts.plugins {
        std::fs::copy(plugin, plugins.join(plugin.file_name().context("a plugin is no file")?))?;
    }
    for document in DOCUMENTS {
        let from = workspace::root().join(document);
        let to = folder.join(from.file_name().context("a document is no file")?);
        copy(&from, &to).with_context(|| format!("{document} cannot be copied"))?;
    }
    add_shell_files(folder)?;
    std::fs::write(folder.join("LICENSES-THIRD-PARTY.txt"), &parts.third_party)?;
    let start = folder.join("start");
    std::fs::write(&start, START)?;
    make_executable(&start)
}

/// Lets the program write its completions and man pages.
fn add_shell_files(folder: &Path) -> anyhow::Result<()> {
    let mut riser = Command::new(folder.join("riser"));
    let status = riser.arg("shell-files").arg(folder).stdout(Stdio::null()).status();
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
    fn the_folder_starts_riser_with_its_own_plugins_and_holds_every_licence() {
        let scratch = tempfile::tempdir().unwrap();
        let program = scratch.path().join("riser");
        std::fs::write(&program, "#!/bin/sh\necho \"$@\"\n[ $1 = serve ] || mkdir \"$2/man\"\n").unwrap();
        make_executable(&program).unwrap();
        let plugin = scratch.path().join("libriser_evce.so");
        std::fs::write(&plugin, "a library").unwrap();
        let third_party = licences::of_dependencies(&["riser", "riser-evce"]).unwrap();
        let parts = Parts { program, plugins: vec![plugin], third_party };
        let folder = scratch.path().join("dist");
        assemble(&parts, &folder).unwrap();

        let started = Command::new(folder.join("start")).args(["--data-dir", "x"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&started.stdout), "serve --data-dir x\n");
        for file in
            ["plugins/libriser_evce.so", "LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md", "admin", "man"]
        {
            assert!(folder.join(file).exists(), "{file} is missing");
        }
        let licences = std::fs::read_to_string(folder.join("LICENSES-THIRD-PARTY.txt")).unwrap();
        for owed in ["abi_stable 0.", "generational-arena 0.", "htmx", "Mozilla Public License"] {
            assert!(licences.contains(owed), "{owed} is missing");
        }
    }
}
