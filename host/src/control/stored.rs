//! Reports on stored data. They are the same from a running host and from the data directory.

use riser_calendar::Schedule;
use riser_domain::{Run, RunId, RunTrigger};
use riser_runtime::ConfigureError;
use riser_store::{Configuration, Store, StoreError};

use super::moment::Moment;
use super::protocol::{AuditReport, Failure, LogLine, RunReport, ScheduleReport, UserReport};

/// Lines of a log that are read at once.
const LOG_PAGE_LINES: u32 = 500;
/// Characters of the longest name that is compared with others.
const MAX_COMPARED_CHARS: usize = 200;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a request of the command line failed");
        Self::Internal { sentence: error.to_string() }
    }
}

impl From<ConfigureError> for Failure {
    fn from(error: ConfigureError) -> Self {
        match error {
            ConfigureError::Fields(errors) => Self::Fields { errors },
            ConfigureError::Stale => Self::Stale,
            other => {
                tracing::error!(
                    error = &other as &dyn std::error::Error,
                    "the configuration was not changed"
                );
                Self::Internal { sentence: format!("{:#}", anyhow::Error::new(other)) }
            }
        }
    }
}

/// Returns the newest runs, newest first, of all processors or of the one with this name.
pub(crate) async fn runs(
    store: &Store,
    processor: Option<&str>,
    count: u32,
) -> Result<Vec<RunReport>, Failure> {
    let configuration = store.load_configuration().await?;
    let runs = match processor {
        None => store.list_recent_runs(count).await?,
        Some(name) => {
            let found = configuration.processors.iter().find(|processor| processor.name == name);
            let names = configuration.processors.iter().map(|processor| processor.name.as_str());
            let processor = found.ok_or_else(|| unknown_processor(name, names))?;
            store.list_runs_of(processor.id, count).await?
        }
    };
    Ok(runs.into_iter().map(|run| run_report(run, &configuration)).collect())
}

/// One run.
pub(crate) async fn run(store: &Store, run: i64) -> Result<RunReport, Failure> {
    let found = store.find_run(RunId(run)).await?.ok_or(Failure::UnknownRun { run })?;
    Ok(run_report(found, &store.load_configuration().await?))
}

fn run_report(run: Run, configuration: &Configuration) -> RunReport {
    let processor = configuration.processors.iter().find(|processor| processor.id == run.configuration);
    RunReport {
        run: run.id.0,
        processor: processor.map(|processor| processor.name.clone()),
        state: run.state,
        reason: run.reason,
        due_at: match run.trigger {
            RunTrigger::Schedule(due) => Some(Moment(due)),
            _ => None,
        },
        started_by: match run.trigger {
            RunTrigger::Schedule(_) => "schedule".to_owned(),
            RunTrigger::HostStart => "start of Riser".to_owned(),
            RunTrigger::Person(name) => name,
            RunTrigger::SetPoint => "set point".to_owned(),
            RunTrigger::Processor(name) => format!("processor {name}"),
            RunTrigger::Restart => "restart".to_owned(),
        },
        queued_at: Moment(run.queued_at),
        started_at: run.started_at.map(Moment),
        ended_at: run.ended_at.map(Moment),
    }
}

/// Returns the stored schedules, by name.
pub(crate) fn schedules(configuration: &Configuration) -> Vec<ScheduleReport> {
    configuration.schedules.iter().map(schedule_report).collect()
}

pub(super) fn schedule_report(schedule: &Schedule) -> ScheduleReport {
    ScheduleReport { name: schedule.name.clone(), rule: schedule.rule.to_string() }
}

/// Reads the log of a run from its beginning, page by page.
#[derive(Debug)]
pub(crate) struct LogReader {
    run: RunId,
    last_line: i64,
}

impl LogReader {
    pub(crate) fn new(run: i64) -> Self {
        Self { run: RunId(run), last_line: 0 }
    }

    /// Returns the next lines; empty when there are none for now.
    pub(crate) async fn next_page(&mut self, store: &Store) -> Result<Vec<LogLine>, Failure> {
        let lines = store.list_run_log(self.run, self.last_line, LOG_PAGE_LINES).await?;
        self.last_line = lines.last().map_or(self.last_line, |line| line.number);
        let report = |line: riser_store::RunLogLine| LogLine {
            at: Moment(line.at),
            level: line.level,
            text: line.line,
        };
        Ok(lines.into_iter().map(report).collect())
    }
}

/// Returns the newest entries of the audit trail, newest first.
pub(crate) async fn audit(store: &Store, count: u32) -> Result<Vec<AuditReport>, Failure> {
    let entries = store.list_audit(count).await?;
    Ok(entries
        .into_iter()
        .map(|entry| AuditReport {
            entry: entry.id,
            at: Moment(entry.at),
            actor: entry.actor.to_string(),
            action: entry.action,
            subject: entry.subject,
            name: entry.subject_name,
            detail: entry.detail,
        })
        .collect())
}

/// Returns the users of the portal, by name.
pub(crate) async fn users(store: &Store) -> Result<Vec<UserReport>, Failure> {
    let users = store.list_users().await?;
    Ok(users.into_iter().map(|user| UserReport { name: user.name, role: user.role }).collect())
}

/// Returns the failure for an unknown processor, with the most similar name.
pub(super) fn unknown_processor<'name>(name: &str, names: impl Iterator<Item = &'name str>) -> Failure {
    Failure::UnknownProcessor { name: name.to_owned(), nearest: nearest(name, names).map(str::to_owned) }
}

/// Returns the name that differs in case, separators or the end only, or else by the fewest letters.
pub(crate) fn nearest<'name>(wanted: &str, names: impl Iterator<Item = &'name str>) -> Option<&'name str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let wanted = plain(wanted);
    if wanted.chars().count() > MAX_COMPARED_CHARS {
        return None;
    }
    let (distance, name) = names
        .map(|name| {
            let known = plain(name);
            let is_part = wanted.len() > 2 && (known.contains(&wanted) || wanted.contains(&known));
            (if is_part { 1 } else { edits(&wanted, &known) }, name)
        })
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= wanted.chars().count().div_ceil(4)).then_some(name)
}

/// Returns the number of letters to insert, remove or replace between two texts.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_one_that_could_be_meant() {
        let names = ["EVCE Setup", "EVCE Status", "Counter"];
        let check = |wanted, expected| assert_eq!(nearest(wanted, names.into_iter()), expected, "{wanted}");
        check("evce-setup", Some("EVCE Setup"));
        check("EVCE Statsu", Some("EVCE Status"));
        check("setup", Some("EVCE Setup"));
        check("Conter", Some("Counter"));
        check("Weather", None);
        check("", None);
        assert_eq!(nearest("x", std::iter::empty()), None);
    }
}
