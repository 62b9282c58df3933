//! The outbox: accepted set points that are not completed. A write is committed before it is acknowledged, the newest
//! per point wins, and nothing expired is sent.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use riser_domain::{
    Actor, Clock, ClockReading, EwsItem, EwsItemId, EwsServerId, PointHandle, SetPointWrite, Timestamp,
    TreeOwner, Value, WriteId, WriteState,
};
use riser_store::{NewWrite, Store, StoreError};

use crate::changes::{Change, Changes};
use crate::items::{ItemStore, ServerTree};
use crate::latest_writes::{Deadline, LatestWrites};

/// How long a write without a validity is tried.
const TIME_TO_LIVE: Duration = Duration::from_mins(15);
/// Largest number of open writes. More are rejected until some end.
const OPEN_WRITES: usize = 10_000;

/// A checked write.
#[derive(Debug)]
pub(crate) struct CheckedWrite {
    pub(crate) point: PointHandle,
    pub(crate) item: EwsItemId,
    pub(crate) value: Value,
}

/// Why a whole request is rejected. Nothing of it was accepted.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("too many set points are open; write again when some are confirmed")]
    Full,
    #[error("the set points could not be stored")]
    Store(#[from] StoreError),
    #[error("Riser is stopping")]
    Ending,
}

/// Open writes, and the newest of every point.
#[derive(Debug)]
pub(crate) struct Outbox {
    clock: Arc<dyn Clock>,
    store: Store,
    items: Arc<ItemStore>,
    changes: Changes,
    newest: Mutex<LatestWrites>,
}

impl Outbox {
    /// Loads the writes that were open when the host ended.
    pub(crate) async fn load(
        store: Store,
        clock: Arc<dyn Clock>,
        items: Arc<ItemStore>,
        changes: Changes,
    ) -> Result<Self, StoreError> {
        let now = clock.read();
        let mut newest = LatestWrites::default();
        for write in store.latest_writes().await? {
            let deadline = deadline(&write, now);
            newest.adopt(write, deadline);
        }
        for write in newest.unexpired(now) {
            items.request(write.point, write.id, write.value.clone());
        }
        let outbox = Self { clock, store, items, changes, newest: Mutex::new(newest) };
        outbox.follow_clock().await?;
        Ok(outbox)
    }

    /// Stores when open writes expire by the wall clock as it is set now: a restart knows no other clock.
    pub(crate) async fn follow_clock(&self) -> Result<(), StoreError> {
        let moved = self.newest().move_expiry(|uptime| self.clock.wall_time_at(uptime));
        if moved.is_empty() { Ok(()) } else { self.store.move_expiry(&moved).await }
    }

    /// Commits the writes of one request as one group. Returns those to execute, in their order.
    pub(crate) async fn accept(
        &self,
        server: EwsServerId,
        actor: &Actor,
        writes: Vec<CheckedWrite>,
    ) -> Result<Vec<SetPointWrite>, WriteError> {
        let now = self.clock.now();
        if self.open_count() + writes.len() > OPEN_WRITES {
            return Err(WriteError::Full);
        }
        let expires_at = expiry(&writes, now);
        let writes: Vec<NewWrite> = writes
            .into_iter()
            .map(|write| NewWrite {
                point: write.point,
                item: write.item,
                ews_server: server,
                value: write.value,
                expires_at,
            })
            .collect();
        Ok(self.adopt(self.store.accept_writes(&writes, actor, now).await?))
    }

    /// Serves committed writes as requested values. Returns those to execute.
    fn adopt(&self, writes: Vec<SetPointWrite>) -> Vec<SetPointWrite> {
        let mut taken = Vec::with_capacity(writes.len());
        // Held for all of it, so that the newest write is served even when requests come back from
        // the store in another order than they were committed in.
        let now = self.clock.read();
        let mut newest = self.newest();
        for write in writes {
            if write.state.is_open() && newest.adopt(write.clone(), deadline(&write, now)) {
                self.items.request(write.point, write.id, write.value.clone());
                self.changes.send(Change::SetPointWrite(write.point));
                taken.push(write);
            }
        }
        taken
    }

    /// Records the new state of a write. A state that may not follow the current one is ignored: a late status
    /// never reopens a write.
    pub(crate) async fn record_status(
        &self,
        write: WriteId,
        state: WriteState,
        reason: &str,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        if self.newest().may_become(write, state)
            && self.store.update_write(write, state, reason, now).await?
        {
            self.note(write, state, reason, now);
        }
        Ok(())
    }

    /// Ends expired writes and returns them.
    pub(crate) async fn expire(&self) -> Result<Vec<SetPointWrite>, StoreError> {
        let now = self.clock.read();
        let expired = self.newest().expired(now);
        if expired.is_empty() {
            return Ok(Vec::new());
        }
        let expired = self.store.expire_writes(&expired, now.wall).await?;
        for write in &expired {
            self.note(write.id, write.state, &write.reason, now.wall);
        }
        Ok(expired)
    }

    /// Ends the open writes for removed points.
    pub(crate) async fn end_removed(&self, points: &[PointHandle]) -> Result<(), StoreError> {
        let points: HashSet<&PointHandle> = points.iter().collect();
        let open: Vec<WriteId> = self
            .newest()
            .open()
            .filter(|write| points.contains(&write.point))
            .map(|write| write.id)
            .collect();
        for write in open {
            self.record_status(write, WriteState::Rejected, "its item was removed").await?;
        }
        Ok(())
    }

    /// Adopts the stored state of a write.
    fn note(&self, write: WriteId, state: WriteState, reason: &str, now: Timestamp) {
        let Some(point) = self.newest().note(write, state, reason, now) else { return };
        if !state.is_open() {
            self.items.end_request(point, write, state == WriteState::Confirmed);
        }
        self.changes.send(Change::SetPointWrite(point));
    }

    /// Returns the open writes for points of this class, in the order of their acceptance.
    pub(crate) fn open_for(&self, owner: &TreeOwner, class: &str) -> Vec<SetPointWrite> {
        let tree = self.items.server(owner.ews_server);
        self.newest()
            .unexpired(self.clock.read())
            .filter(|write| handler(&tree, write.point) == Some((owner, class)))
            .cloned()
            .collect()
    }

    /// Returns the newest write for a point.
    pub(crate) fn newest_of(&self, point: PointHandle) -> Option<SetPointWrite> {
        self.newest().of_point(point).cloned()
    }

    /// Returns the newest writes of all points, newest first.
    pub(crate) fn recent(&self, count: usize) -> Vec<SetPointWrite> {
        let mut writes: Vec<SetPointWrite> = self.newest().all().cloned().collect();
        writes.sort_by_key(|write| std::cmp::Reverse(write.id));
        writes.truncate(count);
        writes
    }

    /// Returns the number of open writes.
    pub(crate) fn open_count(&self) -> usize {
        self.newest().open().len()
    }

    fn newest(&self) -> MutexGuard<'_, LatestWrites> {
        self.newest.lock()
    }
}

/// Returns the owner of a point's tree and the class that handles writes to it.
fn handler(tree: &ServerTree, point: PointHandle) -> Option<(&TreeOwner, &str)> {
    let node = tree.node(point)?;
    match (node.item(), node.owner()) {
        (Some(EwsItem::Value(item)), Some(owner)) => {
            Some((owner, item.definition.writes_handled_by.as_deref()?))
        }
        _ => None,
    }
}

/// Returns the end of a write. Its life is at most the one that it had when it was accepted, even if the clock was set
/// while Riser was not running.
fn deadline(write: &SetPointWrite, now: ClockReading) -> Deadline {
    let life = write.expires_at.since(write.accepted_at);
    let left = write.expires_at.since(now.wall).min(life);
    let has_validity = life != TIME_TO_LIVE;
    Deadline { uptime: now.uptime.plus(left), wall: has_validity.then_some(write.expires_at) }
}

/// Returns the validity of the writes: a time written together with other set points limits how long they are tried.
fn expiry(writes: &[CheckedWrite], now: Timestamp) -> Timestamp {
    writes
        .iter()
        .filter_map(|write| match write.value {
            Value::DateTime(moment) => Some(moment),
            _ => None,
        })
        .min()
        .unwrap_or_else(|| now.plus(TIME_TO_LIVE))
}

#[cfg(test)]
mod tests {
    use riser_domain::ValueState;

    use super::*;
    use crate::testing::fixture;

    #[tokio::test]
    async fn a_request_that_comes_back_late_from_the_store_hides_no_newer_write() {
        let fixture = fixture().await;
        let [a, _] = fixture.points;
        let older = fixture.write([(a, 2)]).await;
        let newer = fixture.write([(a, 3)]).await;
        assert!(fixture.outbox.adopt(older).is_empty());
        assert_eq!(fixture.outbox.newest_of(a).unwrap().id, newer[0].id);
        assert_eq!(fixture.served(a), (Value::Long(3), ValueState::Uncertain));
        assert_eq!(fixture.outbox.open_for(&fixture.owner, "status"), newer);
    }

    #[tokio::test]
    async fn expired_writes_are_served_no_longer_and_a_late_status_reopens_none() {
        let fixture = fixture().await;
        let [a, b] = fixture.points;
        let writes = fixture.write([(a, 2), (b, 3)]).await;
        fixture.clock.advance(TIME_TO_LIVE);
        assert!(fixture.outbox.open_for(&fixture.owner, "status").is_empty());
        let expired = fixture.outbox.expire().await.unwrap();
        assert_eq!(expired.iter().map(|write| write.id).collect::<Vec<_>>(), [writes[0].id, writes[1].id]);
        fixture.outbox.record_status(writes[0].id, WriteState::Sent, "").await.unwrap();
        assert_eq!(fixture.outbox.open_count(), 0);
        for point in [a, b] {
            assert_eq!(fixture.served(point), (Value::Long(1), ValueState::Good));
            assert_eq!(fixture.outbox.newest_of(point).unwrap().state, WriteState::Expired);
        }
        assert!(fixture.outbox.expire().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_the_store_ended_before_a_status_came_stays_ended() {
        let fixture = fixture().await;
        let [a, _] = fixture.points;
        let write = fixture.write([(a, 2)]).await.remove(0);
        assert!(
            fixture
                .store
                .update_write(write.id, WriteState::Rejected, "no", fixture.clock.now())
                .await
                .unwrap()
        );
        fixture.outbox.record_status(write.id, WriteState::Confirmed, "").await.unwrap();
        assert_ne!(fixture.outbox.newest_of(a).unwrap().state, WriteState::Confirmed);
    }
}
