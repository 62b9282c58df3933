//! Where frames of a worker become plain types, and back: nothing above this file knows a frame's form, and
//! nothing a plugin says passes it unchecked.

use std::sync::Arc;

use riser_domain::{
    ContainerItem, ContainerKind, DeclaredTree, EwsItem, EwsItemId, HistoryItem, HistorySample, LogLevel,
    PointHandle, Problem, Reading, SetPointRule, SetPointWrite, StoredItem, Timestamp, Value, ValueItem,
    ValueKind, ValueState, sanitize_line,
};
use riser_worker::frames::{
    DeclaredFrame, DeclaredNodeFrame, LogLevelFrame, PointFrame, ProblemFrame, PublishedFrame, ReadingFrame,
    SampleFrame, SetPointRuleFrame, ValueFrame, ValueKindFrame, WriteFrame,
};

use crate::items::{Published, may_publish};

/// Longest text value a point takes, in bytes.
const LONGEST_TEXT_BYTES: usize = 64 * 1024;

/// Something a plugin said that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("{0} is no value state that a processor may give")]
    State(u8),
    #[error("a number of point {0} is not finite")]
    NotFinite(u32),
    #[error("a text of point {0} is longer than 64 KiB")]
    TextTooLong(u32),
    #[error("{0:?} is no kind of container")]
    ContainerKind(String),
    #[error("the value item {0} carries set points but names no class that carries them, or the reverse")]
    Carrier(String),
}

pub(crate) const fn kind_from(kind: ValueKindFrame) -> ValueKind {
    match kind {
        ValueKindFrame::DateTime => ValueKind::DateTime,
        ValueKindFrame::Boolean => ValueKind::Boolean,
        ValueKindFrame::String => ValueKind::String,
        ValueKindFrame::Double => ValueKind::Double,
        ValueKindFrame::Long => ValueKind::Long,
        ValueKindFrame::Integer => ValueKind::Integer,
        ValueKindFrame::Duration => ValueKind::Duration,
    }
}

const fn kind_frame(kind: ValueKind) -> ValueKindFrame {
    match kind {
        ValueKind::DateTime => ValueKindFrame::DateTime,
        ValueKind::Boolean => ValueKindFrame::Boolean,
        ValueKind::String => ValueKindFrame::String,
        ValueKind::Double => ValueKindFrame::Double,
        ValueKind::Long => ValueKindFrame::Long,
        ValueKind::Integer => ValueKindFrame::Integer,
        ValueKind::Duration => ValueKindFrame::Duration,
    }
}

fn value_from(handle: u32, value: ValueFrame) -> Result<Value, FrameError> {
    match value {
        ValueFrame::Double(number) if !number.is_finite() => Err(FrameError::NotFinite(handle)),
        ValueFrame::String(text) if text.len() > LONGEST_TEXT_BYTES => Err(FrameError::TextTooLong(handle)),
        ValueFrame::DateTimeMs(ms) => Ok(Value::DateTime(Timestamp::from_unix_ms(ms))),
        ValueFrame::Boolean(is_true) => Ok(Value::Boolean(is_true)),
        ValueFrame::String(text) => Ok(Value::String(text)),
        ValueFrame::Double(number) => Ok(Value::Double(number)),
        ValueFrame::Long(number) => Ok(Value::Long(number)),
        ValueFrame::Integer(number) => Ok(Value::Integer(number)),
        ValueFrame::DurationMs(ms) => Ok(Value::DurationMs(ms)),
    }
}

fn value_frame(value: &Value) -> ValueFrame {
    match value {
        Value::DateTime(moment) => ValueFrame::DateTimeMs(moment.unix_ms()),
        Value::Boolean(is_true) => ValueFrame::Boolean(*is_true),
        Value::String(text) => ValueFrame::String(Arc::clone(text)),
        Value::Double(number) => ValueFrame::Double(*number),
        Value::Long(number) => ValueFrame::Long(*number),
        Value::Integer(number) => ValueFrame::Integer(*number),
        Value::DurationMs(ms) => ValueFrame::DurationMs(*ms),
    }
}

fn state_from(number: u8) -> Result<ValueState, FrameError> {
    ValueState::from_number(number).filter(|state| may_publish(*state)).ok_or(FrameError::State(number))
}

pub(crate) fn published_from(frame: PublishedFrame) -> Result<Published, FrameError> {
    Ok(Published {
        handle: PointHandle(frame.handle),
        value: frame.value.map(|value| value_from(frame.handle, value)).transpose()?,
        state: state_from(frame.state)?,
        reason: frame.reason,
        source_time: frame.source_time_ms.map(Timestamp::from_unix_ms),
    })
}

pub(crate) fn sample_from(frame: SampleFrame) -> Result<(PointHandle, HistorySample), FrameError> {
    let sample = HistorySample {
        value: value_from(frame.handle, frame.value)?,
        state: state_from(frame.state)?,
        time: Timestamp::from_unix_ms(frame.time_ms),
    };
    Ok((PointHandle(frame.handle), sample))
}

pub(crate) fn reading_frame(reading: &Reading) -> ReadingFrame {
    ReadingFrame {
        value: value_frame(&reading.value),
        state: reading.state.number(),
        source_time_ms: reading.source_time.unix_ms(),
        received_time_ms: reading.received_time.unix_ms(),
    }
}

pub(crate) fn write_frame(write: &SetPointWrite) -> WriteFrame {
    WriteFrame {
        id: write.id.0,
        group: write.group,
        handle: write.point.0,
        item: Arc::from(write.item.as_str()),
        value: value_frame(&write.value),
        state: write.state.as_str().to_owned(),
        accepted_at_ms: write.accepted_at.unix_ms(),
        expires_at_ms: write.expires_at.unix_ms(),
    }
}

pub(crate) fn problem_from(frame: ProblemFrame) -> Problem {
    let ProblemFrame { code, what, effect, remedy, setting } = frame;
    let [code, what, effect, remedy] = [code, what, effect, remedy].map(|text| sanitize_line(&text));
    Problem { code, what, effect, remedy, setting: setting.map(|setting| sanitize_line(&setting)) }
}

pub(crate) const fn level_from(level: LogLevelFrame) -> LogLevel {
    match level {
        LogLevelFrame::Debug => LogLevel::Debug,
        LogLevelFrame::Info => LogLevel::Info,
        LogLevelFrame::Warn => LogLevel::Warn,
        LogLevelFrame::Error => LogLevel::Error,
    }
}

/// The points of a stored tree, as a plugin sees them; what vanished is left out.
pub(crate) fn point_frames(stored: &[StoredItem]) -> Vec<PointFrame> {
    let by_id: std::collections::HashMap<&EwsItemId, PointHandle> =
        stored.iter().map(|stored| (stored.item.id(), stored.handle)).collect();
    stored
        .iter()
        .filter(|stored| stored.vanished_at.is_none())
        .filter_map(|stored| {
            let (is_history, recorded, kind, unit, published_by) = match &stored.item {
                EwsItem::Container(_) => return None,
                EwsItem::Value(item) => (false, None, item.kind, &item.unit, &item.published_by),
                EwsItem::History(item) => {
                    let recorded = by_id.get(&item.value_item).map(|handle| handle.0);
                    (true, recorded, item.kind, &item.unit, &item.published_by)
                }
            };
            Some(PointFrame {
                handle: stored.handle.0,
                id: Arc::from(stored.item.id().as_str()),
                is_history,
                recorded,
                kind: kind_frame(kind),
                unit: Arc::clone(unit),
                published_by: Arc::clone(published_by),
            })
        })
        .collect()
}

/// The declared tree, and the values known when it was declared.
pub(crate) fn tree_from(
    items: Vec<DeclaredFrame>,
) -> Result<(DeclaredTree, Vec<(EwsItemId, Value)>), FrameError> {
    let mut initial_values = Vec::new();
    let items = items
        .into_iter()
        .map(|frame| {
            let id = EwsItemId::new(&frame.id);
            let parent = frame.parent.as_deref().map(EwsItemId::new);
            let (name, description) = (frame.name, frame.description);
            Ok(match frame.node {
                DeclaredNodeFrame::Container { kind } => {
                    let kind = ContainerKind::from_name(&kind)
                        .ok_or_else(|| FrameError::ContainerKind(kind.clone()))?;
                    EwsItem::Container(ContainerItem { id, parent, name, description, kind })
                }
                DeclaredNodeFrame::Value {
                    kind,
                    unit,
                    published_by,
                    writes_handled_by,
                    set_point,
                    initial,
                } => {
                    if writes_handled_by.is_some() != set_point.is_some() {
                        return Err(FrameError::Carrier(id.to_string()));
                    }
                    if let Some(initial) = initial {
                        initial_values.push((id.clone(), value_from(0, initial)?));
                    }
                    EwsItem::Value(ValueItem {
                        id,
                        parent: parent.unwrap_or_else(|| EwsItemId::new(EwsItemId::ROOT)),
                        name,
                        description,
                        kind: kind_from(kind),
                        unit,
                        set_point: set_point.map(rule_from),
                        published_by,
                        writes_handled_by,
                    })
                }
                DeclaredNodeFrame::History { value_item, kind, unit, published_by } => {
                    EwsItem::History(HistoryItem {
                        id,
                        parent: parent.unwrap_or_else(|| EwsItemId::new(EwsItemId::ROOT)),
                        name,
                        description,
                        value_item: EwsItemId::new(&value_item),
                        kind: kind_from(kind),
                        unit,
                        published_by,
                    })
                }
            })
        })
        .collect::<Result<Vec<_>, FrameError>>()?;
    Ok((DeclaredTree { items }, initial_values))
}

fn rule_from(frame: SetPointRuleFrame) -> SetPointRule {
    let SetPointRuleFrame { min, max, options, future_only } = frame;
    SetPointRule { min, max, options, future_only }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_processor_may_not_say_is_refused() {
        let frame =
            |value, state| PublishedFrame { handle: 1, value, state, reason: None, source_time_ms: None };
        assert_eq!(published_from(frame(None, 2)), Err(FrameError::State(2)));
        assert_eq!(published_from(frame(None, 9)), Err(FrameError::State(9)));
        assert_eq!(
            published_from(frame(Some(ValueFrame::Double(f64::INFINITY)), 0)),
            Err(FrameError::NotFinite(1))
        );
        assert!(published_from(frame(Some(ValueFrame::Double(1.0)), 0)).is_ok());
    }

    #[test]
    fn a_problem_that_quotes_hostile_text_is_raised_in_plain_lines() {
        let hostile = "the station says \u{1b}[2J\nroot logged in".to_owned();
        let problem = problem_from(ProblemFrame {
            code: "odd".to_owned(),
            what: hostile.clone(),
            effect: hostile,
            remedy: "x".repeat(1_000_000),
            setting: None,
        });
        assert_eq!(problem.what, "the station says \\u{1b}[2J\\nroot logged in");
        assert_eq!(problem.effect, problem.what);
        assert!(problem.remedy.len() < 9_000);
    }
}
