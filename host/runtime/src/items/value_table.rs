//! Every point's value, by handle. One lock, held for a batch and never across an await.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use riser_domain::{
    Clock, ClockReading, PointHandle, Reading, Timestamp, TreeOwner, Uptime, Value, ValueKind, ValueState,
    WriteId,
};
use riser_worker_protocol::value_batch::{BatchValue, ValueBatch, ValueBatchError};

/// Missed periods after which a value counts as stale.
const STALE_AFTER_PERIODS: u32 = 3;
/// Additional tolerance, for a poll that is being read.
const STALE_SLACK: Duration = Duration::from_secs(2);

/// Longest text value of a point, in bytes.
const LONGEST_TEXT_BYTES: usize = 64 * 1024;

/// Returns whether a processor may set this state. Only an operator sets Forced.
pub(crate) const fn may_publish(state: ValueState) -> bool {
    !matches!(state, ValueState::Forced)
}

/// Returns whether a value is valid: numbers are finite, texts are bounded.
pub(crate) fn is_storable(value: &Value) -> bool {
    match value {
        Value::Double(number) => number.is_finite(),
        Value::String(text) => text.len() <= LONGEST_TEXT_BYTES,
        _ => true,
    }
}

/// One class of one tree owner, the publisher of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WriterId(u32);

/// Why a batch is rejected. Nothing of it was applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PublishError {
    #[error(transparent)]
    Batch(#[from] ValueBatchError),
    #[error("point {} does not exist", .0.0)]
    UnknownPoint(PointHandle),
    #[error("point {} is published by another class", .0.0)]
    ForeignPoint(PointHandle),
    #[error("point {} takes {} values, not {}", .handle.0, .takes.as_str(), .got.as_str())]
    WrongKind { handle: PointHandle, takes: ValueKind, got: ValueKind },
    #[error("point {} was given a number that is not finite", .0.0)]
    NotFinite(PointHandle),
    #[error("point {} was given a text that is longer than 64 KiB", .0.0)]
    TextTooLong(PointHandle),
    #[error("point {} was given the state {state}, which only an operator sets", .point.0)]
    State { point: PointHandle, state: ValueState },
}

/// Reasons of a batch. Equal ones in succession share one text.
#[derive(Debug, Default)]
struct SharedReasons {
    last: Option<Arc<str>>,
}

impl SharedReasons {
    fn get(&mut self, reason: &str) -> Option<Arc<str>> {
        if reason.is_empty() {
            return None;
        }
        if self.last.as_deref() != Some(reason) {
            self.last = Some(Arc::from(reason));
        }
        self.last.clone()
    }
}

#[derive(Debug)]
struct Slot {
    kind: ValueKind,
    writer: WriterId,
    reading: Reading,
    /// When the value was received. Zero for one of an earlier process.
    received: Uptime,
    /// Its class has published it since the host started.
    is_fresh: bool,
    is_unsaved: bool,
}

#[derive(Debug, Default)]
struct Writer {
    period: Option<Duration>,
    stopped_at: Option<Uptime>,
    /// The time of the last batch with a value. A report that the source is unreachable does not count.
    last_value: Option<ClockReading>,
}

#[derive(Debug, Default)]
struct Table {
    slots: Vec<Option<Slot>>,
    /// The open writes of points, whose values are served until they end. Few points have one.
    requested: HashMap<PointHandle, (WriteId, Value)>,
    writers: Vec<Writer>,
    writer_ids: HashMap<(TreeOwner, Arc<str>), WriterId>,
    unsaved: Vec<PointHandle>,
}

/// The table of values.
#[derive(Debug)]
pub(crate) struct ValueTable {
    clock: Arc<dyn Clock>,
    table: RwLock<Table>,
}

impl ValueTable {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, table: RwLock::default() }
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read()
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write()
    }

    /// Returns the number of a class of a tree owner, assigned at the first call.
    pub(crate) fn writer(&self, owner: &TreeOwner, class: &Arc<str>) -> WriterId {
        self.write().writer(owner, class)
    }

    /// Creates a slot for a point, or adapts the existing one to its declaration.
    pub(crate) fn ensure(&self, points: &[(PointHandle, ValueKind, WriterId)]) {
        let mut table = self.write();
        let needed = points.iter().map(|(handle, ..)| handle.index() + 1).max().unwrap_or_default();
        if table.slots.len() < needed {
            // Not twice as many, as a vector would grow by itself: a large site has a million slots.
            let more = needed - table.slots.len();
            table.slots.reserve_exact(more);
            table.slots.resize_with(needed, || None);
        }
        let Table { slots, requested, .. } = &mut *table;
        for &(handle, kind, writer) in points {
            let slot = &mut slots[handle.index()];
            match slot {
                Some(slot) if slot.kind == kind => slot.writer = writer,
                _ => {
                    requested.remove(&handle);
                    *slot = Some(Slot {
                        kind,
                        writer,
                        reading: Reading::never_known(kind),
                        received: Uptime::START,
                        is_fresh: false,
                        is_unsaved: false,
                    });
                }
            }
        }
    }

    /// Forgets removed points.
    pub(crate) fn remove(&self, handles: impl IntoIterator<Item = PointHandle>) {
        let mut table = self.write();
        for handle in handles {
            table.requested.remove(&handle);
            if let Some(slot) = table.slots.get_mut(handle.index()) {
                *slot = None;
            }
        }
    }

    /// Puts back what was last written before the host ended; it counts as Uncertain until its class
    /// publishes again.
    pub(crate) fn restore(&self, readings: impl IntoIterator<Item = (PointHandle, Reading)>) {
        let not_read: Arc<str> = Arc::from("not read since Riser started");
        let mut table = self.write();
        for (handle, mut reading) in readings {
            if let Some(slot) = table.slot_mut(handle)
                && slot.kind == reading.value.kind()
            {
                if reading.state == ValueState::Good {
                    reading.state = ValueState::Uncertain;
                    reading.reason = Some(Arc::clone(&not_read));
                }
                slot.reading = reading;
            }
        }
    }

    /// Applies the initial values of a declared tree to points that their class has not published yet.
    pub(crate) fn initialise(
        &self,
        values: impl IntoIterator<Item = (PointHandle, Value)>,
    ) -> Vec<PointHandle> {
        let now = self.clock.read();
        let mut table = self.write();
        let mut changed = Vec::new();
        for (handle, value) in values {
            let Some(slot) = table.slot_mut(handle) else { continue };
            if slot.is_fresh || slot.kind != value.kind() {
                continue;
            }
            if slot.apply(Update::good(value, now.wall), now) {
                changed.push(handle);
            }
        }
        table.mark_unsaved(&changed);
        changed
    }

    /// Applies a batch of one class, whole or not at all, and returns which points changed.
    pub(crate) fn publish(
        &self,
        writer: WriterId,
        batch: &ValueBatch,
    ) -> Result<Vec<PointHandle>, PublishError> {
        let now = self.clock.read();
        let mut table = self.write();
        let (mut has_value, mut count) = (false, 0);
        for value in batch.values() {
            let value = value?;
            table.check(writer, &value)?;
            has_value |= value.kind.is_some();
            count += 1;
        }
        let mut changed = Vec::with_capacity(count);
        let mut reasons = SharedReasons::default();
        let Table { slots, unsaved, .. } = &mut *table;
        for published in batch.values().map_while(Result::ok) {
            let point = published.point;
            let Some(slot) = slots.get_mut(point.index()).and_then(Option::as_mut) else { continue };
            let update = Update {
                value: published.value(),
                state: published.state,
                reason: reasons.get(published.reason()),
                source_time: published.source_time().unwrap_or(now.wall),
            };
            if slot.apply(update, now) {
                changed.push(point);
                if !slot.is_unsaved {
                    slot.is_unsaved = true;
                    unsaved.push(point);
                }
            }
            slot.is_fresh = true;
        }
        let entry = &mut table.writers[writer.0 as usize];
        entry.stopped_at = None;
        if has_value {
            entry.last_value = Some(now);
        }
        Ok(changed)
    }

    /// Marks points as vanished from the source. Their last value stays.
    pub(crate) fn vanish(&self, handles: &[PointHandle]) {
        let now = self.clock.read();
        let mut table = self.write();
        for handle in handles {
            if let Some(slot) = table.slot_mut(*handle) {
                let reason = Some(Arc::from("no longer at source"));
                let source_time = slot.reading.source_time;
                slot.apply(Update { value: None, state: ValueState::Error, reason, source_time }, now);
            }
        }
        table.mark_unsaved(handles);
    }

    /// Records how often a class publishes.
    pub(crate) fn set_period(&self, writer: WriterId, period: Duration) {
        self.write().writers[writer.0 as usize].period = Some(period);
    }

    /// Records that a long-running class stopped: its values count as Uncertain, later as Offline.
    pub(crate) fn writer_stopped(&self, writer: WriterId) {
        let now = self.clock.uptime();
        self.write().writers[writer.0 as usize].stopped_at = Some(now);
    }

    pub(crate) fn last_value_at(&self, writer: WriterId) -> Option<Timestamp> {
        let last = self.read().writers[writer.0 as usize].last_value;
        last.map(|last| self.clock.wall_time_of(last))
    }

    /// Serves the requested value, as Uncertain, until the write ends.
    pub(crate) fn request(&self, handle: PointHandle, write: WriteId, value: Value) {
        let mut table = self.write();
        if table.slot(handle).is_some() {
            table.requested.insert(handle, (write, value));
        }
    }

    /// Stops serving a requested value. A confirmed one becomes the published one, because the device
    /// returned it.
    pub(crate) fn end_request(&self, handle: PointHandle, write: WriteId, is_confirmed: bool) {
        let now = self.clock.read();
        let mut table = self.write();
        if table.requested.get(&handle).is_none_or(|(id, _)| *id != write) {
            return;
        }
        if let Some((_, value)) = table.requested.remove(&handle)
            && is_confirmed
            && let Some(slot) = table.slot_mut(handle)
            && slot.apply(Update::good(value, now.wall), now)
        {
            table.mark_unsaved(&[handle]);
        }
    }

    /// Visits the served values in the order of `handles`. Unknown handles are skipped.
    pub(crate) fn visit(&self, handles: &[PointHandle], mut visit: impl FnMut(usize, &Value, ValueState)) {
        let now = self.clock.uptime();
        let table = self.read();
        for (index, handle) in handles.iter().enumerate() {
            if let Some(slot) = table.slot(*handle) {
                let (value, state) = table.served(*handle, slot, now);
                visit(index, value, state);
            }
        }
    }

    /// Returns the served readings, with reason and times.
    pub(crate) fn readings(&self, handles: &[PointHandle]) -> Vec<Option<Reading>> {
        let now = self.clock.uptime();
        let table = self.read();
        handles.iter().map(|handle| Some(table.reading(*handle, table.slot(*handle)?, now))).collect()
    }

    /// Returns the served readings of points that their class has published since the host started.
    pub(crate) fn fresh_readings(&self, handles: &[PointHandle]) -> Vec<Option<Reading>> {
        let now = self.clock.uptime();
        let table = self.read();
        let fresh = |handle: &PointHandle| table.slot(*handle).filter(|slot| slot.is_fresh);
        handles.iter().map(|handle| fresh(handle).map(|slot| table.reading(*handle, slot, now))).collect()
    }

    /// Takes the points changed since the last call, for saving: readings of the source, not requested values.
    pub(crate) fn take_unsaved(&self) -> Vec<(PointHandle, Reading)> {
        let mut table = self.write();
        let mut handles = std::mem::take(&mut table.unsaved);
        handles.sort_unstable();
        handles.dedup();
        handles
            .into_iter()
            .filter_map(|handle| {
                let slot = table.slot_mut(handle)?;
                slot.is_unsaved = false;
                Some((handle, slot.reading.clone()))
            })
            .collect()
    }

    /// Puts back values that could not be saved, to try again.
    pub(crate) fn put_back_unsaved(&self, readings: &[(PointHandle, Reading)]) {
        let handles: Vec<PointHandle> = readings.iter().map(|(handle, _)| *handle).collect();
        self.write().mark_unsaved(&handles);
    }
}

impl Table {
    fn slot(&self, handle: PointHandle) -> Option<&Slot> {
        self.slots.get(handle.index())?.as_ref()
    }

    fn slot_mut(&mut self, handle: PointHandle) -> Option<&mut Slot> {
        self.slots.get_mut(handle.index())?.as_mut()
    }

    fn writer(&mut self, owner: &TreeOwner, class: &Arc<str>) -> WriterId {
        if let Some(id) = self.writer_ids.get(&(owner.clone(), Arc::clone(class))) {
            return *id;
        }
        let id = WriterId(u32::try_from(self.writers.len()).expect("classes are counted in dozens"));
        self.writers.push(Writer::default());
        self.writer_ids.insert((owner.clone(), Arc::clone(class)), id);
        id
    }

    fn check(&self, writer: WriterId, published: &BatchValue<'_>) -> Result<(), PublishError> {
        let handle = published.point;
        let slot = self.slot(handle).ok_or(PublishError::UnknownPoint(handle))?;
        if slot.writer != writer {
            return Err(PublishError::ForeignPoint(handle));
        }
        if !may_publish(published.state) {
            return Err(PublishError::State { point: handle, state: published.state });
        }
        match published.kind {
            Some(kind) if kind != slot.kind => {
                Err(PublishError::WrongKind { handle, takes: slot.kind, got: kind })
            }
            _ if !published.is_finite() => Err(PublishError::NotFinite(handle)),
            _ if published.text().len() > LONGEST_TEXT_BYTES => Err(PublishError::TextTooLong(handle)),
            _ => Ok(()),
        }
    }

    fn mark_unsaved(&mut self, handles: &[PointHandle]) {
        for handle in handles {
            if let Some(slot) = self.slots.get_mut(handle.index()).and_then(Option::as_mut)
                && !slot.is_unsaved
            {
                slot.is_unsaved = true;
                self.unsaved.push(*handle);
            }
        }
    }

    fn requested(&self, handle: PointHandle) -> Option<&Value> {
        // Most of the time there is none, and then no hash is computed.
        if self.requested.is_empty() { None } else { self.requested.get(&handle).map(|(_, value)| value) }
    }

    fn served<'a>(&'a self, handle: PointHandle, slot: &'a Slot, now: Uptime) -> (&'a Value, ValueState) {
        match self.requested(handle) {
            Some(value) => (value, ValueState::Uncertain),
            None => {
                (&slot.reading.value, self.degraded(slot, now).map_or(slot.reading.state, |(state, _)| state))
            }
        }
    }

    fn reading(&self, handle: PointHandle, slot: &Slot, now: Uptime) -> Reading {
        let mut reading = slot.reading.clone();
        if let Some(value) = self.requested(handle) {
            reading.value = value.clone();
            reading.state = ValueState::Uncertain;
            reading.reason = Some(Arc::from("requested, not read back yet"));
        } else if let Some((state, reason)) = self.degraded(slot, now) {
            reading.state = state;
            reading.reason = Some(Arc::from(reason));
        }
        reading
    }

    /// Returns the state of a formerly Good value whose class has not published since.
    fn degraded(&self, slot: &Slot, now: Uptime) -> Option<(ValueState, &'static str)> {
        if !matches!(slot.reading.state, ValueState::Good | ValueState::Uncertain) {
            return None;
        }
        let writer = &self.writers[slot.writer.0 as usize];
        let limit = writer.period.map(|period| period * STALE_AFTER_PERIODS + STALE_SLACK);
        if let Some(stopped_at) = writer.stopped_at {
            let is_long_ago = limit.is_some_and(|limit| now.since(stopped_at) > limit);
            return Some(if is_long_ago {
                (ValueState::Offline, "its processor is not running")
            } else {
                (ValueState::Uncertain, "its processor has stopped")
            });
        }
        let is_stale = slot.reading.state == ValueState::Good
            && limit.is_some_and(|limit| now.since(slot.received) > limit);
        is_stale.then_some((ValueState::Uncertain, "three polls were missed"))
    }
}

/// A published state of a point. Without a value the last one stays.
struct Update {
    value: Option<Value>,
    state: ValueState,
    reason: Option<Arc<str>>,
    source_time: Timestamp,
}

impl Update {
    /// A current value.
    const fn good(value: Value, now: Timestamp) -> Self {
        Self { value: Some(value), state: ValueState::Good, reason: None, source_time: now }
    }
}

impl Slot {
    /// Returns whether readers see a difference.
    fn apply(&mut self, update: Update, now: ClockReading) -> bool {
        let Update { value, state, reason, source_time } = update;
        let reading = &mut self.reading;
        let was_known = reading.received_time != Timestamp::EPOCH;
        let state = match state {
            // The default of the kind replaces an unknown value: unknown is never zero.
            ValueState::Good | ValueState::Uncertain if value.is_none() && !was_known => ValueState::Offline,
            state => state,
        };
        let mut is_changed = reading.state != state || reading.reason != reason;
        if let Some(value) = value {
            is_changed |= reading.value != value || !was_known;
            reading.value = value;
            reading.source_time = source_time;
            reading.received_time = now.wall;
            self.received = now.uptime;
        }
        reading.state = state;
        reading.reason = reason;
        is_changed
    }
}

#[cfg(test)]
mod tests {
    use riser_domain::{EwsServerId, FakeClock, Published};

    use super::*;

    struct Fixture {
        clock: Arc<FakeClock>,
        table: ValueTable,
        writer: WriterId,
    }

    const POINT: PointHandle = PointHandle(3);

    fn fixture() -> Fixture {
        let clock = Arc::new(FakeClock::at(Timestamp::from_unix_ms(1_000_000)));
        let table = ValueTable::new(clock.clone());
        let owner = TreeOwner { ews_server: EwsServerId(1), plugin: "p".into(), connection: None };
        let writer = table.writer(&owner, &Arc::from("status"));
        table.ensure(&[(POINT, ValueKind::Double, writer)]);
        Fixture { clock, table, writer }
    }

    impl Fixture {
        fn publish<const N: usize>(&self, values: [Published; N]) -> Result<Vec<PointHandle>, PublishError> {
            self.table.publish(self.writer, &values.into_iter().collect())
        }
    }

    fn good(number: f64) -> Published {
        Published {
            point: POINT,
            value: Some(Value::Double(number)),
            state: ValueState::Good,
            reason: None,
            source_time: None,
        }
    }

    impl Fixture {
        fn served(&self) -> (Value, ValueState) {
            let reading = self.table.readings(&[POINT]).remove(0).unwrap();
            (reading.value, reading.state)
        }
    }

    #[test]
    fn a_point_nobody_wrote_is_offline_and_never_a_good_zero() {
        assert_eq!(fixture().served(), (Value::Double(0.0), ValueState::Offline));
    }

    #[test]
    fn a_state_without_a_value_makes_no_zero_of_what_was_never_known() {
        for state in [ValueState::Good, ValueState::Uncertain] {
            let fixture = fixture();
            let bare = Published { value: None, state, ..good(0.0) };
            fixture.publish([bare.clone()]).unwrap();
            assert_eq!(fixture.served(), (Value::Double(0.0), ValueState::Offline));
            fixture.publish([good(7.0)]).unwrap();
            fixture.publish([bare]).unwrap();
            assert_eq!(fixture.served(), (Value::Double(7.0), state));
        }
    }

    #[test]
    fn what_was_known_when_the_tree_was_declared_grows_stale_as_well() {
        let fixture = fixture();
        fixture.table.set_period(fixture.writer, Duration::from_secs(15));
        fixture.table.initialise([(POINT, Value::Double(3.0))]);
        assert_eq!(fixture.served(), (Value::Double(3.0), ValueState::Good));
        fixture.clock.advance(Duration::from_secs(48));
        assert_eq!(fixture.served(), (Value::Double(3.0), ValueState::Uncertain));
    }

    #[test]
    fn a_point_that_its_source_has_no_more_keeps_its_last_value_as_an_error() {
        let fixture = fixture();
        fixture.table.set_period(fixture.writer, Duration::from_secs(15));
        fixture.publish([good(4.0)]).unwrap();
        fixture.table.vanish(&[POINT]);
        fixture.table.writer_stopped(fixture.writer);
        fixture.clock.advance(Duration::from_mins(5));
        let reading = fixture.table.readings(&[POINT]).remove(0).unwrap();
        assert_eq!((reading.value, reading.state), (Value::Double(4.0), ValueState::Error));
        assert_eq!(reading.reason.as_deref(), Some("no longer at source"));
    }

    #[test]
    fn offline_and_unreadable_keep_the_last_value_and_their_own_reason_however_long() {
        for state in [ValueState::Offline, ValueState::Error] {
            let fixture = fixture();
            fixture.table.set_period(fixture.writer, Duration::from_secs(15));
            fixture.publish([good(4.0)]).unwrap();
            let update = Published { value: None, state, reason: Some("credentials".into()), ..good(0.0) };
            fixture.publish([update]).unwrap();
            fixture.clock.advance(Duration::from_mins(5));
            let reading = fixture.table.readings(&[POINT]).remove(0).unwrap();
            assert_eq!((reading.value, reading.state), (Value::Double(4.0), state));
            assert_eq!(reading.reason.as_deref(), Some("credentials"));
        }
    }

    #[test]
    fn to_say_that_a_source_is_out_of_reach_is_no_news_from_it() {
        let fixture = fixture();
        fixture.publish([good(1.0)]).unwrap();
        let update = fixture.table.last_value_at(fixture.writer);
        assert_eq!(update, Some(fixture.clock.now()));
        fixture.clock.advance(Duration::from_mins(1));
        let out_of_reach = Published { value: None, state: ValueState::Offline, ..good(0.0) };
        fixture.publish([out_of_reach]).unwrap();
        assert_eq!(fixture.table.last_value_at(fixture.writer), update);
    }

    #[test]
    fn three_missed_polls_make_a_value_uncertain_and_the_next_one_good_again() {
        let fixture = fixture();
        fixture.table.set_period(fixture.writer, Duration::from_secs(15));
        fixture.publish([good(1.0)]).unwrap();
        fixture.clock.advance(Duration::from_secs(47));
        assert_eq!(fixture.served().1, ValueState::Good);
        fixture.clock.advance(Duration::from_secs(1));
        assert_eq!(fixture.served().1, ValueState::Uncertain);
        assert!(fixture.publish([good(1.0)]).unwrap().is_empty());
        assert_eq!(fixture.served().1, ValueState::Good);
    }

    #[test]
    fn a_stopped_class_leaves_uncertain_values_and_later_offline_ones() {
        let fixture = fixture();
        fixture.table.set_period(fixture.writer, Duration::from_secs(15));
        fixture.publish([good(1.0)]).unwrap();
        fixture.table.writer_stopped(fixture.writer);
        assert_eq!(fixture.served(), (Value::Double(1.0), ValueState::Uncertain));
        fixture.clock.advance(Duration::from_secs(48));
        assert_eq!(fixture.served(), (Value::Double(1.0), ValueState::Offline));
    }

    #[test]
    fn a_requested_value_is_served_until_its_write_ends() {
        let fixture = fixture();
        fixture.publish([good(1.0)]).unwrap();
        fixture.table.request(POINT, WriteId(7), Value::Double(5.0));
        fixture.publish([good(2.0)]).unwrap();
        assert_eq!(fixture.served(), (Value::Double(5.0), ValueState::Uncertain));
        fixture.table.end_request(POINT, WriteId(6), true);
        assert_eq!(fixture.served().0, Value::Double(5.0));
        fixture.table.end_request(POINT, WriteId(7), false);
        assert_eq!(fixture.served(), (Value::Double(2.0), ValueState::Good));
    }

    #[test]
    fn a_restored_value_is_uncertain_until_it_is_published() {
        let fixture = fixture();
        let now = fixture.clock.now();
        fixture.table.restore([(
            POINT,
            Reading {
                value: Value::Double(9.0),
                state: ValueState::Good,
                reason: None,
                source_time: now,
                received_time: now,
            },
        )]);
        assert_eq!(fixture.served(), (Value::Double(9.0), ValueState::Uncertain));
        fixture.publish([good(9.0)]).unwrap();
        assert_eq!(fixture.served(), (Value::Double(9.0), ValueState::Good));
    }

    #[test]
    fn a_batch_with_one_wrong_value_changes_nothing() {
        let fixture = fixture();
        let wrong = Published { value: Some(Value::Integer(1)), ..good(0.0) };
        assert!(matches!(fixture.publish([good(1.0), wrong]), Err(PublishError::WrongKind { .. })));
        assert_eq!(fixture.served().1, ValueState::Offline);
        assert_eq!(fixture.publish([good(f64::NAN)]), Err(PublishError::NotFinite(POINT)));
    }

    #[test]
    fn only_changes_are_saved_and_each_once() {
        let fixture = fixture();
        fixture.publish([good(1.0)]).unwrap();
        fixture.publish([good(2.0)]).unwrap();
        assert_eq!(fixture.table.take_unsaved().len(), 1);
        fixture.publish([good(2.0)]).unwrap();
        assert!(fixture.table.take_unsaved().is_empty());
    }

    #[test]
    fn equal_reasons_in_succession_share_one_text() {
        let fixture = fixture();
        let other = PointHandle(4);
        fixture.table.ensure(&[(other, ValueKind::Double, fixture.writer)]);
        let offline = |point| Published {
            point,
            value: None,
            state: ValueState::Offline,
            reason: Some("unreachable".into()),
            ..good(0.0)
        };
        fixture.publish([offline(POINT), offline(other)]).unwrap();
        let readings = fixture.table.readings(&[POINT, other]);
        let reasons = readings.into_iter().map(|reading| reading.unwrap().reason.unwrap());
        let reasons: Vec<Arc<str>> = reasons.collect();
        assert!(Arc::ptr_eq(&reasons[0], &reasons[1]));
    }
}
