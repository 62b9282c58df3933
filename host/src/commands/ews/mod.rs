//! `riser ews`: a BMS client for the command line, for any EWS server.

mod browse;
mod get;
mod login;
#[cfg(test)]
mod server_in_memory;
mod set;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// Arguments of `riser ews`.
#[derive(Args, Debug)]
pub(crate) struct EwsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the tree of an EWS server, or the content of one container
    Browse(browse::BrowseArgs),
    /// Read items: value, unit and state
    Get(get::GetArgs),
    /// Write a set point and wait until it is confirmed
    Set(set::SetArgs),
}

/// Runs the action and prints the result.
pub(crate) async fn run(arguments: EwsArgs) -> anyhow::Result<ExitCode> {
    let out = &mut std::io::stdout();
    match arguments.action {
        Action::Browse(arguments) => browse::run(&arguments, out).await,
        Action::Get(arguments) => get::run(&arguments, out).await,
        Action::Set(arguments) => set::run(&arguments, out).await,
    }
}
