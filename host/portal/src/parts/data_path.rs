use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::RunMode;
use riser_runtime::{LinkState, ProcessorStatus};

use super::StateMark;
use super::processor_row::NextRun;
use crate::system_status::SystemStatus;
use crate::wall_time::{Age, Moment, WallTime};

/// A BMS that sent a request within this many seconds counts as reading.
const READING_TIMEOUT_S: u64 = 60;

/// The data path on the overview: source, Riser and BMS, and the links between them.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/data_path.html")]
pub(crate) struct DataPath {
    pub(crate) source: Stage,
    pub(crate) in_link: Link,
    pub(crate) riser: Stage,
    pub(crate) out_link: Link,
    pub(crate) bms: Stage,
}

/// A system on the data path, with its state and some facts.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/stage.html")]
pub(crate) struct Stage {
    pub(crate) id: &'static str,
    pub(crate) name: String,
    pub(crate) mark: StateMark,
    pub(crate) about: String,
    pub(crate) facts: Vec<Fact>,
}

/// The data that moves between two stages.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) is_idle: bool,
    pub(crate) note: String,
    /// Shown after the note.
    pub(crate) age: Option<Age>,
    /// Shown after the note if there is no age.
    pub(crate) moment: Option<Moment>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) value: FactValue,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FactValue {
    Text(String),
    Ago(Age),
    State(StateMark, Option<Age>),
}

impl HtmlSafe for DataPath {}
impl HtmlSafe for Stage {}

impl Fact {
    fn text(label: &str, text: impl Into<String>) -> Self {
        Self { label: label.to_owned(), value: FactValue::Text(text.into()) }
    }

    fn ago(label: &str, age: Option<Age>) -> Self {
        let value = age.map_or_else(|| FactValue::Text("none yet".to_owned()), FactValue::Ago);
        Self { label: label.to_owned(), value }
    }

    fn state(label: &str, mark: StateMark, age: Option<Age>) -> Self {
        Self { label: label.to_owned(), value: FactValue::State(mark, age) }
    }
}

impl DataPath {
    pub(crate) fn new(system: &SystemStatus, times: &WallTime) -> Self {
        Self {
            source: source(system, times),
            in_link: in_link(system, times),
            riser: riser(system),
            out_link: out_link(system, times),
            bms: bms(system, times),
        }
    }
}

fn source(system: &SystemStatus, times: &WallTime) -> Stage {
    let age = |at: Option<_>| at.map(|at| times.age(at));
    let (about, facts) = match system.connections.as_slice() {
        [] => ("no connection is set up".to_owned(), Vec::new()),
        [only] => (only.sentence.clone(), vec![Fact::ago("Last response", age(only.last_good_at))]),
        several => (
            format!("{} connections", several.len()),
            several
                .iter()
                .map(|one| Fact::state(&one.name, StateMark::of_link(one.state), age(one.last_good_at)))
                .collect(),
        ),
    };
    let mark = StateMark::of_link(system.source());
    Stage { id: "stage-source", name: system.source_name(), mark, about, facts }
}

/// Shows the long-running processor that published most recently.
fn in_link(system: &SystemStatus, times: &WallTime) -> Link {
    let is_long_running = |processor: &&ProcessorStatus| processor.mode == Some(RunMode::LongRunning);
    let running: Vec<&ProcessorStatus> = system.running().filter(is_long_running).collect();
    let Some(latest) = running.iter().max_by_key(|processor| processor.last_activity_at) else {
        let next = system.processors.iter().filter_map(|processor| processor.next_run_at).min();
        let next = next.map(|at| NextRun::new(at, times));
        return Link {
            name: "No processor running".to_owned(),
            is_idle: true,
            note: next.as_ref().map_or_else(String::new, |next| next.label.to_owned()),
            age: None,
            moment: next.map(|next| next.at),
        };
    };
    Link {
        name: latest.name.clone(),
        is_idle: latest.last_activity_at.is_none() || system.source() == LinkState::Down,
        note: if latest.last_activity_at.is_some() { "last values" } else { "no values yet" }.to_owned(),
        age: latest.last_activity_at.map(|at| times.age(at)),
        moment: None,
    }
}

fn riser(system: &SystemStatus) -> Stage {
    let running = system.running().count();
    let open = system.facts.open_writes;
    Stage {
        id: "stage-riser",
        name: "Riser".to_owned(),
        mark: system.riser(),
        about: format!("{} items", system.facts.items),
        facts: vec![
            Fact::text("Processors running", format!("{running} of {}", system.processors.len())),
            Fact::text("Writes in progress", if open == 0 { "none".to_owned() } else { open.to_string() }),
        ],
    }
}

fn out_link(system: &SystemStatus, times: &WallTime) -> Link {
    let last_request_at = system.last_bms_request_at();
    let requests: u64 = system.servers.iter().map(|server| server.requests).sum();
    Link {
        name: "EWS".to_owned(),
        is_idle: last_request_at.is_none_or(|at| times.now().since(at).as_secs() > READING_TIMEOUT_S),
        note: match requests {
            0 => "no request yet".to_owned(),
            1 => "1 request".to_owned(),
            many => format!("{many} requests"),
        },
        age: None,
        moment: None,
    }
}

fn bms(system: &SystemStatus, times: &WallTime) -> Stage {
    let age = |at: Option<_>| at.map(|at| times.age(at));
    let (about, facts) = match system.servers.as_slice() {
        [] => ("no EWS server is set up".to_owned(), Vec::new()),
        [only] => {
            let mut facts = vec![Fact::ago("Last request", age(only.last_request_at))];
            facts.extend(only.last_client.iter().map(|client| Fact::text("Last client", client)));
            (only.sentence.clone(), facts)
        }
        several => (
            format!("{} EWS servers", several.len()),
            several
                .iter()
                .map(|one| Fact::state(&one.name, StateMark::of_link(one.state), age(one.last_request_at)))
                .collect(),
        ),
    };
    Stage { id: "stage-bms", name: "BMS".to_owned(), mark: StateMark::of_link(system.bms()), about, facts }
}
