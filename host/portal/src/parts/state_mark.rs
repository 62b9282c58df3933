use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{RunState, ValueState, WriteState};
use riser_runtime::LinkState;

use super::Icon;

/// A state as pages show it: always an icon with its own outline, a colour and a word.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/state_mark.html")]
pub(crate) struct StateMark {
    pub(crate) class: &'static str,
    pub(crate) icon: Icon,
    pub(crate) word: String,
}

impl HtmlSafe for StateMark {}

impl StateMark {
    pub(crate) fn new(class: &'static str, icon: Icon, word: impl Into<String>) -> Self {
        Self { class, icon, word: word.into() }
    }

    pub(crate) fn of_value(state: ValueState) -> Self {
        let (class, icon) = match state {
            ValueState::Good => ("good", Icon::Good),
            ValueState::Uncertain => ("warn", Icon::Uncertain),
            ValueState::Forced => ("forced", Icon::Forced),
            ValueState::Offline => ("off", Icon::Offline),
            ValueState::Error => ("alarm", Icon::Error),
        };
        Self::new(class, icon, state.as_str())
    }

    /// Returns the mark of a point without a value.
    pub(crate) fn no_value_yet() -> Self {
        Self::new("off", Icon::None, "No value yet")
    }

    pub(crate) fn of_link(state: LinkState) -> Self {
        match state {
            LinkState::Good => Self::new("good", Icon::Good, "Good"),
            LinkState::Degraded => Self::new("warn", Icon::Uncertain, "Uncertain"),
            LinkState::Down => Self::new("off", Icon::Offline, "Offline"),
            LinkState::NotKnown => Self::new("off", Icon::None, "Unknown"),
        }
    }

    pub(crate) fn of_run(state: RunState) -> Self {
        match state {
            RunState::Waiting => Self::new("", Icon::Waiting, "Waiting"),
            RunState::Running => Self::new("run", Icon::Running, "Running"),
            RunState::Succeeded => Self::new("good", Icon::Done, "Succeeded"),
            RunState::Failed => Self::new("alarm", Icon::Failed, "Failed"),
            RunState::Cancelled => Self::new("off", Icon::Skipped, "Cancelled"),
            RunState::Interrupted => Self::new("warn", Icon::Uncertain, "Interrupted"),
            RunState::TimedOut => Self::new("alarm", Icon::Failed, "Timed out"),
            RunState::Skipped => Self::new("off", Icon::Skipped, "Skipped"),
            RunState::Merged => Self::new("off", Icon::Skipped, "Merged"),
            RunState::Missed => Self::new("warn", Icon::Skipped, "Missed"),
        }
    }

    pub(crate) fn of_write(state: WriteState) -> Self {
        let (class, icon) = match state {
            WriteState::Accepted => ("", Icon::Waiting),
            WriteState::Sent | WriteState::Pending => ("run", Icon::Sent),
            WriteState::Confirmed => ("good", Icon::Good),
            WriteState::Rejected => ("alarm", Icon::Failed),
            WriteState::Superseded => ("off", Icon::Skipped),
            WriteState::Expired | WriteState::Unknown => ("warn", Icon::Uncertain),
        };
        Self::new(class, icon, state.as_str())
    }
}
