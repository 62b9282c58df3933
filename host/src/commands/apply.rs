//! `riser apply FILE`: makes the configuration what a file says.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use riser_domain::{Actor, Clock};
use riser_runtime::{ApplyError, ApplyParts, LaunchOptions, SystemClock, apply};

use super::write_line;
use crate::FAILED;
use crate::open_data_dir::open_data_dir;
use crate::paths::{DataDir, PluginDirs};

/// Arguments of `riser apply`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct ApplyArgs {
    /// The file, TOML
    file: PathBuf,
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    plugins: PluginDirs,
}

const EXAMPLE: &str = "\
An example:
  [[ews_server]]
  name = \"EVCE Ews Server\"
  listen = \"127.0.0.1:51358\"
    [[ews_server.account]]
    name = \"bms\"
    rights = \"read-write\"
    password = { env = \"EWS_PASSWORD\" }

  [[connection]]
  name = \"EVCE\"
  kind = \"riser.evce/evce\"
  settings = { base_url = \"https://10.0.0.5/api/v2\", login = \"bmsApi\", password = { file = \"evce-password\" } }

  [[processor]]
  name = \"EVCE Setup\"
  class = \"riser.evce/setup\"
  connection = \"EVCE\"
  ews_server = \"EVCE Ews Server\"
  runs_at_start = true

Names tell what is meant; what the file leaves out stays as it is. All faults are told at once, and then nothing
is applied. Riser must not be running on the same data directory.";

/// Applies the file to the data directory, which no running Riser may use meanwhile.
pub(crate) async fn run(arguments: ApplyArgs) -> anyhow::Result<ExitCode> {
    let file = arguments.file.display();
    let text = std::fs::read_to_string(&arguments.file).with_context(|| format!("{file} cannot be read"))?;
    let directory = arguments.data.path()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let open = open_data_dir(&directory, clock.as_ref()).await?;
    let applied = apply(
        ApplyParts {
            store: &open.store,
            keyring: &open.keyring,
            clock,
            actor: Actor::CommandLine,
            plugin_dirs: arguments.plugins.paths(&directory),
            worker: LaunchOptions::of_this_program(open.store.instance_id()),
        },
        &text,
    )
    .await;
    open.store.close().await;
    match applied {
        Ok(told) => {
            let mut out = std::io::stdout();
            if told.is_empty() {
                writeln!(out, "nothing changed: everything is as {file} says")?;
            }
            for line in told {
                write_line(&mut out, format_args!("{line}"))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(ApplyError::Faults(faults)) => {
            let mut out = std::io::stderr();
            for fault in &faults {
                write_line(&mut out, format_args!("{file}:{fault}"))?;
            }
            match faults.len() {
                1 => writeln!(out, "1 fault; nothing was applied")?,
                many => writeln!(out, "{many} faults; nothing was applied")?,
            }
            Ok(ExitCode::from(FAILED))
        }
        Err(error) => Err(error.into()),
    }
}
