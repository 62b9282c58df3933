//! The page of one processor: its head, and a file for each tab.

pub(crate) mod buttons;
pub(crate) mod change;
pub(crate) mod control;
pub(crate) mod copy;
pub(crate) mod delete;
pub(crate) mod details;
pub(crate) mod history;
pub(crate) mod items;
pub(crate) mod overview;
pub(crate) mod runs;
pub(crate) mod schedule;

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use riser_domain::{ConfigurationId, ProcessorConfiguration, Role, TreeOwner};
use riser_runtime::{ClassDescription, Library, ProcessorStatus};
use riser_store::Configuration;
use serde::Deserialize;

use crate::current_user::CurrentUser;
use crate::form::{PathOf, QueryOf};
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{ProcessorHead, TabLink};
use crate::sessions::{SignedIn, Viewer};
use crate::state::PortalState;
use crate::system_status::SystemStatus;
use crate::wall_time::WallTime;

pub(crate) use self::change::{reasons, restore_draft};
use self::overview::Now;

/// A tab of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    Processor,
    Details,
    Control,
    Schedule,
    History,
    Runs,
    Items,
}

/// The parts of the page around a tab.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) head: ProcessorHead,
    /// The event stream.
    pub(crate) events: String,
    pub(crate) tabs: Vec<TabLink>,
    /// What was done a moment ago.
    pub(crate) notice: Option<&'static str>,
}

/// Names what was done before the page is shown.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Done {
    #[serde(default)]
    saved: String,
}

impl Done {
    /// The address comes from outside, so only known words are shown.
    pub(crate) fn notice(&self) -> Option<&'static str> {
        Some(match self.saved.as_str() {
            "yes" => "Saved and in use.",
            "same" => "Nothing had to be changed.",
            "enabled" => "The processor is enabled.",
            "disabled" => "The processor is disabled. It does not run until you enable it.",
            "copied" => "The copy is made. It is disabled until you enable it.",
            "restored" => {
                "The processor is restored. Enter its secret settings anew, if it has any, and enable it."
            }
            "version" => "The settings of that version are in use again.",
            _ => return None,
        })
    }
}

/// One processor, with all that its tabs show.
pub(crate) struct Shown<'a> {
    pub(crate) portal: &'a PortalState,
    pub(crate) times: WallTime,
    pub(crate) system: SystemStatus,
    pub(crate) whole: Arc<Configuration>,
    pub(crate) status: ProcessorStatus,
    pub(crate) configuration: ProcessorConfiguration,
    pub(crate) library: Option<Library>,
}

impl<'a> Shown<'a> {
    pub(crate) fn find(portal: &'a PortalState, id: i64) -> Result<Self, PageError> {
        let id = ConfigurationId(id);
        let system = portal.system_status();
        let whole = portal.runtime().configuration();
        let configuration = whole.processors.iter().find(|it| it.id == id);
        let configuration = configuration.ok_or(PageError::NoSuchPage)?.clone();
        let status = system.processor(id).ok_or(PageError::NoSuchPage)?.clone();
        let libraries = portal.runtime().libraries();
        let library = libraries.into_iter().find(|it| it.description.id == configuration.class.plugin);
        let times = portal.times_of_page();
        Ok(Self { portal, times, system, whole, status, configuration, library })
    }

    /// Returns the description of its class; `None` while its library is not loaded.
    pub(crate) fn class(&self) -> Option<&ClassDescription> {
        self.library.as_ref()?.description.class(&self.configuration.class.class)
    }

    /// Returns the owner of the tree that its class declares or writes.
    pub(crate) fn owner(&self) -> TreeOwner {
        let ProcessorConfiguration { ews_server, class, connection, .. } = &self.configuration;
        TreeOwner { ews_server: *ews_server, plugin: class.plugin.clone(), connection: *connection }
    }

    pub(crate) fn id(&self) -> i64 {
        self.configuration.id.0
    }

    pub(crate) fn address(&self, tab: Tab) -> String {
        tab.address(self.id())
    }

    pub(crate) fn frame(&self, tab: Tab, user: &CurrentUser, notice: Option<&'static str>) -> Frame {
        Frame {
            head: ProcessorHead::new(&self.status, &self.configuration, &self.system, user, &self.times),
            events: format!("/events/processors/{}", self.id()),
            tabs: Tab::ALL
                .into_iter()
                .filter(|other| other.needed_role() <= user.role)
                .map(|other| TabLink {
                    name: other.name(),
                    href: other.address(self.id()),
                    is_current: other == tab,
                })
                .collect(),
            notice,
        }
    }

    pub(crate) fn layout(&self, signed_in: SignedIn) -> PageLayout {
        let name = self.portal.site_name();
        PageLayout::new(MenuEntry::Processors, &name, signed_in.context, &self.system, &self.times)
    }
}

impl Tab {
    const ALL: [Self; 7] = [
        Self::Processor,
        Self::Details,
        Self::Control,
        Self::Schedule,
        Self::History,
        Self::Runs,
        Self::Items,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Processor => "Processor",
            Self::Details => "Details",
            Self::Control => "Control",
            Self::Schedule => "Schedule",
            Self::History => "History",
            Self::Runs => "Runs",
            Self::Items => "Items",
        }
    }

    /// Returns the role that a person needs to open the tab.
    const fn needed_role(self) -> Role {
        match self {
            Self::Details | Self::Control | Self::Schedule => Role::Admin,
            Self::Processor | Self::History | Self::Runs | Self::Items => Role::Viewer,
        }
    }

    pub(crate) fn address(self, processor: i64) -> String {
        match self {
            Self::Processor => format!("/processors/{processor}"),
            other => format!("/processors/{processor}/{}", other.name().to_lowercase()),
        }
    }
}

/// `GET /events/processors/{id}`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    PathOf(id): PathOf<i64>,
    QueryOf(shown): QueryOf<ShownItems>,
) -> Result<impl IntoResponse, PageError> {
    Shown::find(&portal, id)?;
    let page = LiveProcessor { id, user: signed_in.context.user.clone(), items_from: shown.items_from };
    live::follow(portal, &signed_in, Box::new(page))
}

/// The items that the page shows.
#[derive(Debug, Deserialize)]
pub(crate) struct ShownItems {
    items_from: Option<usize>,
}

struct LiveProcessor {
    id: i64,
    user: CurrentUser,
    items_from: Option<usize>,
}

impl LivePage for LiveProcessor {
    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        if update.system().is_none() && self.items_from.is_none() {
            return Ok(());
        }
        let mut shown = Shown::find(update.portal, self.id).map_err(|_| ShapeChanged)?;
        shown.times = update.times.clone();
        if let Some(from) = self.items_from {
            let is_changed = |point| update.has_changed(point);
            for row in items::rows(&shown, from, is_changed) {
                parts.add(format!("item-{}", row.row.handle), &row);
            }
        }
        if update.system().is_some() {
            let Frame { head, .. } = shown.frame(Tab::Processor, &self.user, None);
            parts.add("processor-head", &head);
            parts.add("processor-now", &Now::new(&shown));
        }
        Ok(())
    }
}
