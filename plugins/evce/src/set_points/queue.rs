//! Writes that wait for the controller.

use std::time::Duration;

use riser_plugin::{Host, HostError, SetPointWrite, WriteRequest};

use super::SetPointWriter;
use crate::model::ObjectId;
use crate::points::{Binding, SetPointTarget};

/// A write and its progress in this run.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) write: SetPointWrite,
    pub(super) progress: Progress,
    /// The uptime after which it must not be sent, whatever the clock shows.
    expires: Duration,
}

/// The progress of a write in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Not sent yet.
    New,
    /// The controller accepted it and acts later. Riser polls until it has.
    Accepted,
    /// The station is disconnected. Riser sends the write again when it is back.
    StationOffline,
}

/// Waiting writes. A newer write to a point replaces an older one.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Vec<Waiting>,
}

/// The object of one exchange with the controller.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Zone(ObjectId),
    Connector { station: ObjectId, number: i32 },
}

/// The result of an exchange.
pub(super) struct Remaining {
    /// Writes to try again.
    pub(super) writes: Vec<Waiting>,
    /// Whether the controller responded. If not, the next exchange is useless.
    pub(super) has_response: bool,
}

impl Remaining {
    /// No write remains.
    pub(super) const fn none() -> Self {
        Self { writes: Vec::new(), has_response: true }
    }
}

impl From<&SetPointTarget> for Target {
    fn from(target: &SetPointTarget) -> Self {
        match target {
            SetPointTarget::Reduction(zone) | SetPointTarget::Validity(zone) => Self::Zone(zone.clone()),
            SetPointTarget::Availability { station, number }
            | SetPointTarget::IsAvailable { station, number } => {
                Self::Connector { station: station.clone(), number: *number }
            }
        }
    }
}

impl Queue {
    /// Adds the writes of a request.
    ///
    /// # Errors
    /// If the connection to the host is lost.
    pub(crate) fn add(&mut self, host: &Host, set_point: WriteRequest) -> Result<(), HostError> {
        let (now, uptime) = (host.now(), host.uptime()?);
        for write in set_point.writes {
            self.waiting.retain(|waiting| waiting.write.handle() != write.handle());
            let expires = uptime + write.expires_at().duration_since(now).unwrap_or_default();
            self.waiting.push(Waiting { write, progress: Progress::New, expires });
        }
        Ok(())
    }

    /// Returns whether no write waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Returns whether a write was not sent yet.
    pub(crate) fn is_urgent(&self) -> bool {
        self.waiting.iter().any(|waiting| waiting.progress == Progress::New)
    }

    /// Rejects all waiting writes.
    pub(crate) fn reject_all(&mut self, reason: &str) {
        for waiting in self.waiting.drain(..) {
            waiting.write.reject(reason);
        }
    }

    /// Tries to execute all waiting writes.
    ///
    /// # Errors
    /// If the run must end.
    pub(crate) fn execute(&mut self, writer: &mut SetPointWriter<'_>) -> Result<(), HostError> {
        let now = writer.host.uptime()?;
        // Riser has already reported these to the BMS as expired.
        self.waiting.retain(|waiting| waiting.expires > now);
        let mut has_response = true;
        for (target, writes) in self.targets(writer.binding) {
            if !has_response {
                self.waiting.extend(writes);
                continue;
            }
            let remaining = match target {
                Target::Zone(zone) => writer.write_reduction(&zone, writes)?,
                Target::Connector { station, number } => {
                    writer.write_availability(&station, number, writes)?
                }
            };
            has_response = remaining.has_response;
            self.waiting.extend(remaining.writes);
        }
        Ok(())
    }

    /// Removes all writes, grouped by object.
    fn targets(&mut self, binding: &Binding) -> Vec<(Target, Vec<Waiting>)> {
        let mut targets: Vec<(Target, Vec<Waiting>)> = Vec::new();
        for waiting in self.waiting.drain(..) {
            let Some(target) = binding.target(waiting.write.handle()) else {
                waiting.write.reject("the charge controller no longer has this object");
                continue;
            };
            let target = Target::from(target);
            match targets.iter_mut().find(|(other, _)| *other == target) {
                Some((_, writes)) => writes.push(waiting),
                None => targets.push((target, vec![waiting])),
            }
        }
        targets
    }
}
