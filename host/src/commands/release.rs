//! `riser release NAME`: ends the quarantine of a processor.

use std::process::ExitCode;

use clap::Args;

use super::write_line;
use crate::control::access;
use crate::control::client::ClientError;
use crate::control::protocol::{Reply, Request};
use crate::paths::DataDir;

/// Arguments of `riser release`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReleaseArgs {
    /// The name of the processor
    name: String,
    #[command(flatten)]
    data: DataDir,
}

const EXAMPLES: &str = "\
Example:
  riser release \"EVCE Status\"

Riser must be running. A processor whose plugin crashes, hangs or exceeds a limit five times in ten minutes is
quarantined: nothing starts it until someone releases it. It starts at once then.";

/// Asks the running host to release the processor.
pub(crate) async fn run(arguments: ReleaseArgs) -> anyhow::Result<ExitCode> {
    let host = access::host(&arguments.data.path()?).await?;
    let Reply::Released = host.ask(&Request::Release { processor: arguments.name.clone() }).await? else {
        return Err(ClientError::Unexpected.into());
    };
    let name = &arguments.name;
    write_line(&mut std::io::stdout(), format_args!("{name} is released and starts again"))?;
    Ok(ExitCode::SUCCESS)
}
