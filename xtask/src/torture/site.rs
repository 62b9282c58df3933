//! The installation that is tortured: the site of the demo on a data directory that outlives the hosts.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;

use super::random::Random;
use crate::demo::programs::Programs;
use crate::evce_site::{EvceSite, Logins};
use crate::processes::{Host, Riser, Simulator, SimulatorOptions};

/// Longest random time after the start of the program.
const WHILE_STARTING: Duration = Duration::from_millis(600);

pub(super) struct Site {
    programs: Programs,
    scratch: tempfile::TempDir,
    simulator: Simulator,
    pub(super) logins: Logins,
}

impl Site {
    /// Builds the programs and applies the configuration. No host runs yet.
    pub(super) async fn prepare(programs: Option<&Path>) -> anyhow::Result<Self> {
        let programs = Programs::find(programs).await?;
        let scratch = tempfile::Builder::new().prefix("riser-torture-").tempdir()?;
        let logins = Logins::random()?;
        let options = SimulatorOptions { fixture: "F1", speed: "1" };
        let simulator = Simulator::start(&programs.simulator, options, &logins.controller).await?;
        let site = Self { programs, scratch, simulator, logins };
        std::fs::create_dir(site.plugins())?;
        let plugin = &site.programs.evce_plugin;
        let plugin_name = plugin.file_name().context("the plugin path has no file name")?;
        std::fs::copy(plugin, site.plugins().join(plugin_name))?;
        let (data, plugins) = (site.data(), site.plugins());
        let riser = site.riser(&data, &plugins);
        riser.set_login(&site.logins.admin).await?;
        let configured = EvceSite { ews_port: 0, simulator: &site.simulator, logins: &site.logins };
        riser.apply(&configured.configuration(), &configured.passwords()).await?;
        Ok(site)
    }

    pub(super) fn riser<'a>(&'a self, data: &'a Path, plugins: &'a Path) -> Riser<'a> {
        Riser { program: &self.programs.riser, data, plugins }
    }

    pub(super) fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    pub(super) fn plugins(&self) -> PathBuf {
        self.scratch.path().join("plugins")
    }

    /// Returns the program, the data directory and the plugin directory.
    pub(super) fn paths(&self) -> (PathBuf, PathBuf, PathBuf) {
        (self.programs.riser.clone(), self.data(), self.plugins())
    }

    fn log(&self) -> PathBuf {
        self.scratch.path().join("log")
    }

    fn log_file(&self) -> anyhow::Result<Stdio> {
        Ok(File::options().create(true).append(true).open(self.log())?.into())
    }

    /// Starts the host and waits until everything listens.
    pub(super) async fn start(&self) -> anyhow::Result<Host> {
        let (data, plugins) = (self.data(), self.plugins());
        self.riser(&data, &plugins).serve_logging_to(0, self.log_file()?).await.with_context(|| {
            let log = std::fs::read_to_string(self.log()).unwrap_or_default();
            let lines: Vec<&str> = log.lines().rev().take(20).collect();
            format!("the last lines of its log, newest first:\n{}", lines.join("\n"))
        })
    }

    /// Starts the host and kills it before it is ready, or a little after that.
    pub(super) async fn kill_while_starting(&self, random: &mut Random) -> anyhow::Result<()> {
        let (data, plugins) = (self.data(), self.plugins());
        let mut child = self.riser(&data, &plugins).spawn_host(0, self.log_file()?)?;
        tokio::time::sleep(random.up_to(WHILE_STARTING)).await;
        Ok(child.kill().await?)
    }

    /// Returns how often a text is in the log of all hosts.
    pub(super) fn count_in_log(&self, text: &str) -> anyhow::Result<usize> {
        Ok(std::fs::read_to_string(self.log())?.matches(text).count())
    }

    pub(super) fn write_ahead_log_bytes(&self) -> u64 {
        std::fs::metadata(self.data().join("riser.db-wal")).map_or(0, |file| file.len())
    }

    pub(super) async fn end(self) {
        self.simulator.end().await;
    }
}
