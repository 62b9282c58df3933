//! The points of a history's chart as JSON.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use riser_domain::{PointHandle, Timestamp, ValueKind};
use riser_store::StoreError;
use serde::Serialize;

use super::{Found, HistoryAddress, gap_reasons, is_full, read_page};
use crate::form::QueryOf;
use crate::history_series::{Series, SeriesBuilder};
use crate::pages::error::PageError;
use crate::parts::value_with_unit;
use crate::sessions::Viewer;
use crate::state::PortalState;

/// Set points that are marked in the chart.
const WRITES: u32 = 200;

/// The data of a chart, for the script that draws it.
#[derive(Debug, Serialize)]
struct Chart {
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

/// `GET /items/history/series`: the points of the chart as JSON.
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(_): Viewer,
    QueryOf(address): QueryOf<HistoryAddress>,
) -> Result<Response, PageError> {
    let found = address.find(&portal).ok_or(PageError::NoSuchPage)?;
    let Found { history, value, .. } = &found;
    let times = portal.times_of_page();
    let span = address.range.span(times.now());
    let mut series = read_series(&portal, found.handle, span).await?;
    gap_reasons::add(&portal, (found.owner.as_ref(), &history.definition.published_by), &mut series.gaps)
        .await?;
    let writes = portal.runtime().store().list_writes_of(found.value_handle, span, WRITES).await?;
    Ok(Json(Chart {
        unit: history.definition.unit.to_string(),
        is_stepped: value.definition.set_point.is_some() || history.definition.kind == ValueKind::Boolean,
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
                    value_with_unit(&write.value, &history.definition.unit, &times),
                    write.actor,
                    write.state.as_str()
                ),
            })
            .collect(),
    })
    .into_response())
}

/// Reads the samples of a history, or of a value that Riser records itself.
pub(crate) async fn read_series(
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
