//! What the host does now: a file for each tab.

pub(crate) mod active_endpoints;
pub(crate) mod configuration_requests;
pub(crate) mod ews_server_requests;
pub(crate) mod processor_threads;

use crate::page_layout::{MenuEntry, PageLayout};
use crate::parts::TabLink;
use crate::sessions::SignedIn;
use crate::state::PortalState;

/// A tab of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    ProcessorThreads,
    ActiveEndpoints,
    ConfigurationRequests,
    EwsServerRequests,
}

/// The parts of the page around a tab.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    /// The event stream.
    pub(crate) events: String,
    pub(crate) tabs: Vec<TabLink>,
}

impl Tab {
    const ALL: [Self; 4] =
        [Self::ProcessorThreads, Self::ActiveEndpoints, Self::ConfigurationRequests, Self::EwsServerRequests];

    const fn name(self) -> &'static str {
        match self {
            Self::ProcessorThreads => "Processor threads",
            Self::ActiveEndpoints => "Active endpoints",
            Self::ConfigurationRequests => "Configuration requests",
            Self::EwsServerRequests => "EWS server requests",
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::ProcessorThreads => {
                "The runs that are under way. Each has its own process, so no processor waits for a free thread."
            }
            Self::ActiveEndpoints => "The addresses at which this host is reached.",
            Self::ConfigurationRequests => {
                "Starts by people, waiting runs, and changes of the configuration."
            }
            Self::EwsServerRequests => "The latest requests of EWS clients, over all servers.",
        }
    }

    const fn address(self) -> &'static str {
        match self {
            Self::ProcessorThreads => "/status",
            Self::ActiveEndpoints => "/status/active-endpoints",
            Self::ConfigurationRequests => "/status/configuration-requests",
            Self::EwsServerRequests => "/status/ews-server-requests",
        }
    }

    pub(crate) fn frame(self) -> Frame {
        Frame {
            title: self.name(),
            about: self.about(),
            events: format!("/events{}", self.address()),
            tabs: Self::ALL
                .map(|other| TabLink {
                    name: other.name(),
                    href: other.address().to_owned(),
                    is_current: other == self,
                })
                .into(),
        }
    }
}

fn layout(portal: &PortalState, signed_in: SignedIn) -> PageLayout {
    let times = portal.times_of_page();
    PageLayout::new(
        MenuEntry::Status,
        &portal.site_name(),
        signed_in.context,
        &portal.system_status(),
        &times,
    )
}
