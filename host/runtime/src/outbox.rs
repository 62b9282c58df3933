//! The outbox: set points accepted and not yet done. a write is committed before it is acknowledged, the newest
//! per point wins, and nothing expired is sent.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use riser_domain::{
    Actor, Clock, EwsItem, EwsItemId, EwsServerId, PointHandle, SetPointWrite, Timestamp, TreeOwner, Value,
    WriteId, WriteState,
};
use riser_store::{NewWrite, Store, StoreError};

use crate::changes::{Change, Changes};
use crate::configuration::Configurations;
use crate::items::{ItemStore, ServerTree};
use crate::latest_writes::LatestWrites;

/// How long a write is tried when it names no validity of its own (reliability, outbox, rule 4).
const TIME_TO_LIVE: Duration = Duration::from_mins(15);
/// Writes that may be open at once; more are refused until some end.
const OPEN_WRITES: usize = 10_000;

/// A set point as it was written: the point and the requested value.
#[derive(Clone, Debug, PartialEq)]
pub struct PointWrite {
    pub point: PointHandle,
    pub value: Value,
}

/// Why one set point of a request is refused; the others of the request go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteRefusal {
    #[error("there is no such item")]
    UnknownItem,
    #[error("the item is read-only, or nothing that is active carries its set points")]
    NotWritable,
    #[error("the item takes another type or another text")]
    InvalidValue,
    #[error("the value lies outside the range of the item")]
    OutOfRange,
}

/// Why a whole request is refused; nothing of it was accepted.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("too many set points are open")]
    Full,
    #[error("the set points could not be stored")]
    Store(#[from] StoreError),
}

/// What was accepted of one request.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// For each write, in its order.
    pub(crate) results: Vec<Result<(), WriteRefusal>>,
    /// The writes to be carried out, in the order of the writes.
    pub(crate) writes: Vec<SetPointWrite>,
}

/// Open writes, and the newest of every point.
#[derive(Debug)]
pub(crate) struct Outbox {
    clock: Arc<dyn Clock>,
    store: Store,
    items: Arc<ItemStore>,
    configurations: Arc<Configurations>,
    changes: Changes,
    newest: Mutex<LatestWrites>,
}

impl Outbox {
    /// Takes up the writes that were open when the host ended.
    pub(crate) async fn load(
        store: Store,
        clock: Arc<dyn Clock>,
        items: Arc<ItemStore>,
        configurations: Arc<Configurations>,
        changes: Changes,
    ) -> Result<Self, StoreError> {
        let now = clock.now();
        let mut newest = LatestWrites::default();
        for write in store.latest_writes().await? {
            if write.state.is_open() && write.expires_at > now {
                items.request(write.point, write.id, write.value.clone());
            }
            newest.adopt(write);
        }
        Ok(Self { clock, store, items, configurations, changes, newest: Mutex::new(newest) })
    }

    /// Checks each write and commits those that hold as one group.
    pub(crate) async fn accept(
        &self,
        server: EwsServerId,
        actor: &Actor,
        writes: Vec<PointWrite>,
    ) -> Result<Accepted, WriteError> {
        let now = self.clock.now();
        let tree = self.items.server(server);
        let results: Vec<Result<(), WriteRefusal>> =
            writes.iter().map(|write| self.check(&tree, write, now)).collect();
        let admitted: Vec<PointWrite> = writes
            .into_iter()
            .zip(&results)
            .filter_map(|(write, result)| result.is_ok().then_some(write))
            .collect();
        let expires_at = expiry(&admitted, now);
        let held = self.held(&admitted);
        let writes: Vec<NewWrite> = admitted
            .into_iter()
            .map(|write| NewWrite {
                point: write.point,
                item: EwsItemId::new(tree.node(write.point).map_or("", |node| node.id())),
                ews_server: server,
                value: write.value,
                expires_at,
                is_held: held.contains(&write.point),
            })
            .collect();
        let opening = writes.iter().filter(|write| !write.is_held).count();
        if self.open_count() + opening > OPEN_WRITES {
            return Err(WriteError::Full);
        }
        let accepted = self.store.accept_writes(&writes, actor, now).await?;
        Ok(Accepted { results, writes: self.adopt(accepted) })
    }

    /// The points whose last write in a request asks for what they have.
    fn held(&self, writes: &[PointWrite]) -> HashSet<PointHandle> {
        let last: HashMap<PointHandle, &Value> =
            writes.iter().map(|write| (write.point, &write.value)).collect();
        last.into_iter()
            .filter(|(point, value)| self.items.values.confirmed_value(*point).as_ref() == Some(*value))
            .map(|(point, _)| point)
            .collect()
    }

    /// Serves committed writes as requested; answers those that are to be carried out.
    fn adopt(&self, writes: Vec<SetPointWrite>) -> Vec<SetPointWrite> {
        let mut taken = Vec::with_capacity(writes.len());
        // Held for all of it, so that what is served is the newest write even when requests come back from
        // the store in another order than they were committed in.
        let mut newest = self.newest();
        for write in writes {
            if write.state.is_open() && newest.adopt(write.clone()) {
                self.items.request(write.point, write.id, write.value.clone());
                self.changes.send(Change::SetPointWrite(write.point));
                taken.push(write);
            }
        }
        taken
    }

    fn check(&self, tree: &ServerTree, write: &PointWrite, now: Timestamp) -> Result<(), WriteRefusal> {
        let node = tree.node(write.point).ok_or(WriteRefusal::UnknownItem)?;
        let (Some(EwsItem::Value(item)), Some(owner)) = (&node.item, &node.owner) else {
            return Err(WriteRefusal::UnknownItem);
        };
        let (Some(rule), Some(handler)) = (&item.set_point, &item.writes_handled_by) else {
            return Err(WriteRefusal::NotWritable);
        };
        let is_carried = self
            .configurations
            .of_class(owner, handler)
            .is_some_and(|configuration| configuration.flags.active);
        if !is_carried || node.has_vanished {
            return Err(WriteRefusal::NotWritable);
        }
        if write.value.kind() != item.kind || !rule.lists(&write.value) {
            return Err(WriteRefusal::InvalidValue);
        }
        if rule.admits(&write.value, now) { Ok(()) } else { Err(WriteRefusal::OutOfRange) }
    }

    /// Notes what became of a write. A word that may not follow the present one is passed over: a late receipt
    /// never reopens a write.
    pub(crate) async fn receipt(
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

    /// Ends the writes whose time ran out; answers them.
    pub(crate) async fn expire(&self) -> Result<Vec<SetPointWrite>, StoreError> {
        let now = self.clock.now();
        if !self.newest().open().any(|write| write.expires_at <= now) {
            return Ok(Vec::new());
        }
        let expired = self.store.expire_writes(now).await?;
        for write in &expired {
            self.note(write.id, write.state, &write.reason, now);
        }
        Ok(expired)
    }

    /// Takes over what the store holds of a write now.
    fn note(&self, write: WriteId, state: WriteState, reason: &str, now: Timestamp) {
        let Some(point) = self.newest().note(write, state, reason, now) else { return };
        if !state.is_open() {
            self.items.end_request(point, write, state == WriteState::Confirmed);
        }
        self.changes.send(Change::SetPointWrite(point));
    }

    /// Open writes for points that this class carries, in the order of their acceptance.
    pub(crate) fn open_for(&self, owner: &TreeOwner, class: &str) -> Vec<SetPointWrite> {
        let tree = self.items.server(owner.ews_server);
        let now = self.clock.now();
        self.newest()
            .open()
            .filter(|write| write.expires_at > now && handler(&tree, write.point) == Some((owner, class)))
            .cloned()
            .collect()
    }

    /// The newest write for a point.
    pub(crate) fn newest_of(&self, point: PointHandle) -> Option<SetPointWrite> {
        self.newest().of_point(point).cloned()
    }

    /// The newest writes of all points, newest first.
    pub(crate) fn recent(&self, count: usize) -> Vec<SetPointWrite> {
        let mut writes: Vec<SetPointWrite> = self.newest().all().cloned().collect();
        writes.sort_by_key(|write| std::cmp::Reverse(write.id));
        writes.truncate(count);
        writes
    }

    /// Writes that wait for their end.
    pub(crate) fn open_count(&self) -> usize {
        self.newest().open().len()
    }

    fn newest(&self) -> std::sync::MutexGuard<'_, LatestWrites> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose tree a point lies in and which class carries its set points.
pub(crate) fn handler(tree: &ServerTree, point: PointHandle) -> Option<(&TreeOwner, &str)> {
    let node = tree.node(point)?;
    match (&node.item, &node.owner) {
        (Some(EwsItem::Value(item)), Some(owner)) => Some((owner, item.writes_handled_by.as_deref()?)),
        _ => None,
    }
}

/// A moment written together with other set points is their validity, and bounds how long they are tried.
fn expiry(writes: &[PointWrite], now: Timestamp) -> Timestamp {
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
    use crate::testing::{bms, fixture};

    #[tokio::test]
    async fn a_write_of_what_a_point_has_is_audited_and_not_carried_out() {
        let fixture = fixture().await;
        let [a, b] = fixture.points;
        let before = fixture.store.list_audit(100).await.unwrap().len();
        let writes = fixture.write([(a, 1), (b, 5)]).await;
        assert_eq!(writes.iter().map(|write| write.point).collect::<Vec<_>>(), [b]);
        let audit = fixture.store.list_audit(100).await.unwrap();
        assert_eq!(audit.len(), before + 2);
        assert!(audit[..2].iter().all(|entry| entry.actor == bms()));
        assert_eq!(fixture.served(a), (Value::Long(1), ValueState::Good));
        assert_eq!(fixture.served(b), (Value::Long(5), ValueState::Uncertain));
    }

    #[tokio::test]
    async fn of_two_writes_for_a_point_in_one_request_the_last_counts_also_when_it_is_held() {
        let fixture = fixture().await;
        let [a, b] = fixture.points;
        assert!(fixture.write([(a, 9), (a, 1)]).await.is_empty());
        assert_eq!(fixture.served(a), (Value::Long(1), ValueState::Good));
        let writes = fixture.write([(b, 1), (b, 9)]).await;
        assert_eq!(writes.iter().map(|write| write.value.clone()).collect::<Vec<_>>(), [Value::Long(9)]);
        assert_eq!(fixture.served(b), (Value::Long(9), ValueState::Uncertain));
    }

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
    async fn expired_writes_are_served_no_longer_and_a_late_receipt_reopens_none() {
        let fixture = fixture().await;
        let [a, b] = fixture.points;
        let writes = fixture.write([(a, 2), (b, 3)]).await;
        fixture.clock.advance(TIME_TO_LIVE);
        assert!(fixture.outbox.open_for(&fixture.owner, "status").is_empty());
        let expired = fixture.outbox.expire().await.unwrap();
        assert_eq!(expired.iter().map(|write| write.id).collect::<Vec<_>>(), [writes[0].id, writes[1].id]);
        fixture.outbox.receipt(writes[0].id, WriteState::Sent, "").await.unwrap();
        assert_eq!(fixture.outbox.open_count(), 0);
        for point in [a, b] {
            assert_eq!(fixture.served(point), (Value::Long(1), ValueState::Good));
            assert_eq!(fixture.outbox.newest_of(point).unwrap().state, WriteState::Expired);
        }
        assert!(fixture.outbox.expire().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_the_store_ended_before_a_receipt_came_stays_ended() {
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
        fixture.outbox.receipt(write.id, WriteState::Confirmed, "").await.unwrap();
        assert_ne!(fixture.outbox.newest_of(a).unwrap().state, WriteState::Confirmed);
    }
}
