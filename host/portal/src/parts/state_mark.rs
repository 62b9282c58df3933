use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{RunState, ValueState, WriteState};
use riser_runtime::LinkState;

/// An icon of the sprite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/icon.html")]
pub(crate) struct Icon {
    name: &'static str,
}

impl HtmlSafe for Icon {}

/// The icon with this name in `web/static/icons.svg`, without its `i-`.
pub(crate) const fn icon(name: &'static str) -> Icon {
    Icon { name }
}

/// A state as every page shows it: an icon with an outline of its own, a colour and a word, always all three.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/state_mark.html")]
pub(crate) struct StateMark {
    pub(crate) class: &'static str,
    pub(crate) icon: Icon,
    pub(crate) word: String,
}

impl HtmlSafe for StateMark {}

impl StateMark {
    pub(crate) fn new(class: &'static str, icon_name: &'static str, word: impl Into<String>) -> Self {
        Self { class, icon: icon(icon_name), word: word.into() }
    }

    pub(crate) fn of_value(state: ValueState) -> Self {
        let (class, icon) = match state {
            ValueState::Good => ("good", "good"),
            ValueState::Uncertain => ("warn", "uncertain"),
            ValueState::Forced => ("forced", "forced"),
            ValueState::Offline => ("off", "offline"),
            ValueState::Error => ("alarm", "error"),
        };
        Self::new(class, icon, state.as_str())
    }

    /// Of a point that nobody has read yet.
    pub(crate) fn not_known_yet() -> Self {
        Self::new("off", "none", "Not known yet")
    }

    pub(crate) fn of_link(state: LinkState) -> Self {
        match state {
            LinkState::Good => Self::new("good", "good", "Good"),
            LinkState::Degraded => Self::new("warn", "uncertain", "Uncertain"),
            LinkState::Down => Self::new("off", "offline", "Offline"),
            LinkState::NotKnown => Self::new("off", "none", "Not known yet"),
        }
    }

    pub(crate) fn of_run(state: RunState) -> Self {
        match state {
            RunState::Waiting => Self::new("", "waiting", "Waiting"),
            RunState::Running => Self::new("run", "running", "Running"),
            RunState::Succeeded => Self::new("good", "done", "Succeeded"),
            RunState::Failed => Self::new("alarm", "failed", "Failed"),
            RunState::Cancelled => Self::new("off", "skipped", "Cancelled"),
            RunState::Interrupted => Self::new("warn", "uncertain", "Interrupted"),
            RunState::TimedOut => Self::new("alarm", "failed", "Timed out"),
        }
    }

    pub(crate) fn of_write(state: WriteState) -> Self {
        let (class, icon) = match state {
            WriteState::Accepted => ("", "waiting"),
            WriteState::Sent | WriteState::Pending => ("run", "sent"),
            WriteState::Confirmed => ("good", "good"),
            WriteState::Rejected => ("alarm", "failed"),
            WriteState::Superseded => ("off", "skipped"),
            WriteState::Expired | WriteState::Unknown => ("warn", "uncertain"),
        };
        Self::new(class, icon, state.as_str())
    }
}
