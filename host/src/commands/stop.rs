//! `riser stop NAME`: stops a processor that runs.

use std::process::ExitCode;

use clap::Args;

use super::write_line;
use crate::control::access;
use crate::control::client::ClientError;
use crate::control::protocol::{Reply, Request};
use crate::paths::DataDir;

/// Arguments of `riser stop`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct StopArgs {
    /// The name of the processor
    name: String,
    #[command(flatten)]
    data: DataDir,
}

const EXAMPLES: &str = "\
Example:
  riser stop \"EVCE Status\"

Riser must be running. The command waits until the processor has stopped. Its schedule, or the next start of Riser,
starts it again; to prevent that, set active = false in its configuration.";

/// Asks the running host to stop the processor.
pub(crate) async fn run(arguments: StopArgs) -> anyhow::Result<ExitCode> {
    let host = access::host(&arguments.data.path()?).await?;
    let Reply::Stopped(run) = host.ask(&Request::Stop { processor: arguments.name.clone() }).await? else {
        return Err(ClientError::Unexpected.into());
    };
    let name = &arguments.name;
    write_line(
        &mut std::io::stdout(),
        format_args!("{name} has stopped: run {} {}", run.run, run.state.as_str()),
    )?;
    Ok(ExitCode::SUCCESS)
}
