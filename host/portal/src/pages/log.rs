//! The log of the host, live, and the levels of its components.

use std::fmt::Write as _;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use riser_domain::{LogLevel, Timestamp};
use riser_store::{NewAuditEntry, RunLogLine};
use serde::Deserialize;
use strum::IntoEnumIterator as _;
use tokio::sync::watch;
use url::form_urlencoded;

use crate::form::{Form, QueryOf};
use crate::host_log::{Component, ComponentLevel, LevelEnd, LogFilter, LogLines};
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{Icon, RunLogLines};
use crate::sessions::{Admin, SignedIn, Viewer};
use crate::state::PortalState;
use crate::wall_time::WallTime;

/// Lines on a page.
const PAGE_LINES: usize = 500;
/// New lines in one update.
const UPDATE_LINES: usize = 1_000;
const FIRST_LINE: i64 = 0;
const AFTER_LAST_LINE: i64 = i64::MAX;
/// The levels, with their names on pages.
const LEVELS: [(&str, LogLevel); 4] = [
    ("All", LogLevel::Debug),
    ("Info", LogLevel::Info),
    ("Warnings", LogLevel::Warn),
    ("Errors", LogLevel::Error),
];

/// The newest lines that the filter selects.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/log.html")]
pub(crate) struct LogPage {
    pub(crate) layout: PageLayout,
    pub(crate) may_change: bool,
    pub(crate) query: LogQuery,
    pub(crate) levels: Vec<LevelLink>,
    pub(crate) components: Vec<ComponentOption>,
    pub(crate) log: RunLogLines,
    pub(crate) note: LogNote,
    pub(crate) older: Option<String>,
    /// Leads from older lines to the newest ones.
    pub(crate) newest: Option<String>,
    pub(crate) download: String,
    /// The event stream; `None` for older lines, which do not change.
    pub(crate) events: Option<String>,
    pub(crate) rows: Vec<LevelRow>,
    pub(crate) usual: String,
}

/// A link that shows the lines of some levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LevelLink {
    pub(crate) name: &'static str,
    pub(crate) href: String,
    pub(crate) is_chosen: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ComponentOption {
    pub(crate) value: &'static str,
    pub(crate) is_chosen: bool,
}

/// The sentence below the lines.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/log_note.html")]
pub(crate) struct LogNote {
    pub(crate) text: String,
}

impl HtmlSafe for LogNote {}

/// A component with its level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LevelRow {
    pub(crate) component: &'static str,
    pub(crate) about: &'static str,
    /// `None` for the usual one.
    pub(crate) level: Option<&'static str>,
    pub(crate) until: Option<String>,
}

/// The shown lines, as the address has them. Words that are no level and no component select all.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LogQuery {
    pub(crate) level: String,
    pub(crate) component: String,
    pub(crate) q: String,
    pub(crate) before: Option<i64>,
    pub(crate) after: Option<i64>,
}

/// The level to give a component.
#[derive(Debug, Deserialize)]
pub(crate) struct NewLevel {
    component: String,
    level: String,
    #[serde(default)]
    stays: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ComponentName {
    component: String,
}

/// `GET /log`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(query): QueryOf<LogQuery>,
) -> Page<LogPage> {
    let times = portal.times_of_page();
    let before = query.before.unwrap_or(AFTER_LAST_LINE);
    let log = portal.log();
    let lines = log.lines.find(&query.filter(), (FIRST_LINE, before), PAGE_LINES);
    let layout = PageLayout::new(
        MenuEntry::Log,
        &portal.site_name(),
        signed_in.context,
        &portal.system_status(),
        &times,
    );
    let note = LogNote::new(log.lines.oldest(), &times);
    let levels = (log.levels.list(), log.levels.usual());
    Page(LogPage::new(layout, query, (&lines, note), levels, &times))
}

/// `GET /events/log`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(query): QueryOf<LogQuery>,
) -> Result<impl IntoResponse, PageError> {
    let page = LiveLog {
        lines: portal.log().lines.clone(),
        newest: portal.log().lines.newest(),
        filter: query.filter(),
        last_line: query.after.unwrap_or(FIRST_LINE),
        last_time: None,
        new_lines: Vec::new(),
    };
    live::follow(portal, &signed_in, Box::new(page))
}

/// `GET /log/lines.txt`
pub(crate) async fn download(
    State(portal): State<PortalState>,
    _: Viewer,
    QueryOf(query): QueryOf<LogQuery>,
) -> impl IntoResponse {
    let lines = portal.log().lines.find(&query.filter(), (FIRST_LINE, AFTER_LAST_LINE), usize::MAX);
    let mut text = String::new();
    for RunLogLine { at, level, line, .. } in lines {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{at} {:5} {line}", level.as_str().to_uppercase());
    }
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"riser-log.txt\""),
    ];
    (headers, text)
}

/// `POST /log/levels`
pub(crate) async fn set_level(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    Form(new): Form<NewLevel>,
) -> Result<Redirect, PageError> {
    let component: Component = new.component.parse().map_err(|_| PageError::UnreadableForm)?;
    let level: LogLevel = new.level.parse().map_err(|_| PageError::UnreadableForm)?;
    let (end, words) = if new.stays {
        (LevelEnd::ChangedBack, "until it is changed back or Riser starts again")
    } else {
        (LevelEnd::Limited, "for 30 min")
    };
    let detail = format!("{} {words}", level.as_str());
    record(&portal, &signed_in, component, &detail).await?;
    let now = portal.runtime().clock().now();
    portal.log().levels.set(component, level, end, now).map_err(|error| refused(&error))?;
    tracing::info!("{} set the log level of {} to {detail}", signed_in.actor(), component.as_str());
    Ok(Redirect::to("/log#levels-h"))
}

/// `POST /log/levels/back`
pub(crate) async fn change_back(
    State(portal): State<PortalState>,
    Admin(signed_in): Admin,
    Form(name): Form<ComponentName>,
) -> Result<Redirect, PageError> {
    let component: Component = name.component.parse().map_err(|_| PageError::UnreadableForm)?;
    record(&portal, &signed_in, component, "the usual level").await?;
    portal.log().levels.change_back(component).map_err(|error| refused(&error))?;
    Ok(Redirect::to("/log#levels-h"))
}

async fn record(
    portal: &PortalState,
    signed_in: &SignedIn,
    component: Component,
    detail: &str,
) -> Result<(), PageError> {
    let runtime = portal.runtime();
    let entry =
        NewAuditEntry { action: "set", subject: "log level", subject_name: component.as_str(), detail };
    Ok(runtime.store().record_audit(&signed_in.actor(), runtime.clock().now(), entry).await?)
}

fn refused(error: &str) -> PageError {
    PageError::Refused(format!("The log does not accept this level: {error}"))
}

struct LiveLog {
    lines: LogLines,
    newest: watch::Receiver<i64>,
    filter: LogFilter,
    /// The number and the time of the last line that was sent.
    last_line: i64,
    last_time: Option<Timestamp>,
    new_lines: Vec<RunLogLine>,
}

impl LivePage for LiveLog {
    fn changed(&mut self) -> BoxFuture<'_, ()> {
        async {
            if self.newest.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        .boxed()
    }

    fn load<'a>(&'a mut self, _: &'a LiveUpdate<'_>) -> BoxFuture<'a, Result<(), ShapeChanged>> {
        if let Some(line) = self.new_lines.last() {
            (self.last_line, self.last_time) = (line.number, Some(line.at));
        }
        self.new_lines = self.lines.find(&self.filter, (self.last_line, AFTER_LAST_LINE), UPDATE_LINES);
        std::future::ready(Ok(())).boxed()
    }

    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        if !self.new_lines.is_empty() {
            parts.append("host-log", &RunLogLines::new(&self.new_lines, self.last_time, &update.times));
        }
        parts.add("log-note", &LogNote::new(self.lines.oldest(), &update.times));
        Ok(())
    }
}

impl LogQuery {
    fn filter(&self) -> LogFilter {
        LogFilter {
            lowest: self.level.parse().ok(),
            component: self.component.parse().ok(),
            text: self.q.trim().to_owned(),
        }
    }

    /// Returns a path with this filter, another level, and more parameters.
    fn to(&self, path: &str, level: &str, more: &[(&str, i64)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (key, value) in [("level", level), ("component", &self.component), ("q", self.q.trim())] {
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

impl LogNote {
    /// `oldest` is the time of the oldest line, and whether older ones were removed.
    pub(crate) fn new(oldest: Option<(Timestamp, bool)>, times: &WallTime) -> Self {
        let text = match oldest {
            None => "Nothing was logged yet. New lines appear by themselves.".to_owned(),
            Some((at, true)) => format!(
                "The newest lines, since {}. Older ones are on standard error. New lines appear by themselves.",
                times.words(at)
            ),
            Some((at, false)) => {
                format!(
                    "All lines since Riser started at {}. New lines appear by themselves.",
                    times.words(at)
                )
            }
        };
        Self { text }
    }
}

impl LogPage {
    pub(crate) fn new(
        layout: PageLayout,
        mut query: LogQuery,
        (lines, note): (&[RunLogLine], LogNote),
        (levels, usual): (Vec<ComponentLevel>, &str),
        times: &WallTime,
    ) -> Self {
        let filter = query.filter();
        let lowest = filter.lowest.unwrap_or(LogLevel::Debug);
        query.level = if lowest == LogLevel::Debug { String::new() } else { lowest.as_str().to_owned() };
        query.component = filter.component.map(|component| component.as_str().to_owned()).unwrap_or_default();
        let level_link = |(name, level): (&'static str, LogLevel)| LevelLink {
            name,
            href: query.to("/log", if level == LogLevel::Debug { "" } else { level.as_str() }, &[]),
            is_chosen: level == lowest,
        };
        let component_option = |component: Component| ComponentOption {
            value: component.as_str(),
            is_chosen: filter.component == Some(component),
        };
        let first = lines.first().map_or(FIRST_LINE, |line| line.number);
        let last = lines.last().map_or(FIRST_LINE, |line| line.number);
        let is_newest = query.before.is_none();
        Self {
            may_change: layout.user.may_configure(),
            levels: LEVELS.map(level_link).into(),
            components: Component::iter().map(component_option).collect(),
            log: RunLogLines::new(lines, None, times),
            note,
            older: (lines.len() == PAGE_LINES).then(|| query.to("/log", &query.level, &[("before", first)])),
            newest: (!is_newest).then(|| query.to("/log", &query.level, &[])),
            download: query.to("/log/lines.txt", &query.level, &[]),
            events: is_newest.then(|| query.to("/events/log", &query.level, &[("after", last)])),
            rows: levels.iter().map(|level| LevelRow::new(level, times)).collect(),
            usual: usual.to_owned(),
            query,
            layout,
        }
    }
}

impl LevelRow {
    fn new(level: &ComponentLevel, times: &WallTime) -> Self {
        Self {
            component: level.component.as_str(),
            about: level.component.about(),
            level: level.level.map(LogLevel::as_str),
            until: level.until.map(|until| times.words(until)),
        }
    }
}
