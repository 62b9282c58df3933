//! `riser problems`: prints the open problems and their remedies.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;

use super::{write_json, write_line};
use crate::control::access;
use crate::control::client::ClientError;
use crate::control::protocol::{ProblemReport, Reply, Request};
use crate::paths::DataDir;

/// Arguments of `riser problems`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ProblemsArgs {
    /// Print JSON, with stable keys
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataDir,
}

const EXAMPLES: &str = "\
Examples:
  riser problems
  riser problems --json | jq length

Riser must be running: a problem is open only as long as its cause.";

/// Prints the open problems of the running host.
pub(crate) async fn run(arguments: ProblemsArgs) -> anyhow::Result<ExitCode> {
    let host = access::host(&arguments.data.path()?).await?;
    let Reply::Problems(problems) = host.ask(&Request::Problems).await? else {
        return Err(ClientError::Unexpected.into());
    };
    let mut out = io::stdout().lock();
    if arguments.json {
        write_json(&mut out, &problems)?;
    } else {
        write_problems(&mut out, &problems, "")?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn write_problems(
    out: &mut impl Write,
    problems: &[ProblemReport],
    indent: &str,
) -> io::Result<()> {
    if problems.is_empty() {
        writeln!(out, "{indent}none")?;
    }
    for problem in problems {
        let ProblemReport { raised_by, since, what, effect, remedy, .. } = problem;
        write_line(out, format_args!("{indent}{raised_by}, since {since}: {what}"))?;
        write_line(out, format_args!("{indent}  Effect: {effect}"))?;
        write_line(out, format_args!("{indent}  Remedy: {remedy}"))?;
    }
    Ok(())
}
