//! `riser schedule next RULE`: prints the next times of a schedule rule, in the zone of the site when Riser runs.

use std::fmt::Arguments;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use riser_calendar::{PreviewTime, RuleError, ScheduleRule, Zone, ZoneDatabase, machine_zone, parse_moment};
use riser_domain::{Clock as _, Problem};
use riser_runtime::{SystemClock, site_zone, site_zone_problem, zone_data_problems};
use riser_store::Site as StoredSite;
use serde::Serialize;

use super::{write_json, write_line};
use crate::control::access::{self, Access};
use crate::control::client::{Client, ClientError};
use crate::control::protocol::{Reply, Request, ScheduleReport, SchedulesReport};
use crate::control::stored::{self, nearest};
use crate::control::{Moment, TimeZoneReport};
use crate::paths::DataDir;
use crate::table::Table;

/// Arguments of `riser schedule`.
#[derive(Args, Debug)]
pub(crate) struct ScheduleArgs {
    #[command(subcommand)]
    command: ScheduleCommand,
    #[command(flatten)]
    data: DataDir,
}

#[derive(Debug, Subcommand)]
enum ScheduleCommand {
    /// Show the next times of a rule, in its time zone and in UTC
    Next(NextArgs),
}

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
struct NextArgs {
    /// The rule as in the configuration file, in quotes, or the name of a stored schedule
    rule: String,
    /// The time zone of a rule that names none [default: the zone of the running Riser, else of this machine]
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
  riser schedule next Nightly

Riser need not run. When it runs, its time zone counts, which may differ from that of the shell. Jitter is not part of
the times.";

/// The output of the command as JSON.
#[derive(Debug, Serialize)]
struct NextReport {
    /// As Riser stores it.
    rule: String,
    time_zone: TimeZoneReport,
    after: Moment,
    /// Fewer than asked for when the rule ends.
    times: Vec<TimeReport>,
    #[serde(skip)]
    why_fewer: &'static str,
}

#[derive(Debug, Serialize)]
struct TimeReport {
    at: Moment,
    /// For people.
    local: String,
    #[serde(skip)]
    utc: String,
}

/// The site of the rule: its time zone, and its stored schedules.
struct Site {
    zone: Zone,
    zone_report: TimeZoneReport,
    zone_problem: Option<Problem>,
    /// `None` when no Riser runs.
    schedules: Option<Vec<ScheduleReport>>,
}

/// Prints the next times of a rule.
pub(crate) async fn run(arguments: ScheduleArgs) -> anyhow::Result<ExitCode> {
    let ScheduleArgs { command: ScheduleCommand::Next(arguments), data } = arguments;
    let count = usize::from(arguments.count);
    let report = next(&arguments, &data, count).await?;
    let mut out = io::stdout().lock();
    if arguments.json {
        write_json(&mut out, &report)?;
    } else {
        write_report(&mut out, &report, count)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn next(arguments: &NextArgs, data: &DataDir, count: usize) -> anyhow::Result<NextReport> {
    let now = SystemClock.now();
    let named = arguments.zone.as_deref().map(str::parse::<Zone>).transpose().context("--zone")?;
    let site = site(data).await?;
    let rule = match ScheduleRule::parse(&arguments.rule, named.as_ref().unwrap_or(&site.zone)) {
        Ok(rule) => rule,
        Err(error) => stored_rule(&arguments.rule, &site, data, error).await?,
    };
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
            problems.extend(site.zone_problem);
            site.zone_report
        }
    };
    for problem in problems {
        warn(format_args!("{}. Remedy: {}", problem.what, problem.remedy))?;
    }
    let after = match &arguments.after {
        Some(text) => parse_moment(text, rule.zone()).context("--after")?,
        None => now,
    };
    let times = rule.preview(after, count).into_iter().map(TimeReport::from).collect();
    let why_fewer = if rule.has_end() {
        "The rule has no later time."
    } else {
        "The rule has no later time before the end of the calendar, 9999-12-30."
    };
    Ok(NextReport { rule: rule.to_string(), time_zone, after: Moment(after), times, why_fewer })
}

/// Asks the running Riser. Without one, the zone comes from the data directory, or else from this machine.
async fn site(data: &DataDir) -> anyhow::Result<Site> {
    // A machine without a data directory can show times, too.
    let host = match data.path() {
        Ok(directory) => Client::connect(&directory).await,
        Err(_) => Ok(None),
    };
    let reply = match host {
        Ok(Some(host)) => host.ask(&Request::Schedules).await.map(Some),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    match reply {
        Ok(Some(Reply::Schedules(SchedulesReport { time_zone, schedules }))) => Ok(Site {
            zone: time_zone.name().parse().context("the time zone of the running Riser")?,
            zone_report: time_zone.of_running_host(),
            zone_problem: None,
            schedules: Some(schedules),
        }),
        Ok(Some(_)) => Err(ClientError::Unexpected.into()),
        not_asked => {
            if let Err(error) = not_asked {
                warn(format_args!("the running Riser was not asked for its time zone: {error}"))?;
            }
            let machine = machine_zone();
            let stored = match data.path() {
                Ok(directory) => stored_site(&directory).await,
                Err(_) => StoredSite::default(),
            };
            Ok(Site {
                zone: site_zone(&stored, &machine),
                zone_report: TimeZoneReport::of_site(&stored, &machine),
                zone_problem: site_zone_problem(&stored, &machine),
                schedules: None,
            })
        }
    }
}

/// Returns the site of a data directory that no host uses; one without settings if there is none.
async fn stored_site(directory: &Path) -> StoredSite {
    let Ok(Access::Directory(open)) = access::open_existing(directory).await else {
        return StoredSite::default();
    };
    let configuration = open.store.load_configuration().await;
    open.store.close().await;
    configuration.map(|configuration| configuration.site).unwrap_or_default()
}

/// Finds the rule of a stored schedule, for a text that is not a rule. Any text may be a name, such as `Every 15 Minutes`.
async fn stored_rule(
    text: &str,
    site: &Site,
    data: &DataDir,
    error: RuleError,
) -> anyhow::Result<ScheduleRule> {
    // Other errors are about a text that begins like a rule.
    let may_be_a_name = matches!(error, RuleError::UnknownKind(_));
    let stored;
    let schedules = match &site.schedules {
        Some(schedules) => schedules,
        None => {
            stored = match stored_schedules(data).await {
                Ok(schedules) => schedules,
                Err(reason) if may_be_a_name => {
                    bail!("{error}. The name of a stored schedule cannot be looked up: {reason:#}")
                }
                Err(_) => return Err(error.into()),
            };
            &stored
        }
    };
    if let Some(found) = schedules.iter().find(|schedule| schedule.name == text) {
        return found.rule.parse().with_context(|| format!("the schedule {:?}", found.name));
    }
    match nearest(text, schedules.iter().map(|schedule| schedule.name.as_str())) {
        Some(name) => bail!("{error}. There is no stored schedule of this name; did you mean {name:?}?"),
        None if may_be_a_name => {
            bail!("{error}. There is no stored schedule of this name; `riser export` lists the schedules")
        }
        None => Err(error.into()),
    }
}

/// Reads the schedules in the data directory of a Riser that does not run.
async fn stored_schedules(data: &DataDir) -> anyhow::Result<Vec<ScheduleReport>> {
    match access::open_existing(&data.path()?).await? {
        Access::Host(host) => match host.ask(&Request::Schedules).await? {
            Reply::Schedules(report) => Ok(report.schedules),
            _ => Err(ClientError::Unexpected.into()),
        },
        Access::Directory(open) => {
            let configuration = open.store.load_configuration().await;
            open.store.close().await;
            Ok(stored::schedules(&configuration?))
        }
    }
}

fn warn(sentence: Arguments<'_>) -> io::Result<()> {
    write_line(&mut io::stderr(), format_args!("warning: {sentence}"))
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
        writeln!(out, "{}", report.why_fewer)?;
    }
    Ok(())
}
