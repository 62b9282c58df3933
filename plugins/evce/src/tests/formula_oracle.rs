//! Random sites: an independent calculation in Python says what each calculated point and each sample must be.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::controller::START_MS;
use super::host::TestHost;
use super::replay::Replay;
use crate::client::Recording;
use crate::logs::Logs;
use crate::setup::Setup;
use crate::status::Status;

/// The number of random sites, and the variable for another one: `EVCE_ORACLE_SITES=1000`.
const SITES: usize = 200;
const SITES_VARIABLE: &str = "EVCE_ORACLE_SITES";
/// Largest difference of two sums that add in another order, relative to the value.
const TOLERANCE: f64 = 1e-12;

/// A value, or none, and its state.
type Expected = (Option<String>, String);

/// A site of the oracle.
#[derive(Deserialize)]
struct Case {
    seed: u64,
    polls: [Poll; 2],
    expected: [BTreeMap<String, Expected>; 2],
    /// Value, state, seconds since the start.
    samples: BTreeMap<String, Vec<(String, String, i64)>>,
}

/// The responses of the controller.
#[derive(Deserialize)]
struct Poll {
    zones: Json,
    stations: Json,
}

impl Poll {
    fn recording(&self) -> Recording {
        let exchange = |method: &str, path: &str, body: &Json| json!({ "method": method, "path": path, "status": 200, "body": body });
        let exchanges = [
            exchange("POST", "/login", &json!({ "token": "a token", "expiresIn": 3_600 })),
            exchange("POST", "/logout", &json!({})),
            exchange("GET", "/version", &json!({ "apiVersion": "6" })),
            exchange("GET", "/zones", &self.zones),
            exchange("GET", "/stations", &self.stations),
        ];
        serde_json::from_value(json!({ "exchanges": exchanges })).unwrap()
    }
}

fn cases(count: usize) -> impl Iterator<Item = Case> {
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formula_oracle/oracle.py");
    let mut process = Command::new("python3")
        .arg(oracle)
        .args([count.to_string(), "1".to_owned()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test needs python3");
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let cases: Vec<Case> = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    assert!(process.wait().unwrap().success());
    cases.into_iter()
}

#[test]
fn an_independent_calculation_agrees_on_every_calculated_point_and_sample_of_random_sites() {
    let wanted = std::env::var(SITES_VARIABLE).ok().map(|text| text.parse().unwrap());
    let sites = wanted.unwrap_or(SITES);
    let (mut points, mut samples) = (0, 0);
    for case in cases(sites) {
        let (of_points, of_samples) = check(&case);
        points += of_points;
        samples += of_samples;
    }
    assert!(points > sites * 100 && samples > sites * 50, "{points} points, {samples} samples");
}

/// Runs the classes on a site. Returns how many points and samples agree.
fn check(case: &Case) -> (usize, usize) {
    let (host, replay) = (TestHost::new(), Replay::serve(case.polls[0].recording()));
    let connection = || {
        json!({
            "base_url": replay.base_url, "login": "bms", "password": "pass word", "allow_http": true,
        })
    };
    host.run(Setup, json!({}), connection()).ended_well();
    let status = host.run(Status, json!({ "interval": "60 s" }), connection());
    let logs = host.run(Logs, json!({ "interval": "1 min" }), connection());
    let mut agreeing = agree_on_points(case, 0, &host);
    host.advance(Duration::from_secs(45));
    replay.replace(case.polls[1].recording());
    host.advance(Duration::from_secs(15));
    agreeing += agree_on_points(case, 1, &host);
    host.advance(Duration::from_secs(45));
    logs.stop();
    status.stop();
    (agreeing, agree_on_samples(case, &host))
}

fn agree_on_points(case: &Case, poll: usize, host: &TestHost) -> usize {
    let shown: HashMap<String, String> = host.shown_values().into_iter().collect();
    for (point, (value, state)) in &case.expected[poll] {
        let place = format!("seed {}, poll {poll}, {point}", case.seed);
        let shown = shown.get(point).unwrap_or_else(|| panic!("{place} is missing"));
        let (shown_value, shown_state) = shown.rsplit_once(' ').unwrap_or((shown, ""));
        assert_eq!(shown_state, state, "{place}: {shown}, {}", host.why(point));
        if let Some(value) = value {
            assert!(is_equal(shown_value, value), "{place}: {shown_value}, and the oracle has {value}");
        }
    }
    case.expected[poll].len()
}

fn agree_on_samples(case: &Case, host: &TestHost) -> usize {
    let mut count = 0;
    for (point, expected) in &case.samples {
        let (container, name) = point.rsplit_once('/').unwrap();
        let history = format!("{container}/{name}-Readings");
        let states = host.sample_states(&history);
        let samples: Vec<_> = host.samples(&history).into_iter().zip(states).collect();
        let agrees = samples.len() == expected.len()
            && samples.iter().zip(expected).all(|(((value, at_ms), state), expected)| {
                is_equal(value, &expected.0)
                    && *state == expected.1
                    && *at_ms == START_MS + expected.2 * 1_000
            });
        assert!(agrees, "seed {}, {history}: {samples:?}, and the oracle has {expected:?}", case.seed);
        count += samples.len();
    }
    count
}

fn is_equal(shown: &str, expected: &str) -> bool {
    match (shown.parse::<f64>(), expected.parse::<f64>()) {
        (Ok(shown), Ok(expected)) => (shown - expected).abs() <= TOLERANCE * expected.abs().max(1.0),
        _ => shown == expected,
    }
}
