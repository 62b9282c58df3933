//! `riser plan FILE`: shows what `riser apply FILE` would change.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::configuration_access::ConfigurationAccess;
use super::configuration_file::{print_errors, print_plan, read_file};
use crate::paths::{DataDir, PluginDirs};

/// Arguments of `riser plan`.
#[derive(Args, Debug)]
pub(crate) struct PlanArgs {
    /// The file, TOML
    file: PathBuf,
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    plugins: PluginDirs,
}

/// Prints the difference between the file and the configuration.
pub(crate) async fn run(arguments: PlanArgs) -> anyhow::Result<ExitCode> {
    let file = read_file(&arguments.file)?;
    let access = ConfigurationAccess::open_existing(&arguments.data, &arguments.plugins).await?;
    let planned = access.plan(&file.draft).await;
    access.close().await;
    match planned {
        Ok(_) if !file.is_readable() => print_errors(&file, &arguments.file, &[], ""),
        Ok(plan) => {
            let nothing = format!("nothing to change: everything is as {} says", arguments.file.display());
            print_plan(&plan, &nothing)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => match error.fields() {
            Some(errors) => print_errors(&file, &arguments.file, errors, ""),
            None => Err(error.into()),
        },
    }
}
