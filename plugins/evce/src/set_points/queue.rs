//! Wishes that wait for the controller.

use riser_plugin::{HostError, SetPoint, Wish};

use super::Carrier;
use crate::model::ObjectId;
use crate::points::{Binding, Target};

/// A wish, and what happened to it in this run.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) wish: Wish,
    pub(super) progress: Progress,
}

/// How far a wish has come in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It has to be carried.
    New,
    /// The controller took it and acts later: it is only read until it has.
    Taken,
    /// The controller does not reach the station: it is asked again when it does.
    StationAway,
}

/// Wishes that wait. Of two for one point only the newer waits.
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
    /// Wishes that are tried again.
    pub(super) wishes: Vec<Waiting>,
    /// Whether the controller answered: if not, there is no use in the next errand.
    pub(super) was_answered: bool,
}

impl Left {
    /// Every wish has its answer.
    pub(super) const fn nothing() -> Self {
        Self { wishes: Vec::new(), was_answered: true }
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
    /// Takes wishes in.
    pub(crate) fn add(&mut self, set_point: SetPoint) {
        for wish in set_point.wishes {
            self.waiting.retain(|waiting| waiting.wish.handle() != wish.handle());
            self.waiting.push(Waiting { wish, progress: Progress::New });
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
            waiting.wish.reject(reason);
        }
    }

    /// Tries to carry everything that waits.
    ///
    /// # Errors
    /// When the run is to end.
    pub(crate) fn carry(&mut self, carrier: &mut Carrier<'_>) -> Result<(), HostError> {
        let now = carrier.host.now();
        // Riser has told the BMS already that these are over.
        self.waiting.retain(|waiting| waiting.wish.expires_at() > now);
        let mut is_answered = true;
        for (errand, wishes) in self.errands(carrier.binding) {
            if !is_answered {
                self.waiting.extend(wishes);
                continue;
            }
            let left = match errand {
                Errand::Zone(zone) => carrier.carry_reduction(&zone, wishes)?,
                Errand::Connector { station, number } => {
                    carrier.carry_availability(&station, number, wishes)?
                }
            };
            is_answered = left.was_answered;
            self.waiting.extend(left.wishes);
        }
        Ok(())
    }

    /// Takes out all wishes, those for one object together.
    fn errands(&mut self, binding: &Binding) -> Vec<(Errand, Vec<Waiting>)> {
        let mut errands: Vec<(Errand, Vec<Waiting>)> = Vec::new();
        for waiting in self.waiting.drain(..) {
            let Some(target) = binding.target(waiting.wish.handle()) else {
                waiting.wish.reject("the charge controller no longer has this");
                continue;
            };
            let errand = Errand::from(target);
            match errands.iter_mut().find(|(other, _)| *other == errand) {
                Some((_, wishes)) => wishes.push(waiting),
                None => errands.push((errand, vec![waiting])),
            }
        }
        errands
    }
}
