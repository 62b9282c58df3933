//! One history: a chart, the newest samples as a table, and all samples as CSV.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use riser_domain::{
    EwsItem, EwsServerId, HistoryItem, HistorySample, PointHandle, Run, Timestamp, ValueItem, ValueKind,
};
use riser_runtime::{ServerTree, TreeNode};
use riser_store::{HistoryRange as SampleRange, StoreError};
use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator as _;
use url::form_urlencoded::Serializer;

use crate::csv::csv_field;
use crate::form::QueryOf;
use crate::history_range::HistoryRange;
use crate::history_series::{Gap, Series, SeriesBuilder};
use crate::items_address::ItemsAddress;
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{CurrentValue, Icon, StateMark, location, name_of, value_of, value_with_unit};
use crate::sessions::Viewer;
use crate::state::PortalState;
use crate::wall_time::{Moment, WallTime};

/// Samples that are read at once.
const SAMPLES_AT_ONCE: u32 = 10_000;
/// Rows of the table.
const ROWS: usize = 100;
/// Set points that are marked in the chart.
const WRITES: u32 = 200;
/// Runs that are searched for the reason of a gap.
const RUNS: u32 = 200;

/// The history and the span in an address.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct HistoryAddress {
    server: i64,
    /// The id of the history.
    item: String,
    #[serde(default)]
    range: HistoryRange,
}

#[derive(Clone, Debug, Template)]
#[template(path = "pages/history.html")]
pub(crate) struct HistoryPage {
    pub(crate) layout: PageLayout,
    /// The name of the recorded value.
    pub(crate) value_name: String,
    pub(crate) name: String,
    pub(crate) location: String,
    /// The recorded value on the items page.
    pub(crate) value_href: String,
    /// Whether the samples are numbers or Booleans.
    pub(crate) has_chart: bool,
    pub(crate) query: String,
    pub(crate) ranges: Vec<RangeLink>,
    pub(crate) range_words: &'static str,
    pub(crate) current: CurrentValue,
    pub(crate) rows: Vec<SampleRow>,
    /// Whether the span has more samples than rows.
    pub(crate) has_more: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct RangeLink {
    pub(crate) label: &'static str,
    pub(crate) href: String,
    pub(crate) is_chosen: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct SampleRow {
    pub(crate) at: Moment,
    pub(crate) value: String,
    pub(crate) mark: StateMark,
}

/// What the chart's script draws.
#[derive(Debug, Serialize)]
struct Chart {
    name: String,
    unit: String,
    /// Whether each value holds until the next.
    is_stepped: bool,
    time_zone: String,
    from_ms: i64,
    to_ms: i64,
    #[serde(flatten)]
    series: Series,
    writes: Vec<WriteMark>,
}

/// A set point that was written.
#[derive(Debug, Serialize)]
struct WriteMark {
    at_ms: i64,
    /// Such as `60 % by anna: Confirmed`.
    text: String,
}

/// A history that an address names.
struct Found {
    tree: Arc<ServerTree>,
    history: PointHandle,
    value: PointHandle,
}

impl HistoryAddress {
    pub(crate) fn new(server: EwsServerId, history: &str) -> Self {
        Self { server: server.0, item: history.to_owned(), range: HistoryRange::default() }
    }

    /// Returns the query, without the question mark.
    fn query(&self) -> String {
        Serializer::new(String::new())
            .append_pair("server", &self.server.to_string())
            .append_pair("item", &self.item)
            .append_pair("range", self.range.as_str())
            .finish()
    }

    pub(crate) fn href(&self) -> String {
        format!("/items/history?{}", self.query())
    }

    fn find(&self, portal: &PortalState) -> Option<Found> {
        let tree = portal.runtime().items(EwsServerId(self.server));
        let history = tree.find(&self.item)?;
        let value = match &tree.node(history)?.item {
            Some(EwsItem::History(item)) => tree.find(&item.value_item)?,
            _ => return None,
        };
        let found = Found { tree, history, value };
        found.parts().map(|_| ())?;
        Some(found)
    }
}

impl Found {
    /// Returns the node of the history, the history, and the recorded value.
    fn parts(&self) -> Option<(&TreeNode, &HistoryItem, &ValueItem)> {
        let node = self.tree.node(self.history)?;
        let Some(EwsItem::History(history)) = &node.item else { return None };
        Some((node, history, value_of(self.tree.node(self.value)?)?))
    }
}

/// `GET /items/history`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(address): QueryOf<HistoryAddress>,
) -> Result<Page<HistoryPage>, PageError> {
    let found = address.find(&portal).ok_or(PageError::NoSuchPage)?;
    let (_, history, value) = found.parts().ok_or(PageError::NoSuchPage)?;
    let times = portal.times_of_page();
    let newest = newest_samples(&portal, found.history, address.range.span(times.now())).await?;
    let system = portal.system_status();
    let container = history.parent.to_string();
    Ok(Page(HistoryPage {
        value_name: value.name.to_string(),
        name: history.name.to_string(),
        location: location(&found.tree, found.history),
        value_href: ItemsAddress {
            server: Some(address.server),
            container: Some(container),
            item: Some(value.id.to_string()),
            from: 0,
        }
        .to_string(),
        has_chart: !matches!(history.kind, ValueKind::String | ValueKind::DateTime),
        query: address.query(),
        ranges: HistoryRange::iter()
            .map(|range| RangeLink {
                label: range.label(),
                href: HistoryAddress { range, ..address.clone() }.href(),
                is_chosen: range == address.range,
            })
            .collect(),
        range_words: address.range.words(),
        current: CurrentValue::new(portal.runtime().readings(&[found.value]).pop().flatten(), value, &times),
        has_more: newest.len() > ROWS,
        rows: newest.iter().take(ROWS).map(|sample| SampleRow::new(sample, &history.unit, &times)).collect(),
        layout: PageLayout::new(MenuEntry::Items, &portal.site_name(), signed_in.context, &system, &times),
    }))
}

/// `GET /events/history`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(address): QueryOf<HistoryAddress>,
) -> Result<impl IntoResponse, PageError> {
    live::follow(portal, &signed_in, Box::new(LiveHistory { address }))
}

/// `GET /items/history/series`: the points of the chart as JSON.
pub(crate) async fn series(
    State(portal): State<PortalState>,
    Viewer(_): Viewer,
    QueryOf(address): QueryOf<HistoryAddress>,
) -> Result<Response, PageError> {
    let found = address.find(&portal).ok_or(PageError::NoSuchPage)?;
    let (node, history, value) = found.parts().ok_or(PageError::NoSuchPage)?;
    let times = portal.times_of_page();
    let span = address.range.span(times.now());
    let mut series = read_series(&portal, found.history, span).await?;
    name_reasons(&portal, node, history, &mut series.gaps).await?;
    let writes = portal.runtime().store().list_writes_of(found.value, span, WRITES).await?;
    Ok(Json(Chart {
        name: name_of(&found.tree, node),
        unit: history.unit.to_string(),
        is_stepped: value.set_point.is_some() || history.kind == ValueKind::Boolean,
        time_zone: portal.runtime().zone().name().to_owned(),
        from_ms: span.0.unix_ms(),
        to_ms: span.1.unix_ms(),
        series,
        writes: writes
            .iter()
            .map(|write| WriteMark {
                at_ms: write.accepted_at.unix_ms(),
                text: format!(
                    "{} by {}: {}",
                    value_with_unit(&write.value, &history.unit, &times),
                    write.actor,
                    write.state.as_str()
                ),
            })
            .collect(),
    })
    .into_response())
}

/// `GET /items/history/samples.csv`: all samples of the span, with times in the portal's zone.
pub(crate) async fn samples_csv(
    State(portal): State<PortalState>,
    Viewer(_): Viewer,
    QueryOf(address): QueryOf<HistoryAddress>,
) -> Result<Response, PageError> {
    let found = address.find(&portal).ok_or(PageError::NoSuchPage)?;
    let (_, history, _) = found.parts().ok_or(PageError::NoSuchPage)?;
    let unit = csv_field(&history.unit);
    let span = address.range.span(portal.runtime().clock().now());
    let zone = portal.runtime().zone().clone();
    let head = stream::iter([Ok(Bytes::from_static(b"time,value,unit,state\r\n"))]);
    let pages = stream::try_unfold(Some(None), move |after: Option<Option<Timestamp>>| {
        let (portal, unit, zone) = (portal.clone(), unit.clone(), zone.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let samples = read_page(&portal, found.history, span, after).await?;
            let next = is_full(&samples).then(|| samples.last().map(|sample| sample.time));
            let mut text = String::new();
            for HistorySample { value, state, time } in &samples {
                let value = csv_field(&riser_ews::value_text(value));
                let time = zone.rfc_3339(*time);
                text.extend([&time, ",", &value, ",", &unit, ",", state.as_str(), "\r\n"]);
            }
            Ok::<_, StoreError>(Some((Bytes::from(text), next)))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", file_name(&history.name))),
    ];
    Ok((headers, Body::from_stream(futures_util::StreamExt::chain(head, pages))).into_response())
}

struct LiveHistory {
    address: HistoryAddress,
}

impl LivePage for LiveHistory {
    fn is_reshaped_by(&self, change: &riser_runtime::Change) -> bool {
        matches!(change, riser_runtime::Change::Tree(server) if server.0 == self.address.server)
    }

    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        let found = self.address.find(update.portal).ok_or(ShapeChanged)?;
        let (_, _, value) = found.parts().ok_or(ShapeChanged)?;
        if update.has_changed(found.value) {
            let reading = update.portal.runtime().readings(&[found.value]).pop().flatten();
            parts.add("current-value", &CurrentValue::new(reading, value, &update.times));
        }
        Ok(())
    }
}

impl SampleRow {
    fn new(sample: &HistorySample, unit: &str, times: &WallTime) -> Self {
        Self {
            at: times.moment(sample.time),
            value: value_with_unit(&sample.value, unit, times),
            mark: StateMark::of_value(sample.state),
        }
    }
}

async fn read_page(
    portal: &PortalState,
    history: PointHandle,
    (from, to): (Timestamp, Timestamp),
    after: Option<Timestamp>,
) -> Result<Vec<HistorySample>, StoreError> {
    let range = SampleRange { from, to, after, limit: SAMPLES_AT_ONCE };
    portal.runtime().store().read_history(history, range).await
}

/// Returns whether more samples may follow.
fn is_full(samples: &[HistorySample]) -> bool {
    samples.len() == SAMPLES_AT_ONCE as usize
}

async fn read_series(
    portal: &PortalState,
    history: PointHandle,
    span: (Timestamp, Timestamp),
) -> Result<Series, StoreError> {
    let mut builder = SeriesBuilder::new(span);
    let mut after = None;
    loop {
        let samples = read_page(portal, history, span, after).await?;
        for sample in &samples {
            builder.add(sample);
        }
        after = samples.last().map(|sample| sample.time);
        if !is_full(&samples) {
            return Ok(builder.finish());
        }
    }
}

/// Returns the newest samples, newest first, and one more than there are rows if there is one.
async fn newest_samples(
    portal: &PortalState,
    history: PointHandle,
    span: (Timestamp, Timestamp),
) -> Result<Vec<HistorySample>, StoreError> {
    let count = u32::try_from(ROWS + 1).unwrap_or(u32::MAX);
    portal.runtime().store().read_newest_samples(history, span, count).await
}

/// Gives gaps without samples the reason that the runs of the history's processor tell.
async fn name_reasons(
    portal: &PortalState,
    node: &TreeNode,
    history: &HistoryItem,
    gaps: &mut [Gap],
) -> Result<(), StoreError> {
    if gaps.iter().all(|gap| !gap.reason.is_empty()) {
        return Ok(());
    }
    let system = portal.system_status();
    let publisher = node.owner.as_ref().and_then(|owner| {
        system.processors.iter().find(|processor| {
            processor.class.plugin == owner.plugin
                && processor.class.class == *history.published_by
                && processor.connection == owner.connection
                && processor.ews_server == owner.ews_server
        })
    });
    let Some(publisher) = publisher else {
        for gap in gaps.iter_mut().filter(|gap| gap.reason.is_empty()) {
            "no samples; no processor records this history".clone_into(&mut gap.reason);
        }
        return Ok(());
    };
    let runs = portal.runtime().store().list_runs_of(publisher.configuration, RUNS).await?;
    for gap in gaps.iter_mut().filter(|gap| gap.reason.is_empty()) {
        gap.reason = reason(gap, &runs, &publisher.name);
    }
    Ok(())
}

/// `runs` are the newest first.
fn reason(gap: &Gap, runs: &[Run], processor: &str) -> String {
    let started = |run: &Run| run.started_at.map(Timestamp::unix_ms);
    let has_covered = |run: &&Run| {
        started(run).is_some_and(|at| at <= gap.from_ms)
            && run.ended_at.is_none_or(|end| end.unix_ms() >= gap.to_ms)
    };
    if runs.iter().any(|run| has_covered(&run)) {
        return format!("{processor} ran, but got no samples");
    }
    // The run that ended in the gap, or before a gap that begins with the span.
    let before = runs.iter().filter(|run| started(run).is_some_and(|at| at < gap.to_ms));
    let ended =
        before.filter_map(|run| Some((run, run.ended_at?.unix_ms()))).find(|(_, end)| *end <= gap.to_ms);
    match ended {
        Some((run, _)) if run.reason.is_empty() => {
            format!("{processor} did not run; its run before {}", run.state.as_str())
        }
        Some((run, _)) => format!("{processor} did not run: {}", run.reason),
        None => format!("no samples from {processor}"),
    }
}

/// Returns a name for a downloaded file, of letters that every file system takes.
fn file_name(history: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let name: String = history.chars().take(80).map(plain).collect();
    format!("{}.csv", name.trim_matches('-'))
}
