//! Rare calls: messages of the plugin contract and frames, one into the other.

use std::sync::Arc;

use riser_domain::sanitize_line;
use riser_plugin::abi::messages as plugin;

use crate::frames::{
    ActionResult, Call, ConnectionRequest, DeclaredFrame, DeclaredNodeFrame, FailureFrame, FromWorker,
    LimitedAction, OutcomeFrame, PointFrame, ProblemFrame, Reply, RunRequest, SetPointRuleFrame,
    SettingsOwner, TestRequest, TestStageFrame, ValueFrame, ValueKindFrame, WakeFrame, WriteFrame,
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
    Answered(plugin::Reply),
}

pub(crate) fn outgoing(call: plugin::Call) -> Result<Outgoing, MessageError> {
    let tell = |frame| Ok(Outgoing::Tell(frame));
    Ok(Outgoing::Call(match call {
        plugin::Call::Declare { items } => {
            Call::Declare { items: items.into_iter().map(declared).collect::<Result<_, _>>()? }
        }
        plugin::Call::Points => Call::Points,
        plugin::Call::PublishesEvery { period_ms } => Call::PublishesEvery { period_ms },
        plugin::Call::LimiterAcquire { purpose } => Call::LimiterAcquire { purpose: limited_action(purpose) },
        plugin::Call::LimiterRelease { purpose, result } => {
            Call::LimiterRelease { purpose: limited_action(purpose), result: action_result(&result) }
        }
        plugin::Call::RequestRun { class, reason } => Call::RequestRun { class, reason },
        plugin::Call::StateGet { key } => Call::StateGet { key },
        plugin::Call::StatePut { key, value } => Call::StatePut { key, value: value.into_bytes() },
        plugin::Call::StateRemove { key } => Call::StateRemove { key },
        plugin::Call::Receipt { write, state, reason } => {
            return tell(FromWorker::Receipt { write, state, reason });
        }
        plugin::Call::Progress { step, done, of } => return tell(FromWorker::Progress { step, done, of }),
        plugin::Call::Problem(problem) => return tell(FromWorker::Problem(problem_frame(problem))),
        plugin::Call::ProblemCleared { code } => return tell(FromWorker::ProblemCleared { code }),
        // This host has all that its contract names, and no ability beyond it.
        plugin::Call::HasAbility { .. } => return Ok(Outgoing::Answered(plugin::Reply::Ability(false))),
        plugin::Call::TestStage { stage, passed, finding, advice, took_ms } => {
            return tell(FromWorker::TestStage(TestStageFrame { stage, passed, finding, advice, took_ms }));
        }
    }))
}

/// The answer for the plugin; `Err` with the code and the words of a refusal.
pub(crate) fn incoming(reply: Reply) -> Result<plugin::Reply, (String, String)> {
    Ok(match reply {
        Reply::Done => plugin::Reply::Done,
        Reply::Declared { points, added, changed, kept, vanished } => plugin::Reply::Declared {
            points: points.iter().map(point_message).collect(),
            added,
            changed,
            kept,
            vanished,
        },
        Reply::Points(points) => plugin::Reply::Points(points.iter().map(point_message).collect()),
        Reply::LimiterDenied { until_ms, reason } => plugin::Reply::LimiterDenied { until_ms, reason },
        Reply::State(value) => {
            plugin::Reply::State(value.map(|value| String::from_utf8_lossy(&value).into_owned()))
        }
        Reply::Refused { code, what } => return Err((code, what)),
        // Readings answer `latest` and nothing else.
        Reply::Latest(_) => {
            return Err(("not-understood".to_owned(), "the host answered otherwise".to_owned()));
        }
    })
}

pub(crate) fn run_request(request: RunRequest) -> Result<plugin::RunRequestMessage, MessageError> {
    let RunRequest { configuration, instance, settings_json, connection, points, writes, .. } = request;
    let connection = connection.map(|ConnectionRequest { name, kind, settings_json }| {
        Ok(plugin::ConnectionMessage { name, kind, settings: settings(&settings_json)? })
    });
    Ok(plugin::RunRequestMessage {
        configuration,
        instance,
        settings: settings(&settings_json)?,
        connection: connection.transpose()?,
        points: points.iter().map(point_message).collect(),
        writes: writes.into_iter().map(write_message).collect(),
    })
}

pub(crate) fn test_request(request: TestRequest) -> Result<plugin::TestRequestMessage, MessageError> {
    let TestRequest { kind, instance, settings_json, .. } = request;
    Ok(plugin::TestRequestMessage { kind, instance, settings: settings(&settings_json)? })
}

pub(crate) fn migration_message(
    owner: SettingsOwner,
    settings_json: &str,
) -> Result<plugin::MigrationMessage, MessageError> {
    let owner = match owner {
        SettingsOwner::Class(id) => plugin::SettingsOwner::Class(id),
        SettingsOwner::Connection(kind) => {
            let id = kind.rsplit('/').next().unwrap_or_default();
            plugin::SettingsOwner::Connection(id.to_owned())
        }
    };
    let settings = serde_json::from_str(settings_json).map_err(MessageError::Settings)?;
    Ok(plugin::MigrationMessage { owner, settings })
}

pub(crate) fn wake_message(wake: Option<WakeFrame>) -> plugin::WakeMessage {
    match wake {
        None => plugin::WakeMessage::Elapsed,
        Some(WakeFrame::SetPoints(writes)) => {
            plugin::WakeMessage::SetPoints(writes.into_iter().map(write_message).collect())
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
        what: sanitize_line(&failure.what),
        problem: failure.problem.map(problem_frame),
        is_retryable: failure.is_retryable,
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
        published_by: point.published_by.to_string(),
    }
}

fn write_message(write: WriteFrame) -> plugin::WriteMessage {
    plugin::WriteMessage {
        id: write.id,
        group: write.group,
        handle: write.handle,
        item: write.item.to_string(),
        value: value_message(&write.value),
        state: write.state,
        accepted_at_ms: write.accepted_at_ms,
        expires_at_ms: write.expires_at_ms,
    }
}

fn declared(item: plugin::ItemMessage) -> Result<DeclaredFrame, MessageError> {
    let node = match item.node {
        plugin::NodeMessage::Container { kind } => DeclaredNodeFrame::Container { kind },
        plugin::NodeMessage::Value { kind, unit, published_by, writes_handled_by, set_point, initial } => {
            DeclaredNodeFrame::Value {
                kind: kind_frame(&kind)?,
                unit: unit.into(),
                published_by: published_by.into(),
                writes_handled_by: writes_handled_by.map(Arc::from),
                set_point: set_point.map(set_point_rule),
                initial: initial.map(value_frame),
            }
        }
        plugin::NodeMessage::History { value_item, kind, unit, published_by } => DeclaredNodeFrame::History {
            value_item: value_item.into(),
            kind: kind_frame(&kind)?,
            unit: unit.into(),
            published_by: published_by.into(),
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
    let [code, what, effect, remedy] = [code, what, effect, remedy].map(|text| sanitize_line(&text));
    ProblemFrame { code, what, effect, remedy, setting: setting.map(|setting| sanitize_line(&setting)) }
}

const fn limited_action(purpose: plugin::LimitedAction) -> LimitedAction {
    match purpose {
        plugin::LimitedAction::Login => LimitedAction::Login,
        plugin::LimitedAction::Request => LimitedAction::Request,
    }
}

const fn action_result(result: &plugin::ActionResult) -> ActionResult {
    match result {
        plugin::ActionResult::Done => ActionResult::Done,
        plugin::ActionResult::CredentialsRefused => ActionResult::CredentialsRefused,
        plugin::ActionResult::Failed => ActionResult::Failed,
        plugin::ActionResult::Throttled { pause_ms } => ActionResult::Throttled { pause_ms: *pause_ms },
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
            is_retryable: true,
            is_stop: false,
            is_panic: false,
        };
        let OutcomeFrame::Failed(failure) = outcome(message) else { panic!("it is a failure") };
        assert!(failure.what.len() < 9_000 && failure.what.starts_with('x'));
    }
}
