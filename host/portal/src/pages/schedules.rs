//! The list of schedules.

use askama::Template;
use axum::extract::State;
use riser_calendar::{Schedule, StoredRule};
use riser_domain::ScheduleId;
use riser_store::Configuration;
use serde::Deserialize;

use crate::form::QueryOf;
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::parts::{Icon, ScheduleWords, Week};
use crate::sessions::Viewer;
use crate::state::PortalState;
use crate::wall_time::WallTime;

/// All schedules, with their next times and the processors that use them.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/schedules.html")]
pub(crate) struct SchedulesPage {
    pub(crate) layout: PageLayout,
    pub(crate) zone: String,
    pub(crate) notice: Option<String>,
    pub(crate) may_change: bool,
    pub(crate) week: Option<Week>,
    pub(crate) rows: Vec<ScheduleRow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScheduleRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) words: ScheduleWords,
    pub(crate) misfire: String,
    pub(crate) overlap: &'static str,
    pub(crate) used_by: Vec<Use>,
}

/// A processor that uses a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) processor: i64,
    pub(crate) name: String,
    /// Whether the schedule starts it: it is enabled, and Runs On Schedule is on.
    pub(crate) is_started: bool,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct SchedulesQuery {
    saved: Option<i64>,
    #[serde(default)]
    deleted: bool,
}

/// `GET /schedules`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(query): QueryOf<SchedulesQuery>,
) -> Page<SchedulesPage> {
    let times = portal.times_of_page();
    let whole = portal.runtime().configuration();
    let rows: Vec<ScheduleRow> =
        whole.schedules.iter().map(|schedule| ScheduleRow::new(schedule, &whole, &times)).collect();
    let saved = query.saved.and_then(|id| rows.iter().find(|row| row.id == id));
    let notice = match saved {
        Some(row) => Some(format!("{} is saved and in use.", row.name)),
        None => query.deleted.then(|| "The schedule is deleted.".to_owned()),
    };
    Page(SchedulesPage {
        zone: portal.runtime().zone().to_string(),
        notice,
        may_change: signed_in.context.user.may_configure(),
        week: Week::new(&whole, &times),
        rows,
        layout: PageLayout::new(
            MenuEntry::Schedules,
            &portal.site_name(),
            signed_in.context,
            &portal.system_status(),
            &times,
        ),
    })
}

impl ScheduleRow {
    pub(crate) fn new(schedule: &Schedule, whole: &Configuration, times: &WallTime) -> Self {
        let (misfire, overlap) = match &schedule.rule {
            StoredRule::Known(rule) => (rule.misfire_sentence(), rule.overlap_sentence()),
            StoredRule::Unreadable { .. } => (String::new(), ""),
        };
        Self {
            id: schedule.id.0,
            name: schedule.name.clone(),
            words: ScheduleWords::new(&schedule.rule, times),
            misfire,
            overlap,
            used_by: uses(whole, schedule.id),
        }
    }
}

/// Returns the processors that use a schedule.
pub(crate) fn uses(whole: &Configuration, schedule: ScheduleId) -> Vec<Use> {
    let users = whole.processors.iter().filter(|it| it.schedule == Some(schedule));
    users
        .map(|it| Use {
            processor: it.id.0,
            name: it.name.clone(),
            is_started: it.flags.active && it.flags.runs_on_schedule,
        })
        .collect()
}
