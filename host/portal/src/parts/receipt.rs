use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{Timestamp, Wish, WishState};

use super::problem_list::capitalised;
use super::shown_value::wish_words;
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
    pub(crate) fn new(wish: &Wish, unit: &str, times: &WallTime) -> Self {
        let done = |word, at: Timestamp| Step {
            class: "good",
            icon: icon("good"),
            word,
            at: Some(times.moment(at)),
        };
        let to_come = |word| Step { class: "todo", icon: icon("waiting"), word, at: None };
        let mut steps = vec![done("Accepted", wish.accepted_at)];
        match wish.state {
            WishState::Accepted => steps.extend([to_come("Sent"), to_come("Confirmed")]),
            WishState::Sent | WishState::Pending | WishState::Unknown => {
                let StateMark { class, icon, .. } = StateMark::of_wish(wish.state);
                let at = Some(times.moment(wish.sent_at.unwrap_or(wish.changed_at)));
                steps.push(Step { class, icon, word: wish.state.word(), at });
                steps.push(to_come("Confirmed"));
            }
            ended => {
                steps.extend(wish.sent_at.map(|at| done("Sent", at)));
                let StateMark { class, icon, .. } = StateMark::of_wish(ended);
                let at = Some(times.moment(wish.changed_at));
                steps.push(Step { class, icon, word: ended.word(), at });
            }
        }
        Self {
            title: format!("{} by {}", wish_words(&wish.value, unit, times), wish.author),
            steps,
            note: note(wish, times),
        }
    }
}

fn note(wish: &Wish, times: &WallTime) -> String {
    let until = times.words(wish.expires_at);
    match wish.state {
        _ if !wish.reason.is_empty() => capitalised(&wish.reason),
        WishState::Accepted => {
            format!("Stored. It is sent as soon as the source can be reached, until {until}.")
        }
        WishState::Sent => "The source was asked. The value is read back next.".to_owned(),
        WishState::Pending => "The source took it and acts later.".to_owned(),
        WishState::Unknown => "The answer was lost. Reading the value back decides.".to_owned(),
        WishState::Confirmed => "Read back from the source as wished.".to_owned(),
        WishState::Rejected => "The source said no.".to_owned(),
        WishState::Superseded => "A newer set point took its place.".to_owned(),
        WishState::Expired => "Its time ran out before the source took it.".to_owned(),
    }
}
