//! The kit's host in memory, with the vocabulary of these tests.

use std::time::{Duration, UNIX_EPOCH};

use riser_plugin::{PointValue, Problem, Processor};
use riser_plugin_testing::{FailureMessage, MemoryHost, Run, RunEnd, Stage};
use serde_json::Value as Json;

use super::controller::START_MS;
use crate::connection::EvceConnection;

/// The host of a test.
pub(super) struct TestHost(MemoryHost);

/// A run under control of the test.
pub(super) struct Running(Run);

impl Running {
    /// Returns its failure.
    #[track_caller]
    pub(super) fn failure(self) -> FailureMessage {
        self.0.end().failure()
    }

    /// Waits for its success.
    #[track_caller]
    pub(super) fn ended_well(self) {
        assert_eq!(self.0.end(), RunEnd::Succeeded);
    }

    /// Stops it and expects a cancelled run.
    #[track_caller]
    pub(super) fn stop(self) {
        assert_eq!(self.0.stop(), RunEnd::Cancelled);
    }
}

impl TestHost {
    /// Returns a host whose clock shows [`START_MS`].
    pub(super) fn new() -> Self {
        let host = MemoryHost::new();
        let start = UNIX_EPOCH + Duration::from_millis(START_MS.unsigned_abs());
        host.advance(start.duration_since(host.now()).unwrap());
        Self(host)
    }

    /// Runs a class until it waits or ends.
    pub(super) fn run<P: Processor>(&self, processor: P, settings: Json, connection: Json) -> Running {
        let host = self.0.clone().settings(settings).connection::<EvceConnection>(connection);
        Running(host.start(processor))
    }

    /// Tests a connection with these settings.
    pub(super) fn test_connection(&self, connection: Json) -> (Vec<Stage>, RunEnd) {
        self.0.clone().connection::<EvceConnection>(connection).test_connection::<EvceConnection>()
    }

    /// Moves the clock and waits until the runs have done their due work.
    pub(super) fn advance(&self, span: Duration) {
        self.0.advance(span);
    }

    /// Sets the clock back.
    pub(super) fn set_back(&self, span: Duration) {
        self.0.set_back(span);
    }

    /// Sets the clock ahead.
    pub(super) fn set_ahead(&self, span: Duration) {
        self.0.set_ahead(span);
    }

    /// Writes set points in one request and waits until the run is idle. Half a second passes, in which the other part
    /// of a group could follow.
    pub(super) fn write(&self, writes: &[(&str, PointValue)]) -> Vec<i64> {
        let written = self.begin_write(writes);
        self.advance(Duration::from_millis(500));
        written
    }

    /// Writes set points in one request.
    pub(super) fn begin_write(&self, writes: &[(&str, PointValue)]) -> Vec<i64> {
        self.0.write_together(writes.to_vec())
    }

    /// Returns the states of a write, in their order.
    pub(super) fn states(&self, write: i64) -> Vec<String> {
        self.0.write_statuses(write).into_iter().map(|status| format!("{:?}", status.state)).collect()
    }

    /// Returns the last reason that was given for a write.
    pub(super) fn reason(&self, write: i64) -> String {
        self.0.write_statuses(write).pop().unwrap().reason
    }

    /// Value and state of a point: `12.5 Good`; `-` for a value that there never was, `never` when nothing
    /// was published.
    pub(super) fn shown(&self, item: &str) -> String {
        let Some(shown) = self.0.value(item) else { return "never".to_owned() };
        let value = shown.value.as_ref().map_or_else(|| "-".to_owned(), text);
        format!("{value} {:?}", shown.state)
    }

    /// Why a point is not Good.
    pub(super) fn why(&self, item: &str) -> String {
        self.0.value(item).unwrap().reason.unwrap_or_default()
    }

    /// Returns the samples of a history: value, milliseconds since 1970.
    pub(super) fn samples(&self, history: &str) -> Vec<(String, i64)> {
        let unix_ms = |at: std::time::SystemTime| at.duration_since(UNIX_EPOCH).unwrap().as_millis();
        let samples = self.0.history(history).into_iter();
        samples.map(|sample| (text(&sample.value), i64::try_from(unix_ms(sample.at)).unwrap())).collect()
    }

    /// Returns the states of a history's samples.
    pub(super) fn sample_states(&self, history: &str) -> Vec<String> {
        self.0.history(history).into_iter().map(|sample| format!("{:?}", sample.state)).collect()
    }

    /// Returns the problem with this code.
    pub(super) fn problem(&self, code: &str) -> Option<Problem> {
        self.0.problems().into_iter().find(|problem| problem.code == code)
    }

    /// Returns the codes of all raised problems.
    pub(super) fn problems(&self) -> Vec<String> {
        self.0.problems().into_iter().map(|problem| problem.code).collect()
    }

    /// Returns the lines of the log with this text.
    pub(super) fn logged(&self, words: &str) -> Vec<String> {
        self.0.log().into_iter().map(|line| line.text).filter(|line| line.contains(words)).collect()
    }

    /// Returns the classes of requested runs.
    pub(super) fn requested_runs(&self) -> Vec<String> {
        self.0.run_requests().into_iter().map(|request| request.class).collect()
    }

    /// Returns the parent of an item.
    pub(super) fn parent(&self, item: &str) -> Option<String> {
        self.0.tree().into_iter().find(|declared| declared.id == item)?.parent
    }

    /// Returns all declared items.
    pub(super) fn tree(&self) -> Vec<riser_plugin::abi::messages::ItemMessage> {
        self.0.tree()
    }

    /// Returns all declared items, each with its value, state and reason.
    pub(super) fn shown_tree(&self) -> Vec<String> {
        let line = |item: riser_plugin::abi::messages::ItemMessage| {
            let why = self.0.value(&item.id).and_then(|shown| shown.reason).unwrap_or_default();
            format!("{item:?} {} {why}", self.shown(&item.id))
        };
        self.0.tree().into_iter().map(line).collect()
    }

    /// Returns the id of each value with its value and state.
    pub(super) fn shown_values(&self) -> Vec<(String, String)> {
        use riser_plugin::abi::messages::NodeMessage;
        let values = self.0.tree().into_iter().filter(|item| matches!(item.node, NodeMessage::Value { .. }));
        values.map(|item| (item.id.clone(), self.shown(&item.id))).collect()
    }

    /// Returns how many items are declared.
    pub(super) fn items(&self) -> usize {
        self.0.tree().len()
    }
}

fn text(value: &PointValue) -> String {
    match value {
        PointValue::String(text) => text.to_string(),
        PointValue::Boolean(truth) => truth.to_string(),
        PointValue::Double(number) => number.to_string(),
        PointValue::Integer(number) => number.to_string(),
        PointValue::DateTimeMs(ms) => ms.to_string(),
        other => panic!("no point of this plugin is {other:?}"),
    }
}
