//! Writes that wait for the controller.

use riser_plugin::{HostError, SetPointWrite, WriteRequest};

use super::SetPointWriter;
use crate::model::ObjectId;
use crate::points::{Binding, Target};

/// a write, and what happened to it in this run.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) write: SetPointWrite,
    pub(super) progress: Progress,
}

/// How far a write has come in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It has to be carried.
    New,
    /// The controller took it and acts later: it is only read until it has.
    Taken,
    /// The controller does not reach the station: it is asked again when it does.
    StationAway,
}

/// Writes that wait. Of two for one point only the newer waits.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Vec<Waiting>,
}

/// What one exchange with the controller is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Errand {
    Zone(ObjectId),
    Connector { station: ObjectId, number: i32 },
}

/// What an exchange left.
pub(super) struct Left {
    /// Writes that are tried again.
    pub(super) writes: Vec<Waiting>,
    /// Whether the controller answered: if not, there is no use in the next errand.
    pub(super) was_answered: bool,
}

impl Left {
    /// Every write has its answer.
    pub(super) const fn nothing() -> Self {
        Self { writes: Vec::new(), was_answered: true }
    }
}

impl From<&Target> for Errand {
    fn from(target: &Target) -> Self {
        match target {
            Target::Reduction(zone) | Target::Validity(zone) => Self::Zone(zone.clone()),
            Target::Availability { station, number } | Target::IsAvailable { station, number } => {
                Self::Connector { station: station.clone(), number: *number }
            }
        }
    }
}

impl Queue {
    /// Takes writes in.
    pub(crate) fn add(&mut self, set_point: WriteRequest) {
        for write in set_point.writes {
            self.waiting.retain(|waiting| waiting.write.handle() != write.handle());
            self.waiting.push(Waiting { write, progress: Progress::New });
        }
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether something waits for nothing but the controller's answer.
    pub(crate) fn is_urgent(&self) -> bool {
        self.waiting.iter().any(|waiting| waiting.progress == Progress::New)
    }

    /// Rejects all that wait.
    pub(crate) fn reject_all(&mut self, reason: &str) {
        for waiting in self.waiting.drain(..) {
            waiting.write.reject(reason);
        }
    }

    /// Tries to carry everything that waits.
    ///
    /// # Errors
    /// When the run is to end.
    pub(crate) fn carry(&mut self, carrier: &mut SetPointWriter<'_>) -> Result<(), HostError> {
        let now = carrier.host.now();
        // Riser has told the BMS already that these are over.
        self.waiting.retain(|waiting| waiting.write.expires_at() > now);
        let mut is_answered = true;
        for (errand, writes) in self.errands(carrier.binding) {
            if !is_answered {
                self.waiting.extend(writes);
                continue;
            }
            let left = match errand {
                Errand::Zone(zone) => carrier.carry_reduction(&zone, writes)?,
                Errand::Connector { station, number } => {
                    carrier.carry_availability(&station, number, writes)?
                }
            };
            is_answered = left.was_answered;
            self.waiting.extend(left.writes);
        }
        Ok(())
    }

    /// Takes out all writes, those for one object together.
    fn errands(&mut self, binding: &Binding) -> Vec<(Errand, Vec<Waiting>)> {
        let mut errands: Vec<(Errand, Vec<Waiting>)> = Vec::new();
        for waiting in self.waiting.drain(..) {
            let Some(target) = binding.target(waiting.write.handle()) else {
                waiting.write.reject("the charge controller no longer has this");
                continue;
            };
            let errand = Errand::from(target);
            match errands.iter_mut().find(|(other, _)| *other == errand) {
                Some((_, writes)) => writes.push(waiting),
                None => errands.push((errand, vec![waiting])),
            }
        }
        errands
    }
}
