//! `riser export`: writes the configuration as a file that `riser apply` reads.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Args;
use riser_runtime::ExportScope;

use super::configuration_access::ConfigurationAccess;
use crate::paths::{DataDir, PluginDirs};

/// Arguments of `riser export`.
#[derive(Args, Debug)]
#[command(after_help = "\
Secrets are not exported. The file names an environment variable for each of them; while a variable is not set, \
`riser apply` keeps the secret that is stored.")]
pub(crate) struct ExportArgs {
    /// Include processors that are not active
    #[arg(long)]
    with_disabled: bool,
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    plugins: PluginDirs,
}

/// Writes the configuration to standard output.
pub(crate) async fn run(arguments: ExportArgs) -> anyhow::Result<ExitCode> {
    let scope = if arguments.with_disabled { ExportScope::All } else { ExportScope::WithoutDisabled };
    let access = ConfigurationAccess::open_existing(&arguments.data, &arguments.plugins).await?;
    let exported = access.export(scope).await;
    access.close().await;
    std::io::stdout().write_all(exported?.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
