//! The frame around every page: menu, connection bar, and the signed-in person.

use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::Role;
use strum::{EnumIter, IntoEnumIterator as _};

use crate::current_user::CurrentUser;
use crate::help::slug;
use crate::parts::{ConnectionBar, Icon};
use crate::request_context::RequestContext;
use crate::system_status::SystemStatus;
use crate::theme::Theme;
use crate::wall_time::WallTime;

/// A page in the menu.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumIter)]
pub(crate) enum MenuEntry {
    #[default]
    Overview,
    Problems,
    Items,
    Processors,
    Schedules,
    Connections,
    EwsServers,
    Plugins,
    Status,
    Log,
    Audit,
    Users,
    About,
}

/// Entries of the menu that belong together. The first group needs no heading.
#[derive(Debug)]
pub(crate) struct MenuGroup {
    pub(crate) heading: Option<&'static str>,
    entries: &'static [MenuEntry],
}

const MENU: [MenuGroup; 5] = [
    MenuGroup { heading: None, entries: &[MenuEntry::Overview, MenuEntry::Problems] },
    MenuGroup { heading: Some("Building"), entries: &[MenuEntry::Items] },
    MenuGroup { heading: Some("Work"), entries: &[MenuEntry::Processors, MenuEntry::Schedules] },
    MenuGroup { heading: Some("Both sides"), entries: &[MenuEntry::Connections, MenuEntry::EwsServers] },
    MenuGroup {
        heading: Some("System"),
        entries: &[
            MenuEntry::Plugins,
            MenuEntry::Status,
            MenuEntry::Log,
            MenuEntry::Audit,
            MenuEntry::Users,
            MenuEntry::About,
        ],
    },
];

/// The entries at the bottom of narrow screens, and on error pages.
pub(crate) const TABS: [MenuEntry; 4] =
    [MenuEntry::Overview, MenuEntry::Problems, MenuEntry::Items, MenuEntry::Processors];

/// The facts about a menu entry.
struct EntryFacts(&'static str, &'static str, Icon);

impl MenuEntry {
    #[rustfmt::skip]
    const fn facts(self) -> EntryFacts {
        match self {
            Self::Overview => EntryFacts("Overview", "/", Icon::Overview),
            Self::Problems => EntryFacts("Problems", "/problems", Icon::Problems),
            Self::Items => EntryFacts("Items", "/items", Icon::Items),
            Self::Processors => EntryFacts("Processors", "/processors", Icon::Processors),
            Self::Schedules => EntryFacts("Schedules", "/schedules", Icon::Schedules),
            Self::Connections => EntryFacts("Connections", "/connections", Icon::Connections),
            Self::EwsServers => EntryFacts("EWS servers", "/ews-servers", Icon::Server),
            Self::Plugins => EntryFacts("Plugins", "/plugins", Icon::Plugins),
            Self::Status => EntryFacts("Status", "/status", Icon::Running),
            Self::Log => EntryFacts("Log", "/log", Icon::Logs),
            Self::Audit => EntryFacts("Audit", "/audit", Icon::Book),
            Self::Users => EntryFacts("Users", "/users", Icon::Key),
            Self::About => EntryFacts("About", "/about", Icon::Info),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        self.facts().0
    }

    pub(crate) const fn href(self) -> &'static str {
        self.facts().1
    }

    /// Returns the address of the help about the page.
    pub(crate) fn help(self) -> String {
        format!("/help/pages#{}", slug(self.name()))
    }

    pub(crate) const fn icon(self) -> Icon {
        self.facts().2
    }

    /// Returns the role that a person needs to open the page.
    const fn needed_role(self) -> Role {
        match self {
            Self::Users => Role::Admin,
            _ => Role::Viewer,
        }
    }

    /// Returns the entry under which the page at this path is found.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        if path.starts_with("/runs/") {
            return Some(Self::Processors);
        }
        Self::iter().find(|entry| {
            let rest = path.strip_prefix(entry.href());
            rest.is_some_and(|rest| rest.is_empty() || (*entry != Self::Overview && rest.starts_with('/')))
        })
    }
}

impl MenuGroup {
    /// Returns the entries whose pages a person with this role may open.
    fn entries_for(&self, role: Role) -> impl Iterator<Item = &MenuEntry> {
        self.entries.iter().filter(move |entry| entry.needed_role() <= role)
    }
}

/// The content of the frame.
#[derive(Clone, Debug)]
pub(crate) struct PageLayout {
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

    pub(crate) fn menu(&self) -> impl Iterator<Item = &'static MenuGroup> {
        let role = self.user.role;
        MENU.iter().filter(move |group| group.entries_for(role).next().is_some())
    }

    pub(crate) fn entries<'g>(&self, group: &'g MenuGroup) -> impl Iterator<Item = &'g MenuEntry> + use<'g> {
        group.entries_for(self.user.role)
    }

    #[expect(clippy::unused_self, reason = "templates call methods")]
    pub(crate) fn tabs(&self) -> impl Iterator<Item = &'static MenuEntry> {
        TABS.iter()
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    pub(crate) fn is_current(&self, entry: &MenuEntry) -> bool {
        self.current == *entry
    }
}
