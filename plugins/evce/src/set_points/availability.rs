//! Availability of a connector.

use riser_plugin::{HostError, PointValue};

use super::SetPointWriter;
use super::outcome::{pending, reject};
use super::queue::{Progress, Remaining, Target, Waiting, newest};
use crate::client::WriteAck;
use crate::model::{Availability, Connector, ObjectId};

impl SetPointWriter<'_> {
    /// Executes the writes for one connector's availability. Of its two points the last write counts.
    pub(super) fn write_availability(
        &mut self,
        station: &ObjectId,
        number: i32,
        writes: Vec<Waiting>,
    ) -> Result<Remaining, HostError> {
        let last = writes.iter().max_by_key(|waiting| waiting.write.id());
        let Some(wanted) = last.and_then(|waiting| parse_availability(waiting.write.value())) else {
            return Ok(reject(&writes, "not an availability; write operative or inoperative"));
        };
        let is_newest = |waiting: &Waiting| parse_availability(waiting.write.value()) == Some(wanted);
        let (writes, contrary): (Vec<_>, Vec<_>) = writes.into_iter().partition(is_newest);
        reject(&contrary, "a newer write to this connector requests the opposite");
        let target = Target::Connector { station: station.clone(), number };
        let shown = match self.client.connector(station, number) {
            Ok(Some(shown)) => shown,
            Ok(None) => return Ok(reject(&writes, "the controller no longer has this connector")),
            Err(error) => return self.read_failed(&target, &error, writes),
        };
        let object = target.to_string();
        let has_older = self.sent.has_older(&object, newest(&writes));
        // An older write that is not settled may still take effect, so the newest is sent in any case.
        if shown.availability == Some(wanted) && !has_older {
            self.sent.finish(self.host, &object)?;
            return self.confirm_availability(station, &shown, &writes);
        }
        let waits = |waiting: &Waiting| match waiting.progress {
            Progress::New => false,
            Progress::Accepted => true,
            Progress::StationOffline => self.is_disconnected(station),
        };
        if writes.iter().all(waits) {
            return Ok(Remaining::of(writes));
        }
        self.sent.note(self.host, &object, newest(&writes))?;
        for waiting in &writes {
            waiting.write.sent();
        }
        let ack = self.client.put_availability(station, number, wanted);
        if ack.is_ok() {
            self.rights.clear(&target);
        }
        match ack {
            Ok(WriteAck::Deferred) => Ok(pending(
                writes,
                Progress::Accepted,
                "the controller will apply it when the charging session ends",
            )),
            Ok(WriteAck::Done) => match self.client.connector(station, number) {
                Ok(Some(shown)) if shown.availability == Some(wanted) => {
                    self.sent.finish(self.host, &object)?;
                    self.confirm_availability(station, &shown, &writes)
                }
                Ok(_) => Ok(pending(
                    writes,
                    Progress::Accepted,
                    "the controller accepted it but does not show it yet",
                )),
                Err(error) => self.read_failed(&target, &error, writes),
            },
            Err(error) => self.write_failed(&target, &error, writes, has_older),
        }
    }

    /// Records orders that the controller has accepted and applies after their writes have expired.
    pub(super) fn await_accepted(&mut self, expired: &[Waiting]) -> Result<(), HostError> {
        for waiting in expired.iter().filter(|waiting| waiting.progress == Progress::Accepted) {
            if let Some(Target::Connector { station, number }) = &waiting.target
                && let Some(availability) = parse_availability(waiting.write.value())
            {
                self.ordered.await_later(self.host, station, *number, availability)?;
            }
        }
        Ok(())
    }

    /// Returns whether the station was disconnected in the last poll.
    fn is_disconnected(&self, station: &ObjectId) -> bool {
        let mut stations = self.site.zones.iter().flat_map(|zone| &zone.stations);
        stations.any(|found| found.id == *station && found.is_connected == Some(false))
    }

    fn confirm_availability(
        &mut self,
        station: &ObjectId,
        shown: &Connector,
        writes: &[Waiting],
    ) -> Result<Remaining, HostError> {
        let zones = self.site.zones.iter_mut();
        let mut stations = zones.flat_map(|zone| zone.stations.iter_mut().map(|found| (&zone.id, found)));
        if let Some((zone, found)) = stations.find(|(_, found)| found.id == *station)
            && let Some(its) = found.connectors.iter_mut().find(|its| its.number == shown.number)
        {
            // The rest of the connector is that of the last poll, with the energy that sums count.
            its.availability = shown.availability;
            its.status = shown.status;
            its.remark = None;
            let its = its.clone();
            self.host.publish(&self.binding.connector_values(zone, found, &its))?;
        }
        if let Some(availability) = shown.availability {
            self.ordered.confirm(self.host, station, shown.number, availability)?;
        }
        for waiting in writes {
            waiting.write.confirmed();
        }
        Ok(Remaining::none())
    }
}

fn parse_availability(value: &PointValue) -> Option<Availability> {
    match value {
        PointValue::String(text) => text.parse().ok(),
        PointValue::Boolean(true) => Some(Availability::Operative),
        PointValue::Boolean(false) => Some(Availability::Inoperative),
        _ => None,
    }
}
