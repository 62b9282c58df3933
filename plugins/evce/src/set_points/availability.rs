//! Availability of a connector.

use riser_plugin::{HostError, PointValue};

use super::SetPointWriter;
use super::queue::{Left, Progress, Waiting};
use super::reduction::{not_now, pending, reject, write_failed};
use crate::client::{EvceError, Taken};
use crate::model::{Availability, Connector, ObjectId};

impl SetPointWriter<'_> {
    /// Carries the writes for one connector's availability; of two points for it the one written last counts.
    pub(super) fn carry_availability(
        &mut self,
        station: &ObjectId,
        number: i32,
        writes: Vec<Waiting>,
    ) -> Result<Left, HostError> {
        let newest = writes.iter().max_by_key(|waiting| waiting.write.id());
        let Some(wanted) = newest.and_then(|waiting| availability_of(waiting.write.value())) else {
            return Ok(reject(&writes, "this is no availability"));
        };
        let is_newest = |waiting: &Waiting| availability_of(waiting.write.value()) == Some(wanted);
        let (writes, contrary): (Vec<_>, Vec<_>) = writes.into_iter().partition(is_newest);
        reject(&contrary, "a newer set point of this connector says the contrary");
        let shown = match self.client.connector(station, number) {
            Ok(Some(shown)) => shown,
            Ok(None) => return Ok(reject(&writes, "the controller no longer has this connector")),
            Err(error) => return not_now(&error, writes),
        };
        if shown.availability == Some(wanted) {
            return self.confirm_availability(station, &shown, &writes);
        }
        let waits = |waiting: &Waiting| match waiting.progress {
            Progress::New => false,
            Progress::Taken => true,
            Progress::StationAway => self.is_away(station),
        };
        if writes.iter().all(waits) {
            return Ok(Left { writes, was_answered: true });
        }
        for waiting in &writes {
            waiting.write.sent();
        }
        match self.client.put_availability(station, number, wanted) {
            Ok(Taken::Later) => {
                Ok(pending(writes, Progress::Taken, "it is carried out when the charging session ends"))
            }
            Ok(Taken::Now) => match self.client.connector(station, number) {
                Ok(Some(shown)) if shown.availability == Some(wanted) => {
                    self.confirm_availability(station, &shown, &writes)
                }
                Ok(_) => {
                    Ok(pending(writes, Progress::Taken, "the controller took it and does not show it yet"))
                }
                Err(error) => not_now(&error, writes),
            },
            Err(error @ EvceError::Refused { status: 424, .. }) => {
                Ok(pending(writes, Progress::StationAway, &error.to_string()))
            }
            Err(error) => write_failed(&error, writes),
        }
    }

    /// Whether the last look showed that the controller does not reach a station.
    fn is_away(&self, station: &ObjectId) -> bool {
        let mut stations = self.site.zones.iter().flat_map(|zone| &zone.stations);
        stations.any(|found| found.id == *station && found.is_connected == Some(false))
    }

    fn confirm_availability(
        &mut self,
        station: &ObjectId,
        shown: &Connector,
        writes: &[Waiting],
    ) -> Result<Left, HostError> {
        let zones = self.site.zones.iter_mut();
        let mut stations = zones.flat_map(|zone| zone.stations.iter_mut().map(|found| (&zone.id, found)));
        if let Some((zone, found)) = stations.find(|(_, found)| found.id == *station) {
            self.host.publish(&self.binding.connector_values(zone, found, shown))?;
            found
                .connectors
                .iter_mut()
                .filter(|its| its.number == shown.number)
                .for_each(|its| *its = shown.clone());
        }
        for waiting in writes {
            waiting.write.confirmed();
        }
        Ok(Left::nothing())
    }
}

fn availability_of(value: &PointValue) -> Option<Availability> {
    match value {
        PointValue::String(word) => Availability::from_word(word),
        PointValue::Boolean(true) => Some(Availability::Operative),
        PointValue::Boolean(false) => Some(Availability::Inoperative),
        _ => None,
    }
}
