//! `cargo xtask`: the tasks of this workspace, one file or directory per command.
//!
//! A new command is a module, a variant of [`Command`] and an arm of [`execute`].

mod artifacts;
mod bench;
mod check;
mod chromium;
mod demo;
mod dist;
mod evce_site;
mod pages;
mod portal_session;
mod processes;
mod sqlx_data;
mod test;
mod torture;
mod workspace;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, runs, tests and measures Riser.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a charge controller (a simulator) and Riser with the EVCE processors, until Ctrl-C
    Demo(demo::DemoArgs),
    /// Install what the tests need, build, and run all tests
    Test,
    /// Measure speed and size of Riser, with baselines from the same run
    Bench(bench::BenchArgs),
    /// Serve the baseline of a benchmark
    #[command(hide = true)]
    Baseline(bench::BaselineArgs),
    /// Kill the host again and again while clients change things; find changes that are lost
    Torture(torture::TortureArgs),
    /// Open every page of the portal in Chromium; find accessibility violations, and take screenshots
    Pages(pages::PagesArgs),
    /// Check format, lints, documentation, query data and licences
    Check,
    /// Update `.sqlx`, the data that queries are checked against
    Sqlx,
    /// Build one directory to install from: program, plugins, licences, start script
    Dist(dist::DistArgs),
}

fn main() -> ExitCode {
    execute(Arguments::parse().command).unwrap_or_else(|error| {
        // A failure to print has no remedy.
        let _ = writeln!(std::io::stderr(), "xtask: {error:#}");
        ExitCode::FAILURE
    })
}

fn execute(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(arguments) => demo::run(arguments),
        Command::Test => test::run(),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Baseline(arguments) => bench::serve_baseline(arguments),
        Command::Torture(arguments) => torture::run(&arguments),
        Command::Pages(arguments) => pages::run(&arguments),
        Command::Check => check::run(),
        Command::Sqlx => sqlx_data::write().map(|()| ExitCode::SUCCESS),
        Command::Dist(arguments) => dist::run(&arguments),
    }
}
