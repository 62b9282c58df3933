//! `riser apply FILE`: makes the configuration match a file.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use riser_runtime::{ConfigurationFile, Plan};

use super::configuration_access::{AccessError, ConfigurationAccess};
use super::configuration_file::{print_errors, print_plan, read_file};
use super::write_line;
use crate::FAILED;
use crate::control::protocol::Configured;
use crate::paths::{DataDir, PluginDirs};

/// Arguments of `riser apply`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct ApplyArgs {
    /// The file, TOML
    file: PathBuf,
    /// Remove objects without asking
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    plugins: PluginDirs,
}

/// Follows the number of errors.
const NOT_APPLIED: &str = "; nothing was applied";

const EXAMPLE: &str = "\
Example:
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

Objects are matched by name: existing ones are updated, new ones are created. Objects and keys that the file does not
name stay as they are. `renamed_from = \"OLD NAME\"` renames an object, `remove = true` removes it. If the file has
errors, all of them are printed and nothing is applied. `riser plan FILE` shows the changes without applying them.";

/// Applies the file.
pub(crate) async fn run(arguments: ApplyArgs) -> anyhow::Result<ExitCode> {
    let file = read_file(&arguments.file)?;
    let access = ConfigurationAccess::open(&arguments.data, &arguments.plugins).await?;
    let applied = apply(&access, &file, arguments.yes).await;
    access.close().await;
    match applied {
        Ok(Some(Configured { plan, problems })) => {
            let nothing = format!("nothing changed: everything is as {} says", arguments.file.display());
            print_plan(&plan, &nothing)?;
            for problem in problems {
                write_line(&mut std::io::stderr(), format_args!("not in effect yet: {problem}"))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Ok(None) if file.is_readable() => Ok(ExitCode::from(FAILED)),
        Ok(None) => print_errors(&file, &arguments.file, &[], NOT_APPLIED),
        Err(error) => match error.downcast_ref::<AccessError>().and_then(AccessError::fields) {
            Some(errors) => print_errors(&file, &arguments.file, errors, NOT_APPLIED),
            None => Err(error),
        },
    }
}

/// Applies a file that has no errors and is confirmed.
async fn apply(
    access: &ConfigurationAccess,
    file: &ConfigurationFile,
    yes: bool,
) -> anyhow::Result<Option<Configured>> {
    let mut draft = file.draft.clone();
    let plan = access.plan(&draft).await?;
    if !file.is_readable() {
        return Ok(None);
    }
    // Asks before objects are removed, if standard input is a terminal.
    if plan.removes() && !yes && std::io::stdin().is_terminal() {
        if !is_confirmed(&plan)? {
            return Ok(None);
        }
        // Exactly the changes that were shown.
        draft.base_version = Some(plan.version);
    }
    Ok(Some(access.configure(&draft).await?))
}

fn is_confirmed(plan: &Plan) -> std::io::Result<bool> {
    print_plan(plan, "")?;
    let mut out = std::io::stdout();
    write!(out, "Apply these changes, removals included? [y/N] ")?;
    out.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let is_yes = matches!(line.trim(), "y" | "Y" | "yes");
    if !is_yes {
        writeln!(out, "nothing was applied")?;
    }
    Ok(is_yes)
}
