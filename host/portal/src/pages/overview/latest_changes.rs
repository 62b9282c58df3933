use askama::Template;
use askama::filters::HtmlSafe;
use riser_store::AuditEntry;

use crate::parts::capitalised;
use crate::state::PortalState;
use crate::wall_time::{Moment, WallTime};

/// Entries that are shown.
const SHOWN: u32 = 5;

/// The newest entries of the audit trail about changes.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/latest_changes.html")]
pub(crate) struct LatestChanges {
    /// `None` if they could not be read.
    pub(crate) changes: Option<Vec<LatestChange>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LatestChange {
    pub(crate) number: i64,
    /// Such as `Connection changed`.
    pub(crate) action: String,
    pub(crate) name: String,
    pub(crate) actor: String,
    pub(crate) at: Moment,
}

impl HtmlSafe for LatestChanges {}

impl LatestChanges {
    /// Returns `None` if the store fails. The rest of the overview does not depend on it.
    pub(super) async fn read(portal: &PortalState) -> Option<Vec<AuditEntry>> {
        let entries = portal.runtime().store().list_latest_changes(SHOWN).await;
        entries
            .inspect_err(|error| {
                let error = error as &dyn std::error::Error;
                tracing::error!(error, "the overview could not read the audit trail");
            })
            .ok()
    }

    pub(super) fn new(entries: Option<&[AuditEntry]>, times: &WallTime) -> Self {
        let shown = |entry: &AuditEntry| LatestChange {
            number: entry.id,
            action: capitalised(&format!("{} {}", entry.subject, past(&entry.action))),
            name: entry.subject_name.clone(),
            actor: capitalised(&entry.actor.to_string()),
            at: times.moment(entry.at),
        };
        Self { changes: entries.map(|entries| entries.iter().map(shown).collect()) }
    }
}

/// Returns the past participle of an action.
fn past(action: &str) -> &str {
    match action {
        "add" => "added",
        "stop" => "stopped",
        "update" => "changed",
        "remove" => "removed",
        "set" => "written",
        "confirm" => "confirmed",
        "end" => "ended",
        other => other,
    }
}
