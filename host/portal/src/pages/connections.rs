//! The list of connections.

use askama::Template;
use axum::extract::State;
use riser_domain::Connection;
use riser_runtime::{ConnectionStatus, Library, SettingKind, SettingsSchema};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::form::QueryOf;
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::parts::{Icon, StateMark, capitalised};
use crate::sessions::{SignedIn, Viewer};
use crate::state::PortalState;
use crate::system_status::SystemStatus;
use crate::wall_time::WallTime;

/// The connections with their state and the processors that use them.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/connections.html")]
pub(crate) struct ConnectionsPage {
    pub(crate) layout: PageLayout,
    /// The connection that was saved a moment ago.
    pub(crate) saved: Option<String>,
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
    /// The names of the processors that use it.
    pub(crate) used_by: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct ConnectionsQuery {
    saved: Option<String>,
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
                used_by: users.map(|processor| processor.name.clone()).collect(),
                ..ConnectionRow::new(connection, &system, &libraries)
            }
        })
        .collect();
    // The address comes from outside, so only a name that exists is shown.
    let saved = query.saved.filter(|saved| rows.iter().any(|row| row.name == *saved));
    Page(ConnectionsPage::new(&portal.site_name(), signed_in, (rows, saved), &system, &times))
}

impl ConnectionsPage {
    pub(crate) fn new(
        site_name: &str,
        signed_in: SignedIn,
        (rows, saved): (Vec<ConnectionRow>, Option<String>),
        system: &SystemStatus,
        times: &WallTime,
    ) -> Self {
        Self {
            saved,
            may_change: signed_in.context.user.may_configure(),
            rows,
            layout: PageLayout::new(MenuEntry::Connections, site_name, signed_in.context, system, times),
        }
    }
}

impl ConnectionRow {
    fn new(connection: &Connection, system: &SystemStatus, libraries: &[Library]) -> Self {
        let described = libraries.iter().find_map(|library| library.description.connection(&connection.kind));
        let settings = serde_json::from_str(&connection.settings_json).unwrap_or_default();
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
            address: described.and_then(|it| address_of(&it.settings, &settings)).unwrap_or_default(),
            state,
            sentence: capitalised(&sentence),
            used_by: Vec::new(),
        }
    }
}

/// Returns the first address among the settings.
fn address_of(schema: &SettingsSchema, settings: &Map<String, Value>) -> Option<String> {
    let is_address = |kind: &SettingKind| matches!(kind, SettingKind::Address | SettingKind::Host);
    let address = schema.settings.iter().find(|setting| is_address(&setting.kind))?;
    settings.get(&address.key)?.as_str().map(ToOwned::to_owned)
}
