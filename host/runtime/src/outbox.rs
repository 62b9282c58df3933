//! The outbox: set points accepted and not yet done. A wish is committed before it is acknowledged, the newest
//! per point wins, and nothing expired is sent.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use riser_domain::{
    Author, Clock, EwsItem, EwsItemId, EwsServerId, PointHandle, Timestamp, TreeOwner, Value, Wish, WishId,
    WishState,
};
use riser_store::{NewWish, Store, StoreError};

use crate::changes::{Change, Changes};
use crate::configuration::Configurations;
use crate::items::{ItemStore, ServerTree};
use crate::newest_wishes::NewestWishes;

/// How long a wish is tried when it names no validity of its own (reliability, outbox, rule 4).
const TIME_TO_LIVE: Duration = Duration::from_mins(15);
/// Wishes that may be open at once; more are refused until some end.
const OPEN_WISHES: usize = 10_000;

/// A set point as it was written: the point and the wished value.
#[derive(Clone, Debug, PartialEq)]
pub struct SetPointWrite {
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
    /// The wishes to be carried out, in the order of the writes.
    pub(crate) wishes: Vec<Wish>,
}

/// Open wishes, and the newest of every point.
#[derive(Debug)]
pub(crate) struct Outbox {
    clock: Arc<dyn Clock>,
    store: Store,
    items: Arc<ItemStore>,
    configurations: Arc<Configurations>,
    changes: Changes,
    newest: Mutex<NewestWishes>,
}

impl Outbox {
    /// Takes up the wishes that were open when the host ended.
    pub(crate) async fn load(
        store: Store,
        clock: Arc<dyn Clock>,
        items: Arc<ItemStore>,
        configurations: Arc<Configurations>,
        changes: Changes,
    ) -> Result<Self, StoreError> {
        let now = clock.now();
        let mut newest = NewestWishes::default();
        for wish in store.latest_wishes().await? {
            if wish.state.is_open() && wish.expires_at > now {
                items.request(wish.point, wish.id, wish.value.clone());
            }
            newest.take_up(wish);
        }
        Ok(Self { clock, store, items, configurations, changes, newest: Mutex::new(newest) })
    }

    /// Checks each write and commits those that hold as one group.
    pub(crate) async fn accept(
        &self,
        server: EwsServerId,
        author: &Author,
        writes: Vec<SetPointWrite>,
    ) -> Result<Accepted, WriteError> {
        let now = self.clock.now();
        let tree = self.items.server(server);
        let results: Vec<Result<(), WriteRefusal>> =
            writes.iter().map(|write| self.check(&tree, write, now)).collect();
        let admitted: Vec<SetPointWrite> = writes
            .into_iter()
            .zip(&results)
            .filter_map(|(write, result)| result.is_ok().then_some(write))
            .collect();
        let expires_at = expiry(&admitted, now);
        let held = self.held(&admitted);
        let wishes: Vec<NewWish> = admitted
            .into_iter()
            .map(|write| NewWish {
                point: write.point,
                item: EwsItemId::new(tree.node(write.point).map_or("", |node| node.id())),
                ews_server: server,
                value: write.value,
                expires_at,
                is_held: held.contains(&write.point),
            })
            .collect();
        let opening = wishes.iter().filter(|wish| !wish.is_held).count();
        if self.open_count() + opening > OPEN_WISHES {
            return Err(WriteError::Full);
        }
        let accepted = self.store.accept_wishes(&wishes, author, now).await?;
        Ok(Accepted { results, wishes: self.take_up(accepted) })
    }

    /// The points whose last write in a request asks for what they have.
    fn held(&self, writes: &[SetPointWrite]) -> HashSet<PointHandle> {
        let last: HashMap<PointHandle, &Value> =
            writes.iter().map(|write| (write.point, &write.value)).collect();
        last.into_iter()
            .filter(|(point, value)| self.items.values.confirmed_value(*point).as_ref() == Some(*value))
            .map(|(point, _)| point)
            .collect()
    }

    /// Serves committed wishes as requested; answers those that are to be carried out.
    fn take_up(&self, wishes: Vec<Wish>) -> Vec<Wish> {
        let mut taken = Vec::with_capacity(wishes.len());
        // Held for all of it, so that what is served is the newest wish even when requests come back from
        // the store in another order than they were committed in.
        let mut newest = self.newest();
        for wish in wishes {
            if wish.state.is_open() && newest.take_up(wish.clone()) {
                self.items.request(wish.point, wish.id, wish.value.clone());
                self.changes.send(Change::Wish(wish.point));
                taken.push(wish);
            }
        }
        taken
    }

    fn check(&self, tree: &ServerTree, write: &SetPointWrite, now: Timestamp) -> Result<(), WriteRefusal> {
        let node = tree.node(write.point).ok_or(WriteRefusal::UnknownItem)?;
        let (Some(EwsItem::Value(item)), Some(owner)) = (&node.item, &node.owner) else {
            return Err(WriteRefusal::UnknownItem);
        };
        let (Some(rule), Some(carrier)) = (&item.set_point, &item.carried_by) else {
            return Err(WriteRefusal::NotWritable);
        };
        let is_carried = self
            .configurations
            .of_class(owner, carrier)
            .is_some_and(|configuration| configuration.flags.active);
        if !is_carried || node.has_vanished {
            return Err(WriteRefusal::NotWritable);
        }
        if write.value.kind() != item.kind || !rule.lists(&write.value) {
            return Err(WriteRefusal::InvalidValue);
        }
        if rule.admits(&write.value, now) { Ok(()) } else { Err(WriteRefusal::OutOfRange) }
    }

    /// Notes what became of a wish. A word that may not follow the present one is passed over: a late receipt
    /// never reopens a wish.
    pub(crate) async fn receipt(
        &self,
        wish: WishId,
        state: WishState,
        reason: &str,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        if self.newest().may_become(wish, state) && self.store.update_wish(wish, state, reason, now).await? {
            self.note(wish, state, reason, now);
        }
        Ok(())
    }

    /// Ends the wishes whose time ran out; answers them.
    pub(crate) async fn expire(&self) -> Result<Vec<Wish>, StoreError> {
        let now = self.clock.now();
        if !self.newest().open().any(|wish| wish.expires_at <= now) {
            return Ok(Vec::new());
        }
        let expired = self.store.expire_wishes(now).await?;
        for wish in &expired {
            self.note(wish.id, wish.state, &wish.reason, now);
        }
        Ok(expired)
    }

    /// Takes over what the store holds of a wish now.
    fn note(&self, wish: WishId, state: WishState, reason: &str, now: Timestamp) {
        let Some(point) = self.newest().note(wish, state, reason, now) else { return };
        if !state.is_open() {
            self.items.end_request(point, wish, state == WishState::Confirmed);
        }
        self.changes.send(Change::Wish(point));
    }

    /// Open wishes for points that this class carries, in the order of their acceptance.
    pub(crate) fn open_for(&self, owner: &TreeOwner, class: &str) -> Vec<Wish> {
        let tree = self.items.server(owner.ews_server);
        let now = self.clock.now();
        self.newest()
            .open()
            .filter(|wish| wish.expires_at > now && carrier(&tree, wish.point) == Some((owner, class)))
            .cloned()
            .collect()
    }

    /// The newest wish for a point.
    pub(crate) fn newest_of(&self, point: PointHandle) -> Option<Wish> {
        self.newest().of_point(point).cloned()
    }

    /// The newest wishes of all points, newest first.
    pub(crate) fn recent(&self, count: usize) -> Vec<Wish> {
        let mut wishes: Vec<Wish> = self.newest().all().cloned().collect();
        wishes.sort_by_key(|wish| std::cmp::Reverse(wish.id));
        wishes.truncate(count);
        wishes
    }

    /// Wishes that wait for their end.
    pub(crate) fn open_count(&self) -> usize {
        self.newest().open().len()
    }

    fn newest(&self) -> std::sync::MutexGuard<'_, NewestWishes> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose tree a point lies in and which class carries its set points.
pub(crate) fn carrier(tree: &ServerTree, point: PointHandle) -> Option<(&TreeOwner, &str)> {
    let node = tree.node(point)?;
    match (&node.item, &node.owner) {
        (Some(EwsItem::Value(item)), Some(owner)) => Some((owner, item.carried_by.as_deref()?)),
        _ => None,
    }
}

/// A moment written together with other set points is their validity, and bounds how long they are tried.
fn expiry(writes: &[SetPointWrite], now: Timestamp) -> Timestamp {
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
    use crate::situation::{bms, world};

    #[tokio::test]
    async fn a_write_of_what_a_point_has_is_audited_and_not_carried_out() {
        let world = world().await;
        let [a, b] = world.points;
        let before = world.store.list_audit(100).await.unwrap().len();
        let wishes = world.write([(a, 1), (b, 5)]).await;
        assert_eq!(wishes.iter().map(|wish| wish.point).collect::<Vec<_>>(), [b]);
        let audit = world.store.list_audit(100).await.unwrap();
        assert_eq!(audit.len(), before + 2);
        assert!(audit[..2].iter().all(|entry| entry.author == bms()));
        assert_eq!(world.served(a), (Value::Long(1), ValueState::Good));
        assert_eq!(world.served(b), (Value::Long(5), ValueState::Uncertain));
    }

    #[tokio::test]
    async fn of_two_writes_for_a_point_in_one_request_the_last_counts_also_when_it_is_held() {
        let world = world().await;
        let [a, b] = world.points;
        assert!(world.write([(a, 9), (a, 1)]).await.is_empty());
        assert_eq!(world.served(a), (Value::Long(1), ValueState::Good));
        let wishes = world.write([(b, 1), (b, 9)]).await;
        assert_eq!(wishes.iter().map(|wish| wish.value.clone()).collect::<Vec<_>>(), [Value::Long(9)]);
        assert_eq!(world.served(b), (Value::Long(9), ValueState::Uncertain));
    }

    #[tokio::test]
    async fn a_request_that_comes_back_late_from_the_store_hides_no_newer_wish() {
        let world = world().await;
        let [a, _] = world.points;
        let older = world.write([(a, 2)]).await;
        let newer = world.write([(a, 3)]).await;
        assert!(world.outbox.take_up(older).is_empty());
        assert_eq!(world.outbox.newest_of(a).unwrap().id, newer[0].id);
        assert_eq!(world.served(a), (Value::Long(3), ValueState::Uncertain));
        assert_eq!(world.outbox.open_for(&world.owner, "status"), newer);
    }

    #[tokio::test]
    async fn expired_wishes_are_served_no_longer_and_a_late_receipt_reopens_none() {
        let world = world().await;
        let [a, b] = world.points;
        let wishes = world.write([(a, 2), (b, 3)]).await;
        world.clock.advance(TIME_TO_LIVE);
        assert!(world.outbox.open_for(&world.owner, "status").is_empty());
        let expired = world.outbox.expire().await.unwrap();
        assert_eq!(expired.iter().map(|wish| wish.id).collect::<Vec<_>>(), [wishes[0].id, wishes[1].id]);
        world.outbox.receipt(wishes[0].id, WishState::Sent, "").await.unwrap();
        assert_eq!(world.outbox.open_count(), 0);
        for point in [a, b] {
            assert_eq!(world.served(point), (Value::Long(1), ValueState::Good));
            assert_eq!(world.outbox.newest_of(point).unwrap().state, WishState::Expired);
        }
        assert!(world.outbox.expire().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_the_store_ended_before_a_receipt_came_stays_ended() {
        let world = world().await;
        let [a, _] = world.points;
        let wish = world.write([(a, 2)]).await.remove(0);
        assert!(
            world.store.update_wish(wish.id, WishState::Rejected, "no", world.clock.now()).await.unwrap()
        );
        world.outbox.receipt(wish.id, WishState::Confirmed, "").await.unwrap();
        assert_ne!(world.outbox.newest_of(a).unwrap().state, WishState::Confirmed);
    }
}
