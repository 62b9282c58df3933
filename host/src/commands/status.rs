//! `riser status`: prints the state of processors, connections and EWS servers, and the open problems.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use riser_domain::count_words;

use super::problems::write_problems;
use super::{write_json, write_line};
use crate::control::access;
use crate::control::client::ClientError;
use crate::control::protocol::{Activity, ProcessorReport, Reply, Request, ScheduleReport, StatusReport};
use crate::paths::DataDir;
use crate::table::Table;

/// Arguments of `riser status`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct StatusArgs {
    /// Print JSON, with stable keys
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataDir,
}

const EXAMPLES: &str = "\
Examples:
  riser status
  riser status --json | jq -r '.processors[] | select(.state != \"running\") | .not_running_because'

Riser must be running.";

/// Prints the status of the running host.
pub(crate) async fn run(arguments: StatusArgs) -> anyhow::Result<ExitCode> {
    let host = access::host(&arguments.data.path()?).await?;
    let Reply::Status(status) = host.ask(&Request::Status).await? else {
        return Err(ClientError::Unexpected.into());
    };
    let mut out = io::stdout().lock();
    if arguments.json {
        write_json(&mut out, &status)?;
    } else {
        write_status(&mut out, &status)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write_status(out: &mut impl Write, status: &StatusReport) -> io::Result<()> {
    let StatusReport { version, process_id, started_at, data_directory, time_zone, .. } = status;
    write_line(
        out,
        format_args!(
            "Riser {version} is running since {started_at}: process {process_id}, data in {data_directory}"
        ),
    )?;
    write_line(out, format_args!("Time zone {time_zone}"))?;
    let mut connections = Table::plain(2);
    for connection in &status.connections {
        connections.add([
            connection.name.clone(),
            connection.state.as_str().to_owned(),
            connection.detail.clone(),
        ]);
    }
    write_section(out, "Connections", &connections, status.connections.is_empty())?;
    let mut processors = Table::plain(2);
    for processor in &status.processors {
        processors.add([processor.name.clone(), processor.state.as_str().to_owned(), detail(processor)]);
    }
    write_section(out, "Processors", &processors, status.processors.is_empty())?;
    let mut servers = Table::plain(2);
    for server in &status.ews_servers {
        servers.add([
            server.name.clone(),
            server.state.as_str().to_owned(),
            server.url.clone(),
            format!("{}; {}", count_words(server.items, "item"), server.detail),
        ]);
    }
    write_section(out, "EWS servers", &servers, status.ews_servers.is_empty())?;
    writeln!(out, "\nProblems")?;
    write_problems(out, &status.problems, "  ")
}

fn write_section(out: &mut impl Write, title: &str, table: &Table, is_empty: bool) -> io::Result<()> {
    writeln!(out, "\n{title}")?;
    if is_empty { writeln!(out, "  none") } else { table.write(out) }
}

/// Returns why the processor does not run, or its progress, and its schedule.
fn detail(processor: &ProcessorReport) -> String {
    let state = state_detail(processor);
    match &processor.schedule {
        None => state,
        Some(ScheduleReport { name, rule }) => format!("{state} Schedule {name:?}: {rule}").trim().to_owned(),
    }
}

fn state_detail(processor: &ProcessorReport) -> String {
    if processor.state != Activity::Running {
        return processor.not_running_because.clone().unwrap_or_default();
    }
    let since = processor.running_since.map(|since| format!("since {since}")).unwrap_or_default();
    match &processor.progress {
        None => since,
        Some(progress) => match progress.of {
            None => format!("{since}; {}", progress.step),
            Some(of) => format!("{since}; {} ({} of {of})", progress.step, progress.done),
        },
    }
}

#[cfg(test)]
mod tests {
    use riser_calendar::{Zone, ZoneDatabase};
    use riser_domain::Timestamp;

    use super::*;
    use crate::control::protocol::{
        ConnectionReport, EwsServerReport, Health, ProblemReport, ProgressReport,
    };
    use crate::control::{Moment, TimeZoneReport};

    fn processor(name: &str, state: Activity, not_running_because: Option<&str>) -> ProcessorReport {
        ProcessorReport {
            name: name.to_owned(),
            class: "riser.evce/setup".to_owned(),
            connection: Some("EVCE".to_owned()),
            ews_server: Some("Building".to_owned()),
            state,
            not_running_because: not_running_because.map(str::to_owned),
            schedule: None,
            running_since: None,
            next_run_at: None,
            progress: None,
            last_run: None,
        }
    }

    #[test]
    fn the_table_is_aligned_and_says_why_a_processor_is_not_running() {
        let started_at = Moment(Timestamp::EPOCH);
        let status = StatusReport {
            version: "0.1.0".to_owned(),
            process_id: 42,
            started_at,
            data_directory: "/var/lib/riser".to_owned(),
            time_zone: TimeZoneReport::new(&Zone::utc(), Some("TZ")),
            connections: vec![ConnectionReport {
                name: "EVCE".to_owned(),
                kind: "riser.evce/evce".to_owned(),
                state: Health::Ok,
                detail: "replies".to_owned(),
                last_good_at: None,
            }],
            processors: vec![
                ProcessorReport {
                    schedule: Some(ScheduleReport {
                        name: "Night".to_owned(),
                        rule: "0 2 * * *; zone UTC".to_owned(),
                    }),
                    ..processor("EVCE Setup", Activity::Disabled, Some("It is disabled."))
                },
                ProcessorReport {
                    running_since: Some(started_at),
                    progress: Some(ProgressReport { step: "reading".to_owned(), done: 4, of: Some(9) }),
                    ..processor("Logs", Activity::Running, None)
                },
            ],
            ews_servers: vec![EwsServerReport {
                name: "Building".to_owned(),
                url: "http://127.0.0.1:51358/x".to_owned(),
                state: Health::Unknown,
                detail: "no client has read yet".to_owned(),
                items: 12,
                requests: 0,
                last_request_at: None,
                last_client: None,
            }],
            problems: vec![ProblemReport {
                code: "login-refused".to_owned(),
                raised_by: "EVCE Setup".to_owned(),
                since: started_at,
                what: "The login was refused".to_owned(),
                effect: "Nothing is read".to_owned(),
                remedy: "Correct the password".to_owned(),
                setting: None,
            }],
        };
        let mut text = Vec::new();
        write_status(&mut text, &status).unwrap();
        let text = String::from_utf8(text).unwrap();
        let release = &ZoneDatabase::current().release().version;
        assert_eq!(
            text.replace(&started_at.to_string(), "TIME").replace(release, "RELEASE"),
            "\
Riser 0.1.0 is running since TIME: process 42, data in /var/lib/riser
Time zone UTC from TZ; zone data RELEASE embedded in Riser

Connections
  EVCE  ok  replies

Processors
  EVCE Setup  disabled  It is disabled. Schedule \"Night\": 0 2 * * *; zone UTC
  Logs        running   since TIME; reading (4 of 9)

EWS servers
  Building  unknown  http://127.0.0.1:51358/x  12 items; no client has read yet

Problems
  EVCE Setup, since TIME: The login was refused
    Effect: Nothing is read
    Remedy: Correct the password
"
        );
    }
}
