//! One history: its chart, and the newest samples as a table. `series` has the points of the chart, `samples_csv` all
//! samples as a file.

pub(crate) mod gap_reasons;
pub(crate) mod samples_csv;
pub(crate) mod series;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;
use riser_domain::{
    EwsItem, EwsServerId, HistoryItem, HistorySample, PointHandle, Timestamp, TreeOwner, ValueItem, ValueKind,
};
use riser_runtime::ServerTree;
use riser_store::{HistoryRange, StoreError};
use serde::Deserialize;
use strum::IntoEnumIterator as _;
use url::form_urlencoded::Serializer;

use crate::form::QueryOf;
use crate::history_span::HistorySpan;
use crate::items_address::ItemsAddress;
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{CurrentValue, Icon, StateMark, location, value_of, value_with_unit};
use crate::sessions::Viewer;
use crate::state::PortalState;
use crate::wall_time::{Moment, WallTime};

/// Samples that are read at once.
const SAMPLES_AT_ONCE: u32 = 10_000;
/// Rows of the table.
const ROWS: usize = 100;

/// The history and the span in an address.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct HistoryAddress {
    server: i64,
    /// The id of the history.
    item: String,
    #[serde(default)]
    range: HistorySpan,
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

/// A history that an address names, and the value that it records.
struct Found {
    tree: Arc<ServerTree>,
    handle: PointHandle,
    owner: Option<TreeOwner>,
    history: HistoryItem,
    value_handle: PointHandle,
    value: ValueItem,
}

impl HistoryAddress {
    pub(crate) fn new(server: EwsServerId, history: &str) -> Self {
        Self { server: server.0, item: history.to_owned(), range: HistorySpan::default() }
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
        let handle = tree.find(&self.item)?;
        let node = tree.node(handle)?;
        let Some(EwsItem::History(history)) = node.item().cloned() else { return None };
        let value_handle = tree.find(&history.value_item)?;
        let value = value_of(tree.node(value_handle)?)?.clone();
        let owner = node.owner().cloned();
        Some(Found { tree, handle, owner, history, value_handle, value })
    }
}

/// `GET /items/history`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(address): QueryOf<HistoryAddress>,
) -> Result<Page<HistoryPage>, PageError> {
    let found = address.find(&portal).ok_or(PageError::NoSuchPage)?;
    let Found { tree, history, value, .. } = &found;
    let times = portal.times_of_page();
    let newest = newest_samples(&portal, found.handle, address.range.span(times.now())).await?;
    let system = portal.system_status();
    let container = history.parent.to_string();
    Ok(Page(HistoryPage {
        value_name: value.definition.name.to_string(),
        name: history.definition.name.to_string(),
        location: location(tree, found.handle),
        value_href: ItemsAddress {
            server: Some(address.server),
            container: Some(container),
            item: Some(value.id.to_string()),
            from: 0,
        }
        .to_string(),
        has_chart: !matches!(history.definition.kind, ValueKind::String | ValueKind::DateTime),
        query: address.query(),
        ranges: HistorySpan::iter()
            .map(|range| RangeLink {
                label: range.label(),
                href: HistoryAddress { range, ..address.clone() }.href(),
                is_chosen: range == address.range,
            })
            .collect(),
        range_words: address.range.words(),
        current: CurrentValue::new(
            portal.runtime().readings(&[found.value_handle]).pop().flatten(),
            value,
            &times,
        ),
        has_more: newest.len() > ROWS,
        rows: newest
            .iter()
            .take(ROWS)
            .map(|sample| SampleRow::new(sample, &history.definition.unit, &times))
            .collect(),
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

struct LiveHistory {
    address: HistoryAddress,
}

impl LivePage for LiveHistory {
    fn is_reshaped_by(&self, change: &riser_runtime::Change) -> bool {
        matches!(change, riser_runtime::Change::Tree(server) if server.0 == self.address.server)
    }

    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        let found = self.address.find(update.portal).ok_or(ShapeChanged)?;
        if update.has_changed(found.value_handle) {
            let reading = update.portal.runtime().readings(&[found.value_handle]).pop().flatten();
            parts.add("current-value", &CurrentValue::new(reading, &found.value, &update.times));
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
    let range = HistoryRange { from, to, after, limit: SAMPLES_AT_ONCE };
    portal.runtime().store().read_history(history, range).await
}

/// Returns whether more samples may follow.
fn is_full(samples: &[HistorySample]) -> bool {
    samples.len() == SAMPLES_AT_ONCE as usize
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
