//! `evce-simulator`: runs one simulator until a signal or the end of its parent.

mod parent;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use evce_simulator::{Dialect, Fixture, Options, Script, Simulator, SitePlan, Speed, TimeSpan};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// The variable with the password, if there is no password file.
const PASSWORD_VARIABLE: &str = "EVCE_SIMULATOR_PASSWORD";

/// Simulates an EVCE charge controller
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Address of the API (TLS); port 0 takes a free port
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Address of the control interface; loopback only
    #[arg(long, default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// Dialect of the API: v2-a, v2-b or v2-c
    #[arg(long, default_value_t = Dialect::V2A)]
    dialect: Dialect,
    /// Site: F1 (the screens of the guide, fixed), F2 (office, 50 stations), F3 (airport, 1,000), F4 (bus depot),
    /// F5 (10,000 stations), F6 (F2 with all faults), F7 and F9 (F1), F8 (F2 with churn) or stations:N
    #[arg(long, default_value_t = Fixture::F1)]
    fixture: Fixture,
    /// File with a site of your own in TOML, in place of the fixture
    #[arg(long, conflicts_with = "fixture")]
    site: Option<PathBuf>,
    /// Address of the API without TLS, to test that a client refuses it
    #[arg(long)]
    listen_without_tls: Option<SocketAddr>,
    /// Seed for all cars and meters
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Speed of cars and meters, 0 to 3600; dates, tokens and validities follow wall time
    #[arg(long, default_value = "1")]
    speed: Speed,
    /// Login of the account that may write; `viewer` and `admin` have the same password
    #[arg(long, default_value = "bmsApi")]
    user: String,
    /// File with the password; else the variable `EVCE_SIMULATOR_PASSWORD`, else a random one is printed
    #[arg(long)]
    password_file: Option<PathBuf>,
    /// Lifetime of a token
    #[arg(long, default_value = "3600s")]
    token_life: TimeSpan,
    /// Version of the API; empty for a controller without a version
    #[arg(long, default_value = "6.0")]
    api_version: String,
    /// File with a script, a time line of events in TOML
    #[arg(long)]
    script: Option<PathBuf>,
    /// Print exactly one line of JSON on standard output when ready
    #[arg(long)]
    print_ready: bool,
}

fn main() -> anyhow::Result<()> {
    let parent = parent::Parent::watch().context("cannot watch the parent process")?;
    let arguments = Arguments::parse();
    let password = given_password(&arguments)?;
    let is_password_random = password.is_none();
    let token_life_ms =
        u64::try_from(arguments.token_life.ms()).context("--token-life must not be negative")?;
    let script = arguments.script.as_deref().map(given_script).transpose()?;
    let site = arguments.site.as_deref().map(given_site).transpose()?;
    let simulator = Simulator::start(Options {
        listen: arguments.listen,
        control: arguments.control,
        dialect: arguments.dialect,
        fixture: arguments.fixture,
        seed: arguments.seed,
        speed: arguments.speed,
        login: arguments.user,
        password,
        token_life: Duration::from_millis(token_life_ms),
        api_version: (!arguments.api_version.is_empty()).then_some(arguments.api_version),
        script,
        site,
        listen_without_tls: arguments.listen_without_tls,
        ..Options::default()
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let ended = end(&simulator, parent)?;
        show(&simulator, arguments.print_ready, is_password_random)?;
        ended.await;
        Ok(())
    })
}

fn given_site(file: &Path) -> anyhow::Result<SitePlan> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read the site {}", file.display()))?;
    text.parse().with_context(|| format!("the site {} has a mistake", file.display()))
}

fn given_script(file: &Path) -> anyhow::Result<Script> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the script {}", file.display()))?;
    text.parse().with_context(|| format!("the script {} has a mistake", file.display()))
}

fn given_password(arguments: &Arguments) -> anyhow::Result<Option<String>> {
    let Some(file) = &arguments.password_file else {
        return Ok(std::env::var(PASSWORD_VARIABLE).ok().filter(|password| !password.is_empty()));
    };
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the password file {}", file.display()))?;
    let password = text.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!password.is_empty(), "the password file {} is empty", file.display());
    Ok(Some(password.to_owned()))
}

/// Prints the addresses: as one line of JSON on standard output, or as text on standard error.
fn show(simulator: &Simulator, announce: bool, is_password_random: bool) -> io::Result<()> {
    if announce {
        let mut line = json!({
            "api_url": simulator.api_url,
            "control_url": simulator.control_url,
            "certificate_sha256": simulator.certificate_sha256,
            "login": simulator.login,
        });
        if let Some(plain_url) = &simulator.plain_url {
            line["plain_url"] = plain_url.as_str().into();
        }
        if is_password_random {
            line["password"] = simulator.password.as_str().into();
        }
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        return out.flush();
    }
    let mut out = io::stderr().lock();
    writeln!(out, "API                {}", simulator.api_url)?;
    if let Some(plain_url) = &simulator.plain_url {
        writeln!(out, "API without TLS    {plain_url}")?;
    }
    writeln!(out, "control, start page {}/", simulator.control_url)?;
    writeln!(out, "certificate SHA-256 {}", simulator.certificate_sha256)?;
    writeln!(out, "login              {}", simulator.login)?;
    if is_password_random {
        writeln!(out, "password           {}", simulator.password)?;
    }
    Ok(())
}

/// Completes on SIGTERM, SIGINT, `/_sim/stop` and the parent's end; signals are caught from the call on.
fn end(simulator: &Simulator, parent: parent::Parent) -> io::Result<impl Future<Output = ()> + use<>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stopped = simulator.stopped();
    let parent_ended = parent.ended()?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = stopped => {}
            () = parent_ended => {}
        }
    })
}
