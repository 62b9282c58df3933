//! The newest wish of every point, and which of them are open: what the outbox looks at often is as long as
//! what waits, not as what was ever written.

use std::collections::{BTreeMap, HashMap};

use riser_domain::{PointHandle, Timestamp, Wish, WishId, WishState};

/// The newest wish of every point.
#[derive(Debug, Default)]
pub(crate) struct NewestWishes {
    by_point: HashMap<PointHandle, Wish>,
    open: BTreeMap<WishId, PointHandle>,
}

impl NewestWishes {
    /// Takes up a wish unless a newer one for its point is known; answers whether it was taken.
    pub(crate) fn take_up(&mut self, wish: Wish) -> bool {
        if let Some(known) = self.by_point.get(&wish.point) {
            if known.id >= wish.id {
                return false;
            }
            self.open.remove(&known.id);
        }
        if wish.state.is_open() {
            self.open.insert(wish.id, wish.point);
        }
        self.by_point.insert(wish.point, wish);
        true
    }

    /// Whether a wish is open and may go on to a state.
    pub(crate) fn may_become(&self, wish: WishId, state: WishState) -> bool {
        let known = self.open.get(&wish).and_then(|point| self.by_point.get(point));
        known.is_some_and(|known| known.state.may_become(state))
    }

    /// Notes what became of a wish; answers its point unless it may not become that.
    pub(crate) fn note(
        &mut self,
        wish: WishId,
        state: WishState,
        reason: &str,
        now: Timestamp,
    ) -> Option<PointHandle> {
        if !self.may_become(wish, state) {
            return None;
        }
        let point = *self.open.get(&wish)?;
        let known = self.by_point.get_mut(&point)?;
        known.state = state;
        reason.clone_into(&mut known.reason);
        known.changed_at = now;
        if state == WishState::Sent {
            known.sent_at.get_or_insert(now);
        }
        if !state.is_open() {
            self.open.remove(&wish);
        }
        Some(point)
    }

    /// The open ones, in the order of their acceptance.
    pub(crate) fn open(&self) -> impl ExactSizeIterator<Item = &Wish> {
        self.open.values().map(|point| &self.by_point[point])
    }

    /// The newest of a point.
    pub(crate) fn of_point(&self, point: PointHandle) -> Option<&Wish> {
        self.by_point.get(&point)
    }

    /// The newest of all points, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Wish> {
        self.by_point.values()
    }
}
