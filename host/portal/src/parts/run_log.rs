use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{LogLevel, Timestamp};
use riser_store::{RunLogCounts, RunLogLine};

use super::{Icon, StateMark};
use crate::wall_time::WallTime;

/// Lines of a log, as elements of its list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Template)]
#[template(path = "parts/run_log_lines.html")]
pub(crate) struct RunLogLines {
    pub(crate) lines: Vec<LogLine>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogLine {
    pub(crate) number: i64,
    /// The date, if it is another one than that of the line before.
    pub(crate) date: Option<String>,
    pub(crate) time: String,
    pub(crate) iso: String,
    pub(crate) is_debug: bool,
    pub(crate) mark: StateMark,
    pub(crate) text: String,
}

/// The sentence below the log: the number of shown lines and of missing ones.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/run_log_note.html")]
pub(crate) struct RunLogNote {
    pub(crate) text: String,
}

impl HtmlSafe for RunLogLines {}
impl HtmlSafe for RunLogNote {}

impl RunLogLines {
    /// Shows lines in their order. `last` is the time of the line before the first one.
    pub(crate) fn new(lines: &[RunLogLine], last: Option<Timestamp>, times: &WallTime) -> Self {
        let mut last_date = last.map(|at| times.date_of(at));
        let lines = lines.iter().map(|line| {
            let date = times.date_of(line.at);
            let is_new = last_date.as_ref() != Some(&date);
            last_date = Some(date.clone());
            LogLine {
                number: line.number,
                date: is_new.then_some(date),
                time: times.precise_time(line.at),
                iso: line.at.to_string(),
                is_debug: line.level == LogLevel::Debug,
                mark: level_mark(line.level),
                text: line.line.clone(),
            }
        });
        Self { lines: lines.collect() }
    }
}

pub(crate) fn level_mark(level: LogLevel) -> StateMark {
    match level {
        LogLevel::Debug => StateMark::new("off", Icon::More, "Debug"),
        LogLevel::Info => StateMark::new("run", Icon::Info, "Info"),
        LogLevel::Warn => StateMark::new("warn", Icon::Alarm, "Warning"),
        LogLevel::Error => StateMark::new("alarm", Icon::Failed, "Error"),
    }
}

impl RunLogNote {
    pub(crate) fn new(counts: RunLogCounts, is_over: bool) -> Self {
        let mut text = match (counts.kept(), is_over) {
            (0, true) => "The run wrote no lines.".to_owned(),
            (0, false) => "No output yet. New lines appear by themselves.".to_owned(),
            (_, true) => "The log is complete.".to_owned(),
            (_, false) => {
                "New lines appear by themselves; the log stays at its end unless you scroll up.".to_owned()
            }
        };
        if counts.trimmed > 0 {
            let trimmed = counts.trimmed;
            let are = if trimmed == 1 { "older line was" } else { "older lines were" };
            text = format!("{trimmed} {are} removed: Riser keeps the newest lines of a run. {text}");
        }
        Self { text }
    }
}
