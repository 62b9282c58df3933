//! `cargo xtask bench`: measures speed and size of Riser, with baselines from the same run.
//!
//! A new benchmark is a file in `lines`, a variant of [`Benchmark`] and its two arms. Everything is built
//! with the release profile, this program too, which is why it starts itself a second time.

mod affinity;
mod baseline;
mod benchmark;
mod comparison;
mod controller;
mod lines;
mod load;
mod measurement;
mod process_facts;
mod programs;
mod site;
mod statistics;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Args;

pub(crate) use self::baseline::BaselineArgs;
use self::benchmark::Benchmark;
use self::programs::Programs;

/// Arguments of `cargo xtask bench`.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// Print one JSON object per line on standard output instead of text
    #[arg(long)]
    json: bool,
    /// Measure only benchmarks whose names contain this
    filter: Option<String>,
    /// Measure another build too, in turn with this one, and compare: a checkout, or a directory of release programs
    #[arg(long, value_name = "DIR", conflicts_with = "programs")]
    against: Option<PathBuf>,
    /// Measure with the programs in this directory, which were built with the release profile
    #[arg(long, value_name = "DIR", hide = true)]
    programs: Option<PathBuf>,
}

/// Runs the benchmarks one after another.
pub(crate) fn run(arguments: &BenchArgs) -> anyhow::Result<ExitCode> {
    if let Some(other) = &arguments.against {
        return comparison::run(arguments, other);
    }
    let Some(directory) = &arguments.programs else { return measure_in_release(arguments) };
    let programs = Programs::in_directory(directory);
    let wanted = |benchmark: &Benchmark| {
        arguments.filter.as_ref().is_none_or(|filter| benchmark.as_str().contains(filter))
    };
    let benchmarks: Vec<Benchmark> = Benchmark::ALL.into_iter().filter(wanted).collect();
    ensure!(!benchmarks.is_empty(), "no benchmark name contains this; the names are {}", Benchmark::names());
    // One thread: children are started on the processor that it is on.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for benchmark in benchmarks {
        let measurement =
            runtime.block_on(benchmark.measure(&programs)).with_context(|| benchmark.as_str())?;
        let text = if arguments.json { measurement.json()? } else { measurement.text() };
        writeln!(std::io::stdout(), "{text}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds everything with the release profile and hands over to this program of that build.
fn measure_in_release(arguments: &BenchArgs) -> anyhow::Result<ExitCode> {
    let (this_program, directory) = programs::build()?;
    let mut measuring = std::process::Command::new(this_program);
    measuring.arg("bench").arg("--programs").arg(directory);
    measuring.args(arguments.json.then_some("--json")).args(&arguments.filter);
    let status = measuring.status().context("the measuring program could not be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Serves a baseline for the measuring program that started this one.
pub(crate) fn serve_baseline(arguments: BaselineArgs) -> anyhow::Result<ExitCode> {
    baseline::run(arguments)
}

/// Prints progress on standard error; standard output is for measurements.
fn print(text: &str) {
    // A failure to print has no remedy.
    let _ = writeln!(std::io::stderr(), "{text}");
}
