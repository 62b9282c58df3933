//! Set point writes of the test in place of the BMS, and their states.

use std::time::{Duration, SystemTime};

use riser_plugin::PointValue;
use riser_plugin::abi::messages::{ItemMessage, NodeMessage, SetPointRuleMessage, WriteMessage, WriteState};

use crate::records::unix_ms;

/// Validity of a write.
const LIVES: Duration = Duration::from_mins(10);

/// A status that a class reported for a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteStatus {
    /// The write.
    pub write: i64,
    /// Its state.
    pub state: WriteState,
    /// Why, in words.
    pub reason: String,
}

#[derive(Debug)]
struct Kept {
    message: WriteMessage,
    writes_handled_by: String,
    is_open: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Writes {
    kept: Vec<Kept>,
    groups: i64,
    statuses: Vec<WriteStatus>,
}

impl Writes {
    pub(crate) fn next_group(&mut self) -> i64 {
        self.groups += 1;
        self.groups
    }

    /// Accepts a write as the host would; an open one for the same point is superseded.
    ///
    /// # Errors
    /// The reason why the host would refuse it.
    pub(crate) fn accept(
        &mut self,
        group: i64,
        (handle, item): (u32, &ItemMessage),
        value: PointValue,
        now: SystemTime,
    ) -> Result<(WriteMessage, String), String> {
        let NodeMessage::Value { kind, writes_handled_by: Some(handler), set_point, .. } = &item.node else {
            return Err(format!("{} takes no set points", item.id));
        };
        if value.kind() != *kind {
            return Err(format!("{} takes a {}", item.id, kind.name()));
        }
        if let Some(rule) = set_point {
            obeys(rule, &value, now).map_err(|takes| format!("{} takes {takes}", item.id))?;
        }
        for kept in &mut self.kept {
            kept.is_open &= kept.message.handle != handle;
        }
        let message = WriteMessage {
            id: i64::try_from(self.kept.len()).unwrap_or(i64::MAX) + 1,
            group,
            handle,
            item: item.id.clone(),
            value,
            state: WriteState::Accepted,
            accepted_at_ms: unix_ms(now),
            expires_at_ms: unix_ms(now + LIVES),
        };
        self.kept.push(Kept { message: message.clone(), writes_handled_by: handler.clone(), is_open: true });
        Ok((message, handler.clone()))
    }

    pub(crate) fn report(&mut self, status: WriteStatus) {
        if let Some(kept) = self.kept.iter_mut().find(|kept| kept.message.id == status.write) {
            kept.message.state = status.state;
            kept.is_open &= !matches!(status.state, WriteState::Confirmed | WriteState::Rejected);
        }
        self.statuses.push(status);
    }

    /// Returns the open writes that a class handles, for its next run.
    pub(crate) fn open_for(&self, class: &str, now: SystemTime) -> Vec<WriteMessage> {
        self.kept
            .iter()
            .filter(|kept| kept.is_open && kept.writes_handled_by == class)
            .filter(|kept| kept.message.expires_at_ms > unix_ms(now))
            .map(|kept| kept.message.clone())
            .collect()
    }

    pub(crate) fn statuses(&self) -> &[WriteStatus] {
        &self.statuses
    }
}

fn obeys(rule: &SetPointRuleMessage, value: &PointValue, now: SystemTime) -> Result<(), String> {
    let number = as_number(value);
    match (number, value) {
        (Some(number), _) if rule.min.is_some_and(|min| number < min) => {
            Err(format!("{} or more", rule.min.unwrap_or_default()))
        }
        (Some(number), _) if rule.max.is_some_and(|max| number > max) => {
            Err(format!("{} or less", rule.max.unwrap_or_default()))
        }
        (_, PointValue::String(text))
            if !rule.options.is_empty() && rule.options.iter().all(|option| **option != **text) =>
        {
            Err(format!("one of {}", rule.options.join(", ")))
        }
        (_, PointValue::DateTimeMs(ms)) if rule.future_only && *ms <= unix_ms(now) => {
            Err("a moment in the future".to_owned())
        }
        _ => Ok(()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number is compared, not kept")]
pub(crate) fn as_number(value: &PointValue) -> Option<f64> {
    match value {
        PointValue::Double(number) => Some(*number),
        PointValue::Long(number) => Some(*number as f64),
        PointValue::Integer(number) => Some(f64::from(*number)),
        _ => None,
    }
}
