//! `cargo xtask bench`: how fast and how small Riser is, beside floors that are measured in the same run.
//!
//! A new line is a file in `lines`, a variant of [`Line`] and its two arms. Everything is built with the release
//! profile, this program too, which is why it starts itself a second time.

mod affinity;
mod comparison;
mod controller;
mod figure;
mod floor;
mod line;
mod lines;
mod load;
mod process_facts;
mod programs;
mod site;
mod statistics;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Args;

pub(crate) use self::floor::FloorArgs;
use self::line::Line;
use self::programs::Programs;

/// Arguments of `cargo xtask bench`.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// Print one JSON object a line on standard output instead of words
    #[arg(long)]
    json: bool,
    /// Measure only lines whose names contain this
    filter: Option<String>,
    /// Measure another build too, in turn with this one, and compare: a checkout, or a directory of release programs
    #[arg(long, value_name = "DIR", conflicts_with = "programs")]
    against: Option<PathBuf>,
    /// Measure with the programs in this folder, which were built with the release profile
    #[arg(long, value_name = "DIR", hide = true)]
    programs: Option<PathBuf>,
}

/// Measures, one line after another.
pub(crate) fn run(arguments: &BenchArgs) -> anyhow::Result<ExitCode> {
    if let Some(other) = &arguments.against {
        return comparison::run(arguments, other);
    }
    let Some(folder) = &arguments.programs else { return measure_in_release(arguments) };
    let programs = Programs::in_folder(folder);
    let wanted = |line: &Line| arguments.filter.as_ref().is_none_or(|filter| line.name().contains(filter));
    let lines: Vec<Line> = Line::ALL.into_iter().filter(wanted).collect();
    ensure!(!lines.is_empty(), "no line has this in its name; there are: {}", Line::names());
    // One thread: children are started on the processor that it is on.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for line in lines {
        let figure = runtime.block_on(line.measure(&programs)).with_context(|| line.name())?;
        let text = if arguments.json { figure.json()? } else { figure.words() };
        writeln!(std::io::stdout(), "{text}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds everything with the release profile and hands over to this program of that build.
fn measure_in_release(arguments: &BenchArgs) -> anyhow::Result<ExitCode> {
    let (this_program, folder) = programs::build()?;
    let mut measuring = std::process::Command::new(this_program);
    measuring.arg("bench").arg("--programs").arg(folder);
    measuring.args(arguments.json.then_some("--json")).args(&arguments.filter);
    let status = measuring.status().context("the measuring program could not be started")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Serves a floor, for the measuring program that started this one.
pub(crate) fn serve_floor(arguments: FloorArgs) -> anyhow::Result<ExitCode> {
    floor::run(arguments)
}

/// Says on standard error what is under way; standard output is for figures.
fn say(text: &str) {
    // Nothing could be done with a failure to say it.
    let _ = writeln!(std::io::stderr(), "{text}");
}
