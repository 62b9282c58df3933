//! `riser doctor`: looks whether Riser can run here, one line for each thing looked at.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use riser_platform::{LIBRARY_EXTENSION, is_private};
use riser_runtime::SystemClock;
use riser_secrets::root_key_path;
use riser_store::StoreError;
use tokio::net::TcpListener;

use crate::FAILED;
use crate::open_data_dir::{OpenDataDir, open_data_dir};
use crate::paths::{DataDir, PluginDirs};

/// Arguments of `riser doctor`.
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    plugins: PluginDirs,
    /// Where the portal is to listen
    #[arg(long = "portal-listen", value_name = "ADDRESS", default_value = "127.0.0.1:8082")]
    portal: SocketAddr,
}

/// What was found of one thing.
struct Finding {
    is_well: bool,
    what: String,
}

impl Finding {
    fn well(what: impl Into<String>) -> Self {
        Self { is_well: true, what: what.into() }
    }

    fn fault(what: impl Into<String>) -> Self {
        Self { is_well: false, what: what.into() }
    }
}

/// Looks at directory, key, plugins and ports.
pub(crate) async fn run(arguments: DoctorArgs) -> anyhow::Result<ExitCode> {
    let directory = arguments.data.path()?;
    let mut findings = Vec::new();
    let mut is_running = false;
    // A directory that is not there stays so. One that is there is opened by the only way there is, the start, which
    // puts right what an earlier end left.
    if directory.exists() {
        match open_data_dir(&directory, &SystemClock).await {
            Ok(open) => look_into(&directory, &open, &mut findings).await?,
            Err(error) => match error.downcast_ref() {
                Some(StoreError::Locked { pid, .. }) => {
                    is_running = true;
                    findings.push(Finding::well(format!(
                        "Riser runs, process {pid}; stop it to look into its data directory {} and at its ports",
                        directory.display()
                    )));
                }
                _ => findings.push(Finding::fault(format!("{error:#}"))),
            },
        }
    } else {
        findings.push(Finding::well(format!(
            "{} is not there yet; the first start makes it",
            directory.display()
        )));
    }
    findings.extend(arguments.plugins.paths(&directory).iter().map(|directory| look_at_plugins(directory)));
    // A Riser that runs holds its own ports; who else could is not seen from here.
    if !is_running {
        findings.push(look_at_port("the portal", arguments.portal, "--portal-listen").await);
    }

    let mut out = std::io::stdout();
    for finding in &findings {
        writeln!(out, "{}  {}", if finding.is_well { "ok   " } else { "FAULT" }, finding.what)?;
    }
    let faults = findings.iter().filter(|finding| !finding.is_well).count();
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

async fn look_into(directory: &Path, open: &OpenDataDir, findings: &mut Vec<Finding>) -> anyhow::Result<()> {
    findings.push(Finding::well(format!("the data directory {} can be used", directory.display())));
    for moved in &open.recovery.quarantined {
        let (file, to) = (moved.file, moved.to.display());
        findings.push(Finding::fault(format!(
            "{file} could not be used ({}) and was moved to {to}",
            moved.fault
        )));
    }
    findings.push(look_at_key(directory, open));
    let people = open.store.list_users().await?.len();
    findings.push(match people {
        0 => Finding::fault("nobody can log in to the portal: run `riser user add NAME --role admin`"),
        1 => Finding::well("1 person can log in to the portal"),
        many => Finding::well(format!("{many} people can log in to the portal")),
    });
    for server in open.store.load_configuration().await?.ews_servers {
        let name = format!("the EWS server {:?}", server.name);
        findings.push(match server.listen.parse() {
            Ok(address) => look_at_port(&name, address, "listen in the file for `riser apply`").await,
            Err(_) => Finding::fault(format!("{name}: {:?} is no address and port", server.listen)),
        });
    }
    open.store.close().await;
    Ok(())
}

fn look_at_key(directory: &Path, open: &OpenDataDir) -> Finding {
    let file = root_key_path(directory);
    if let Some(refusal) = &open.locked_because {
        return Finding::fault(refusal.to_string());
    }
    let locked = open.keyring.locked_keys();
    if !locked.is_empty() {
        let keys = locked.join(", ");
        return Finding::fault(format!(
            "{} does not open the data key {keys}: put back the key file of this data directory",
            file.display()
        ));
    }
    match std::fs::metadata(&file) {
        Ok(facts) if !is_private(&facts) => {
            let file = file.display();
            Finding::fault(format!("others may read the key file {file}: run chmod 0400 {file}"))
        }
        Ok(_) => Finding::well(format!("the key file {} opens the stored secrets", file.display())),
        Err(_) => Finding::well("the key comes from a credential of systemd and opens the stored secrets"),
    }
}

fn look_at_plugins(directory: &Path) -> Finding {
    let shown = directory.display();
    match std::fs::read_dir(directory) {
        Err(_) => Finding::well(format!("no plugin directory {shown}")),
        Ok(entries) => {
            let is_library =
                |path: &Path| path.extension().is_some_and(|extension| extension == LIBRARY_EXTENSION);
            let count = entries.flatten().filter(|entry| is_library(&entry.path())).count();
            Finding::well(format!(
                "{count} plugin files in {shown}; `riser plugin check FILE` looks into one"
            ))
        }
    }
}

async fn look_at_port(what: &str, address: SocketAddr, where_to_change: &str) -> Finding {
    match TcpListener::bind(address).await {
        Ok(_) => Finding::well(format!("{address} is free for {what}")),
        Err(error) => Finding::fault(format!(
            "{what} cannot listen on {address} ({error}): end the program that uses it, or change {where_to_change}"
        )),
    }
}
