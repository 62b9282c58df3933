//! `riser run NAME`: starts a processor now.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use riser_domain::RunState;

use super::write_line;
use crate::FAILED;
use crate::control::access;
use crate::control::client::ClientError;
use crate::control::protocol::{Reply, Request, RunReport};
use crate::control::with_local_times;
use crate::paths::DataDir;

/// Arguments of `riser run`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RunArgs {
    /// The name of the processor
    name: String,
    #[command(flatten)]
    data: DataDir,
}

const EXAMPLES: &str = "\
Examples:
  riser run \"EVCE Setup\"
  riser run \"EVCE Setup\" && riser runs \"EVCE Setup\" -n 1

Riser must be running. The command waits until the processor runs, not until it has finished:
`riser log RUN --follow` shows what it does.";

/// Asks the running host to start the processor.
pub(crate) async fn run(arguments: RunArgs) -> anyhow::Result<ExitCode> {
    let host = access::host(&arguments.data.path()?).await?;
    let Reply::Started(run) = host.ask(&Request::Run { processor: arguments.name.clone() }).await? else {
        return Err(ClientError::Unexpected.into());
    };
    write_started(&mut io::stdout().lock(), &arguments.name, &run)?;
    let has_failed = !matches!(run.state, RunState::Running | RunState::Succeeded);
    Ok(if has_failed { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

fn write_started(out: &mut impl Write, name: &str, run: &RunReport) -> io::Result<()> {
    let RunReport { run, state, reason, .. } = run;
    match state {
        RunState::Running => {
            write_line(out, format_args!("{name} is running: run {run}, see `riser log {run} --follow`"))
        }
        _ if reason.is_empty() => write_line(out, format_args!("{name} {}: run {run}", state.as_str())),
        _ => {
            let reason = with_local_times(reason);
            write_line(out, format_args!("{name} {}: {reason} (run {run})", state.as_str()))
        }
    }
}
