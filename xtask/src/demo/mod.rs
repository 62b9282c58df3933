//! `cargo xtask demo`: a charge controller (our simulator) and a host with the three EVCE processors.
//!
//! Nothing that it starts outlives it, also when it is killed: the host ends with its standard input, whose
//! other end is held here, and the simulator watches its parent.

mod guide;
mod live_value;
mod ports;
pub(crate) mod programs;
mod shutdown_signal;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use self::guide::Guide;
use self::programs::Programs;
use self::shutdown_signal::ShutdownSignal;
use crate::evce_site::{EvceSite, Logins};
use crate::processes::{Host, Riser, Simulator, SimulatorOptions};

/// Where the portal is found when nothing else is there.
const WANTED_PORTAL_PORT: u16 = 8082;
/// Where a BMS expects EWS.
const WANTED_EWS_PORT: u16 = 51358;

/// Arguments of `cargo xtask demo`.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Print one line of JSON on standard output instead of text
    #[arg(long)]
    json: bool,
    /// Keep the data in this directory [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Port of the portal; 0 takes a free one [default: 8082, or a free one]
    #[arg(long, value_name = "N")]
    portal_port: Option<u16>,
    /// Port of the EWS server; 0 takes a free one [default: 51358, or a free one]
    #[arg(long, value_name = "N")]
    ews_port: Option<u16>,
    /// Simulated site: the vendor's guide with fixed values, or 50 moving stations
    #[arg(long, value_enum, ignore_case = true, default_value_t = Fixture::F2)]
    fixture: Fixture,
    /// Speed of cars and meters, 0 to 3600; dates and validities follow wall time
    #[arg(long, value_name = "X", default_value = "1")]
    speed: String,
    /// Start an empty host next to the simulator
    #[arg(long)]
    empty: bool,
    /// Use the programs and libraries in this directory instead of building them
    #[arg(long, value_name = "DIR", env = "RISER_PROGRAMS", hide = true)]
    programs: Option<PathBuf>,
}

/// A site of the simulator.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "UPPER")]
enum Fixture {
    F1,
    F2,
}

/// The directories of one start.
struct Directories {
    data: PathBuf,
    plugins: PathBuf,
    /// Removed with this value; contains the data directory unless the user chose one.
    _scratch: tempfile::TempDir,
}

/// The processes that run.
#[derive(Default)]
struct Running {
    host: Option<Host>,
    simulator: Option<Simulator>,
}

/// Runs the demo until a signal.
pub(crate) fn run(arguments: DemoArgs) -> anyhow::Result<ExitCode> {
    // One thread: Linux signals a child when the thread that started it ends.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(until_shutdown(arguments))
}

async fn until_shutdown(arguments: DemoArgs) -> anyhow::Result<ExitCode> {
    let mut shutdown = ShutdownSignal::listen()?;
    let programs = tokio::select! {
        programs = Programs::find(arguments.programs.as_deref()) => programs?,
        () = shutdown.received() => return Ok(ExitCode::SUCCESS),
    };
    let directories = Directories::new(arguments.data_dir.as_deref())?;
    let mut running = Running::default();
    let ended = tokio::select! {
        started = start_and_follow(&arguments, &programs, &directories, &mut running) => started,
        () = shutdown.received() => Ok(()),
    };
    running.end(&mut shutdown).await;
    ended.map(|()| ExitCode::SUCCESS)
}

/// Starts everything, prints the guide, and follows the log. Returns only on a failure.
async fn start_and_follow(
    arguments: &DemoArgs,
    programs: &Programs,
    directories: &Directories,
    running: &mut Running,
) -> anyhow::Result<()> {
    let portal_port = ports::choose("--portal-port", arguments.portal_port, WANTED_PORTAL_PORT)?;
    let ews_port = ports::choose("--ews-port", arguments.ews_port, WANTED_EWS_PORT)?;
    let logins = Logins::random()?;
    let plugin_name = programs.evce_plugin.file_name().context("the plugin path has no file name")?;
    std::fs::copy(&programs.evce_plugin, directories.plugins.join(plugin_name))
        .with_context(|| format!("{} cannot be copied", programs.evce_plugin.display()))?;

    let first_spawn = Instant::now();
    let fixture = arguments.fixture.to_possible_value().context("the fixture has no name")?;
    let options = SimulatorOptions { fixture: fixture.get_name(), speed: &arguments.speed };
    let starting = Simulator::start(&programs.simulator, options, &logins.controller);
    let simulator = running.simulator.insert(starting.await?);
    let riser = Riser { program: &programs.riser, data: &directories.data, plugins: &directories.plugins };
    riser.set_login(&logins.admin).await?;
    if !arguments.empty {
        let site = EvceSite { ews_port, simulator, logins: &logins };
        riser.apply(&site.configuration(), &site.passwords()).await?;
    }
    let host = running.host.insert(riser.serve(portal_port).await?);

    let mut guide = Guide::new(host, simulator, &logins, &directories.data);
    if !arguments.empty {
        let ews_url = host.ews_url().context("Riser serves no EWS server")?;
        let live = live_value::wait_for_first(ews_url, &logins.bms).await?;
        guide.live = Some((live, first_spawn.elapsed()));
    }
    guide.print(arguments.json)?;
    tokio::select! {
        status = host.ended() => anyhow::bail!("Riser ended by itself ({}); its log says why", status?),
        status = simulator.ended() => anyhow::bail!("the simulator ended by itself ({})", status?),
    }
}

impl Directories {
    fn new(data: Option<&Path>) -> anyhow::Result<Self> {
        let scratch = tempfile::Builder::new().prefix("riser-demo-").tempdir()?;
        let data = match data {
            Some(directory) => std::path::absolute(directory)?,
            None => scratch.path().join("data"),
        };
        let plugins = data.join("plugins");
        std::fs::create_dir_all(&plugins).with_context(|| format!("{} cannot be made", plugins.display()))?;
        Ok(Self { data, plugins, _scratch: scratch })
    }
}

impl Running {
    /// Ends the host, then the simulator, so that the host's log ends without complaints.
    async fn end(self, shutdown: &mut ShutdownSignal) {
        if let Some(host) = self.host {
            host.end(shutdown.received()).await;
        }
        if let Some(simulator) = self.simulator {
            simulator.end().await;
        }
    }
}
