use askama::Template;
use askama::filters::HtmlSafe;

use super::StateMark;
use crate::system_status::SystemStatus;
use crate::wall_time::{Age, WallTime};

/// The bar in the header of every page: source, Riser and BMS, each with its state.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/connection_bar.html")]
pub(crate) struct ConnectionBar {
    pub(crate) segments: [Segment; 3],
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    /// The part of the overview with the details.
    pub(crate) href: &'static str,
    pub(crate) name: String,
    /// Its word is for screen readers.
    pub(crate) mark: StateMark,
    pub(crate) age: Option<Age>,
    /// Shown if there is no age.
    pub(crate) note: String,
}

impl HtmlSafe for ConnectionBar {}

impl ConnectionBar {
    pub(crate) fn new(system: &SystemStatus, times: &WallTime) -> Self {
        let running = system.running().count();
        Self {
            segments: [
                Segment {
                    href: "/#stage-source",
                    name: system.source_name(),
                    mark: StateMark::of_link(system.source()),
                    age: system.last_source_response_at().map(|at| times.age(at)),
                    note: "no response yet".to_owned(),
                },
                Segment {
                    href: "/#stage-riser",
                    name: "Riser".to_owned(),
                    mark: system.riser(),
                    age: None,
                    note: if running == 0 { "ready".to_owned() } else { format!("{running} running") },
                },
                Segment {
                    href: "/#stage-bms",
                    name: "BMS".to_owned(),
                    mark: StateMark::of_link(system.bms()),
                    age: system.last_bms_request_at().map(|at| times.age(at)),
                    note: "no request yet".to_owned(),
                },
            ],
        }
    }
}
