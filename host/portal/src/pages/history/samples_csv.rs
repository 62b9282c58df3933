//! The samples of a history as a CSV file.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use riser_domain::{HistorySample, Timestamp};
use riser_store::StoreError;

use super::{HistoryAddress, is_full, read_page};
use crate::csv_text::CsvText;
use crate::form::QueryOf;
use crate::pages::error::PageError;
use crate::sessions::Viewer;
use crate::state::PortalState;

/// `GET /items/history/samples.csv`: all samples of the span, with times in the portal's zone.
pub(crate) async fn download(
    State(portal): State<PortalState>,
    Viewer(_): Viewer,
    QueryOf(address): QueryOf<HistoryAddress>,
) -> Result<Response, PageError> {
    let found = address.find(&portal).ok_or(PageError::NoSuchPage)?;
    let unit = found.history.definition.unit.clone();
    let span = address.range.span(portal.runtime().clock().now());
    let zone = portal.runtime().zone().clone();
    let handle = found.handle;
    let head = stream::iter([Ok(Bytes::from_static(b"time,value,unit,state\r\n"))]);
    let pages = stream::try_unfold(Some(None), move |after: Option<Option<Timestamp>>| {
        let (portal, unit, zone) = (portal.clone(), unit.clone(), zone.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let samples = read_page(&portal, handle, span, after).await?;
            let next = is_full(&samples).then(|| samples.last().map(|sample| sample.time));
            let mut text = CsvText::new();
            for HistorySample { value, state, time } in &samples {
                text.add([&*zone.rfc_3339(*time), &riser_ews::value_text(value), &unit, state.as_str()]);
            }
            Ok::<_, StoreError>(Some((Bytes::from(text.into_bytes()), next)))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", file_name(&found.history.definition.name)),
        ),
    ];
    Ok((headers, Body::from_stream(futures_util::StreamExt::chain(head, pages))).into_response())
}

/// Returns a name for a downloaded file, of letters that every file system takes.
fn file_name(history: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let name: String = history.chars().take(80).map(plain).collect();
    match name.trim_matches('-') {
        "" => "history.csv".to_owned(),
        name => format!("{name}.csv"),
    }
}
