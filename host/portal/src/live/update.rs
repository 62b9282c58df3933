use std::collections::HashSet;

use askama::Template;
use riser_domain::{PointHandle, RunId};
use riser_runtime::Change;
use serde::Serialize;

use crate::state::PortalState;
use crate::system_status::SystemStatus;
use crate::wall_time::WallTime;

/// A part of a page. It replaces the element with this id, or is added at the end of the element's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Part {
    pub(super) id: String,
    pub(super) html: String,
    #[serde(rename = "append", skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_appended: bool,
}

/// Parts that are about to be sent.
#[derive(Debug, Default)]
pub(crate) struct Parts(Vec<Part>);

/// The page now consists of other parts, so the browser must load it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShapeChanged;

/// The changes since the last update.
#[derive(Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of a page that may have changed")]
pub(super) struct Stale {
    everything: bool,
    system: bool,
    page: bool,
    writes: bool,
    points: HashSet<PointHandle>,
    run_logs: HashSet<RunId>,
}

/// One update of a live page: the changes, and the data to render them with.
pub(crate) struct LiveUpdate<'a> {
    pub(crate) portal: &'a PortalState,
    pub(crate) times: WallTime,
    stale: &'a Stale,
    system: Option<SystemStatus>,
}

impl Parts {
    /// Renders a part. `id` is the id of the part's outermost element.
    pub(crate) fn add(&mut self, id: impl Into<String>, part: &impl Template) {
        self.push(id.into(), part, false);
    }

    /// Renders elements that are added at the end of a list. `id` is the id of the list.
    pub(crate) fn append(&mut self, id: impl Into<String>, part: &impl Template) {
        self.push(id.into(), part, true);
    }

    fn push(&mut self, id: String, part: &impl Template, is_appended: bool) {
        match part.render() {
            Ok(html) => self.0.push(Part { id, html, is_appended }),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the page part {id} could not be rendered"
                );
            }
        }
    }

    pub(super) fn into_inner(self) -> Vec<Part> {
        self.0
    }
}

impl Stale {
    pub(super) fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Notes a change of data outside the runtime.
    pub(super) const fn add_page(&mut self) {
        self.page = true;
    }

    pub(super) fn add(&mut self, change: &Change) {
        if self.everything {
            return;
        }
        match change {
            Change::Values(points) => self.points.extend(points.iter()),
            Change::SetPointWrite(point) => {
                self.points.insert(*point);
                self.writes = true;
                self.system = true;
            }
            Change::RunLog(run) => {
                self.run_logs.insert(*run);
            }
            Change::Configuration => *self = Self::everything(),
            _ => self.system = true,
        }
    }
}

impl<'a> LiveUpdate<'a> {
    pub(super) fn new(portal: &'a PortalState, stale: &'a Stale) -> Self {
        let system = (stale.everything || stale.system).then(|| portal.system_status());
        Self { portal, times: portal.times_of_live_parts(), stale, system }
    }

    /// Returns the status of the system if it may have changed.
    pub(crate) fn system(&self) -> Option<&SystemStatus> {
        self.system.as_ref()
    }

    /// Returns whether set point writes may have changed.
    pub(crate) fn has_changed_writes(&self) -> bool {
        self.stale.everything || self.stale.writes
    }

    /// Returns whether the value of a point may have changed.
    pub(crate) fn has_changed(&self, point: PointHandle) -> bool {
        self.stale.everything || self.stale.points.contains(&point)
    }

    /// Returns whether the log of a run may have changed.
    pub(crate) fn has_new_log_lines(&self, run: RunId) -> bool {
        self.stale.everything || self.stale.run_logs.contains(&run)
    }

    /// Returns whether all parts are to be rendered.
    pub(crate) fn is_full(&self) -> bool {
        self.stale.everything
    }
}
