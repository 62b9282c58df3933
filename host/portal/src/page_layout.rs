//! The frame around every page: menu, connection bar, and the signed-in person.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::current_user::CurrentUser;
use crate::parts::{ConnectionBar, Icon};
use crate::request_context::RequestContext;
use crate::system_status::SystemStatus;
use crate::theme::Theme;
use crate::wall_time::WallTime;

/// A page in the menu.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum MenuEntry {
    #[default]
    Overview,
    Items,
}

/// Entries of the menu that belong together. The first group needs no heading.
#[derive(Debug)]
pub(crate) struct MenuGroup {
    pub(crate) heading: Option<&'static str>,
    pub(crate) entries: &'static [MenuEntry],
}

const MENU: [MenuGroup; 2] = [
    MenuGroup { heading: None, entries: &[MenuEntry::Overview] },
    MenuGroup { heading: Some("Building"), entries: &[MenuEntry::Items] },
];

impl MenuEntry {
    pub(crate) const ALL: [Self; 2] = [Self::Overview, Self::Items];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Items => "Items",
        }
    }

    pub(crate) const fn href(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Items => "/items",
        }
    }

    pub(crate) const fn icon(self) -> Icon {
        match self {
            Self::Overview => Icon::Overview,
            Self::Items => Icon::Items,
        }
    }
}

/// The content of the frame.
#[derive(Clone, Debug)]
pub(crate) struct PageLayout {
    pub(crate) menu: &'static [MenuGroup],
    pub(crate) current: MenuEntry,
    pub(crate) site_name: String,
    pub(crate) version: &'static str,
    pub(crate) theme: Option<Theme>,
    pub(crate) now_ms: i64,
    pub(crate) connection_bar: ConnectionBar,
    pub(crate) problems: ProblemCount,
    pub(crate) user: CurrentUser,
    /// The address to which the theme button returns.
    pub(crate) address: String,
}

/// The bell with the number of problems.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/problem_count.html")]
pub(crate) struct ProblemCount {
    pub(crate) open: usize,
}

impl HtmlSafe for ProblemCount {}

impl PageLayout {
    pub(crate) fn new(
        current: MenuEntry,
        site_name: &str,
        context: RequestContext,
        system: &SystemStatus,
        times: &WallTime,
    ) -> Self {
        Self {
            menu: &MENU,
            current,
            site_name: site_name.to_owned(),
            version: system.facts.version,
            theme: context.theme,
            now_ms: times.now().unix_ms(),
            connection_bar: ConnectionBar::new(system, times),
            problems: ProblemCount { open: system.problems.len() },
            user: context.user,
            address: context.address,
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    pub(crate) fn is_current(&self, entry: &MenuEntry) -> bool {
        self.current == *entry
    }
}
