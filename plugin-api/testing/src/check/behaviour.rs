//! Checks of a running class.

use std::time::Duration;

use riser_plugin::{Mode, Processor, Settings};

use super::{Finding, finding, tree};
use crate::host::MemoryHost;
use crate::memory::Service;
use crate::run::{IsStopping, Pace, Run, RunEnd};
use crate::world::TEST_TIMEOUT;

const GOES_WELL: &str = "with the settings given it goes well";
const TWICE: &str = "a second declaration of the same tree changes nothing";
const DECLARED: &str = "the class publishes and records only its own declared points";
const STOPS: &str = "it stops within 2 s of being asked";
const REFUSED: &str = "a refused service fails a run at most";
const SECRETS: &str = "no secret is in a text that leaves";

/// Time limit of a stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

const SERVICES: [Service; 7] = [
    Service::Declare,
    Service::Publish,
    Service::Record,
    Service::Latest,
    Service::Points,
    Service::State,
    Service::RequestRun,
];

pub(super) fn findings<P: Processor>(host: &MemoryHost, make: impl Fn() -> P) -> Vec<Finding> {
    let secrets = host.secrets(&P::Settings::describe());
    let mut findings = Vec::new();
    let host_of_two = host.copied();
    let first = live(&host_of_two, make());
    let declared = host_of_two.declarations().len();
    findings.extend(first.fault().map(|what| finding(GOES_WELL, what)));
    if first == Life::DidNotStop {
        findings.push(finding(STOPS, "it went on"));
        return findings;
    }
    live(&host_of_two, make());
    let second = host_of_two.declarations().split_off(declared.min(host_of_two.declarations().len()));
    if second.iter().any(|difference| !difference.is_empty()) {
        findings.push(finding(TWICE, format!("a second run changed the tree: {second:?}")));
    }
    findings.extend(tree::findings(&host_of_two.tree()));
    findings.extend(host_of_two.broken_rules().into_iter().map(|what| finding(DECLARED, what)));
    findings.extend(leaks(&host_of_two, &first, &secrets));

    findings.extend(stopped_at_once(&host.copied(), make()));
    for service in SERVICES {
        let host = host.copied();
        host.refuse_next(service);
        let life = live(&host, make());
        if let Life::Ended(RunEnd::Failed(failure)) = &life
            && failure.is_panic
        {
            findings.push(finding(REFUSED, format!("{service:?} refused: {}", failure.what)));
        }
        findings.extend(leaks(&host, &life, &secrets));
    }
    findings.dedup();
    findings
}

/// The state of a run that continued as far as possible without the test.
#[derive(Debug, PartialEq, Eq)]
enum Life {
    Ended(RunEnd),
    NeverWaited,
    DidNotStop,
}

impl Life {
    fn fault(&self) -> Option<String> {
        match self {
            Self::Ended(RunEnd::Failed(failure)) => Some(failure.what.clone()),
            Self::NeverWaited => Some("it neither waited nor ended for 30 s".to_owned()),
            Self::Ended(_) | Self::DidNotStop => None,
        }
    }
}

/// Runs a class that ends by itself to its end. Stops any other class at its first wait.
fn live<P: Processor>(host: &MemoryHost, processor: P) -> Life {
    if P::CLASS.mode == Mode::Scheduled {
        let run = host.begin(processor, Pace::ByItself, IsStopping::No);
        return run.end_within(TEST_TIMEOUT).map_or(Life::NeverWaited, Life::Ended);
    }
    let run = host.launch(processor);
    if !host.settles() {
        return Life::NeverWaited;
    }
    run.ask_to_stop();
    run.end_within(STOP_TIMEOUT).map_or(Life::DidNotStop, Life::Ended)
}

/// Requests the stop before the run begins. The first service call then returns the stop.
fn stopped_at_once<P: Processor>(host: &MemoryHost, processor: P) -> Option<Finding> {
    let run: Run = host.begin(processor, Pace::ByTest, IsStopping::Yes);
    match run.end_within(STOP_TIMEOUT) {
        None => Some(finding(STOPS, "it went on although its first service returned a stop")),
        Some(RunEnd::Failed(failure)) => {
            Some(finding(STOPS, format!("it returned a failure after a stop: {}", failure.what)))
        }
        Some(_) => None,
    }
}

fn leaks(host: &MemoryHost, life: &Life, secrets: &[String]) -> Vec<Finding> {
    let mut texts = host.texts();
    if let Life::Ended(RunEnd::Failed(failure)) = life {
        texts.push(("its failure", format!("{failure:?}")));
    }
    let leaks =
        |text: &str| secrets.iter().any(|secret| !secret.is_empty() && text.contains(secret.as_str()));
    let leaking = texts.into_iter().filter(|(_, text)| leaks(text));
    leaking.map(|(place, _)| finding(SECRETS, format!("one is in {place}"))).collect()
}
