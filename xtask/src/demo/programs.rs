//! The programs and the library that the demo runs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::artifacts::{Artifacts, MESSAGE_FORMAT};
use crate::workspace;

/// Their directory.
pub(crate) struct Programs {
    pub(crate) riser: PathBuf,
    pub(crate) simulator: PathBuf,
    pub(crate) evce_plugin: PathBuf,
}

/// A cargo under way; dropping this ends it and the compilers that it started.
struct Cargo(Option<Pid>);

impl Programs {
    /// Finds them in a directory, or builds them.
    pub(crate) async fn find(directory: Option<&Path>) -> anyhow::Result<Self> {
        let Some(directory) = directory else { return Self::build().await };
        let library = format!("{}riser_evce{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        Ok(Self {
            riser: directory.join("riser"),
            simulator: directory.join("evce-simulator"),
            evce_plugin: directory.join(library),
        })
    }

    async fn build() -> anyhow::Result<Self> {
        let mut cargo = tokio::process::Command::from(workspace::cargo());
        cargo.args(["build", MESSAGE_FORMAT, "--package", "riser"]);
        cargo.args(["--package", "riser-evce", "--package", "evce-simulator"]);
        let building = cargo
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("cargo could not be started")?;
        let mut under_way = Cargo(building.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
        let built = building.wait_with_output().await?;
        under_way.0 = None;
        ensure!(built.status.success(), "Riser does not build");
        let artifacts = Artifacts::read(&built.stdout)?;
        Ok(Self {
            riser: artifacts.program("riser")?.to_owned(),
            simulator: artifacts.program("evce-simulator")?.to_owned(),
            evce_plugin: artifacts.library("riser-evce")?.to_owned(),
        })
    }
}

impl Drop for Cargo {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended meanwhile.
            let _ = kill_process_group(group, Signal::TERM);
        }
    }
}
