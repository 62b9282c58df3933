//! One run: its outcome, attempts, progress and log.

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::unfold;
use riser_domain::{LogLevel, Run, RunId, Timestamp};
use riser_runtime::ProcessorStatus;
use riser_store::{RunLogCounts, RunLogFilter, RunLogLine, Store, StoreError};
use serde::Deserialize;
use url::form_urlencoded;

use crate::current_user::CurrentUser;
use crate::form::{PathOf, QueryOf};
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{Icon, RunAttempts, RunFacts, RunHead, RunLogLines, RunLogNote, RunProgress};
use crate::sessions::Viewer;
use crate::state::PortalState;
use crate::system_status::SystemStatus;
use crate::wall_time::WallTime;

/// Lines on a page.
const PAGE_LINES: u32 = 500;
/// New lines in one update; a run writes no more in a minute.
const UPDATE_LINES: u32 = 2_000;
/// Lines read at once for a download.
const DOWNLOAD_LINES: u32 = 1_000;
/// Attempts on a page.
const ATTEMPTS: u32 = 20;
const FIRST_LINE: i64 = 0;
const AFTER_LAST_LINE: i64 = i64::MAX;

/// A run with its log.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/run.html")]
pub(crate) struct RunPage {
    pub(crate) layout: PageLayout,
    pub(crate) head: RunHead,
    pub(crate) progress: RunProgress,
    pub(crate) attempts: RunAttempts,
    pub(crate) facts: RunFacts,
    pub(crate) log: RunLogLines,
    pub(crate) note: RunLogNote,
    pub(crate) filters: Vec<LevelFilter>,
    pub(crate) level: String,
    pub(crate) text: String,
    pub(crate) older: Option<String>,
    /// Leads from older lines to the newest ones.
    pub(crate) newest: Option<String>,
    /// The event stream; `None` for older lines, which do not change.
    pub(crate) events: Option<String>,
}

/// A link that shows the lines of some levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LevelFilter {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) is_chosen: bool,
}

/// The shown part of the log.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct LogAddress {
    /// The lowest level.
    #[serde(default)]
    level: String,
    /// The text to search.
    #[serde(default)]
    q: String,
    before: Option<i64>,
    after: Option<i64>,
}

/// The data of the page at one moment.
#[derive(Clone, Debug)]
pub(crate) struct RunRecord {
    pub(crate) run: Run,
    pub(crate) processor: ProcessorStatus,
    pub(crate) attempts: Vec<Run>,
    pub(crate) counts: RunLogCounts,
}

impl RunRecord {
    /// Returns `None` for an unknown run.
    async fn read(store: &Store, run: RunId, system: &SystemStatus) -> Result<Option<Self>, StoreError> {
        let Some(run) = store.find_run(run).await? else { return Ok(None) };
        let Some(processor) = system.processor(run.configuration).cloned() else { return Ok(None) };
        let attempts = store.list_attempts(&run, ATTEMPTS).await?;
        let counts = store.count_run_log(run.id).await?;
        Ok(Some(Self { run, processor, attempts, counts }))
    }
}

/// `GET /runs/{id}`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    PathOf(id): PathOf<i64>,
    QueryOf(address): QueryOf<LogAddress>,
) -> Result<Page<RunPage>, PageError> {
    let times = portal.times_of_page();
    let system = portal.system_status();
    let store = portal.runtime().store();
    let record = RunRecord::read(store, RunId(id), &system).await?.ok_or(PageError::NoSuchPage)?;
    let range = (FIRST_LINE, address.before.unwrap_or(AFTER_LAST_LINE));
    let lines = store.search_run_log(RunId(id), &address.filter(), range, PAGE_LINES).await?;
    let layout =
        PageLayout::new(MenuEntry::Processors, &portal.site_name(), signed_in.context, &system, &times);
    Ok(Page(RunPage::new(layout, &record, &lines, &address, &times)))
}

/// `GET /events/runs/{id}`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    PathOf(id): PathOf<i64>,
    QueryOf(address): QueryOf<LogAddress>,
) -> Result<impl IntoResponse, PageError> {
    let page = LiveRun {
        run: RunId(id),
        user: signed_in.context.user.clone(),
        last_line: address.after.unwrap_or(FIRST_LINE),
        last_time: None,
        filter: address.filter(),
        record: None,
        new_lines: Vec::new(),
    };
    live::follow(portal, &signed_in, Box::new(page))
}

/// `GET /runs/{id}/log.txt`
pub(crate) async fn download(
    State(portal): State<PortalState>,
    _: Viewer,
    PathOf(id): PathOf<i64>,
) -> Result<impl IntoResponse, PageError> {
    let store = portal.runtime().store().clone();
    let system = portal.system_status();
    let record = RunRecord::read(&store, RunId(id), &system).await?.ok_or(PageError::NoSuchPage)?;
    let head = text_head(&record);
    let rest = unfold(Some((store, FIRST_LINE)), move |next| async move {
        let (store, after) = next?;
        let lines = match store.list_run_log(RunId(id), after, DOWNLOAD_LINES).await {
            Ok(lines) => lines,
            Err(error) => return Some((Err(error), None)),
        };
        let last = lines.last()?.number;
        Some((Ok(Bytes::from(lines.iter().map(text_line).collect::<String>())), Some((store, last))))
    });
    let first = futures_util::stream::once(async { Ok(Bytes::from(head)) });
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"riser-run-{id}.txt\"")),
    ];
    Ok((headers, Body::from_stream(futures_util::StreamExt::chain(first, rest))))
}

fn text_head(record: &RunRecord) -> String {
    let RunRecord { run, processor, counts, .. } = record;
    let mut head =
        format!("Run {} of {} ({}): {}", run.id.0, processor.name, processor.class, run.state.as_str());
    if !run.reason.is_empty() {
        head.push_str(": ");
        head.push_str(&run.reason);
    }
    head.push('\n');
    if counts.trimmed > 0 {
        head.push_str(&RunLogNote::new(*counts, true).text);
        head.push('\n');
    }
    head
}

fn text_line(line: &RunLogLine) -> String {
    format!("{} {:5} {}\n", line.at, line.level.as_str().to_uppercase(), line.line)
}

struct LiveRun {
    run: RunId,
    user: CurrentUser,
    /// The number and the time of the last line that was sent.
    last_line: i64,
    last_time: Option<Timestamp>,
    filter: RunLogFilter,
    /// Read anew for each update of the run.
    record: Option<RunRecord>,
    new_lines: Vec<RunLogLine>,
}

impl LiveRun {
    async fn read(&mut self, update: &LiveUpdate<'_>) -> Result<(), PageError> {
        let store = update.portal.runtime().store();
        self.new_lines.clear();
        let is_over = self.record.as_ref().is_some_and(|record| record.run.state.is_over());
        self.record = match update.system() {
            Some(system) => RunRecord::read(store, self.run, system).await?,
            None => None,
        };
        if update.has_new_log_lines(self.run) || (self.record.is_some() && !is_over) {
            let after = (self.last_line, AFTER_LAST_LINE);
            self.new_lines = store.search_run_log(self.run, &self.filter, after, UPDATE_LINES).await?;
        }
        Ok(())
    }
}

impl LivePage for LiveRun {
    fn load<'a>(&'a mut self, update: &'a LiveUpdate<'_>) -> BoxFuture<'a, Result<(), ShapeChanged>> {
        async move {
            let last_time = self.new_lines.last().map(|line| line.at).or(self.last_time);
            self.last_line = self.new_lines.last().map_or(self.last_line, |line| line.number);
            self.last_time = last_time;
            self.read(update).await.map_err(|_| ShapeChanged)
        }
        .boxed()
    }

    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        let times = &update.times;
        if update.system().is_some() {
            let RunRecord { run, processor, attempts, counts } = self.record.as_ref().ok_or(ShapeChanged)?;
            parts.add("run-head", &RunHead::new(run, processor, &self.user, times));
            parts.add("run-progress", &RunProgress::new(run, processor));
            parts.add("run-attempts", &RunAttempts::new(attempts, run.id, times));
            parts.add("run-facts", &RunFacts::new(run, processor, *counts, times));
            parts.add("run-log-note", &RunLogNote::new(*counts, run.state.is_over()));
        }
        if !self.new_lines.is_empty() {
            parts.append("run-log", &RunLogLines::new(&self.new_lines, self.last_time, times));
        }
        Ok(())
    }
}

impl LogAddress {
    fn filter(&self) -> RunLogFilter {
        let lowest = self.level.parse().unwrap_or(LogLevel::Debug);
        RunLogFilter { lowest, text: self.q.trim().to_owned() }
    }

    /// Returns a path with these parameters.
    fn to(&self, path: &str, level: &str, more: &[(&str, i64)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (key, value) in [("level", level), ("q", self.q.trim())] {
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        for (key, value) in more {
            query.append_pair(key, &value.to_string());
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

impl RunPage {
    pub(crate) fn new(
        layout: PageLayout,
        record: &RunRecord,
        lines: &[RunLogLine],
        address: &LogAddress,
        times: &WallTime,
    ) -> Self {
        let RunRecord { run, processor, attempts, counts } = record;
        let path = format!("/runs/{}", run.id.0);
        let level = address.filter().lowest;
        let filter = |name: &str, lowest: LogLevel, count: u64| {
            let word = if lowest == LogLevel::Debug { "" } else { lowest.as_str() };
            LevelFilter {
                name: format!("{name} {count}"),
                href: address.to(&path, word, &[]),
                is_chosen: level == lowest,
            }
        };
        let RunLogCounts { info, warn, error, .. } = *counts;
        let first = lines.first().map_or(FIRST_LINE, |line| line.number);
        let last = lines.last().map_or(FIRST_LINE, |line| line.number);
        let is_full = u32::try_from(lines.len()).is_ok_and(|count| count == PAGE_LINES);
        let is_newest = address.before.is_none();
        let word = if level == LogLevel::Debug { "" } else { level.as_str() };
        Self {
            head: RunHead::new(run, processor, &layout.user, times),
            progress: RunProgress::new(run, processor),
            attempts: RunAttempts::new(attempts, run.id, times),
            facts: RunFacts::new(run, processor, *counts, times),
            log: RunLogLines::new(lines, None, times),
            note: RunLogNote::new(*counts, run.state.is_over()),
            filters: vec![
                filter("All", LogLevel::Debug, counts.kept()),
                filter("Info", LogLevel::Info, info + warn + error),
                filter("Warnings", LogLevel::Warn, warn + error),
                filter("Errors", LogLevel::Error, error),
            ],
            level: word.to_owned(),
            text: address.q.trim().to_owned(),
            older: is_full.then(|| address.to(&path, word, &[("before", first)])),
            newest: (!is_newest).then(|| address.to(&path, word, &[])),
            events: is_newest.then(|| address.to(&format!("/events{path}"), word, &[("after", last)])),
            layout,
        }
    }
}
