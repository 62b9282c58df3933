//! Writes that wait for the controller. Each object has its own pauses after failures.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use riser_plugin::{Host, HostError, SetPointWrite, WriteRequest};

use super::{ATTEMPT_PAUSES, SetPointWriter};
use crate::back_off::BackOff;
use crate::model::ObjectId;
use crate::points::SetPointTarget;

/// Parts of a group that a BMS writes within this time become one call of the controller (design, reliability.md, 7).
const GROUP_WITHIN: Duration = Duration::from_millis(500);

/// A write and its progress in this run.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) write: SetPointWrite,
    pub(super) progress: Progress,
    /// Whether it is noted that the BMS is not silent.
    is_noted: bool,
    /// The uptime until which the other part of its group may follow.
    gathers_until: Duration,
    /// The uptime after which it must not be sent, whatever the clock shows.
    expires: Duration,
    /// The object, once it is known.
    pub(super) target: Option<Target>,
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
    /// The objects whose last attempt failed.
    attempts: BTreeMap<Target, Attempts>,
}

#[derive(Debug)]
struct Attempts {
    pauses: BackOff,
    fault: String,
}

/// The object of one exchange with the controller.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Zone(ObjectId),
    Connector { station: ObjectId, number: i32 },
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zone(zone) => write!(f, "zone {zone}"),
            Self::Connector { station, number } => write!(f, "station {station}, connector {number}"),
        }
    }
}

/// An object for which the controller fails again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failing {
    pub(crate) object: String,
    pub(crate) failures: u32,
    pub(crate) fault: String,
}

/// The result of an exchange.
pub(super) struct Remaining {
    /// Writes to try again.
    pub(super) writes: Vec<Waiting>,
    pub(super) failure: Option<Failure>,
}

/// A failed exchange.
pub(super) struct Failure {
    /// Whether this object fails, and not the connection.
    pub(super) is_of_object: bool,
    /// Whether exchanges with other objects wait until the next attempt.
    pub(super) delays_others: bool,
    pub(super) fault: String,
}

impl Remaining {
    /// No write remains.
    pub(super) const fn none() -> Self {
        Self { writes: Vec::new(), failure: None }
    }

    pub(super) const fn of(writes: Vec<Waiting>) -> Self {
        Self { writes, failure: None }
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
    /// Adds the writes of a request. A part of a group waits a moment for the other part.
    ///
    /// # Errors
    /// If the connection to the host is lost.
    pub(crate) fn add(&mut self, host: &Host, set_point: WriteRequest) -> Result<(), HostError> {
        self.insert(host, set_point, GROUP_WITHIN)
    }

    /// Adds the writes of a request that an earlier run had.
    ///
    /// # Errors
    /// If the connection to the host is lost.
    pub(crate) fn adopt(&mut self, host: &Host, set_point: WriteRequest) -> Result<(), HostError> {
        self.insert(host, set_point, Duration::ZERO)
    }

    fn insert(
        &mut self,
        host: &Host,
        set_point: WriteRequest,
        gathers_for: Duration,
    ) -> Result<(), HostError> {
        let (now, uptime) = (host.now(), host.uptime()?);
        for write in set_point.writes {
            let replaced = self.waiting.iter().position(|waiting| waiting.write.handle() == write.handle());
            let replaced = replaced.map(|index| self.waiting.remove(index));
            // A BMS that writes a point again and again does not delay it.
            let gathers_until = match replaced {
                Some(older) if older.progress == Progress::New => older.gathers_until,
                _ => uptime + gathers_for,
            };
            let expires = uptime + write.expires_at().duration_since(now).unwrap_or_default();
            let progress = Progress::New;
            let waiting = Waiting { write, progress, is_noted: false, gathers_until, expires, target: None };
            self.waiting.push(waiting);
        }
        Ok(())
    }

    /// Returns whether no write waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Returns whether a write to an object waits.
    pub(super) fn is_waiting(&self, target: &Target) -> bool {
        self.waiting.iter().any(|waiting| waiting.target.as_ref().is_none_or(|its| its == target))
    }

    /// Returns the uptime of the next attempt at a write that was not sent yet.
    pub(crate) fn next_attempt(&self) -> Option<Duration> {
        let new = self.waiting.iter().filter(|waiting| waiting.progress == Progress::New);
        new.map(|waiting| self.due(waiting.target.as_ref()).max(waiting.gathers_until)).min()
    }

    /// Returns the uptime of the next attempt at an object.
    fn due(&self, target: Option<&Target>) -> Duration {
        target
            .and_then(|target| self.attempts.get(target))
            .map_or(Duration::ZERO, |tried| tried.pauses.until())
    }

    /// Returns the objects for which the controller fails again and again.
    pub(crate) fn failing(&self) -> impl Iterator<Item = Failing> {
        self.attempts.iter().filter(|(_, tried)| tried.pauses.failures() > 1).map(|(target, tried)| Failing {
            object: target.to_string(),
            failures: tried.pauses.failures(),
            fault: tried.fault.clone(),
        })
    }

    /// Rejects all waiting writes.
    pub(crate) fn reject_all(&mut self, reason: &str) {
        for waiting in self.waiting.drain(..) {
            waiting.write.reject(reason);
        }
        self.attempts.clear();
    }

    /// Tries to execute the waiting writes whose pause is over.
    ///
    /// # Errors
    /// If the run must end.
    pub(crate) fn execute(&mut self, writer: &mut SetPointWriter<'_>) -> Result<(), HostError> {
        let now = writer.host.uptime()?;
        // Riser has already reported these to the BMS as expired.
        let all = std::mem::take(&mut self.waiting).into_iter();
        let (waiting, expired): (Vec<_>, Vec<_>) = all.partition(|waiting| waiting.expires > now);
        self.waiting = waiting;
        writer.await_accepted(&expired)?;
        let mut is_reachable = true;
        for (target, mut writes) in self.targets(writer) {
            if writes.iter().any(|waiting| !waiting.is_noted) {
                writer.hear(&target)?;
                for waiting in &mut writes {
                    waiting.is_noted = true;
                }
            }
            if !is_reachable || self.due(Some(&target)) > now || is_gathering(writer, &writes, now) {
                self.waiting.extend(writes);
                continue;
            }
            let Remaining { writes, failure } = match &target {
                Target::Zone(zone) => writer.write_reduction(zone, writes)?,
                Target::Connector { station, number } => {
                    writer.write_availability(station, *number, writes)?
                }
            };
            match failure {
                None => drop(self.attempts.remove(&target)),
                Some(failure) => {
                    is_reachable &= !failure.delays_others;
                    if failure.is_of_object {
                        self.fail(target, failure.fault, &writes, now);
                    }
                }
            }
            self.waiting.extend(writes);
        }
        let waiting = &self.waiting;
        self.attempts.retain(|target, _| waiting.iter().any(|waits| waits.target.as_ref() == Some(target)));
        Ok(())
    }

    fn fail(&mut self, target: Target, fault: String, writes: &[Waiting], now: Duration) {
        let new = || Attempts { pauses: BackOff::new(ATTEMPT_PAUSES), fault: String::new() };
        let tried = self.attempts.entry(target).or_insert_with(new);
        tried.pauses.fail(now);
        let failures = tried.pauses.failures();
        if failures > 1 {
            let pause = tried.pauses.until().saturating_sub(now).as_secs();
            let reason = format!("tried {failures} times, again in {pause} s: {fault}");
            for waiting in writes {
                waiting.write.pending(&reason);
            }
        }
        tried.fault = fault;
    }

    /// Removes the writes whose object is known, grouped by object.
    fn targets(&mut self, writer: &SetPointWriter<'_>) -> Vec<(Target, Vec<Waiting>)> {
        let mut targets: Vec<(Target, Vec<Waiting>)> = Vec::new();
        for mut waiting in std::mem::take(&mut self.waiting) {
            let Some(target) = writer.binding.target(waiting.write.handle()) else {
                if writer.is_complete {
                    waiting.write.reject("the charge controller no longer has this object");
                } else {
                    self.waiting.push(waiting);
                }
                continue;
            };
            let target = Target::from(target);
            waiting.target = Some(target.clone());
            match targets.iter_mut().find(|(other, _)| *other == target) {
                Some((_, writes)) => writes.push(waiting),
                None => targets.push((target, vec![waiting])),
            }
        }
        targets
    }
}

/// Returns whether a part of a zone's reduction waits for the other part: both become one call of the controller.
fn is_gathering(writer: &SetPointWriter<'_>, writes: &[Waiting], now: Duration) -> bool {
    let has = |wanted: fn(&SetPointTarget) -> bool| {
        writes.iter().any(|waiting| writer.binding.target(waiting.write.handle()).is_some_and(wanted))
    };
    let has_reduction = has(|target| matches!(target, SetPointTarget::Reduction(_)));
    let has_validity = has(|target| matches!(target, SetPointTarget::Validity(_)));
    has_reduction != has_validity && writes.iter().any(|waiting| waiting.gathers_until > now)
}

/// Returns the number of the newest write.
pub(super) fn newest(writes: &[Waiting]) -> i64 {
    writes.iter().map(|waiting| waiting.write.id()).max().unwrap_or_default()
}

/// Returns whether an earlier run may have sent one of these writes.
pub(super) fn were_sent_before(writes: &[Waiting]) -> bool {
    writes.iter().any(|waiting| waiting.write.was_sent())
}
