//! `riser doctor`: checks whether Riser can run here, and prints one line per check.

use std::io::Write as _;
use std::iter;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use riser_calendar::{ZoneDatabase, machine_zone};
use riser_domain::{Clock as _, Role, count_words};
use riser_platform::{LIBRARY_EXTENSION, is_private};
use riser_runtime::{
    LaunchOptions, OfflineConfiguration, SystemClock, site_zone_problem, zone_data_problems,
};
use riser_secrets::root_key_path;
use riser_store::{Site, StoreError};
use tokio::net::TcpListener;

use crate::FAILED;
use crate::control::TimeZoneReport;
use crate::open_data_dir::{OpenDataDir, open_data_dir};
use crate::paths::{DataDir, PluginDirs};

/// Arguments of `riser doctor`.
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    plugins: PluginDirs,
    /// Address at which the portal will listen
    #[arg(long = "portal-listen", value_name = "ADDRESS", default_value = "127.0.0.1:8082")]
    portal: SocketAddr,
}

/// The result of one check.
struct Finding {
    is_ok: bool,
    text: String,
}

impl Finding {
    fn ok(text: impl Into<String>) -> Self {
        Self { is_ok: true, text: text.into() }
    }

    fn fault(text: impl Into<String>) -> Self {
        Self { is_ok: false, text: text.into() }
    }
}

/// Checks data directory, key, users, time zone, plugins and ports.
pub(crate) async fn run(arguments: DoctorArgs) -> anyhow::Result<ExitCode> {
    let directory = arguments.data.path()?;
    let mut findings = Vec::new();
    let mut is_running = false;
    let mut site = Site::default();
    // A missing directory is not created. An existing one is opened as at every start, which repairs the traces of a
    // crash.
    if directory.exists() {
        match open_data_dir(&directory, &SystemClock).await {
            Ok(open) => {
                site = open.store.load_configuration().await?.site;
                findings.extend(check_settings(&open, arguments.plugins.paths(&directory)).await);
                check_data_dir(&directory, &open, &mut findings).await?;
            }
            Err(error) => match error.downcast_ref() {
                Some(StoreError::Locked { pid, .. }) => {
                    is_running = true;
                    findings.push(Finding::ok(format!(
                        "Riser is running as process {pid}; stop it to check its data directory {} and its ports",
                        directory.display()
                    )));
                }
                _ => findings.push(Finding::fault(format!("{error:#}"))),
            },
        }
    } else {
        findings.push(Finding::ok(format!(
            "{} does not exist yet; the first start creates it",
            directory.display()
        )));
    }
    // Later than the data directory: reading its schedules finds damaged zones.
    findings.extend(check_time_zone(&site));
    findings.extend(arguments.plugins.paths(&directory).iter().map(|directory| check_plugins(directory)));
    // A running Riser uses its own ports, so other users of the ports cannot be detected.
    if !is_running {
        findings.push(check_port("the portal", arguments.portal, "--portal-listen").await);
    }

    let mut out = std::io::stdout();
    for finding in &findings {
        writeln!(out, "{}  {}", if finding.is_ok { "ok   " } else { "FAULT" }, finding.text)?;
    }
    let faults = findings.iter().filter(|finding| !finding.is_ok).count();
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

async fn check_data_dir(
    directory: &Path,
    open: &OpenDataDir,
    findings: &mut Vec<Finding>,
) -> anyhow::Result<()> {
    findings.push(Finding::ok(format!("the data directory {} is usable", directory.display())));
    for moved in &open.recovery.quarantined {
        let (file, to) = (moved.file, moved.to.display());
        findings
            .push(Finding::fault(format!("{file} could not be used: {}; it was moved to {to}", moved.fault)));
    }
    findings.push(check_key(directory, open));
    let users = open.store.list_users().await?;
    let has_admin = users.iter().any(|user| user.role == Role::Admin);
    findings.push(match users.len() {
        0 => Finding::fault("there is no portal user: run `riser user add NAME --role admin`"),
        _ if !has_admin => {
            Finding::fault("no portal user is an admin: run `riser user role NAME admin` for one of them")
        }
        1 => Finding::ok("there is 1 portal user"),
        many => Finding::ok(format!("there are {many} portal users")),
    });
    for server in open.store.load_configuration().await?.ews_servers {
        let name = format!("the EWS server {:?}", server.name);
        findings.push(match server.listen.parse() {
            Ok(address) => check_port(&name, address, "`listen` in the file for `riser apply`").await,
            Err(_) => Finding::fault(format!("{name}: {:?} is not an address with a port", server.listen)),
        });
    }
    open.store.close().await;
    Ok(())
}

/// Lets the plugins check all stored settings, and the files that they name.
async fn check_settings(open: &OpenDataDir, plugin_directories: Vec<PathBuf>) -> Vec<Finding> {
    // Without the key no secret can be decrypted; that is reported separately.
    if open.locked_because.is_some() || !open.keyring.locked_keys().is_empty() {
        return Vec::new();
    }
    let stored = OfflineConfiguration {
        store: &open.store,
        keyring: &open.keyring,
        clock: Arc::new(SystemClock),
        plugin_directories,
        worker: LaunchOptions::of_this_program(open.store.instance_id()),
    };
    match stored.check_stored().await {
        Ok(errors) if errors.is_empty() => {
            vec![Finding::ok("the settings of all connections and processors are valid")]
        }
        Ok(errors) => errors.iter().map(|error| Finding::fault(error.to_string())).collect(),
        Err(error) => vec![Finding::fault(format!("the stored settings cannot be checked: {error}"))],
    }
}

fn check_key(directory: &Path, open: &OpenDataDir) -> Finding {
    let file = root_key_path(directory);
    if let Some(refusal) = &open.locked_because {
        return Finding::fault(refusal.to_string());
    }
    let locked = open.keyring.locked_keys();
    if !locked.is_empty() {
        let keys = locked.join(", ");
        return Finding::fault(format!(
            "{} does not match the data key {keys}: restore the key file of this data directory",
            file.display()
        ));
    }
    match std::fs::metadata(&file) {
        Ok(facts) if !is_private(&facts) => {
            let file = file.display();
            Finding::fault(format!("other users can read the key file {file}: run chmod 0400 {file}"))
        }
        Ok(_) => Finding::ok(format!("the key file {} decrypts the stored secrets", file.display())),
        Err(_) => Finding::ok("the key comes from a systemd credential and decrypts the stored secrets"),
    }
}

fn check_time_zone(site: &Site) -> Vec<Finding> {
    let machine = machine_zone();
    let now = SystemClock.now();
    let problems =
        site_zone_problem(site, &machine).into_iter().chain(zone_data_problems(ZoneDatabase::current(), now));
    let faults = problems
        .map(|it| Finding::fault(format!("{}. Effect: {}. Remedy: {}", it.what, it.effect, it.remedy)));
    let in_use = format!("the time zone is {}", TimeZoneReport::of_site(site, &machine));
    iter::once(Finding::ok(in_use)).chain(faults).collect()
}

fn check_plugins(directory: &Path) -> Finding {
    let shown = directory.display();
    match std::fs::read_dir(directory) {
        Err(_) => Finding::ok(format!("there is no plugin directory {shown}")),
        Ok(entries) => {
            let is_library =
                |path: &Path| path.extension().is_some_and(|extension| extension == LIBRARY_EXTENSION);
            let count = entries.flatten().filter(|entry| is_library(&entry.path())).count();
            Finding::ok(format!(
                "{} in {shown}; `riser plugin check FILE` checks one of them",
                count_words(count, "plugin file")
            ))
        }
    }
}

async fn check_port(what: &str, address: SocketAddr, where_to_change: &str) -> Finding {
    match TcpListener::bind(address).await {
        Ok(_) => Finding::ok(format!("{address} is free for {what}")),
        Err(error) => Finding::fault(format!(
            "{what} cannot listen on {address} ({error}): stop the program that uses it, or change {where_to_change}"
        )),
    }
}
