use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::RunMode;
use riser_runtime::{LinkState, ProcessorStatus};

use super::StateMark;
use crate::standing::Standing;
use crate::wall_time::{Age, Moment, WallTime};

/// A client that asked within this time counts as reading, in seconds.
const READING_TIMEOUT_S: u64 = 60;

/// The data path, large: three hops and the two wires between them.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/path.html")]
pub(crate) struct DataPath {
    pub(crate) source: Node,
    pub(crate) in_wire: Wire,
    pub(crate) riser: Node,
    pub(crate) out_wire: Wire,
    pub(crate) bms: Node,
}

/// One hop, with what is known of it.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/node.html")]
pub(crate) struct Node {
    pub(crate) id: &'static str,
    pub(crate) name: String,
    pub(crate) mark: StateMark,
    pub(crate) about: String,
    pub(crate) facts: Vec<Fact>,
}

/// What moves between two hops.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wire {
    pub(crate) name: String,
    pub(crate) is_idle: bool,
    pub(crate) note: String,
    /// Told after the note.
    pub(crate) age: Option<Age>,
    /// Told after the note where there is no age.
    pub(crate) moment: Option<Moment>,
}

/// A line of a hop.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) value: FactValue,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FactValue {
    Words(String),
    Ago(Age),
    State(StateMark, Option<Age>),
}

impl HtmlSafe for DataPath {}
impl HtmlSafe for Node {}

impl Fact {
    pub(crate) fn words(label: &str, words: impl Into<String>) -> Self {
        Self { label: label.to_owned(), value: FactValue::Words(words.into()) }
    }

    fn ago(label: &str, age: Option<Age>) -> Self {
        let value = age.map_or_else(|| FactValue::Words("none yet".to_owned()), FactValue::Ago);
        Self { label: label.to_owned(), value }
    }

    fn state(label: &str, mark: StateMark, age: Option<Age>) -> Self {
        Self { label: label.to_owned(), value: FactValue::State(mark, age) }
    }
}

impl DataPath {
    pub(crate) fn new(standing: &Standing, times: &WallTime) -> Self {
        Self {
            source: source(standing, times),
            in_wire: in_wire(standing, times),
            riser: riser(standing),
            out_wire: out_wire(standing, times),
            bms: bms(standing, times),
        }
    }
}

fn source(standing: &Standing, times: &WallTime) -> Node {
    let age = |at: Option<_>| at.map(|at| times.age(at));
    let (about, facts) = match standing.connections.as_slice() {
        [] => ("no connection is set up".to_owned(), Vec::new()),
        [only] => (only.sentence.clone(), vec![Fact::ago("Last answer", age(only.last_good_at))]),
        several => (
            format!("{} connections", several.len()),
            several
                .iter()
                .map(|one| Fact::state(&one.name, StateMark::of_link(one.state), age(one.last_good_at)))
                .collect(),
        ),
    };
    let mark = StateMark::of_link(standing.source());
    Node { id: "hop-source", name: standing.source_name(), mark, about, facts }
}

/// The processor that brings values, and when it last did.
fn in_wire(standing: &Standing, times: &WallTime) -> Wire {
    let brings = |processor: &&ProcessorStatus| processor.mode == Some(RunMode::LongRunning);
    let running: Vec<&ProcessorStatus> = standing.running().filter(brings).collect();
    let Some(latest) = running.iter().max_by_key(|processor| processor.last_activity_at) else {
        let next = standing.processors.iter().filter_map(|processor| processor.next_run_at).min();
        return Wire {
            name: "Nothing runs".to_owned(),
            is_idle: true,
            note: if next.is_some() { "next run".to_owned() } else { String::new() },
            age: None,
            moment: next.map(|at| times.moment(at)),
        };
    };
    Wire {
        name: latest.name.clone(),
        is_idle: latest.last_activity_at.is_none() || standing.source() == LinkState::Down,
        note: if latest.last_activity_at.is_some() { "last values" } else { "no values yet" }.to_owned(),
        age: latest.last_activity_at.map(|at| times.age(at)),
        moment: None,
    }
}

fn riser(standing: &Standing) -> Node {
    let running = standing.running().count();
    let writes = standing.facts.open_writes;
    Node {
        id: "hop-riser",
        name: "Riser".to_owned(),
        mark: standing.riser(),
        about: format!("{} items", standing.facts.items),
        facts: vec![
            Fact::words("Processors running", format!("{running} of {}", standing.processors.len())),
            Fact::words(
                "Set points on the way",
                if writes == 0 { "none".to_owned() } else { writes.to_string() },
            ),
        ],
    }
}

fn out_wire(standing: &Standing, times: &WallTime) -> Wire {
    let asked_at = standing.bms_asked_at();
    let requests: u64 = standing.servers.iter().map(|server| server.requests).sum();
    Wire {
        name: "EWS".to_owned(),
        is_idle: asked_at.is_none_or(|at| times.now().since(at).as_secs() > READING_TIMEOUT_S),
        note: match requests {
            0 => "no request yet".to_owned(),
            1 => "1 request".to_owned(),
            many => format!("{many} requests"),
        },
        age: None,
        moment: None,
    }
}

fn bms(standing: &Standing, times: &WallTime) -> Node {
    let age = |at: Option<_>| at.map(|at| times.age(at));
    let (about, facts) = match standing.servers.as_slice() {
        [] => ("no EWS server is set up".to_owned(), Vec::new()),
        [only] => {
            let mut facts = vec![Fact::ago("Last request", age(only.last_request_at))];
            facts.extend(only.last_client.iter().map(|client| Fact::words("Last client", client)));
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
    Node { id: "hop-bms", name: "BMS".to_owned(), mark: StateMark::of_link(standing.bms()), about, facts }
}
