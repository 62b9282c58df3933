//! `riser log RUN`: prints the log of a run.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use riser_store::Store;

use super::runs::duration_text;
use super::write_line;
use crate::control::access::{self, Access};
use crate::control::client::{Client, ClientError};
use crate::control::protocol::{Failure, LogLine, Reply, Request, RunReport};
use crate::control::stored::{self, LogReader};
use crate::control::with_local_times;
use crate::paths::DataDir;

/// Arguments of `riser log`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LogArgs {
    /// The number of the run; `riser runs` lists them
    run: i64,
    /// Print lines as they are written, until the run has ended
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    data: DataDir,
}

const EXAMPLES: &str = "\
Examples:
  riser log 42
  riser log 42 --follow

The state of the run is printed on standard error, its lines on standard output.";

/// Prints the log, from the running host or from the data directory.
pub(crate) async fn run(arguments: LogArgs) -> anyhow::Result<ExitCode> {
    let LogArgs { run, follow, data } = arguments;
    let report = match access::open_existing(&data.path()?).await? {
        Access::Host(host) => print_from_host(host, &Request::Log { run, follow }).await?,
        Access::Directory(open) => {
            let printed = print_from_store(&open.store, run).await;
            open.store.close().await;
            printed?
        }
    };
    write_line(&mut io::stderr(), format_args!("{}", ending(&report)))?;
    Ok(ExitCode::SUCCESS)
}

async fn print_from_host(mut host: Client, request: &Request) -> anyhow::Result<RunReport> {
    host.send(request).await?;
    loop {
        match host.next().await? {
            Reply::Log(lines) => print(&lines)?,
            Reply::LogEnd(report) => return Ok(report),
            _ => return Err(ClientError::Unexpected.into()),
        }
    }
}

/// Without a running host, every run has ended.
async fn print_from_store(store: &Store, run: i64) -> anyhow::Result<RunReport> {
    let report = stored::run(store, run).await?;
    let mut log = LogReader::new(run);
    loop {
        let lines = log.next_page(store).await.map_err(|failure: Failure| failure)?;
        if lines.is_empty() {
            return Ok(report);
        }
        print(&lines)?;
    }
}

fn print(lines: &[LogLine]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for LogLine { at, level, text } in lines {
        write_line(&mut out, format_args!("{at}  {:5}  {text}", level.as_str()))?;
    }
    out.flush()
}

fn ending(run: &RunReport) -> String {
    let processor = run.processor.as_deref().unwrap_or("a processor that was removed");
    let took = match (run.started_at, run.ended_at) {
        (Some(started), Some(ended)) => format!(" after {}", duration_text(ended.0.since(started.0))),
        _ => String::new(),
    };
    let reason =
        if run.reason.is_empty() { String::new() } else { format!(": {}", with_local_times(&run.reason)) };
    format!("run {} of {processor}: {}{took}{reason}", run.run, run.state.as_str())
}
