//! The power of the site: its present values, and the chart of the last 24 hours.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use riser_domain::{EwsServerId, PointHandle, Reading, Timestamp, ValueItem};
use riser_runtime::{PowerValues, ServerTree};
use riser_store::StoreError;
use serde::{Deserialize, Serialize};
use url::form_urlencoded::Serializer;

use crate::form::QueryOf;
use crate::history_series::{Series, SeriesPoint};
use crate::history_span::HistorySpan;
use crate::items_address::ItemsAddress;
use crate::pages::error::PageError;
use crate::pages::history::gap_reasons;
use crate::pages::history::series::read_series;
use crate::parts::{ItemRow, location, name_of, value_of};
use crate::sessions::Viewer;
use crate::state::PortalState;
use crate::wall_time::WallTime;

/// The container whose power is charted. Without one, it is the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct PowerAddress {
    pub(crate) server: Option<i64>,
    pub(crate) container: Option<String>,
}

/// The panel with the chart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PowerPanel {
    /// The container of the values.
    pub(crate) container: String,
    pub(crate) href: String,
    /// Selects the container in addresses.
    pub(crate) query: String,
    /// The containers to choose from if there are several.
    pub(crate) choices: Vec<PowerChoice>,
    pub(crate) values: Vec<PowerValue>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PowerChoice {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) is_chosen: bool,
}

/// A charted value as it is now.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/power_value.html")]
pub(crate) struct PowerValue {
    /// The number of its line in the chart.
    pub(crate) line: usize,
    pub(crate) row: ItemRow,
}

impl HtmlSafe for PowerValue {}

/// The values of one container, with their tree.
struct Found {
    tree: Arc<ServerTree>,
    values: PowerValues,
}

/// The data of the chart, in the form of a history's. The first line is the chart's own.
#[derive(Debug, Serialize)]
struct PowerChart {
    unit: String,
    time_zone: String,
    from_ms: i64,
    to_ms: i64,
    #[serde(flatten)]
    line: Line,
    others: Vec<Line>,
    notes: Vec<String>,
    /// The axis begins at zero, so that the height of a line is its power.
    is_from_zero: bool,
    writes: [(); 0],
}

#[derive(Debug, Serialize)]
struct Line {
    name: String,
    is_stepped: bool,
    #[serde(flatten)]
    series: Series,
}

/// `GET /overview/power`: the points of the chart as JSON.
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(_): Viewer,
    QueryOf(address): QueryOf<PowerAddress>,
) -> Result<Response, PageError> {
    let found = address.find(&portal).ok_or(PageError::NoSuchPage)?;
    let times = portal.times_of_page();
    let span = HistorySpan::Day.span(times.now());
    let mut lines = Vec::new();
    for point in &found.values.values {
        lines.extend(found.line(&portal, *point, span).await?);
    }
    if lines.is_empty() {
        return Err(PageError::NoSuchPage);
    }
    let unit = found.values.unit.to_string();
    let notes = lines.iter().filter_map(|line| line.note(&unit, &times)).collect();
    let line = lines.remove(0);
    let chart = PowerChart {
        unit,
        time_zone: portal.runtime().zone().name().to_owned(),
        from_ms: span.0.unix_ms(),
        to_ms: span.1.unix_ms(),
        line,
        others: lines,
        notes,
        is_from_zero: true,
        writes: [],
    };
    Ok(Json(chart).into_response())
}

impl PowerAddress {
    fn of(found: &Found) -> Self {
        let container = found.tree.node(found.values.container).map(|node| node.id().to_owned());
        Self { server: Some(found.values.ews_server.0), container }
    }

    /// Returns the query, without the question mark.
    fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        if let Some(server) = self.server {
            query.append_pair("server", &server.to_string());
        }
        if let Some(container) = &self.container {
            query.append_pair("container", container);
        }
        query.finish()
    }

    fn find(&self, portal: &PortalState) -> Option<Found> {
        self.find_in(portal.runtime().site_power(), portal)
    }

    fn find_in(&self, all: Vec<PowerValues>, portal: &PortalState) -> Option<Found> {
        let chosen = |found: &PowerValues| {
            self.server.is_none_or(|server| found.ews_server == EwsServerId(server))
                && self.container.as_deref().is_none_or(|id| {
                    portal.runtime().items(found.ews_server).find(id) == Some(found.container)
                })
        };
        let values = all.into_iter().find(chosen)?;
        Some(Found { tree: portal.runtime().items(values.ews_server), values })
    }
}

impl PowerPanel {
    /// Returns `None` if there is no value of power, or none at this address.
    pub(super) fn new(portal: &PortalState, address: &PowerAddress, times: &WallTime) -> Option<Self> {
        let all = portal.runtime().site_power();
        let found = address.find_in(all.clone(), portal)?;
        let own = PowerAddress::of(&found);
        let choice = |values: PowerValues| {
            let other = Found { tree: portal.runtime().items(values.ews_server), values };
            let address = PowerAddress::of(&other);
            PowerChoice {
                name: other.container_name(),
                href: format!("/?{}", address.query()),
                is_chosen: address == own,
            }
        };
        let choices = if all.len() > 1 { all.into_iter().map(choice).collect() } else { Vec::new() };
        Some(Self {
            container: found.container_name(),
            href: found.items_address().to_string(),
            query: own.query(),
            choices,
            values: found.present_values(portal, times),
        })
    }

    /// Returns the present values of those points that `is_wanted` selects.
    pub(super) fn present_values(
        portal: &PortalState,
        address: &PowerAddress,
        times: &WallTime,
        is_wanted: impl Fn(PointHandle) -> bool,
    ) -> Vec<PowerValue> {
        let Some(found) = address.find(portal) else { return Vec::new() };
        let mut values = found.present_values(portal, times);
        values.retain(|value| is_wanted(PointHandle(value.row.handle)));
        values
    }
}

impl Found {
    /// Returns the path of the container below the server.
    fn container_name(&self) -> String {
        let container = self.values.container;
        let name = self.tree.node(container).map_or_else(String::new, |node| name_of(&self.tree, node));
        match location(&self.tree, container).split_once(" / ") {
            Some((_, above)) => format!("{above} / {name}"),
            None => name,
        }
    }

    fn items_address(&self) -> ItemsAddress {
        let PowerAddress { server, container } = PowerAddress::of(self);
        ItemsAddress { server, container, ..ItemsAddress::default() }
    }

    fn item(&self, point: PointHandle) -> Option<&ValueItem> {
        self.tree.node(point).and_then(value_of)
    }

    fn present_values(&self, portal: &PortalState, times: &WallTime) -> Vec<PowerValue> {
        let points = &self.values.values;
        let readings = portal.runtime().readings(points);
        let address = self.items_address();
        let shown = points.iter().zip(readings).enumerate().filter_map(|(line, (point, reading))| {
            let item = self.item(*point)?;
            let reading = reading.unwrap_or_else(|| Reading::never_known(item.definition.kind));
            Some(PowerValue { line, row: ItemRow::new((*point, item), &reading, None, &address, times) })
        });
        shown.collect()
    }

    async fn line(
        &self,
        portal: &PortalState,
        point: PointHandle,
        span: (Timestamp, Timestamp),
    ) -> Result<Option<Line>, StoreError> {
        let (Some(item), Some(node)) = (self.item(point), self.tree.node(point)) else { return Ok(None) };
        let mut series = read_series(portal, point, span).await?;
        gap_reasons::add(portal, (node.owner(), &item.definition.published_by), &mut series.gaps).await?;
        let is_stepped = item.definition.set_point.is_some() || mostly_stays(&series.points);
        Ok(Some(Line { name: item.definition.name.to_string(), is_stepped, series }))
    }
}

impl Line {
    /// Returns the highest value in words; `None` for a line that never changes.
    fn note(&self, unit: &str, times: &WallTime) -> Option<String> {
        let highest = self.series.points.iter().max_by(|one, other| one.high.total_cmp(&other.high))?;
        let lowest = self.series.points.iter().min_by(|one, other| one.low.total_cmp(&other.low))?;
        let words = |point: &SeriesPoint, value: f64| {
            let at = times.words(Timestamp::from_unix_ms(point.at_ms));
            format!("{} {unit} at {at}", (value * 100.0).round() / 100.0)
        };
        (highest.high > lowest.low).then(|| {
            let (highest, lowest) = (words(highest, highest.high), words(lowest, lowest.low));
            format!("{}: highest {highest}, lowest {lowest}", self.name)
        })
    }
}

/// Returns whether most points repeat the one before, as those of a set point do.
fn mostly_stays(points: &[SeriesPoint]) -> bool {
    let same = points.windows(2).filter(|pair| pair[0].value.to_bits() == pair[1].value.to_bits()).count();
    same * 2 >= points.len()
}
