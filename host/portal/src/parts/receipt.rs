use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{SetPointWrite, Timestamp, WriteState};

use super::problem_list::capitalised;
use super::shown_value::write_words;
use super::{Icon, StateMark, icon};
use crate::wall_time::{Moment, WallTime};

/// What became of a set point: Accepted, Sent, and how it ended.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/receipt.html")]
pub(crate) struct Receipt {
    pub(crate) title: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) note: String,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) class: &'static str,
    pub(crate) icon: Icon,
    pub(crate) word: &'static str,
    /// `None` for a step that is not reached.
    pub(crate) at: Option<Moment>,
}

impl HtmlSafe for Receipt {}

impl Receipt {
    pub(crate) fn new(write: &SetPointWrite, unit: &str, times: &WallTime) -> Self {
        let done = |word, at: Timestamp| Step {
            class: "good",
            icon: icon("good"),
            word,
            at: Some(times.moment(at)),
        };
        let to_come = |word| Step { class: "todo", icon: icon("waiting"), word, at: None };
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
            title: format!("{} by {}", write_words(&write.value, unit, times), write.actor),
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
            format!("Stored. It is sent as soon as the source can be reached, until {until}.")
        }
        WriteState::Sent => "The source was asked. The value is read back next.".to_owned(),
        WriteState::Pending => "The source took it and acts later.".to_owned(),
        WriteState::Unknown => "The answer was lost. Reading the value back decides.".to_owned(),
        WriteState::Confirmed => "Read back from the source as requested.".to_owned(),
        WriteState::Rejected => "The source said no.".to_owned(),
        WriteState::Superseded => "A newer set point took its place.".to_owned(),
        WriteState::Expired => "Its time ran out before the source took it.".to_owned(),
    }
}
