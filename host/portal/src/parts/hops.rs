use askama::Template;
use askama::filters::HtmlSafe;

use super::{Icon, StateMark};
use crate::standing::Standing;
use crate::wall_time::{Age, WallTime};

/// The hop strip in the bar of every page: EVCE, Riser, BMS, each with its own state.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/hops.html")]
pub(crate) struct HopStrip {
    pub(crate) hops: [Hop; 3],
}

/// One hop.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hop {
    /// The place of the overview that says more.
    pub(crate) href: &'static str,
    pub(crate) name: String,
    pub(crate) class: &'static str,
    pub(crate) icon: Icon,
    /// The state as a word, for those who do not see the icon.
    pub(crate) word: String,
    pub(crate) age: Option<Age>,
    /// What is shown where there is no age.
    pub(crate) note: String,
}

impl HtmlSafe for HopStrip {}

impl HopStrip {
    pub(crate) fn new(standing: &Standing, times: &WallTime) -> Self {
        let answered = standing.source_answered_at().map(|at| times.age(at));
        let asked = standing.bms_asked_at().map(|at| times.age(at));
        let running = standing.running().count();
        let ready = if running == 0 { "ready".to_owned() } else { format!("{running} running") };
        Self {
            hops: [
                Hop::new(
                    "/#hop-source",
                    standing.source_name(),
                    StateMark::of_link(standing.source()),
                    answered,
                    "not yet",
                ),
                Hop::new("/#hop-riser", "Riser".to_owned(), standing.riser(), None, &ready),
                Hop::new(
                    "/#hop-bms",
                    "BMS".to_owned(),
                    StateMark::of_link(standing.bms()),
                    asked,
                    "none yet",
                ),
            ],
        }
    }
}

impl Hop {
    fn new(href: &'static str, name: String, mark: StateMark, age: Option<Age>, note: &str) -> Self {
        let StateMark { class, icon, word } = mark;
        Self { href, name, class, icon, word, age, note: note.to_owned() }
    }
}
