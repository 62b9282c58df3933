//! The publications of one class: how the values of an object are shown.

use std::time::SystemTime;

use riser_plugin::{Point, Publication};

use super::row::{Publisher, Row, Shown, Source};
use super::sums::Sums;

const NOT_REACHED: &str = "the station is not connected to the controller";

/// Selects the rows of a class.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Setup,
    Status,
}

/// What decides how the values of an object are shown.
#[derive(Clone, Copy)]
pub(super) struct How {
    /// Whether its station is connected to the controller.
    pub(super) is_reached: bool,
    /// Whether the controller's list lacks it.
    pub(super) is_kept: bool,
    /// Measured values get this time.
    pub(super) measured_at: Option<SystemTime>,
}

impl Default for How {
    fn default() -> Self {
        Self { is_reached: true, is_kept: false, measured_at: None }
    }
}

impl How {
    pub(super) fn kept(is_kept: bool) -> Self {
        Self { is_kept, ..Self::default() }
    }
}

/// Receives the publications of one class, one by one: a large site has too many for a list.
pub(super) struct Batch<'a> {
    part: Part,
    /// The time of the last poll that had everything.
    pub(super) kept_since: Option<SystemTime>,
    publish: &'a mut dyn FnMut(Publication),
}

impl<'a> Batch<'a> {
    /// Creates a batch that gives each publication to a function.
    pub(super) fn of(
        part: Part,
        kept_since: Option<SystemTime>,
        publish: &'a mut dyn FnMut(Publication),
    ) -> Self {
        Self { part, kept_since, publish }
    }

    /// Adds the points of one object.
    pub(super) fn push<T: Source>(
        &mut self,
        (points, rows): (&[Option<Point>], &[Row<T>]),
        object: &T,
        sums: &Sums,
        how: How,
    ) {
        for (row, point) in rows.iter().zip(points) {
            let is_setups = row.publisher == Publisher::Setup;
            if is_setups == (self.part == Part::Setup)
                && let Some(point) = point
            {
                let publication = self.publication(*point, row, (object, sums), how);
                (self.publish)(publication);
            }
        }
    }

    fn publication<T: Source>(
        &self,
        point: Point,
        row: &Row<T>,
        (object, sums): (&T, &Sums),
        how: How,
    ) -> Publication {
        let is_live = row.publisher == Publisher::StatusLive;
        if is_live && !how.is_reached {
            return point.offline(NOT_REACHED);
        }
        let shown = (row.show)(object, sums);
        let shown = if how.is_kept { shown.kept() } else { shown };
        let is_kept = matches!(shown, Shown::Kept(_));
        let measured_at = how.measured_at.filter(|_| is_live);
        let source_time = if is_kept { measured_at.or(self.kept_since) } else { measured_at };
        Publication { source_time, ..row.publication(point, shown, object) }
    }
}
