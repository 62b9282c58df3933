//! The page of one EWS server: the frame around its tabs, and a file for each tab.

pub(crate) mod account;
pub(crate) mod accounts;
pub(crate) mod delete;
pub(crate) mod overview;
pub(crate) mod settings;

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{EwsServer, EwsServerId};
use riser_ews::Traffic;
use riser_runtime::EwsServerStatus;
use riser_store::{Account, Configuration};
use serde::Deserialize;

use crate::current_user::CurrentUser;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{StateMark, TabLink, capitalised};
use crate::sessions::SignedIn;
use crate::state::PortalState;
use crate::system_status::SystemStatus;
use crate::wall_time::WallTime;

/// A tab of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    Overview,
    Settings,
    Accounts,
}

/// The parts of the page around a tab.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) id: i64,
    pub(crate) head: ServerHead,
    /// A tab with a form is not: loading it again would lose the input.
    pub(crate) is_live: bool,
    /// Empty for a person who may only look at the overview.
    pub(crate) tabs: Vec<TabLink>,
    /// Reports the change that was made a moment ago.
    pub(crate) notice: Option<&'static str>,
}

/// Name and state of the server.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/ews_server_head.html")]
pub(crate) struct ServerHead {
    pub(crate) name: String,
    pub(crate) state: StateMark,
    pub(crate) sentence: String,
}

impl HtmlSafe for ServerHead {}

/// Names the change that was made before the page is shown.
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
            "added" => "The EWS server is added. Add an account next: the BMS logs in with it.",
            "removed" => "The account is removed. It can no longer log in.",
            _ => return None,
        })
    }
}

/// One EWS server, with all that its tabs show.
pub(crate) struct Shown<'a> {
    pub(crate) portal: &'a PortalState,
    pub(crate) times: WallTime,
    pub(crate) system: SystemStatus,
    pub(crate) whole: Arc<Configuration>,
    pub(crate) status: EwsServerStatus,
    pub(crate) server: EwsServer,
}

impl<'a> Shown<'a> {
    pub(crate) fn find(portal: &'a PortalState, id: i64) -> Result<Self, PageError> {
        let id = EwsServerId(id);
        let system = portal.system_status();
        let whole = portal.runtime().configuration();
        let server = whole.ews_servers.iter().find(|server| server.id == id);
        let server = server.ok_or(PageError::NoSuchPage)?.clone();
        let status = system.servers.iter().find(|status| status.ews_server == id);
        let status = status.ok_or(PageError::NoSuchPage)?.clone();
        Ok(Self { portal, times: portal.times_of_page(), system, whole, status, server })
    }

    pub(crate) fn traffic(&self) -> Traffic {
        self.portal.runtime().ews_traffic(self.server.id)
    }

    pub(crate) fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.whole.accounts.iter().filter(|account| account.ews_server == self.server.id)
    }

    /// Returns the ids and names of the processors that use it.
    pub(crate) fn used_by(&self) -> Vec<(i64, String)> {
        let users = self.whole.processors.iter().filter(|processor| processor.ews_server == self.server.id);
        users.map(|processor| (processor.id.0, processor.name.clone())).collect()
    }

    pub(crate) fn id(&self) -> i64 {
        self.server.id.0
    }

    pub(crate) fn frame(&self, tab: Tab, user: &CurrentUser, notice: Option<&'static str>) -> Frame {
        let tabs = Tab::ALL.map(|other| TabLink {
            name: other.name(),
            href: other.address(self.id()),
            is_current: other == tab,
        });
        Frame {
            id: self.id(),
            head: ServerHead::new(&self.status),
            is_live: tab == Tab::Overview,
            tabs: if user.may_configure() { tabs.into() } else { Vec::new() },
            notice,
        }
    }

    pub(crate) fn layout(&self, signed_in: SignedIn) -> PageLayout {
        let name = self.portal.site_name();
        PageLayout::new(MenuEntry::EwsServers, &name, signed_in.context, &self.system, &self.times)
    }
}

impl ServerHead {
    pub(crate) fn new(status: &EwsServerStatus) -> Self {
        Self {
            name: status.name.clone(),
            state: StateMark::of_link(status.state),
            sentence: capitalised(&status.sentence),
        }
    }
}

impl Tab {
    const ALL: [Self; 3] = [Self::Overview, Self::Settings, Self::Accounts];

    const fn name(self) -> &'static str {
        match self {
            Self::Overview => "EWS server",
            Self::Settings => "Settings",
            Self::Accounts => "Accounts",
        }
    }

    pub(crate) fn address(self, server: i64) -> String {
        match self {
            Self::Overview => format!("/ews-servers/{server}"),
            Self::Settings => format!("/ews-servers/{server}/edit"),
            Self::Accounts => format!("/ews-servers/{server}/accounts"),
        }
    }
}
