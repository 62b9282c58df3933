//! The outbox: set points accepted and not yet done. A wish is committed before it is acknowledged, the newest
//! per point wins, and nothing expired is sent.

use std::collections::HashMap;
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
    newest: Mutex<HashMap<PointHandle, Wish>>,
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
        let newest: HashMap<PointHandle, Wish> =
            store.latest_wishes().await?.into_iter().map(|wish| (wish.point, wish)).collect();
        for wish in newest.values().filter(|wish| wish.state.is_open()) {
            items.request(wish.point, wish.id, wish.value.clone());
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
        let mut wanted: Vec<SetPointWrite> = Vec::with_capacity(writes.len());
        for (write, result) in writes.into_iter().zip(&results) {
            if result.is_err() {
                continue;
            }
            // The same point twice in one request: the last one wins.
            wanted.retain(|earlier| earlier.point != write.point);
            wanted.push(write);
        }
        wanted.retain(|write| self.items.values.confirmed_value(write.point).as_ref() != Some(&write.value));
        if wanted.is_empty() {
            return Ok(Accepted { results, wishes: Vec::new() });
        }
        if self.open_count() + wanted.len() > OPEN_WISHES {
            return Err(WriteError::Full);
        }
        let wishes = self.commit(server, author, wanted, now).await?;
        Ok(Accepted { results, wishes })
    }

    async fn commit(
        &self,
        server: EwsServerId,
        author: &Author,
        wanted: Vec<SetPointWrite>,
        now: Timestamp,
    ) -> Result<Vec<Wish>, StoreError> {
        let expires_at = expiry(&wanted, now);
        let tree = self.items.server(server);
        let wishes: Vec<NewWish> = wanted
            .into_iter()
            .map(|write| NewWish {
                point: write.point,
                item: EwsItemId::new(tree.node(write.point).map_or("", |node| node.id())),
                ews_server: server,
                value: write.value,
                expires_at,
            })
            .collect();
        let wishes = self.store.accept_wishes(&wishes, author, now).await?;
        let mut newest = self.newest();
        for wish in &wishes {
            newest.insert(wish.point, wish.clone());
        }
        drop(newest);
        for wish in &wishes {
            self.items.request(wish.point, wish.id, wish.value.clone());
            self.changes.send(Change::Wish(wish.point));
        }
        Ok(wishes)
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
        let known = self.newest().values().find(|known| known.id == wish).cloned();
        let Some(mut known) = known.filter(|known| known.state.may_become(state)) else { return Ok(()) };
        self.store.update_wish(wish, state, reason, now).await?;
        known.state = state;
        known.reason = reason.to_owned();
        known.changed_at = now;
        if state == WishState::Sent && known.sent_at.is_none() {
            known.sent_at = Some(now);
        }
        let point = known.point;
        let mut newest = self.newest();
        if newest.get(&point).is_some_and(|newest| newest.id == wish) {
            newest.insert(point, known);
        }
        drop(newest);
        if !state.is_open() {
            self.items.end_request(point, wish, state == WishState::Confirmed);
        }
        self.changes.send(Change::Wish(point));
        Ok(())
    }

    /// Ends the wishes whose time ran out; answers them.
    pub(crate) async fn expire(&self) -> Result<Vec<Wish>, StoreError> {
        let now = self.clock.now();
        let due: Vec<Wish> = self
            .newest()
            .values()
            .filter(|wish| wish.state.is_open() && wish.expires_at <= now)
            .cloned()
            .collect();
        for wish in &due {
            self.receipt(wish.id, WishState::Expired, "its time ran out before it was confirmed").await?;
        }
        Ok(due)
    }

    /// Open wishes for points that this class carries, in the order of their acceptance.
    pub(crate) fn open_for(&self, owner: &TreeOwner, class: &str) -> Vec<Wish> {
        let tree = self.items.server(owner.ews_server);
        let now = self.clock.now();
        let mut wishes: Vec<Wish> = self
            .newest()
            .values()
            .filter(|wish| wish.state.is_open() && wish.expires_at > now)
            .filter(|wish| carrier(&tree, wish.point) == Some((owner, class)))
            .cloned()
            .collect();
        wishes.sort_by_key(|wish| wish.id);
        wishes
    }

    /// The newest wish for a point.
    pub(crate) fn newest_of(&self, point: PointHandle) -> Option<Wish> {
        self.newest().get(&point).cloned()
    }

    /// The newest wishes of all points, newest first.
    pub(crate) fn recent(&self, count: usize) -> Vec<Wish> {
        let mut wishes: Vec<Wish> = self.newest().values().cloned().collect();
        wishes.sort_by_key(|wish| std::cmp::Reverse(wish.id));
        wishes.truncate(count);
        wishes
    }

    /// Wishes that wait for their end.
    pub(crate) fn open_count(&self) -> usize {
        self.newest().values().filter(|wish| wish.state.is_open()).count()
    }

    fn newest(&self) -> std::sync::MutexGuard<'_, HashMap<PointHandle, Wish>> {
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
