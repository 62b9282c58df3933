//! The programs and libraries that are measured, built with the release profile.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};

use crate::artifacts::{Artifacts, MESSAGE_FORMAT};
use crate::workspace;

/// Their directory.
pub(super) struct Programs {
    pub(super) riser: PathBuf,
    pub(super) simulator: PathBuf,
    pub(super) evce_plugin: PathBuf,
    pub(super) metronome_plugin: PathBuf,
    pub(super) misbehaving_plugin: PathBuf,
    /// Starts workers and counts the time to their first batch.
    pub(super) first_batch: PathBuf,
    /// Computes times of cron rules, here and in croner.
    pub(super) cron_times: PathBuf,
}

impl Programs {
    pub(super) fn in_directory(directory: &Path) -> Self {
        Self {
            riser: directory.join("riser"),
            simulator: directory.join("evce-simulator"),
            evce_plugin: directory.join("libriser_evce.so"),
            metronome_plugin: directory.join("libriser_metronome.so"),
            misbehaving_plugin: directory.join("libriser_misbehaving.so"),
            first_batch: directory.join("examples").join("first_batch"),
            cron_times: directory.join("examples").join("cron_times"),
        }
    }
}

/// Builds all of them and this program. Returns its path and the directory of the others.
pub(super) fn build() -> anyhow::Result<(PathBuf, PathBuf)> {
    build_in(workspace::root())
}

/// Builds the same in another checkout.
pub(super) fn build_in(checkout: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
    // An older checkout has one crate for both sides of a worker.
    let is_split = checkout.join("host/worker-host").is_dir();
    let package_of_first_batch = if is_split { "riser-worker-host" } else { "riser-worker" };
    let mut cargo = workspace::cargo();
    cargo.current_dir(checkout);
    cargo.args(["build", "--release", MESSAGE_FORMAT, "--bins", "--lib", "--example", "first_batch"]);
    // An older checkout has schedule rules in another crate, and its bench does not measure them.
    if checkout.join("host/calendar").is_dir() {
        cargo.args(["--example", "cron_times", "--package", "riser-calendar"]);
    }
    for package in [
        "riser",
        "evce-simulator",
        "riser-evce",
        "riser-metronome",
        "riser-misbehaving",
        package_of_first_batch,
        "xtask",
    ] {
        cargo.args(["--package", package]);
    }
    let built = cargo.stderr(Stdio::inherit()).output().context("cargo could not be started")?;
    ensure!(built.status.success(), "Riser does not build in {}", checkout.display());
    let artifacts = Artifacts::read(&built.stdout)?;
    let directory = artifacts.program("riser")?.parent().context("a program has no parent directory")?;
    Ok((artifacts.program("xtask")?.to_owned(), directory.to_owned()))
}
