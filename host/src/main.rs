//! `riser`: one program, many commands. Each command is a file in `commands/`.
//!
//! A new command is a file there, a variant of [`Command`] and an arm of [`execute`].

mod commands;
mod control;
mod logging;
mod open_data_dir;
mod paths;
mod table;

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::commands::{
    apply, audit, clock, connection, doctor, ews, export, log, plan, plugin, problems, release, run, runs,
    schedule, serve, shell_files, status, stop, user, write_line,
};

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
  riser serve                          run; the log shows the portal and the code to set it up
  riser apply site.toml                connections, schedules, processors, EWS servers from a file
  riser status                         what runs, and why something does not

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
    /// Check whether Riser can run here: directory, key, people, time zone, plugins, ports
    Doctor(doctor::DoctorArgs),
    /// Check a plugin library without a host, or run one of its commands
    Plugin(plugin::PluginArgs),
    /// Add people who may log in to the portal, list, change and remove them
    User(user::UserArgs),
    /// Show connections, processors, EWS servers and problems of the running Riser
    Status(status::StatusArgs),
    /// Show what needs attention, and what to do about it
    Problems(problems::ProblemsArgs),
    /// Start a processor now
    Run(run::RunArgs),
    /// Stop a processor that runs
    Stop(stop::StopArgs),
    /// Start a quarantined processor again
    Release(release::ReleaseArgs),
    /// Show the newest runs of all processors, or of one
    Runs(runs::RunsArgs),
    /// Show the log of a run
    Log(log::LogArgs),
    /// Show who changed what
    Audit(audit::AuditArgs),
    /// Test a connection, stored or not yet applied
    Connection(connection::ConnectionArgs),
    /// Show when a schedule rule runs
    Schedule(schedule::ScheduleArgs),
    /// Confirm the clock of this machine after Riser found it implausible
    Clock(clock::ClockArgs),
    /// Read and write any EWS server, as a BMS does
    Ews(ews::EwsArgs),
    /// Write shell completions and man pages
    #[command(hide = true)]
    ShellFiles(shell_files::ShellFilesArgs),
}

fn main() -> ExitCode {
    riser_platform::share_one_heap();
    // A worker confines itself before there is a second thread.
    if std::env::args_os().nth(1).as_deref() == Some(OsStr::new("worker")) {
        return riser_worker::worker_main();
    }
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Serve(_)) {
        // The threads of the runtime have the turns of this one. Long turns are slower and no fault.
        let _usual_turns = riser_platform::take_short_turns();
    }
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
        Command::Status(arguments) => status::run(arguments).await,
        Command::Problems(arguments) => problems::run(arguments).await,
        Command::Run(arguments) => run::run(arguments).await,
        Command::Stop(arguments) => stop::run(arguments).await,
        Command::Release(arguments) => release::run(arguments).await,
        Command::Runs(arguments) => runs::run(arguments).await,
        Command::Log(arguments) => log::run(arguments).await,
        Command::Audit(arguments) => audit::run(arguments).await,
        Command::Connection(arguments) => connection::run(arguments).await,
        Command::Schedule(arguments) => schedule::run(arguments).await,
        Command::Clock(arguments) => clock::run(arguments).await,
        Command::ShellFiles(arguments) => shell_files::run(&arguments, Arguments::command()),
    };
    done.unwrap_or_else(|error| report(&error))
}

/// Prints an error and its causes in one line.
fn report(error: &anyhow::Error) -> ExitCode {
    let io_error = error.root_cause().downcast_ref::<std::io::Error>();
    if io_error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
        // The reader, such as `head`, has closed the pipe.
        return ExitCode::from(FAILED);
    }
    // A failure to print it is ignored: there is no other output.
    let _ = write_line(&mut std::io::stderr(), format_args!("riser: {error:#}"));
    ExitCode::from(FAILED)
}
