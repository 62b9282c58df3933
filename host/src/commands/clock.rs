//! `riser clock confirm`: accepts the clock of the machine.

use std::io;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::write_line;
use crate::control::access;
use crate::control::client::ClientError;
use crate::control::protocol::{Reply, Request};
use crate::paths::DataDir;

/// Arguments of `riser clock`.
#[derive(Args, Debug)]
pub(crate) struct ClockArgs {
    #[command(flatten)]
    data: DataDir,
    #[command(subcommand)]
    command: ClockCommand,
}

#[derive(Debug, Subcommand)]
enum ClockCommand {
    /// Say that the clock of this machine is right, so that Riser removes old data by it again
    #[command(after_help = EXAMPLES)]
    Confirm,
}

const EXAMPLES: &str = "\
Examples:
  date && riser clock confirm

Riser must be running. Check the time first: runs, set points and samples that are too old by this clock are
removed. Without a confirmation Riser accepts a clock that nobody has set for 24 h.";

/// Tells the running host that the clock is right.
pub(crate) async fn run(arguments: ClockArgs) -> anyhow::Result<ExitCode> {
    let ClockCommand::Confirm = arguments.command;
    let host = access::host(&arguments.data.path()?).await?;
    let Reply::ClockConfirmed { now, was_implausible } = host.ask(&Request::ConfirmClock).await? else {
        return Err(ClientError::Unexpected.into());
    };
    let mut out = io::stdout().lock();
    if was_implausible {
        write_line(&mut out, format_args!("Riser accepts that it is {now}"))?;
    } else {
        write_line(&mut out, format_args!("nothing to confirm: the time {now} is plausible"))?;
    }
    Ok(ExitCode::SUCCESS)
}
