//! `riser schedule next RULE`: prints the next times of a schedule rule, without a data directory.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use riser_calendar::{PreviewTime, ScheduleRule, Zone, ZoneDatabase, machine_zone, parse_moment};
use riser_domain::Clock as _;
use riser_runtime::{SystemClock, machine_zone_problem, zone_data_problems};
use serde::Serialize;

use super::{write_json, write_line};
use crate::control::{Moment, TimeZoneReport};
use crate::table::Table;

/// Arguments of `riser schedule`.
#[derive(Args, Debug)]
pub(crate) struct ScheduleArgs {
    #[command(subcommand)]
    command: ScheduleCommand,
}

#[derive(Debug, Subcommand)]
enum ScheduleCommand {
    /// Show the next times of a rule, in its time zone and in UTC
    Next(NextArgs),
}

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
struct NextArgs {
    /// The rule as in the configuration file, in quotes
    rule: String,
    /// The time zone of a rule that names none [default: the zone of this machine]
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Show times after this one: a local time of the zone, such as 2026-12-15T06:00, or a moment with Z or an
    /// offset [default: now]
    #[arg(long, value_name = "TIME")]
    after: Option<String>,
    /// Number of times
    #[arg(short = 'n', long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    count: u16,
    /// Print JSON, with stable keys
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  riser schedule next 'weekly on Mon-Fri at 07:00'
  riser schedule next '0 6 * * 1-5' --zone America/Vancouver --after 2026-12-15 -n 10
  riser schedule next 'every 15 min; until 2027-03-31' --json | jq -r '.times[].at'

Riser need not run, and no data directory is read. Jitter is not part of the times.";

/// The output of the command as JSON.
#[derive(Debug, Serialize)]
struct NextReport {
    /// As Riser stores it.
    rule: String,
    time_zone: TimeZoneReport,
    after: Moment,
    /// Fewer than asked for when the rule ends.
    times: Vec<TimeReport>,
}

#[derive(Debug, Serialize)]
struct TimeReport {
    at: Moment,
    /// For people.
    local: String,
    #[serde(skip)]
    utc: String,
}

/// Prints the next times of a rule.
pub(crate) fn run(arguments: ScheduleArgs) -> anyhow::Result<ExitCode> {
    let ScheduleCommand::Next(arguments) = arguments.command;
    let count = usize::from(arguments.count);
    let report = next(&arguments, count)?;
    let mut out = io::stdout().lock();
    if arguments.json {
        write_json(&mut out, &report)?;
    } else {
        write_report(&mut out, &report, count)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn next(arguments: &NextArgs, count: usize) -> anyhow::Result<NextReport> {
    let now = SystemClock.now();
    let named = arguments.zone.as_deref().map(str::parse::<Zone>).transpose().context("--zone")?;
    let machine = machine_zone();
    let rule = ScheduleRule::parse(&arguments.rule, named.as_ref().unwrap_or(&machine.zone))?;
    let mut problems = zone_data_problems(ZoneDatabase::current(), now);
    let time_zone = match named {
        named if rule.has_zone_clause() => {
            let zone = rule.zone();
            ensure!(
                named.is_none_or(|named| named == *zone),
                "the rule names the time zone {zone}, and --zone another one: leave out one of them"
            );
            TimeZoneReport::new(zone, Some("the rule"))
        }
        Some(zone) => TimeZoneReport::new(&zone, Some("--zone")),
        None => {
            problems.extend(machine_zone_problem(&machine));
            TimeZoneReport::of_machine(&machine)
        }
    };
    for problem in problems {
        let (what, remedy) = (problem.what, problem.remedy);
        write_line(&mut io::stderr(), format_args!("warning: {what}. Remedy: {remedy}"))?;
    }
    let after = match &arguments.after {
        Some(text) => parse_moment(text, rule.zone()).context("--after")?,
        None => now,
    };
    let times = rule.preview(after, count).into_iter().map(TimeReport::from).collect();
    Ok(NextReport { rule: rule.to_string(), time_zone, after: Moment(after), times })
}

impl From<PreviewTime> for TimeReport {
    fn from(PreviewTime { at, local, utc }: PreviewTime) -> Self {
        Self { at: Moment(at), local, utc }
    }
}

fn write_report(out: &mut impl Write, report: &NextReport, count: usize) -> io::Result<()> {
    write_line(out, format_args!("{}", report.rule))?;
    write_line(out, format_args!("Time zone {}", report.time_zone))?;
    writeln!(out)?;
    if !report.times.is_empty() {
        let mut table = Table::with_titles(["LOCAL TIME", "UTC"]);
        for time in &report.times {
            table.add([time.local.clone(), time.utc.clone()]);
        }
        table.write(out)?;
    }
    if report.times.len() < count {
        writeln!(out, "The rule has no later time.")?;
    }
    Ok(())
}
