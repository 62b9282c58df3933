//! The newest write of every point, and the open ones among them. The open ones are a short list, however many
//! writes were ever accepted.

use std::collections::{BTreeMap, HashMap};

use riser_domain::{PointHandle, SetPointWrite, Timestamp, WriteId, WriteState};

/// The newest write of every point.
#[derive(Debug, Default)]
pub(crate) struct LatestWrites {
    by_point: HashMap<PointHandle, SetPointWrite>,
    open: BTreeMap<WriteId, PointHandle>,
}

impl LatestWrites {
    /// Inserts a write unless a newer one for its point is known. Returns whether it was inserted.
    pub(crate) fn adopt(&mut self, write: SetPointWrite) -> bool {
        if let Some(known) = self.by_point.get(&write.point) {
            if known.id >= write.id {
                return false;
            }
            self.open.remove(&known.id);
        }
        if write.state.is_open() {
            self.open.insert(write.id, write.point);
        }
        self.by_point.insert(write.point, write);
        true
    }

    /// Returns whether a write is open and may change to a state.
    pub(crate) fn may_become(&self, write: WriteId, state: WriteState) -> bool {
        let known = self.open.get(&write).and_then(|point| self.by_point.get(point));
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
        let point = *self.open.get(&write)?;
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
        self.open.values().map(|point| &self.by_point[point])
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
