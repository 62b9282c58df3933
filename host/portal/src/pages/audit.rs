//! The audit trail: filter, values before and after, and export.

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use futures_util::stream::{once, unfold};
use futures_util::{Stream, StreamExt as _};
use riser_calendar::parse_moment;
use riser_domain::Timestamp;
use riser_store::{AuditChange, AuditFilter, Store, StoreError};
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use crate::csv_text::CsvText;
use crate::form::QueryOf;
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{Icon, capitalised};
use crate::sessions::Viewer;
use crate::state::PortalState;
use crate::wall_time::{Moment, WallTime};

/// Entries on one page.
const PAGE_ENTRIES: usize = 100;
/// Entries read at once for an export.
const EXPORT_ENTRIES: u32 = 500;
const CSV_HEAD: &[u8] = b"number,time,actor,action,object,name,after,before\r\n";

/// The audit trail, newest first.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/audit.html")]
pub(crate) struct AuditPage {
    pub(crate) layout: PageLayout,
    pub(crate) query: AuditQuery,
    /// Why the dates of the filter cannot be used.
    pub(crate) error: Option<String>,
    pub(crate) subjects: Vec<String>,
    pub(crate) actions: Vec<String>,
    pub(crate) entries: Vec<ShownEntry>,
    pub(crate) older: Option<String>,
    pub(crate) newest: Option<String>,
    pub(crate) csv: String,
    pub(crate) json_lines: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShownEntry {
    pub(crate) number: i64,
    pub(crate) at: Moment,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) name: String,
    pub(crate) detail: String,
    pub(crate) before: Option<String>,
}

/// The filter, as the address has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AuditQuery {
    pub(crate) subject: String,
    pub(crate) action: String,
    pub(crate) q: String,
    /// The first day, or a moment.
    pub(crate) from: String,
    /// The day, or the moment, before which entries are shown.
    pub(crate) until: String,
    pub(crate) before: Option<i64>,
}

/// `GET /audit`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(query): QueryOf<AuditQuery>,
) -> Result<Page<AuditPage>, PageError> {
    let times = portal.times_of_page();
    let store = portal.runtime().store();
    let (filter, error) = match query.filter(&portal) {
        Ok(filter) => (Some(filter), None),
        Err(error) => (None, Some(error)),
    };
    let wanted = u32::try_from(PAGE_ENTRIES + 1).unwrap_or(u32::MAX);
    let mut found = match &filter {
        Some(filter) => store.search_audit(filter, query.before.unwrap_or(i64::MAX), wanted).await?,
        None => Vec::new(),
    };
    let has_more = found.len() > PAGE_ENTRIES;
    found.truncate(PAGE_ENTRIES);
    let (subjects, actions) = store.list_audit_words().await?;
    let last = found.last().filter(|_| has_more).map(|it| it.entry.id);
    Ok(Page(AuditPage {
        older: last.map(|last| query.to("/audit", Some(last))),
        newest: query.before.map(|_| query.to("/audit", None)),
        csv: query.to("/audit/export.csv", None),
        json_lines: query.to("/audit/export.jsonl", None),
        error,
        subjects,
        actions,
        entries: found.into_iter().map(|change| ShownEntry::new(change, &times)).collect(),
        layout: PageLayout::new(
            MenuEntry::Audit,
            &portal.site_name(),
            signed_in.context,
            &portal.system_status(),
            &times,
        ),
        query,
    }))
}

/// `GET /audit/export.csv`
pub(crate) async fn export_csv(
    State(portal): State<PortalState>,
    _: Viewer,
    QueryOf(query): QueryOf<AuditQuery>,
) -> Result<impl IntoResponse, PageError> {
    let filter = query.filter(&portal).map_err(PageError::Refused)?;
    let head = once(async { Ok(Bytes::from_static(CSV_HEAD)) });
    let rows = exported(portal.runtime().store().clone(), filter, csv_rows);
    Ok((headers("text/csv; charset=utf-8", "riser-audit.csv"), Body::from_stream(head.chain(rows))))
}

/// `GET /audit/export.jsonl`
pub(crate) async fn export_json_lines(
    State(portal): State<PortalState>,
    _: Viewer,
    QueryOf(query): QueryOf<AuditQuery>,
) -> Result<impl IntoResponse, PageError> {
    let filter = query.filter(&portal).map_err(PageError::Refused)?;
    let rows = exported(portal.runtime().store().clone(), filter, json_lines);
    Ok((headers("application/jsonl; charset=utf-8", "riser-audit.jsonl"), Body::from_stream(rows)))
}

fn headers(content_type: &str, file: &str) -> [(header::HeaderName, String); 2] {
    [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
    ]
}

/// Reads all entries of a filter, newest first, some at a time.
fn exported(
    store: Store,
    filter: AuditFilter,
    text: fn(&[AuditChange]) -> Vec<u8>,
) -> impl Stream<Item = Result<Bytes, StoreError>> {
    unfold(Some((store, filter, i64::MAX)), move |next| async move {
        let (store, filter, before) = next?;
        match store.search_audit(&filter, before, EXPORT_ENTRIES).await {
            Ok(entries) => {
                let last = entries.last()?.entry.id;
                Some((Ok(Bytes::from(text(&entries))), Some((store, filter, last))))
            }
            Err(error) => Some((Err(error), None)),
        }
    })
}

fn csv_rows(changes: &[AuditChange]) -> Vec<u8> {
    let mut text = CsvText::new();
    for AuditChange { entry, before, .. } in changes {
        text.add([
            &entry.id.to_string(),
            &entry.at.to_string(),
            &entry.actor.to_string(),
            &entry.action,
            &entry.subject,
            &entry.subject_name,
            &entry.detail,
            before.as_deref().unwrap_or_default(),
        ]);
    }
    text.into_bytes()
}

fn json_lines(changes: &[AuditChange]) -> Vec<u8> {
    changes.iter().map(json_line).collect::<String>().into_bytes()
}

fn json_line(change: &AuditChange) -> String {
    let entry = &change.entry;
    let row = json!({
        "number": entry.id,
        "time": entry.at.to_string(),
        "actor": entry.actor.to_string(),
        "action": entry.action,
        "object": entry.subject,
        "name": entry.subject_name,
        "after": entry.detail,
        "before": change.before,
    });
    format!("{row}\n")
}

impl AuditQuery {
    fn filter(&self, portal: &PortalState) -> Result<AuditFilter, String> {
        let moment = |label: &str, text: &str| -> Result<Option<Timestamp>, String> {
            match text.trim() {
                "" => Ok(None),
                text => parse_moment(text, &portal.runtime().zone())
                    .map(Some)
                    .map_err(|error| format!("{label}: {error}")),
            }
        };
        Ok(AuditFilter {
            subject: self.subject.clone(),
            action: self.action.clone(),
            text: self.q.trim().to_owned(),
            from: moment("From", &self.from)?,
            until: moment("Before", &self.until)?,
        })
    }

    /// Returns the address of a page or a file with this filter.
    fn to(&self, path: &str, before: Option<i64>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (key, value) in [
            ("subject", &self.subject),
            ("action", &self.action),
            ("q", &self.q),
            ("from", &self.from),
            ("until", &self.until),
        ] {
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        if let Some(before) = before {
            query.append_pair("before", &before.to_string());
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

impl ShownEntry {
    fn new(change: AuditChange, times: &WallTime) -> Self {
        let AuditChange { entry, before } = change;
        Self {
            number: entry.id,
            at: times.moment(entry.at),
            actor: capitalised(&entry.actor.to_string()),
            action: capitalised(&entry.action),
            subject: entry.subject,
            name: entry.subject_name,
            before: before.filter(|before| *before != entry.detail && entry.action != "add"),
            detail: entry.detail,
        }
    }
}
