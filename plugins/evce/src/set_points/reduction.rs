//! Reduction and validity of a zone, which are one object of the controller.

use std::time::{Duration, SystemTime};

use riser_plugin::{HostError, PointValue};

use super::active_reductions::Percent;
use super::queue::{Failure, Progress, Remaining, Target, Waiting, newest, were_sent_before};
use super::{SHORTEST_VALIDITY, SetPointWriter, is_same_percent};
use crate::client::{EvceError, ReadReduction, WriteAck};
use crate::model::{ObjectId, Reduction};
use crate::points::SetPointTarget;

/// The requested reduction of a zone, completed from the present one.
struct Wanted {
    percent: f64,
    /// A validity of the BMS: sent unchanged and not renewed.
    valid_until: Option<SystemTime>,
    /// The validity that was sent now.
    sent_until: Option<SystemTime>,
}

/// How a shown reduction compares with the requested one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Same,
    /// It is the requested one, rounded by the controller.
    Rounded,
    Different,
}

/// A controller that rounds shows a percentage that differs by less than this.
const ROUNDED_PERCENT: f64 = 1.0;
/// A controller that rounds shows a validity that differs by less than this.
const ROUNDED_VALIDITY: Duration = Duration::from_mins(1);
/// Validities that differ by less belong to the same time of writing; a controller is written at most this often.
const SAME_TIME: Duration = Duration::from_secs(10);

impl SetPointWriter<'_> {
    /// Executes the writes for one zone's reduction.
    pub(super) fn write_reduction(
        &mut self,
        zone: &ObjectId,
        writes: Vec<Waiting>,
    ) -> Result<Remaining, HostError> {
        let read = match self.client.reduction(zone) {
            Ok(read) => read,
            Err(error) => return defer(&error, writes),
        };
        if let Some(anothers) = read.reduction.as_ref().filter(|shown| !self.client.is_own(zone, shown)) {
            let name = anothers.description.as_deref().unwrap_or_default();
            let reason =
                format!("the zone has a reduction of another user ({name}), which Riser does not change");
            return Ok(reject(&writes, &reason));
        }
        let mut wanted = match self.wanted(&writes, read.reduction.as_ref()) {
            Ok(wanted) => wanted,
            Err(reason) => return Ok(reject(&writes, &reason)),
        };
        let writes = if wanted.percent == 0.0 { self.reject_validity(&mut wanted, writes) } else { writes };
        let object = Target::Zone(zone.clone()).to_string();
        let number = newest(&writes);
        let was_accepted = writes.iter().all(|waiting| waiting.progress == Progress::Accepted);
        let was_sent = was_accepted || self.sent.has(&object, number) || were_sent_before(&writes);
        let has_older = self.sent.has_older(&object, number);
        // A write of the shown value renews its validity.
        let is_renewal =
            wanted.percent != 0.0 && wanted.valid_until.is_none() && !was_sent && !self.is_fresh(&read);
        if !is_renewal && !has_older {
            match self.compare(zone, read.reduction.as_ref(), &wanted) {
                Comparison::Same => return self.confirm(zone, &wanted, read, &writes),
                Comparison::Rounded if was_sent => return self.confirm(zone, &wanted, read, &writes),
                _ => {}
            }
        }
        if was_accepted {
            return Ok(Remaining::of(writes));
        }
        let valid_until = match self.valid_until(&wanted, read.controller_now) {
            Ok(valid_until) => valid_until,
            Err(reason) => return Ok(reject(&writes, &reason)),
        };
        self.sent.note(self.host, &object, number)?;
        for waiting in &writes {
            waiting.write.sent();
        }
        wanted.sent_until = Some(valid_until);
        let ack = if wanted.percent == 0.0 {
            self.client.delete_reduction(zone)
        } else {
            let description = self.describe(zone);
            self.client.put_reduction(zone, wanted.percent, valid_until, &description)
        };
        match ack {
            Ok(WriteAck::Done) => self.read_back(zone, &wanted, writes),
            Ok(WriteAck::Deferred) => {
                Ok(pending(writes, Progress::Accepted, "the controller accepted it and will apply it later"))
            }
            Err(error) => {
                if let EvceError::Refused { .. } | EvceError::NotOffered { .. } = error {
                    self.sent.rejected(self.host, &object, has_older)?;
                }
                write_failed(&error, writes)
            }
        }
    }

    fn wanted(&self, writes: &[Waiting], current: Option<&Reduction>) -> Result<Wanted, String> {
        let mut percent = None;
        let mut valid_until = None;
        for waiting in writes {
            match (self.binding.target(waiting.write.handle()), waiting.write.value()) {
                (Some(SetPointTarget::Reduction(_)), PointValue::Double(number)) => percent = Some(*number),
                (Some(SetPointTarget::Validity(_)), PointValue::DateTimeMs(ms)) => {
                    let since = u64::try_from(*ms).map_err(|_| "the validity is before 1970")?;
                    valid_until = Some(SystemTime::UNIX_EPOCH + Duration::from_millis(since));
                }
                _ => return Err("not a value for a reduction".to_owned()),
            }
        }
        let percent = percent.or_else(|| current.and_then(|reduction| reduction.percent));
        let percent =
            percent.ok_or("the zone has no reduction; write ZoneReduction first or in the same request")?;
        Ok(Wanted { percent, valid_until, sent_until: None })
    }

    /// Rejects validities for a removed reduction. Returns the other writes.
    fn reject_validity(&self, wanted: &mut Wanted, writes: Vec<Waiting>) -> Vec<Waiting> {
        wanted.valid_until = None;
        let (validities, rest): (Vec<_>, Vec<_>) = writes.into_iter().partition(|waiting| {
            matches!(self.binding.target(waiting.write.handle()), Some(SetPointTarget::Validity(_)))
        });
        reject(&validities, "a reduction of 0 ends at once and has no validity");
        rest
    }

    /// Returns the end of the reduction by the controller's clock.
    fn valid_until(&self, wanted: &Wanted, controller_now: SystemTime) -> Result<SystemTime, String> {
        match wanted.valid_until {
            Some(until) if until < controller_now + SHORTEST_VALIDITY => {
                Err("by the controller's clock the validity is in the past or ends within 30 s".to_owned())
            }
            Some(until) => Ok(until),
            None => Ok(controller_now + self.validity.span()),
        }
    }

    /// Returns whether a reduction ends at about the time of one that is set now.
    fn is_fresh(&self, read: &ReadReduction) -> bool {
        let Some(until) = read.reduction.as_ref().and_then(|shown| shown.valid_until) else { return true };
        is_within(until, read.controller_now + self.validity.span(), SAME_TIME)
    }

    fn compare(&mut self, zone: &ObjectId, shown: Option<&Reduction>, wanted: &Wanted) -> Comparison {
        let Some(shown) = shown else {
            return if wanted.percent == 0.0 { Comparison::Same } else { Comparison::Different };
        };
        let Some(percent) = shown.percent else { return Comparison::Different };
        let known = self.active.of(zone).map(|active| active.percent);
        let is_known_rounding = known.is_some_and(|known| {
            is_same_percent(known.requested, wanted.percent) && is_same_percent(known.shown, percent)
        });
        let is_same = is_same_percent(percent, wanted.percent) || is_known_rounding;
        let tolerance = self.client.validity_tolerance();
        let is_same_validity =
            wanted.valid_until.is_none_or(|until| is_same_second(shown.valid_until, until, tolerance));
        if wanted.percent == 0.0 {
            return if percent == 0.0 { Comparison::Same } else { Comparison::Different };
        }
        if is_same && is_same_validity {
            return Comparison::Same;
        }
        let is_near = is_same || (percent - wanted.percent).abs() < ROUNDED_PERCENT;
        // Only the validity shows that the controller has this write and not an older one with a similar percentage.
        let expected = wanted.valid_until.or(wanted.sent_until);
        let is_near_validity = expected.is_some_and(|expected| {
            shown.valid_until.is_some_and(|until| is_within(until, expected, ROUNDED_VALIDITY))
        });
        if is_near && is_near_validity { Comparison::Rounded } else { Comparison::Different }
    }

    fn read_back(
        &mut self,
        zone: &ObjectId,
        wanted: &Wanted,
        writes: Vec<Waiting>,
    ) -> Result<Remaining, HostError> {
        match self.client.reduction(zone) {
            Ok(read) => match self.compare(zone, read.reduction.as_ref(), wanted) {
                Comparison::Same | Comparison::Rounded => self.confirm(zone, wanted, read, &writes),
                Comparison::Different => {
                    let shows = read.reduction.and_then(|reduction| reduction.percent).unwrap_or_default();
                    let reason = format!("the controller accepted it but still shows {shows} %");
                    Ok(pending(writes, Progress::Accepted, &reason))
                }
            },
            Err(error) => defer(&error, writes),
        }
    }

    /// Confirms the writes. If the controller rounds, the shown value is the controller's.
    fn confirm(
        &mut self,
        zone: &ObjectId,
        wanted: &Wanted,
        read: ReadReduction,
        writes: &[Waiting],
    ) -> Result<Remaining, HostError> {
        let ReadReduction { reduction, controller_now } = read;
        let shown = reduction.as_ref().and_then(|shown| shown.percent).unwrap_or_default();
        let until = reduction.as_ref().and_then(|shown| shown.valid_until);
        if wanted.valid_until.is_none() && wanted.percent != 0.0 {
            let percent = Percent { requested: wanted.percent, shown };
            self.active.keep(self.host, zone, percent)?;
            let left = until.and_then(|until| until.duration_since(controller_now).ok());
            let holds_until = self.host.uptime()? + left.unwrap_or_default();
            if let Some(active) = self.active.of(zone) {
                (active.valid_until, active.holds_until) = (until, Some(holds_until));
            }
        } else {
            self.active.forget(self.host, zone)?;
        }
        self.sent.finish(self.host, &Target::Zone(zone.clone()).to_string())?;
        let is_rounded = !is_same_percent(shown, wanted.percent);
        for waiting in writes {
            if is_rounded {
                let remark = format!("the controller rounds {} % to {shown} %", wanted.percent);
                waiting.write.confirmed_with(&remark);
            } else {
                waiting.write.confirmed();
            }
        }
        // Last, since a confirmed write is served as the value until the next one.
        self.show_reduction(zone, reduction)?;
        Ok(Remaining::none())
    }
}

/// Handles a failed call: the writes wait, or are rejected if the controller refused.
pub(super) fn defer(error: &EvceError, writes: Vec<Waiting>) -> Result<Remaining, HostError> {
    error.propagate_stop()?;
    if let EvceError::Refused { .. } | EvceError::NotOffered { .. } = error {
        return Ok(reject(&writes, &error.to_string()));
    }
    let failure = Failure {
        is_of_object: error.is_of_object(),
        delays_others: error.delays_others(),
        fault: error.to_string(),
    };
    Ok(Remaining { writes, failure: Some(failure) })
}

/// Handles a failed write. If its response was lost, the next poll decides about its result.
pub(super) fn write_failed(error: &EvceError, writes: Vec<Waiting>) -> Result<Remaining, HostError> {
    if error.may_have_taken_effect() {
        for waiting in &writes {
            waiting.write.unknown(&error.to_string());
        }
    }
    defer(error, writes)
}

pub(super) fn reject(writes: &[Waiting], reason: &str) -> Remaining {
    for waiting in writes {
        waiting.write.reject(reason);
    }
    Remaining::none()
}

pub(super) fn pending(mut writes: Vec<Waiting>, progress: Progress, reason: &str) -> Remaining {
    for waiting in &mut writes {
        waiting.write.pending(reason);
        waiting.progress = progress;
    }
    Remaining::of(writes)
}

/// Compares whole seconds, since a controller may store no fractions; a controller that counts a span down shows
/// another second within the tolerance.
fn is_same_second(shown: Option<SystemTime>, wanted: SystemTime, tolerance: Duration) -> bool {
    let seconds =
        |moment: SystemTime| moment.duration_since(SystemTime::UNIX_EPOCH).ok().map(|since| since.as_secs());
    match (shown.and_then(seconds), seconds(wanted)) {
        (Some(shown), Some(wanted)) => shown.abs_diff(wanted) <= tolerance.as_secs(),
        _ => false,
    }
}

fn is_within(one: SystemTime, other: SystemTime, tolerance: Duration) -> bool {
    let apart = one.duration_since(other).or_else(|_| other.duration_since(one)).unwrap_or_default();
    apart < tolerance
}
