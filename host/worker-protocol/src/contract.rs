//! Converts messages of the plugin contract to types of the host and back. Every message of a plugin is checked.

use std::collections::HashMap;
use std::sync::Arc;

use riser_domain::{
    EwsItem, EwsItemId, PointHandle, Problem, SetPointWrite, StoredItem, Timestamp, TreeKey, Value,
    ValueKind, WriteState, sanitize_line,
};
use riser_plugin::abi::messages as contract;
use riser_plugin::abi::{PackedPoints, PointEntry};
use riser_plugin::{Kind, PointValue};

pub(crate) const fn value_kind(kind: Kind) -> Option<ValueKind> {
    Some(match kind {
        Kind::DateTime => ValueKind::DateTime,
        Kind::Boolean => ValueKind::Boolean,
        Kind::String => ValueKind::String,
        Kind::Double => ValueKind::Double,
        Kind::Long => ValueKind::Long,
        Kind::Integer => ValueKind::Integer,
        Kind::Duration => ValueKind::Duration,
        _ => return None,
    })
}

const fn kind(kind: ValueKind) -> Kind {
    match kind {
        ValueKind::DateTime => Kind::DateTime,
        ValueKind::Boolean => Kind::Boolean,
        ValueKind::String => Kind::String,
        ValueKind::Double => Kind::Double,
        ValueKind::Long => Kind::Long,
        ValueKind::Integer => Kind::Integer,
        ValueKind::Duration => Kind::Duration,
    }
}

pub(crate) fn value(value: PointValue) -> Option<Value> {
    Some(match value {
        PointValue::DateTimeMs(ms) => Value::DateTime(Timestamp::from_unix_ms(ms)),
        PointValue::Boolean(is_true) => Value::Boolean(is_true),
        PointValue::String(text) => Value::String(text),
        PointValue::Double(number) => Value::Double(number),
        PointValue::Long(number) => Value::Long(number),
        PointValue::Integer(number) => Value::Integer(number),
        PointValue::DurationMs(ms) => Value::DurationMs(ms),
        _ => return None,
    })
}

fn point_value(value: &Value) -> PointValue {
    match value {
        Value::DateTime(moment) => PointValue::DateTimeMs(moment.unix_ms()),
        Value::Boolean(is_true) => PointValue::Boolean(*is_true),
        Value::String(text) => PointValue::String(Arc::clone(text)),
        Value::Double(number) => PointValue::Double(*number),
        Value::Long(number) => PointValue::Long(*number),
        Value::Integer(number) => PointValue::Integer(*number),
        Value::DurationMs(ms) => PointValue::DurationMs(*ms),
    }
}

pub const fn write_state(state: contract::WriteState) -> WriteState {
    match state {
        contract::WriteState::Accepted => WriteState::Accepted,
        contract::WriteState::Sent => WriteState::Sent,
        contract::WriteState::Pending => WriteState::Pending,
        contract::WriteState::Confirmed => WriteState::Confirmed,
        contract::WriteState::Rejected => WriteState::Rejected,
        contract::WriteState::Unknown => WriteState::Unknown,
    }
}

/// Converts an open write for the class that handles it.
pub fn write_message(write: &SetPointWrite) -> contract::WriteMessage {
    contract::WriteMessage {
        id: write.id.0,
        group: write.group,
        handle: write.point.0,
        item: TreeKey::plugin_id(&write.item).to_owned(),
        value: point_value(&write.value),
        state: match write.state {
            WriteState::Accepted => contract::WriteState::Accepted,
            WriteState::Sent => contract::WriteState::Sent,
            WriteState::Pending => contract::WriteState::Pending,
            WriteState::Confirmed => contract::WriteState::Confirmed,
            // A plugin receives only open writes.
            WriteState::Rejected | WriteState::Superseded | WriteState::Expired => {
                contract::WriteState::Rejected
            }
            WriteState::Unknown => contract::WriteState::Unknown,
        },
        accepted_at_ms: write.accepted_at.unix_ms(),
        expires_at_ms: write.expires_at.unix_ms(),
    }
}

/// Converts a problem; its texts become plain lines of bounded length.
pub fn problem(problem: &riser_plugin::Problem) -> Problem {
    let riser_plugin::Problem { code, what, effect, remedy, setting } = plain_problem(problem);
    Problem { code, what, effect, remedy, setting }
}

/// Returns the same problem with texts that are plain lines of bounded length.
pub fn plain_problem(problem: &riser_plugin::Problem) -> riser_plugin::Problem {
    riser_plugin::Problem {
        code: sanitize_line(&problem.code),
        what: sanitize_line(&problem.what),
        effect: sanitize_line(&problem.effect),
        remedy: sanitize_line(&problem.remedy),
        setting: problem.setting.as_deref().map(sanitize_line),
    }
}

/// Collects the points of a stored tree for a plugin, without vanished ones.
pub fn packed_points(stored: &[StoredItem]) -> PackedPoints {
    let has_history = stored.iter().any(|stored| matches!(*stored.item, EwsItem::History(_)));
    let by_id: HashMap<&EwsItemId, PointHandle> = if has_history {
        stored.iter().map(|stored| (stored.item.id(), stored.handle)).collect()
    } else {
        HashMap::new()
    };
    let points = stored.iter().filter(|stored| stored.vanished_at.is_none()).filter_map(|stored| {
        let (is_history, recorded, value_kind, published_by) = match &*stored.item {
            EwsItem::Container(_) => return None,
            EwsItem::Value(item) => (false, None, item.definition.kind, &item.definition.published_by),
            EwsItem::History(item) => (
                true,
                by_id.get(&*item.value_item).map(|handle| handle.0),
                item.definition.kind,
                &item.definition.published_by,
            ),
        };
        Some(PointEntry {
            handle: stored.handle.0,
            id: TreeKey::plugin_id(stored.item.id()),
            kind: kind(value_kind),
            published_by,
            is_history,
            recorded,
        })
    });
    points.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_with_control_characters_becomes_plain_lines_of_bounded_length() {
        let hostile = "station: \u{1b}[2J\nroot logged in";
        let raised = riser_plugin::Problem::new("odd", hostile).effect(hostile).remedy("x".repeat(1_000_000));
        let problem = problem(&raised);
        assert_eq!(problem.what, "station: \\u{1b}[2J\\nroot logged in");
        assert_eq!(problem.effect, problem.what);
        assert!(problem.remedy.len() < 9_000);
    }
}
