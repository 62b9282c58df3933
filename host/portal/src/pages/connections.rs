//! The list of connections.

use askama::Template;
use axum::extract::State;
use riser_domain::{Connection, Timestamp, count_words};
use riser_runtime::{ConnectionStatus, Library};
use serde::Deserialize;

use crate::form::QueryOf;
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::parts::{Icon, StateMark, capitalised};
use crate::sessions::{SignedIn, Viewer};
use crate::state::PortalState;
use crate::system_status::SystemStatus;
use crate::wall_time::WallTime;

/// Days before the end of a certificate from which it is a warning.
const CERTIFICATE_WARNING_DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The connections with their state and the processors that use them.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/connections.html")]
pub(crate) struct ConnectionsPage {
    pub(crate) layout: PageLayout,
    /// The result of the change a moment ago.
    pub(crate) notice: Option<ConnectionNotice>,
    pub(crate) may_change: bool,
    pub(crate) rows: Vec<ConnectionRow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// The name of its kind.
    pub(crate) kind: String,
    pub(crate) address: String,
    pub(crate) state: StateMark,
    pub(crate) sentence: String,
    /// How long the last request took, such as `24 ms`.
    pub(crate) response_time: Option<String>,
    pub(crate) certificate: Option<StateMark>,
    /// The processors that use it: ids and names.
    pub(crate) used_by: Vec<(i64, String)>,
}

/// The result of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionNotice {
    Saved(String),
    /// Its new secret was not tested, or failed the test.
    SavedUntested(String),
    Deleted,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct ConnectionsQuery {
    saved: Option<String>,
    #[serde(default)]
    untested: bool,
    #[serde(default)]
    deleted: bool,
}

/// `GET /connections`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(query): QueryOf<ConnectionsQuery>,
) -> Page<ConnectionsPage> {
    let times = portal.times_of_page();
    let system = portal.system_status();
    let configuration = portal.runtime().configuration();
    let libraries = portal.runtime().libraries();
    let rows: Vec<ConnectionRow> = configuration
        .connections
        .iter()
        .map(|connection| {
            let users = configuration.processors.iter().filter(|it| it.connection == Some(connection.id));
            ConnectionRow {
                used_by: users.map(|processor| (processor.id.0, processor.name.clone())).collect(),
                ..ConnectionRow::new(connection, &system, &libraries, &times)
            }
        })
        .collect();
    // The address comes from outside, so only a name that exists is shown.
    let saved = query.saved.filter(|saved| rows.iter().any(|row| row.name == *saved));
    let notice = match saved {
        Some(name) if query.untested => Some(ConnectionNotice::SavedUntested(name)),
        Some(name) => Some(ConnectionNotice::Saved(name)),
        None => query.deleted.then_some(ConnectionNotice::Deleted),
    };
    Page(ConnectionsPage::new(&portal.site_name(), signed_in, (rows, notice), &system, &times))
}

impl ConnectionsPage {
    pub(crate) fn new(
        site_name: &str,
        signed_in: SignedIn,
        (rows, notice): (Vec<ConnectionRow>, Option<ConnectionNotice>),
        system: &SystemStatus,
        times: &WallTime,
    ) -> Self {
        Self {
            notice,
            may_change: signed_in.context.user.may_configure(),
            rows,
            layout: PageLayout::new(MenuEntry::Connections, site_name, signed_in.context, system, times),
        }
    }
}

impl ConnectionRow {
    fn new(connection: &Connection, system: &SystemStatus, libraries: &[Library], times: &WallTime) -> Self {
        let described = libraries.iter().find_map(|library| library.description.connection(&connection.kind));
        let status = system.connections.iter().find(|status| status.connection == connection.id);
        let (state, sentence) = match (described, status) {
            (None, _) => (
                StateMark::new("warn", Icon::Alarm, "Library not loaded"),
                "no plugin offers this kind of connection".to_owned(),
            ),
            (_, Some(ConnectionStatus { state, sentence, .. })) => {
                (StateMark::of_link(*state), sentence.clone())
            }
            (_, None) => (StateMark::new("off", Icon::None, "Unknown"), String::new()),
        };
        Self {
            id: connection.id.0,
            name: connection.name.clone(),
            kind: described.map_or_else(|| connection.kind.clone(), |described| described.name.clone()),
            address: status.and_then(|status| status.address.clone()).unwrap_or_default(),
            state,
            sentence: capitalised(&sentence),
            response_time: status.and_then(|it| it.response_time).map(|it| format!("{} ms", it.as_millis())),
            certificate: status
                .and_then(|it| it.certificate_expires_at)
                .map(|at| certificate_mark(days_until(at, times.now()))),
            used_by: Vec::new(),
        }
    }
}

/// Returns the whole days from one moment to another.
fn days_until(at: Timestamp, now: Timestamp) -> i64 {
    (at.unix_ms() - now.unix_ms()).div_euclid(DAY_MS)
}

/// Certificates of devices often have an end far away instead of none.
const MANY_DAYS: i64 = 30 * 365;

/// Returns the mark of a certificate that ends after this many days.
pub(crate) fn certificate_mark(days: i64) -> StateMark {
    match days {
        ..0 => StateMark::new("alarm", Icon::Failed, "Ended"),
        0 => StateMark::new("warn", Icon::Alarm, "Ends today"),
        1..CERTIFICATE_WARNING_DAYS => {
            StateMark::new("warn", Icon::Alarm, format!("Ends in {}", count_words(days, "day")))
        }
        MANY_DAYS.. => StateMark::new("good", Icon::Shield, "Ends in more than 30 years"),
        _ => StateMark::new("good", Icon::Shield, format!("{days} days")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_ends_soon_is_a_warning() {
        let shown = |days| {
            let mark = certificate_mark(days);
            (mark.class, mark.word)
        };
        assert_eq!(shown(-1), ("alarm", "Ended".to_owned()));
        assert_eq!(shown(0), ("warn", "Ends today".to_owned()));
        assert_eq!(shown(1), ("warn", "Ends in 1 day".to_owned()));
        assert_eq!(shown(29), ("warn", "Ends in 29 days".to_owned()));
        assert_eq!(shown(30), ("good", "30 days".to_owned()));
        let now = Timestamp::from_unix_ms(10 * DAY_MS);
        assert_eq!(days_until(Timestamp::from_unix_ms(11 * DAY_MS - 1), now), 0);
        assert_eq!(days_until(Timestamp::from_unix_ms(10 * DAY_MS - 1), now), -1);
    }
}
