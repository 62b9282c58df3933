//! Reduction and validity of a zone, which are one object of the controller.

use std::time::{Duration, SystemTime};

use riser_plugin::{HostError, PointValue};

use super::active_reductions::{Active, Percent};
use super::outcome::{pending, reject};
use super::queue::{Progress, Remaining, Target, Waiting, newest, were_sent_before};
use super::renewal::in_words;
use super::{SHORTEST_VALIDITY, SetPointWriter, Validity, is_same_percent};
use crate::client::{ReadReduction, WriteAck};
use crate::model::{ObjectId, Reduction};
use crate::points::SetPointTarget;

/// The requested reduction of a zone, completed from the present one.
struct Wanted {
    percent: f64,
    /// A validity of the BMS: sent unchanged and not renewed.
    valid_until: Option<SystemTime>,
    /// Whether the BMS wrote the validity alone.
    is_completed: bool,
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
pub(super) const ROUNDED_VALIDITY: Duration = Duration::from_mins(1);
/// Validities that differ by less belong to the same time of writing; a controller is written at most this often.
const SAME_TIME: Duration = Duration::from_secs(10);

impl SetPointWriter<'_> {
    /// Executes the writes for one zone's reduction.
    pub(super) fn write_reduction(
        &mut self,
        zone: &ObjectId,
        writes: Vec<Waiting>,
    ) -> Result<Remaining, HostError> {
        let target = Target::Zone(zone.clone());
        let read = match self.client.reduction(zone) {
            Ok(read) => read,
            Err(error) => return self.read_failed(&target, &error, writes),
        };
        if let Some(anothers) = read.reduction.as_ref().filter(|shown| !self.client.is_own(zone, shown)) {
            let other = in_words(anothers);
            // The BMS knows now that its reduction is not in effect, so the older one does not come back.
            self.active.forget(self.host, zone)?;
            self.show_reduction(zone, read.reduction)?;
            let reason = format!("the zone has {other}, which is another user's; Riser does not change it");
            return Ok(reject(&writes, &reason));
        }
        let mut wanted = match self.wanted(&writes, read.reduction.as_ref()) {
            Ok(wanted) => wanted,
            Err(reason) => return Ok(reject(&writes, &reason)),
        };
        let writes = if wanted.percent == 0.0 { self.reject_validity(&mut wanted, writes) } else { writes };
        let object = target.to_string();
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
            Ok(ack) => {
                self.rights.clear(&target);
                match ack {
                    WriteAck::Done => self.read_back(zone, &wanted, writes),
                    WriteAck::Deferred => {
                        let reason = "the controller accepted it and will apply it later";
                        Ok(pending(writes, Progress::Accepted, reason))
                    }
                }
            }
            Err(error) => self.write_failed(&target, &error, writes, has_older),
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
        let is_completed = percent.is_none();
        let percent = percent.or_else(|| current.and_then(|reduction| reduction.percent));
        let percent =
            percent.ok_or("the zone has no reduction; write ZoneReduction first or in the same request")?;
        Ok(Wanted { percent, valid_until, is_completed, sent_until: None })
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
            Err(error) => self.read_failed(&Target::Zone(zone.clone()), &error, writes),
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
        if wanted.percent == 0.0 {
            self.active.forget(self.host, zone)?;
        } else {
            let percent = Percent { requested: wanted.percent, shown };
            self.active.keep(self.host, zone, Active::new(percent, wanted.valid_until))?;
            let left = until.and_then(|until| until.duration_since(controller_now).ok());
            let holds_until = self.host.uptime()? + left.unwrap_or_default();
            if let Some(active) = self.active.of(zone) {
                (active.valid_until, active.holds_until) = (until, Some(holds_until));
            }
        }
        self.sent.finish(self.host, &Target::Zone(zone.clone()).to_string())?;
        let remark = self.remark_on(zone, wanted, shown);
        for waiting in writes {
            waiting.write.confirmed_with(&remark);
        }
        // Last, since a confirmed write is served as the value until the next one.
        self.show_reduction(zone, reduction)?;
        Ok(Remaining::none())
    }
}

impl SetPointWriter<'_> {
    /// Says in words how the controller and Riser completed a confirmed write; empty for a write with nothing to add.
    fn remark_on(&self, zone: &ObjectId, wanted: &Wanted, shown: f64) -> String {
        let mut remarks = Vec::new();
        if !is_same_percent(shown, wanted.percent) {
            remarks.push(format!("the controller rounds {} % to {shown} %", wanted.percent));
        }
        match (wanted.percent, wanted.valid_until, self.validity) {
            (0.0, ..) => {}
            (_, Some(_), _) if wanted.is_completed => {
                remarks.push(format!("this ends the present reduction of {shown} %"));
            }
            (_, Some(_), _) => {}
            (_, None, Validity::Renewed(_)) => {
                remarks.push("Riser renews it until the BMS writes 0 or a validity".to_owned());
            }
            (_, None, Validity::ForEver) => remarks.push("it has no end until the BMS writes 0".to_owned()),
        }
        let silence_rule = self.silence_rule(zone);
        if wanted.valid_until.is_none() && !silence_rule.is_empty() {
            remarks.push(silence_rule);
        }
        remarks.join("; ")
    }
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

pub(super) fn is_within(one: SystemTime, other: SystemTime, tolerance: Duration) -> bool {
    let apart = one.duration_since(other).or_else(|_| other.duration_since(one)).unwrap_or_default();
    apart < tolerance
}
