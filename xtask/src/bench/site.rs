//! A running Riser to be measured: with a plugin whose values all change at each beat, or with a charge
//! controller.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use riser_ews::client::{ClientOptions, EwsClient};
use tempfile::TempDir;
use url::Url;

use super::programs::Programs;
use crate::evce_site::{EvceSite, Logins};
use crate::processes::{Host, Login, Riser, Simulator, SimulatorOptions};

/// The variable with the password of the BMS while the configuration is applied.
const PASSWORD_VARIABLE: &str = "RISER_BENCH_BMS_PASSWORD";

/// A site that is not there after this long has failed.
const TEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The directories of one installation, removed with this value.
pub(super) struct Directories {
    scratch: TempDir,
}

/// A host with the metronome.
pub(super) struct MetronomeSite {
    pub(super) host: Host,
    pub(super) bms: Login,
    directories: Directories,
}

/// A host with a plugin that records a year of samples.
pub(super) struct YearSite {
    pub(super) host: Host,
    pub(super) admin: Login,
    _directories: Directories,
}

/// A host with the three EVCE processors, and the simulator that they read.
pub(super) struct ChargingSite {
    pub(super) host: Host,
    pub(super) simulator: Simulator,
    pub(super) logins: Logins,
    pub(super) directories: Directories,
}

impl Directories {
    /// With these plugins installed.
    pub(super) fn with_plugins(plugins: &[&Path]) -> anyhow::Result<Self> {
        let scratch = tempfile::Builder::new().prefix("riser-bench-").tempdir()?;
        let directories = Self { scratch };
        std::fs::create_dir(directories.plugins())?;
        for plugin in plugins {
            let name = plugin.file_name().context("the plugin path has no file name")?;
            std::fs::copy(plugin, directories.plugins().join(name))?;
        }
        Ok(directories)
    }

    pub(super) fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    pub(super) fn plugins(&self) -> PathBuf {
        self.scratch.path().join("plugins")
    }
}

impl MetronomeSite {
    /// Starts it and waits for its first values.
    pub(super) async fn start(programs: &Programs, points: u32, beat: Duration) -> anyhow::Result<Self> {
        let directories = Directories::with_plugins(&[&programs.metronome_plugin])?;
        let (data, plugins) = (directories.data(), directories.plugins());
        let riser = Riser { program: &programs.riser, data: &data, plugins: &plugins };
        let bms = Login::random("bms")?;
        let beat_ms = beat.as_millis();
        let configuration = format!(
            r#"[[ews_server]]
name = "Measured"
listen = "127.0.0.1:0"
path = "/EcoStruxure/DataExchange"
realm = "Riser"
  [[ews_server.account]]
  name = "{}"
  rights = "read"
  password = {{ env = "{PASSWORD_VARIABLE}" }}

[[processor]]
name = "Metronome"
class = "riser.metronome/metronome"
ews_server = "Measured"
runs_at_start = true
settings = {{ points = {points}, beat_every = "{beat_ms} ms" }}
"#,
            bms.user
        );
        riser.apply(&configuration, &[(PASSWORD_VARIABLE, &bms.password)]).await?;
        let host = riser.serve(0).await?;
        let site = Self { host, bms, directories };
        let client = site.client()?;
        let begin = Instant::now();
        while client.container("").await?.containers.is_empty() {
            ensure!(begin.elapsed() < TEST_TIMEOUT, "the metronome declares nothing; the log says why");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(site)
    }

    /// Adds an administrator of the portal.
    pub(super) async fn set_login(&self, programs: &Programs, login: &Login) -> anyhow::Result<()> {
        let (data, plugins) = (self.directories.data(), self.directories.plugins());
        Riser { program: &programs.riser, data: &data, plugins: &plugins }.set_login(login).await
    }

    pub(super) fn ews_url(&self) -> anyhow::Result<Url> {
        ews_url(&self.host)
    }

    pub(super) fn client(&self) -> anyhow::Result<EwsClient> {
        client(&self.host, &self.bms)
    }

    pub(super) async fn end(self) {
        self.host.end(std::future::pending()).await;
    }
}

impl YearSite {
    /// Starts it. Its samples appear a little later.
    pub(super) async fn start(programs: &Programs) -> anyhow::Result<Self> {
        let directories = Directories::with_plugins(&[&programs.metronome_plugin])?;
        let (data, plugins) = (directories.data(), directories.plugins());
        let riser = Riser { program: &programs.riser, data: &data, plugins: &plugins };
        let admin = Login::random("admin")?;
        riser.set_login(&admin).await?;
        let configuration = r#"[[ews_server]]
name = "Measured"
listen = "127.0.0.1:0"
path = "/EcoStruxure/DataExchange"
realm = "Riser"

[[processor]]
name = "Year"
class = "riser.metronome/year"
ews_server = "Measured"
runs_at_start = true
"#;
        riser.apply(configuration, &[]).await?;
        let host = riser.serve(0).await?;
        Ok(Self { host, admin, _directories: directories })
    }

    pub(super) async fn end(self) {
        self.host.end(std::future::pending()).await;
    }
}

impl ChargingSite {
    /// Starts it and waits until everything listens.
    pub(super) async fn start(programs: &Programs, fixture: &str) -> anyhow::Result<Self> {
        Self::start_with(programs, fixture, &[]).await
    }

    /// Starts it with more plugins installed.
    pub(super) async fn start_with(
        programs: &Programs,
        fixture: &str,
        more_plugins: &[&Path],
    ) -> anyhow::Result<Self> {
        Self::start_logging_to(programs, fixture, more_plugins, Stdio::inherit()).await
    }

    /// Starts it with more plugins installed, and drops its log.
    pub(super) async fn start_quietly(
        programs: &Programs,
        fixture: &str,
        more_plugins: &[&Path],
    ) -> anyhow::Result<Self> {
        Self::start_logging_to(programs, fixture, more_plugins, Stdio::null()).await
    }

    async fn start_logging_to(
        programs: &Programs,
        fixture: &str,
        more_plugins: &[&Path],
        log: Stdio,
    ) -> anyhow::Result<Self> {
        let plugins = [&[programs.evce_plugin.as_path()], more_plugins].concat();
        let directories = Directories::with_plugins(&plugins)?;
        let logins = Logins::random()?;
        let options = SimulatorOptions { fixture, speed: "1" };
        let simulator = Simulator::start(&programs.simulator, options, &logins.controller).await?;
        let (data, plugins) = (directories.data(), directories.plugins());
        let riser = Riser { program: &programs.riser, data: &data, plugins: &plugins };
        let site = EvceSite { ews_port: 0, simulator: &simulator, logins: &logins };
        riser.apply(&site.configuration(), &site.passwords()).await?;
        let host = riser.serve_logging_to(0, log).await?;
        Ok(Self { host, simulator, logins, directories })
    }

    pub(super) fn client(&self) -> anyhow::Result<EwsClient> {
        client(&self.host, &self.logins.bms)
    }

    /// Ends host and simulator; the configured directories stay.
    pub(super) async fn end(self) -> Directories {
        self.host.end(std::future::pending()).await;
        self.simulator.end().await;
        self.directories
    }
}

fn ews_url(host: &Host) -> anyhow::Result<Url> {
    host.ews_url()
        .context("Riser serves no EWS server")?
        .parse()
        .context("Riser announced an unusable address")
}

fn client(host: &Host, login: &Login) -> anyhow::Result<EwsClient> {
    Ok(EwsClient::new(ClientOptions {
        url: ews_url(host)?,
        user_name: login.user.to_owned(),
        password: login.password.clone().into(),
        time_limit: ClientOptions::TIME_LIMIT,
    })?)
}
