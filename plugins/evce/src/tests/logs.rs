use std::time::Duration;

use serde_json::json;

use super::Site;
use super::controller::START_MS;
use crate::logs::Logs;

const HISTORY: &str = "z1/ZoneOverallActivePowerTotal-Readings";

fn samples(site: &Site) -> Vec<(String, i64)> {
    let samples = site.host.samples(HISTORY).into_iter();
    samples.map(|(value, at)| (value, (at - START_MS) / 1000)).collect()
}

#[test]
fn one_sample_is_taken_at_start_and_then_at_multiples_of_the_interval() {
    let site = Site::set_up();
    site.status().stop();
    let logs = site.run(Logs, json!({ "interval": "1 min" }));
    assert_eq!(samples(&site), [("0.133".to_owned(), 0)]);
    // The clock began 15 s after a full minute.
    for _ in 0..3 {
        site.host.advance(Duration::from_secs(45));
    }
    let at = |seconds| ("0.133".to_owned(), seconds);
    assert_eq!(samples(&site), [at(0), at(45), at(105)]);
    logs.stop();
}

#[test]
fn an_unknown_value_leaves_a_gap_until_it_is_known() {
    let site = Site::set_up();
    let logs = site.run(Logs, json!({ "interval": "1 min" }));
    site.host.advance(Duration::from_secs(1));
    assert_eq!(samples(&site), []);
    logs.stop();
    site.status().stop();
    let logs = site.run(Logs, json!({ "interval": "1 min" }));
    assert_eq!(samples(&site), [("0.133".to_owned(), 1)]);
    logs.stop();
}

#[test]
fn a_gap_is_one_sample_at_its_beginning_with_the_last_value() {
    let site = Site::set_up();
    let status = site.status();
    let logs = site.run(Logs, json!({ "interval": "1 min" }));
    site.controller.fault(&json!({ "kind": "down" }));
    for _ in 0..4 {
        site.pass(Duration::from_mins(1));
    }
    let gap = site.host.sample_states(HISTORY);
    assert_eq!(gap.iter().filter(|state| *state == "Offline").count(), 1, "{gap:?}");
    assert_eq!(gap.last().unwrap(), "Offline", "nothing follows while it lasts");
    let values = site.host.samples(HISTORY);
    assert_eq!(values[values.len() - 1].0, values[values.len() - 2].0, "the last value");
    site.controller.end_faults();
    site.pass(Duration::from_mins(5));
    let after = site.host.sample_states(HISTORY);
    assert!(after.len() > gap.len() && after.last().unwrap() == "Good", "{after:?}");
    assert_eq!(after.iter().filter(|state| *state == "Offline").count(), 1, "{after:?}");
    logs.stop();
    status.stop();
}

#[test]
fn samples_go_on_at_the_multiples_of_a_clock_that_was_set() {
    let site = Site::set_up();
    site.status().stop();
    let logs = site.run(Logs, json!({ "interval": "1 min" }));
    site.host.advance(Duration::from_secs(45));
    let taken = || samples(&site).into_iter().map(|(_, at)| at).collect::<Vec<_>>();
    assert_eq!(taken(), [0, 45]);
    site.host.set_back(Duration::from_hours(1));
    site.host.advance(Duration::from_mins(2));
    assert_eq!(taken(), [45 - 3_600 + 60, 45 - 3_600 + 120, 0, 45]);
    // It is 45 + 120 s again; two hours ahead, the missed samples are one.
    site.host.set_ahead(Duration::from_hours(3));
    let ahead = 45 + 120 + 2 * 3_600;
    assert_eq!(taken()[4..], [ahead]);
    site.host.advance(Duration::from_mins(1));
    assert_eq!(taken()[4..], [ahead, ahead + 60]);
    logs.stop();
}
