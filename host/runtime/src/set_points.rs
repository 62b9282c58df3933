//! The entry for set point writes from EWS, pages and interfaces. A write is checked here, once,
//! and passed to its processor.

use std::collections::HashMap;
use std::sync::Arc;

use riser_domain::{
    Actor, Clock, ConfigurationId, EwsItem, EwsServerId, PointHandle, SetPointWrite, Timestamp, Value,
};

use crate::configuration::Configurations;
use crate::items::{ItemStore, ServerTree};
pub use crate::outbox::WriteError;
use crate::outbox::{CheckedWrite, Outbox};
use crate::supervisor::ProcessorRegistry;

/// A value written to a point.
#[derive(Clone, Debug, PartialEq)]
pub struct PointWrite {
    pub point: PointHandle,
    pub value: Value,
}

/// Why one write of a request is rejected. The others continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteRefusal {
    #[error("there is no such item")]
    UnknownItem,
    #[error("the item is read-only, or no active processor handles writes to it")]
    NotWritable,
    #[error("the item takes another type or another text")]
    InvalidValue,
    #[error("the value is outside the range of the item")]
    OutOfRange,
}

/// Accepts set point writes.
#[derive(Debug)]
pub(crate) struct SetPoints {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) items: Arc<ItemStore>,
    pub(crate) configurations: Arc<Configurations>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) processors: Arc<ProcessorRegistry>,
}

impl SetPoints {
    /// Checks each write, commits the valid ones as one group and passes them to their processors.
    /// Returns a result for each write, in their order. It completes even if the caller goes away.
    pub(crate) async fn write(
        self: &Arc<Self>,
        server: EwsServerId,
        actor: Actor,
        writes: Vec<PointWrite>,
    ) -> Result<Vec<Result<(), WriteRefusal>>, WriteError> {
        let this = Arc::clone(self);
        let writing = tokio::spawn(async move { this.accept_and_deliver(server, &actor, writes).await });
        writing.await.unwrap_or(Err(WriteError::Ending))
    }

    async fn accept_and_deliver(
        &self,
        server: EwsServerId,
        actor: &Actor,
        writes: Vec<PointWrite>,
    ) -> Result<Vec<Result<(), WriteRefusal>>, WriteError> {
        let now = self.clock.now();
        let tree = self.items.server(server);
        let mut results = Vec::with_capacity(writes.len());
        let mut checked = Vec::with_capacity(writes.len());
        let mut handlers: HashMap<PointHandle, ConfigurationId> = HashMap::new();
        for write in writes {
            results.push(self.check(&tree, write, now).map(|(write, handler)| {
                handlers.insert(write.point, handler);
                checked.push(write);
            }));
        }
        if !checked.is_empty() {
            let accepted = self.outbox.accept(server, actor, checked).await?;
            let mut by_handler: HashMap<ConfigurationId, Vec<SetPointWrite>> = HashMap::new();
            for write in accepted {
                if let Some(handler) = handlers.get(&write.point) {
                    by_handler.entry(*handler).or_default().push(write);
                }
            }
            self.processors.deliver(by_handler).await;
        }
        Ok(results)
    }

    /// Returns a write with the processor that handles it.
    fn check(
        &self,
        tree: &ServerTree,
        write: PointWrite,
        now: Timestamp,
    ) -> Result<(CheckedWrite, ConfigurationId), WriteRefusal> {
        let PointWrite { point, value } = write;
        let node = tree.node(point).ok_or(WriteRefusal::UnknownItem)?;
        let (Some(EwsItem::Value(item)), Some(owner)) = (node.item(), node.owner()) else {
            return Err(WriteRefusal::UnknownItem);
        };
        let (Some(rule), Some(class)) = (&item.definition.set_point, &item.definition.writes_handled_by)
        else {
            return Err(WriteRefusal::NotWritable);
        };
        let handler = self
            .configurations
            .of_class(owner, class)
            .filter(|configuration| configuration.flags.active && !node.has_vanished)
            .filter(|configuration| !self.processors.is_quarantined(configuration.id))
            .ok_or(WriteRefusal::NotWritable)?;
        if value.kind() != item.definition.kind || !rule.lists(&value) {
            return Err(WriteRefusal::InvalidValue);
        }
        if !rule.admits(&value, now) {
            return Err(WriteRefusal::OutOfRange);
        }
        Ok((CheckedWrite { point, item: item.id.clone(), value }, handler.id))
    }
}

#[cfg(test)]
mod tests {
    use riser_domain::{ValueState, WriteState};

    use super::*;
    use crate::testing::{bms, fixture};

    #[tokio::test]
    async fn a_write_of_the_shown_value_is_handled_like_any_other() {
        let fixture = fixture().await;
        let [a, b] = fixture.points;
        let before = fixture.store.list_audit(100).await.unwrap().len();
        let writes = fixture.write([(a, 1), (b, 5)]).await;
        assert_eq!(writes.iter().map(|write| write.point).collect::<Vec<_>>(), [a, b]);
        assert_eq!(fixture.outbox.open_for(&fixture.owner, "status"), writes);
        let audit = fixture.store.list_audit(100).await.unwrap();
        assert_eq!(audit.len(), before + 2);
        assert!(audit[..2].iter().all(|entry| entry.actor == bms()));
        assert_eq!(fixture.served(a), (Value::Long(1), ValueState::Uncertain));
        assert_eq!(fixture.served(b), (Value::Long(5), ValueState::Uncertain));
        for write in writes {
            fixture.outbox.record_status(write.id, WriteState::Confirmed, "").await.unwrap();
        }
        assert_eq!(fixture.served(a), (Value::Long(1), ValueState::Good));
    }

    #[tokio::test]
    async fn of_two_writes_to_one_point_in_one_request_the_last_counts() {
        let fixture = fixture().await;
        let [a, b] = fixture.points;
        for (point, first, last) in [(a, 9, 1), (b, 1, 9)] {
            fixture.write([(point, first), (point, last)]).await;
            assert_eq!(fixture.outbox.newest_of(point).unwrap().value, Value::Long(last));
            assert_eq!(fixture.served(point), (Value::Long(last), ValueState::Uncertain));
        }
        assert_eq!(fixture.outbox.open_count(), 2);
    }

    #[tokio::test]
    async fn each_write_is_refused_for_its_own_reason() {
        let fixture = fixture().await;
        let [a, _] = fixture.points;
        let history = fixture.items.server(fixture.owner.ews_server).find("t1.a/history").unwrap();
        let write = |point, value| PointWrite { point, value };
        let writes = vec![
            write(PointHandle(9_999), Value::Long(2)),
            write(history, Value::Long(2)),
            write(a, Value::Double(2.0)),
            write(a, Value::Long(2)),
        ];
        let results = fixture.set_points.write(fixture.owner.ews_server, bms(), writes).await.unwrap();
        let unknown = Err(WriteRefusal::UnknownItem);
        assert_eq!(results, [unknown, unknown, Err(WriteRefusal::InvalidValue), Ok(())]);
    }
}
