//! `riser audit`: prints the audit trail.

use std::io;
use std::process::ExitCode;

use clap::Args;

use super::{Count, write_json};
use crate::control::access::{self, Access};
use crate::control::client::ClientError;
use crate::control::protocol::{AuditReport, Reply, Request};
use crate::control::stored;
use crate::paths::DataDir;
use crate::table::Table;

/// Arguments of `riser audit`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AuditArgs {
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
  riser audit -n 50
  riser audit -n 1000 --json | jq '.[] | select(.actor == \"anna\")'

The audit trail has an entry for every change of the configuration, every write of the BMS and every login. It is
kept for good.";

/// Prints the newest entries, from the running host or from the data directory.
pub(crate) async fn run(arguments: AuditArgs) -> anyhow::Result<ExitCode> {
    let count = arguments.count.get();
    let entries = match access::open_existing(&arguments.data.path()?).await? {
        Access::Host(host) => match host.ask(&Request::Audit { count }).await? {
            Reply::Audit(entries) => entries,
            _ => return Err(ClientError::Unexpected.into()),
        },
        Access::Directory(open) => {
            let entries = stored::audit(&open.store, count).await;
            open.store.close().await;
            entries?
        }
    };
    let mut out = io::stdout().lock();
    if arguments.json {
        write_json(&mut out, &entries)?;
    } else {
        table(&entries).write(&mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn table(entries: &[AuditReport]) -> Table {
    let mut table = Table::with_titles(["TIME", "ACTOR", "ACTION", "SUBJECT", "NAME", "DETAIL"]);
    for entry in entries {
        table.add([
            entry.at.to_string(),
            entry.actor.clone(),
            entry.action.clone(),
            entry.subject.clone(),
            entry.name.clone(),
            entry.detail.clone(),
        ]);
    }
    table
}
