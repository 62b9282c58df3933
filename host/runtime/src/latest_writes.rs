//! The newest write of every point, and the open ones among them. The open ones are a short list, however many
//! writes were ever accepted.

use std::collections::{BTreeMap, HashMap};

use riser_domain::{ClockReading, PointHandle, SetPointWrite, Timestamp, Uptime, WriteId, WriteState};

/// The newest write of every point.
#[derive(Debug, Default)]
pub(crate) struct LatestWrites {
    by_point: HashMap<PointHandle, SetPointWrite>,
    open: BTreeMap<WriteId, OpenWrite>,
}

#[derive(Clone, Copy, Debug)]
struct OpenWrite {
    point: PointHandle,
    deadline: Deadline,
}

/// The end of an open write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    /// The longest life of the write, whatever the wall clock shows.
    pub(crate) uptime: Uptime,
    /// The validity that its writer named, a wall time.
    pub(crate) wall: Option<Timestamp>,
}

impl Deadline {
    fn is_over(self, now: ClockReading) -> bool {
        self.uptime <= now.uptime || self.wall.is_some_and(|wall| wall <= now.wall)
    }
}

impl LatestWrites {
    /// Inserts a write unless a newer one for its point is known. Returns whether it was inserted.
    pub(crate) fn adopt(&mut self, write: SetPointWrite, deadline: Deadline) -> bool {
        if let Some(known) = self.by_point.get(&write.point) {
            if known.id >= write.id {
                return false;
            }
            self.open.remove(&known.id);
        }
        if write.state.is_open() {
            self.open.insert(write.id, OpenWrite { point: write.point, deadline });
        }
        self.by_point.insert(write.point, write);
        true
    }

    /// Returns whether a write is open and may change to a state.
    pub(crate) fn may_become(&self, write: WriteId, state: WriteState) -> bool {
        let known = self.open.get(&write).and_then(|open| self.by_point.get(&open.point));
        known.is_some_and(|known| known.state.may_become(state))
    }

    /// Records the new state of a write. Returns its point, or `None` if the state may not follow.
    pub(crate) fn note(
        &mut self,
        write: WriteId,
        state: WriteState,
        reason: &str,
        now: Timestamp,
    ) -> Option<PointHandle> {
        if !self.may_become(write, state) {
            return None;
        }
        let point = self.open.get(&write)?.point;
        let known = self.by_point.get_mut(&point)?;
        known.state = state;
        reason.clone_into(&mut known.reason);
        known.changed_at = now;
        if state == WriteState::Sent {
            known.sent_at.get_or_insert(now);
        }
        if !state.is_open() {
            self.open.remove(&write);
        }
        Some(point)
    }

    /// Returns the open writes, in the order of their acceptance.
    pub(crate) fn open(&self) -> impl ExactSizeIterator<Item = &SetPointWrite> {
        self.open.values().map(|open| &self.by_point[&open.point])
    }

    /// Returns the open writes that have not expired, in the order of their acceptance.
    pub(crate) fn unexpired(&self, now: ClockReading) -> impl Iterator<Item = &SetPointWrite> {
        let unexpired = self.open.values().filter(move |open| !open.deadline.is_over(now));
        unexpired.map(|open| &self.by_point[&open.point])
    }

    /// Returns the open writes that have expired.
    pub(crate) fn expired(&self, now: ClockReading) -> Vec<WriteId> {
        let expired = self.open.iter().filter(|(_, open)| open.deadline.is_over(now));
        expired.map(|(write, _)| *write).collect()
    }

    /// Shows the ends of open writes by the wall clock as it is set now. Returns those that changed.
    pub(crate) fn move_expiry(
        &mut self,
        wall_time_at: impl Fn(Uptime) -> Timestamp,
    ) -> Vec<(WriteId, Timestamp)> {
        let mut moved = Vec::new();
        for (id, OpenWrite { point, deadline }) in &self.open {
            let expires_at = wall_time_at(deadline.uptime);
            if let Some(write) = self.by_point.get_mut(point)
                && deadline.wall.is_none()
                && write.expires_at != expires_at
            {
                write.expires_at = expires_at;
                moved.push((*id, expires_at));
            }
        }
        moved
    }

    /// Returns the newest write of a point.
    pub(crate) fn of_point(&self, point: PointHandle) -> Option<&SetPointWrite> {
        self.by_point.get(&point)
    }

    /// Returns the newest writes of all points, unordered.
    pub(crate) fn all(&self) -> impl Iterator<Item = &SetPointWrite> {
        self.by_point.values()
    }
}
