use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{SetPointWrite, Timestamp, WriteState};

use super::problem_list::capitalised;
use super::shown_value::value_with_unit;
use super::{Icon, StateMark};
use crate::wall_time::{Moment, WallTime};

/// The progress of a set point write: Accepted, Sent, and its result.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/write_status.html")]
pub(crate) struct WriteStatus {
    pub(crate) title: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) note: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) class: &'static str,
    pub(crate) icon: Icon,
    pub(crate) word: &'static str,
    /// `None` if the step has not been reached.
    pub(crate) at: Option<Moment>,
}

impl HtmlSafe for WriteStatus {}

impl WriteStatus {
    pub(crate) fn new(write: &SetPointWrite, unit: &str, times: &WallTime) -> Self {
        let done =
            |word, at: Timestamp| Step { class: "good", icon: Icon::Good, word, at: Some(times.moment(at)) };
        let to_come = |word| Step { class: "todo", icon: Icon::Waiting, word, at: None };
        let mut steps = vec![done("Accepted", write.accepted_at)];
        match write.state {
            WriteState::Accepted => steps.extend([to_come("Sent"), to_come("Confirmed")]),
            WriteState::Sent | WriteState::Pending | WriteState::Unknown => {
                let StateMark { class, icon, .. } = StateMark::of_write(write.state);
                let at = Some(times.moment(write.sent_at.unwrap_or(write.changed_at)));
                steps.push(Step { class, icon, word: write.state.as_str(), at });
                steps.push(to_come("Confirmed"));
            }
            ended => {
                steps.extend(write.sent_at.map(|at| done("Sent", at)));
                let StateMark { class, icon, .. } = StateMark::of_write(ended);
                let at = Some(times.moment(write.changed_at));
                steps.push(Step { class, icon, word: ended.as_str(), at });
            }
        }
        Self {
            title: format!("{} by {}", value_with_unit(&write.value, unit, times), write.actor),
            steps,
            note: note(write, times),
        }
    }
}

fn note(write: &SetPointWrite, times: &WallTime) -> String {
    let until = times.words(write.expires_at);
    match write.state {
        _ if !write.reason.is_empty() => capitalised(&write.reason),
        WriteState::Accepted => {
            format!("Stored. Riser sends it as soon as the device can be reached, until {until}.")
        }
        WriteState::Sent => "Sent to the device. Riser reads the value back next.".to_owned(),
        WriteState::Pending => "The device accepted the write and will act later.".to_owned(),
        WriteState::Unknown => {
            "The device's response was lost. Riser reads the value back to find out.".to_owned()
        }
        WriteState::Confirmed => "The device confirmed the value.".to_owned(),
        WriteState::Rejected => "The device rejected the write.".to_owned(),
        WriteState::Superseded => "A newer set point replaced it.".to_owned(),
        WriteState::Expired => "Expired before the device accepted it.".to_owned(),
    }
}
