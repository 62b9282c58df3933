//! `riser`: one program, many commands. Each command is a file in `commands/`.
//!
//! A new command is a file there, a variant of [`Command`] and an arm of [`execute`].

mod commands;
mod logging;
mod open_data_dir;
mod paths;

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{apply, doctor, ews, export, plan, plugin, serve, user, write_line};

/// The command did not do what was asked.
pub(crate) const FAILED: u8 = 1;

/// Riser connects chargers, meters and services to building management systems over EWS.
#[derive(Debug, Parser)]
#[command(name = "riser", version, arg_required_else_help = true, after_help = FIRST_STEPS)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const FIRST_STEPS: &str = "\
First steps:
  riser user add anna --role admin     someone who may log in to the portal
  riser apply site.toml                connections, schedules, processors, EWS servers
  riser serve                          run; the log says where the portal is

Exit codes: 0 done, 1 it failed or a check found faults, 2 the command line is wrong.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run Riser: processors, EWS servers and the portal, until Ctrl-C or SIGTERM
    Serve(serve::ServeArgs),
    /// Make the configuration match a TOML file; objects that the file does not name stay as they are
    Apply(apply::ApplyArgs),
    /// Show what `riser apply` would change
    Plan(plan::PlanArgs),
    /// Write the configuration as a TOML file, without its secrets
    Export(export::ExportArgs),
    /// Look whether Riser can run here: directory, key, people, plugins, ports
    Doctor(doctor::DoctorArgs),
    /// Check a plugin library without a host
    Plugin(plugin::PluginArgs),
    /// Add people who may log in to the portal, list, change and remove them
    User(user::UserArgs),
    /// Read and write any EWS server, as a BMS does
    Ews(ews::EwsArgs),
}

fn main() -> ExitCode {
    // A worker confines itself before there is a second thread.
    if std::env::args_os().nth(1).as_deref() == Some(OsStr::new("worker")) {
        return riser_worker::worker_main();
    }
    let arguments = Arguments::parse();
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(execute(arguments.command)),
        Err(error) => report(&error.into()),
    }
}

async fn execute(command: Command) -> ExitCode {
    let done = match command {
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::Apply(arguments) => apply::run(arguments).await,
        Command::Plan(arguments) => plan::run(arguments).await,
        Command::Export(arguments) => export::run(arguments).await,
        Command::Doctor(arguments) => doctor::run(arguments).await,
        Command::Plugin(arguments) => plugin::run(arguments).await,
        Command::Ews(arguments) => ews::run(arguments).await,
        Command::User(arguments) => user::run(arguments).await,
    };
    done.unwrap_or_else(|error| report(&error))
}

/// Says what went wrong, with its causes, in one line.
fn report(error: &anyhow::Error) -> ExitCode {
    // Nothing could be done with a failure to say it.
    let _ = write_line(&mut std::io::stderr(), format_args!("riser: {error:#}"));
    ExitCode::from(FAILED)
}
