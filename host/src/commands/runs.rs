//! `riser runs`: the newest runs, and how they ended.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::{Count, write_json};
use crate::control::access::{self, Access};
use crate::control::client::ClientError;
use crate::control::protocol::{Reply, Request, RunReport};
use crate::control::{stored, with_local_times};
use crate::paths::DataDir;
use crate::table::Table;

/// Arguments of `riser runs`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RunsArgs {
    /// The name of a processor; without it, the runs of all
    name: Option<String>,
    #[command(flatten)]
    count: Count,
    /// Print JSON, with stable keys
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataDir,
}

const EXAMPLES: &str = "\
Examples:
  riser runs
  riser runs \"EVCE Setup\" -n 5
  riser runs --json | jq '.[] | select(.state == \"failed\")'

FOR is the time of the schedule that a run is for; one that is skipped, merged or missed has a reason and no run.
Runs are kept for 90 days. `riser log RUN` shows what a run wrote.";

/// Prints the newest runs, from the running host or from the data directory.
pub(crate) async fn run(arguments: RunsArgs) -> anyhow::Result<ExitCode> {
    let count = arguments.count.get();
    let runs = match access::open_existing(&arguments.data.path()?).await? {
        Access::Host(host) => match host.ask(&Request::Runs { processor: arguments.name, count }).await? {
            Reply::Runs(runs) => runs,
            _ => return Err(ClientError::Unexpected.into()),
        },
        Access::Directory(open) => {
            let runs = stored::runs(&open.store, arguments.name.as_deref(), count).await;
            open.store.close().await;
            runs?
        }
    };
    let mut out = io::stdout().lock();
    if arguments.json {
        write_json(&mut out, &runs)?;
    } else {
        table(&runs).write(&mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn table(runs: &[RunReport]) -> Table {
    let mut table =
        Table::with_titles(["RUN", "PROCESSOR", "STATE", "FOR", "QUEUED", "TOOK", "STARTED BY", "REASON"]);
    for run in runs {
        table.add([
            run.run.to_string(),
            run.processor.clone().unwrap_or_else(|| "(removed)".to_owned()),
            run.state.as_str().to_owned(),
            run.due_at.map_or_else(|| "-".to_owned(), |due_at| due_at.to_string()),
            run.queued_at.to_string(),
            took(run),
            run.started_by.clone(),
            with_local_times(&run.reason),
        ]);
    }
    table
}

fn took(run: &RunReport) -> String {
    match (run.started_at, run.ended_at) {
        (Some(started), Some(ended)) => duration_text(ended.0.since(started.0)),
        _ => "-".to_owned(),
    }
}

/// A duration with two units at most: `1.2 s`, `3 min 4 s`, `5 h 6 min`, `7 d 8 h`.
pub(super) fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{}.{} s", seconds, duration.subsec_millis() / 100),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_two_units_at_most() {
        let check = |millis, expected| assert_eq!(duration_text(Duration::from_millis(millis)), expected);
        check(0, "0.0 s");
        check(1_250, "1.2 s");
        check(184_000, "3 min 4 s");
        check(18_360_000, "5 h 6 min");
        check(633_600_000, "7 d 8 h");
    }
}
