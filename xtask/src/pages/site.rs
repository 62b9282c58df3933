//! The hosts whose pages are opened: an empty one, and one with a site of about 5,000 items.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::demo::programs::Programs;
use crate::evce_site::{EvceSite, Logins};
use crate::processes::{Host, Login, Riser, Simulator, SimulatorOptions};

/// Some 90 items for each station.
const FIXTURE: &str = "stations:55";
/// Items that the site must have before its pages are opened.
const LEAST_ITEMS: u64 = 5_000;
/// A generous limit.
const TEST_TIMEOUT: Duration = Duration::from_mins(1);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The directories of one installation, removed with this value.
struct Directories(tempfile::TempDir);

/// A host without a configuration.
pub(super) struct EmptySite {
    riser: PathBuf,
    directories: Directories,
    host: Host,
    pub(super) admin: Login,
}

/// A host with the EVCE processors.
pub(super) struct Site {
    riser: PathBuf,
    directories: Directories,
    host: Host,
    /// Until the controller is lost.
    simulator: Option<Simulator>,
    pub(super) logins: Logins,
}

impl Directories {
    fn new(programs: &Programs) -> anyhow::Result<Self> {
        let directories = Self(tempfile::Builder::new().prefix("riser-pages-").tempdir()?);
        std::fs::create_dir(directories.plugins())?;
        let plugin = &programs.evce_plugin;
        let name = plugin.file_name().context("the plugin path has no file name")?;
        std::fs::copy(plugin, directories.plugins().join(name))?;
        Ok(directories)
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn plugins(&self) -> PathBuf {
        self.0.path().join("plugins")
    }
}

impl EmptySite {
    pub(super) async fn start(programs: &Programs) -> anyhow::Result<Self> {
        let directories = Directories::new(programs)?;
        let (data, plugins) = (directories.data(), directories.plugins());
        let riser = Riser { program: &programs.riser, data: &data, plugins: &plugins };
        let host = riser.serve_logging_to(0, Stdio::null()).await?;
        Ok(Self { riser: programs.riser.clone(), directories, host, admin: Login::random("admin")? })
    }

    pub(super) fn portal_url(&self) -> &str {
        self.host.portal_url()
    }

    pub(super) async fn add_administrator(&self) -> anyhow::Result<()> {
        let (data, plugins) = (self.directories.data(), self.directories.plugins());
        Riser { program: &self.riser, data: &data, plugins: &plugins }.set_login(&self.admin).await
    }

    pub(super) async fn end(self) {
        self.host.end(std::future::pending()).await;
    }
}

impl Site {
    /// Starts it and waits for its items.
    pub(super) async fn start(programs: &Programs) -> anyhow::Result<Self> {
        let directories = Directories::new(programs)?;
        let logins = Logins::random()?;
        let options = SimulatorOptions { fixture: FIXTURE, speed: "60" };
        let simulator = Simulator::start(&programs.simulator, options, &logins.controller).await?;
        let (data, plugins) = (directories.data(), directories.plugins());
        let riser = Riser { program: &programs.riser, data: &data, plugins: &plugins };
        riser.set_login(&logins.admin).await?;
        let site = EvceSite { ews_port: 0, simulator: &simulator, logins: &logins };
        riser.apply(&site.configuration(), &site.passwords()).await?;
        let host = riser.serve_logging_to(0, Stdio::null()).await?;
        let site =
            Self { riser: programs.riser.clone(), directories, host, simulator: Some(simulator), logins };
        let has_items =
            |status: &serde_json::Value| status["ews_servers"][0]["items"].as_u64() >= Some(LEAST_ITEMS);
        site.wait_for("items", has_items).await?;
        Ok(site)
    }

    pub(super) fn portal_url(&self) -> &str {
        self.host.portal_url()
    }

    /// Ends the controller and waits until Riser has noticed.
    pub(super) async fn lose_controller(&mut self) -> anyhow::Result<()> {
        if let Some(simulator) = self.simulator.take() {
            simulator.end().await;
        }
        let has_problem =
            |status: &serde_json::Value| status["problems"].as_array().is_some_and(|all| !all.is_empty());
        self.wait_for("problem", has_problem).await
    }

    async fn wait_for(&self, subject: &str, is_there: fn(&serde_json::Value) -> bool) -> anyhow::Result<()> {
        let (data, plugins) = (self.directories.data(), self.directories.plugins());
        let riser = Riser { program: &self.riser, data: &data, plugins: &plugins };
        let begin = Instant::now();
        while !is_there(&riser.status().await?) {
            ensure!(begin.elapsed() < TEST_TIMEOUT, "the site has no {subject}; `riser status` says why");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    pub(super) async fn end(self) {
        self.host.end(std::future::pending()).await;
        if let Some(simulator) = self.simulator {
            simulator.end().await;
        }
    }
}
