use std::collections::HashSet;

use askama::Template;
use riser_domain::{EwsServerId, PointHandle};
use riser_runtime::Change;
use serde::Serialize;

use super::PageKind;
use crate::items_address::ItemsAddress;
use crate::items_view::Window;
use crate::pages::overview::{Headline, HostPanel, processor_rows};
use crate::parts::{DataPath, HopStrip, ProblemList, Tree};
use crate::reader::Reader;
use crate::shell::ProblemCount;
use crate::standing::Standing;
use crate::state::PortalState;
use crate::wall_time::WallTime;

/// What one browser window shows.
pub(super) struct View {
    page: PageKind,
    address: ItemsAddress,
    reader: Reader,
    /// The processors the page lists; another set of them is another page.
    listed: Option<Vec<i64>>,
}

/// A part of a page: the element with this id is replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Part {
    pub(super) id: String,
    pub(super) html: String,
}

/// What may read differently than when it was last sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stale {
    everything: bool,
    standing: bool,
    writes: bool,
    points: HashSet<PointHandle>,
}

impl Stale {
    pub(super) fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn note(&mut self, change: &Change) {
        if self.everything {
            return;
        }
        match change {
            Change::Values(points) => self.points.extend(points.iter()),
            Change::SetPointWrite(point) => {
                self.points.insert(*point);
                self.writes = true;
                self.standing = true;
            }
            Change::Configuration => *self = Self::everything(),
            _ => self.standing = true,
        }
    }

    fn has(&self, point: PointHandle) -> bool {
        self.everything || self.points.contains(&point)
    }
}

impl View {
    pub(super) fn new(page: PageKind, address: ItemsAddress, reader: Reader) -> Self {
        Self { page, address, reader, listed: None }
    }

    /// Whether the change gives the page another shape than parts can.
    pub(super) fn is_reshaped_by(&self, change: &Change) -> bool {
        self.page == PageKind::Items
            && matches!(change, Change::Tree(EwsServerId(id)) if self.address.server.is_none_or(|shown| shown == *id))
    }

    /// The parts that may have changed; `None` when the page has another shape by now.
    pub(super) fn parts(&mut self, portal: &PortalState, stale: &Stale) -> Option<Vec<Part>> {
        let times = portal.times_of_live_parts();
        let mut parts = Vec::new();
        if stale.everything || stale.standing {
            let standing = portal.standing();
            let listed: Vec<i64> =
                standing.processors.iter().map(|processor| processor.configuration.0).collect();
            if self.listed.get_or_insert_with(|| listed.clone()) != &listed {
                return None;
            }
            add(&mut parts, "hops", &HopStrip::new(&standing, &times));
            add(&mut parts, "problem-count", &ProblemCount { open: standing.problems.len() });
            if self.page == PageKind::Overview {
                self.add_overview(&mut parts, &standing, &times);
            }
        }
        if self.page == PageKind::Overview && (stale.everything || stale.writes) {
            add(&mut parts, "set-points", &portal.set_points(&times));
        }
        if let (PageKind::Items, Some(server)) = (self.page, self.address.server) {
            let tree = portal.runtime().items(EwsServerId(server));
            let window =
                Window { runtime: portal.runtime(), tree: &tree, address: &self.address, times: &times };
            add_items(&mut parts, window, stale)?;
        }
        Some(parts)
    }

    fn add_overview(&self, parts: &mut Vec<Part>, standing: &Standing, times: &WallTime) {
        add(parts, "headline", &Headline::new(standing, times));
        add(parts, "path", &DataPath::new(standing, times));
        add(parts, "problems", &ProblemList::new(&standing.problems, times));
        add(parts, "host", &HostPanel::new(&standing.facts, times));
        for row in processor_rows(standing, &self.reader, times) {
            add(parts, &format!("processor-{}", row.id), &row);
        }
    }
}

/// `None` when the container is no longer there.
fn add_items(parts: &mut Vec<Part>, window: Window<'_>, stale: &Stale) -> Option<()> {
    let Window { tree, address, .. } = window;
    let container = window.container()?;
    let mut points = window.shown_points(container);
    points.retain(|point| stale.has(*point));
    for row in window.rows(&points) {
        add(parts, &format!("item-{}", row.handle), &row);
    }
    let in_drawer = address.item.as_deref().and_then(|id| tree.find(id)).filter(|item| stale.has(*item));
    if let Some(drawer) = in_drawer.and_then(|item| tree.node(item)).and_then(|node| window.drawer(node)) {
        add(parts, "drawer", &drawer);
    }
    if stale.everything {
        for branch in Tree::new(tree, container.handle, address, &window.roll_up()).branches {
            add(parts, &format!("branch-state-{}", branch.mark.handle), &branch.mark);
        }
    }
    Some(())
}

fn add(parts: &mut Vec<Part>, id: &str, part: &impl Template) {
    match part.render() {
        Ok(html) => parts.push(Part { id: id.to_owned(), html }),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the part {id} could not be written");
        }
    }
}
