//! Rare calls: messages of the plugin contract and frames, one into the other.

use std::sync::Arc;

use riser_domain::one_line;
use riser_plugin::abi::messages as plugin;

use crate::frames::{
    Answer, Call, ConnectionOrder, DeclaredFrame, DeclaredNodeFrame, FailureFrame, FromWorker, GatePurpose,
    GateResult, OutcomeFrame, PointFrame, ProblemFrame, RunOrder, SetPointRuleFrame, TestOrder,
    TestStageFrame, ValueFrame, ValueKindFrame, WakeFrame, WishFrame,
};

/// A message that means nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageError {
    #[error("{0} is no kind of value")]
    NoKind(String),
    #[error("the settings are no JSON")]
    Settings(#[source] serde_json::Error),
}

/// What a plugin's call turns into.
pub(crate) enum Outgoing {
    /// A call that waits for its answer.
    Call(Call),
    /// A frame that the host answers to nobody.
    Tell(FromWorker),
    /// Nothing: the worker knows the answer.
    Answered(plugin::Answer),
}

pub(crate) fn outgoing(call: plugin::Call) -> Result<Outgoing, MessageError> {
    let tell = |frame| Ok(Outgoing::Tell(frame));
    Ok(Outgoing::Call(match call {
        plugin::Call::Declare { items } => {
            Call::Declare { items: items.into_iter().map(declared).collect::<Result<_, _>>()? }
        }
        plugin::Call::Points => Call::Points,
        plugin::Call::PublishesEvery { period_ms } => Call::PublishesEvery { period_ms },
        plugin::Call::GateEnter { purpose } => Call::GateEnter { purpose: gate_purpose(purpose) },
        plugin::Call::GateLeave { purpose, result } => {
            Call::GateLeave { purpose: gate_purpose(purpose), result: gate_result(&result) }
        }
        plugin::Call::RequestRun { class, reason } => Call::RequestRun { class, reason },
        plugin::Call::StateGet { key } => Call::StateGet { key },
        plugin::Call::StatePut { key, value } => Call::StatePut { key, value: value.into_bytes() },
        plugin::Call::StateRemove { key } => Call::StateRemove { key },
        plugin::Call::Receipt { wish, state, reason } => {
            return tell(FromWorker::Receipt { wish, state, reason });
        }
        plugin::Call::Progress { step, done, of } => return tell(FromWorker::Progress { step, done, of }),
        plugin::Call::Problem(problem) => return tell(FromWorker::Problem(problem_frame(problem))),
        plugin::Call::ProblemCleared { code } => return tell(FromWorker::ProblemCleared { code }),
        // This host has all that its contract names, and no ability beyond it.
        plugin::Call::HasAbility { .. } => return Ok(Outgoing::Answered(plugin::Answer::Ability(false))),
        plugin::Call::TestStage { stage, passed, finding, advice, took_ms } => {
            return tell(FromWorker::TestStage(TestStageFrame { stage, passed, finding, advice, took_ms }));
        }
    }))
}

/// The answer for the plugin; `Err` with the code and the words of a refusal.
pub(crate) fn incoming(answer: Answer) -> Result<plugin::Answer, (String, String)> {
    Ok(match answer {
        Answer::Done => plugin::Answer::Done,
        Answer::Declared { points, added, changed, kept, vanished } => plugin::Answer::Declared {
            points: points.iter().map(point_message).collect(),
            added,
            changed,
            kept,
            vanished,
        },
        Answer::Points(points) => plugin::Answer::Points(points.iter().map(point_message).collect()),
        Answer::GateClosed { until_ms, reason } => plugin::Answer::GateClosed { until_ms, reason },
        Answer::State(value) => {
            plugin::Answer::State(value.map(|value| String::from_utf8_lossy(&value).into_owned()))
        }
        Answer::Refused { code, what } => return Err((code, what)),
        // Readings answer `latest` and nothing else.
        Answer::Latest(_) => {
            return Err(("not-understood".to_owned(), "the host answered otherwise".to_owned()));
        }
    })
}

pub(crate) fn run_order(order: RunOrder) -> Result<plugin::RunOrderMessage, MessageError> {
    let RunOrder { configuration, instance, settings_json, connection, points, wishes, .. } = order;
    let connection = connection.map(|ConnectionOrder { name, kind, settings_json }| {
        Ok(plugin::ConnectionMessage { name, kind, settings: settings(&settings_json)? })
    });
    Ok(plugin::RunOrderMessage {
        configuration,
        instance,
        settings: settings(&settings_json)?,
        connection: connection.transpose()?,
        points: points.iter().map(point_message).collect(),
        wishes: wishes.into_iter().map(wish_message).collect(),
    })
}

pub(crate) fn test_order(order: TestOrder) -> Result<plugin::TestOrderMessage, MessageError> {
    let TestOrder { kind, instance, settings_json, .. } = order;
    Ok(plugin::TestOrderMessage { kind, instance, settings: settings(&settings_json)? })
}

pub(crate) fn wake_message(wake: Option<WakeFrame>) -> plugin::WakeMessage {
    match wake {
        None => plugin::WakeMessage::Elapsed,
        Some(WakeFrame::SetPoints(wishes)) => {
            plugin::WakeMessage::SetPoints(wishes.into_iter().map(wish_message).collect())
        }
        Some(WakeFrame::TreeChanged) => plugin::WakeMessage::TreeChanged,
    }
}

pub(crate) fn outcome(failure: plugin::FailureMessage) -> OutcomeFrame {
    if failure.is_stop {
        return OutcomeFrame::Cancelled;
    }
    OutcomeFrame::Failed(FailureFrame {
        // A longer one could not be sent, and the run would end without any reason.
        what: one_line(&failure.what),
        problem: failure.problem.map(problem_frame),
        may_try_again: failure.may_try_again,
        is_panic: failure.is_panic,
    })
}

fn settings(json: &str) -> Result<serde_json::Value, MessageError> {
    serde_json::from_str(json).map_err(MessageError::Settings)
}

fn point_message(point: &PointFrame) -> plugin::PointMessage {
    plugin::PointMessage {
        handle: point.handle,
        id: point.id.to_string(),
        is_history: point.is_history,
        recorded: point.recorded,
        kind: kind_name(point.kind).to_owned(),
        unit: point.unit.to_string(),
        written_by: point.written_by.to_string(),
    }
}

fn wish_message(wish: WishFrame) -> plugin::WishMessage {
    plugin::WishMessage {
        id: wish.id,
        group: wish.group,
        handle: wish.handle,
        item: wish.item.to_string(),
        value: value_message(&wish.value),
        state: wish.state,
        accepted_at_ms: wish.accepted_at_ms,
        expires_at_ms: wish.expires_at_ms,
    }
}

fn declared(item: plugin::ItemMessage) -> Result<DeclaredFrame, MessageError> {
    let node = match item.node {
        plugin::NodeMessage::Container { kind } => DeclaredNodeFrame::Container { kind },
        plugin::NodeMessage::Value { kind, unit, written_by, carried_by, set_point, initial } => {
            DeclaredNodeFrame::Value {
                kind: kind_frame(&kind)?,
                unit: unit.into(),
                written_by: written_by.into(),
                carried_by: carried_by.map(Arc::from),
                set_point: set_point.map(set_point_rule),
                initial: initial.map(value_frame),
            }
        }
        plugin::NodeMessage::History { value_item, kind, unit, written_by } => DeclaredNodeFrame::History {
            value_item: value_item.into(),
            kind: kind_frame(&kind)?,
            unit: unit.into(),
            written_by: written_by.into(),
        },
    };
    Ok(DeclaredFrame {
        id: item.id.into(),
        parent: item.parent.map(Arc::from),
        name: item.name.into(),
        description: item.description.into(),
        node,
    })
}

fn set_point_rule(rule: plugin::SetPointRuleMessage) -> SetPointRuleFrame {
    SetPointRuleFrame {
        min: rule.min,
        max: rule.max,
        options: rule.options.into_iter().map(Arc::from).collect(),
        future_only: rule.future_only,
    }
}

fn problem_frame(problem: plugin::ProblemMessage) -> ProblemFrame {
    let plugin::ProblemMessage { code, what, effect, remedy, setting } = problem;
    let [code, what, effect, remedy] = [code, what, effect, remedy].map(|text| one_line(&text));
    ProblemFrame { code, what, effect, remedy, setting: setting.map(|setting| one_line(&setting)) }
}

const fn gate_purpose(purpose: plugin::GatePurpose) -> GatePurpose {
    match purpose {
        plugin::GatePurpose::Login => GatePurpose::Login,
        plugin::GatePurpose::Request => GatePurpose::Request,
    }
}

const fn gate_result(result: &plugin::GateResult) -> GateResult {
    match result {
        plugin::GateResult::Done => GateResult::Done,
        plugin::GateResult::CredentialsRefused => GateResult::CredentialsRefused,
        plugin::GateResult::Failed => GateResult::Failed,
        plugin::GateResult::Throttled { pause_ms } => GateResult::Throttled { pause_ms: *pause_ms },
    }
}

fn value_frame(value: plugin::ValueMessage) -> ValueFrame {
    match value {
        plugin::ValueMessage::DateTimeMs(ms) => ValueFrame::DateTimeMs(ms),
        plugin::ValueMessage::Boolean(is) => ValueFrame::Boolean(is),
        plugin::ValueMessage::String(text) => ValueFrame::String(text.into()),
        plugin::ValueMessage::Double(number) => ValueFrame::Double(number),
        plugin::ValueMessage::Long(number) => ValueFrame::Long(number),
        plugin::ValueMessage::Integer(number) => ValueFrame::Integer(number),
        plugin::ValueMessage::DurationMs(ms) => ValueFrame::DurationMs(ms),
    }
}

fn value_message(value: &ValueFrame) -> plugin::ValueMessage {
    match value {
        ValueFrame::DateTimeMs(ms) => plugin::ValueMessage::DateTimeMs(*ms),
        ValueFrame::Boolean(is) => plugin::ValueMessage::Boolean(*is),
        ValueFrame::String(text) => plugin::ValueMessage::String(text.to_string()),
        ValueFrame::Double(number) => plugin::ValueMessage::Double(*number),
        ValueFrame::Long(number) => plugin::ValueMessage::Long(*number),
        ValueFrame::Integer(number) => plugin::ValueMessage::Integer(*number),
        ValueFrame::DurationMs(ms) => plugin::ValueMessage::DurationMs(*ms),
    }
}

const KINDS: [(&str, ValueKindFrame); 7] = [
    ("DateTime", ValueKindFrame::DateTime),
    ("Boolean", ValueKindFrame::Boolean),
    ("String", ValueKindFrame::String),
    ("Double", ValueKindFrame::Double),
    ("Long", ValueKindFrame::Long),
    ("Integer", ValueKindFrame::Integer),
    ("Duration", ValueKindFrame::Duration),
];

fn kind_frame(name: &str) -> Result<ValueKindFrame, MessageError> {
    let known = KINDS.iter().find(|(known, _)| *known == name);
    known.map(|(_, kind)| *kind).ok_or_else(|| MessageError::NoKind(name.to_owned()))
}

fn kind_name(kind: ValueKindFrame) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or("String", |(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_any_length_fits_a_frame() {
        let message = plugin::FailureMessage {
            what: "x".repeat(200 << 20),
            problem: None,
            may_try_again: true,
            is_stop: false,
            is_panic: false,
        };
        let OutcomeFrame::Failed(failure) = outcome(message) else { panic!("it is a failure") };
        assert!(failure.what.len() < 9_000 && failure.what.starts_with('x'));
    }
}
