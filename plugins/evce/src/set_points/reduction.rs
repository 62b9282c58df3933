//! Reduction and validity of a zone, which are one object of the controller.

use std::time::{Duration, SystemTime};

use riser_plugin::{HostError, PointValue};

use super::queue::{Progress, Remaining, Waiting};
use super::{SHORTEST_VALIDITY, SetPointWriter, is_same_percent};
use crate::client::{EvceError, ReadReduction, WriteAck};
use crate::model::{ObjectId, Reduction};
use crate::points::SetPointTarget;

/// The requested reduction of a zone, completed from the present one.
struct Wanted {
    percent: f64,
    /// A validity of the BMS: sent unchanged and not renewed.
    valid_until: Option<SystemTime>,
}

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
        let was_accepted = writes.iter().all(|waiting| waiting.progress == Progress::Accepted);
        let is_put_again =
            wanted.percent != 0.0 && wanted.valid_until.is_none() && !was_accepted && !self.lasts(&read);
        if is_as_wanted(read.reduction.as_ref(), &wanted) && !is_put_again {
            return self.confirm(zone, &wanted, read.reduction, &writes);
        }
        if was_accepted {
            return Ok(Remaining { writes, has_response: true });
        }
        let valid_until = match self.valid_until(&wanted, read.controller_now) {
            Ok(valid_until) => valid_until,
            Err(reason) => return Ok(reject(&writes, &reason)),
        };
        for waiting in &writes {
            waiting.write.sent();
        }
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
            Err(error) => write_failed(&error, writes),
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
        Ok(Wanted { percent, valid_until })
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

    /// Returns whether a reduction holds for about as long as one that is put now. One that the BMS asks for again must
    /// not end at the validity that it had before.
    fn lasts(&self, read: &ReadReduction) -> bool {
        let Some(until) = read.reduction.as_ref().and_then(|shown| shown.valid_until) else { return true };
        let left = until.duration_since(read.controller_now).unwrap_or_default();
        left > self.validity.renewed_below()
    }

    fn read_back(
        &mut self,
        zone: &ObjectId,
        wanted: &Wanted,
        writes: Vec<Waiting>,
    ) -> Result<Remaining, HostError> {
        match self.client.reduction(zone) {
            Ok(read) if is_as_wanted(read.reduction.as_ref(), wanted) => {
                self.confirm(zone, wanted, read.reduction, &writes)
            }
            Ok(read) => {
                let shows = read.reduction.and_then(|reduction| reduction.percent).unwrap_or_default();
                let reason = format!("the controller accepted it but still shows {shows} %");
                Ok(pending(writes, Progress::Accepted, &reason))
            }
            Err(error) => defer(&error, writes),
        }
    }

    fn confirm(
        &mut self,
        zone: &ObjectId,
        wanted: &Wanted,
        shown: Option<Reduction>,
        writes: &[Waiting],
    ) -> Result<Remaining, HostError> {
        self.show_reduction(zone, shown)?;
        if wanted.valid_until.is_none() && wanted.percent != 0.0 {
            self.active.keep(self.host, zone, wanted.percent)?;
        } else {
            self.active.forget(self.host, zone)?;
        }
        for waiting in writes {
            waiting.write.confirmed();
        }
        Ok(Remaining::none())
    }
}

/// Handles a failed call: the writes wait, or are rejected if the controller refused.
pub(super) fn defer(error: &EvceError, writes: Vec<Waiting>) -> Result<Remaining, HostError> {
    error.propagate_stop()?;
    if let EvceError::Refused { .. } = error {
        return Ok(reject(&writes, &error.to_string()));
    }
    Ok(Remaining { writes, has_response: false })
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
    Remaining { writes, has_response: true }
}

fn is_as_wanted(current: Option<&Reduction>, wanted: &Wanted) -> bool {
    if wanted.percent == 0.0 {
        return current.is_none_or(|reduction| reduction.percent == Some(0.0));
    }
    current.is_some_and(|reduction| {
        reduction.percent.is_some_and(|shown| is_same_percent(shown, wanted.percent))
            && wanted.valid_until.is_none_or(|until| is_same_second(reduction.valid_until, until))
    })
}

/// Compares whole seconds: a controller may store no fractions.
fn is_same_second(shown: Option<SystemTime>, wanted: SystemTime) -> bool {
    let seconds =
        |moment: SystemTime| moment.duration_since(SystemTime::UNIX_EPOCH).map(|since| since.as_secs());
    shown.is_some_and(|shown| seconds(shown).ok() == seconds(wanted).ok())
}
