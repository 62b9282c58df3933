//! Somebody changes the availability of a connector at the controller: the rule of the connector decides.

use std::time::Duration;

use serde_json::{Value, json};

use super::{AVAILABILITY, text};
use crate::status::Status;
use crate::tests::{Running, Site};

const POLL: Duration = Duration::from_secs(15);

/// Returns a site whose BMS has made the connector inoperative.
fn inoperative(settings: Value) -> (Site, Running) {
    let site = Site::set_up();
    let status = site.run(Status, settings);
    let write = site.host.write(&[(AVAILABILITY, text("inoperative"))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    (site, status)
}

/// Another user makes the connector operative.
fn change(site: &Site) {
    let (other, status) = site.other_client("admin");
    let write = other.write(&[(AVAILABILITY, text("operative"))])[0];
    assert_eq!(other.states(write).last().unwrap(), "Confirmed");
    status.stop();
}

#[test]
fn by_default_the_controller_decides_and_the_item_says_what_the_bms_ordered() {
    let (site, mut status) = inoperative(json!({}));
    change(&site);
    site.pass(POLL);
    assert_eq!(site.host.shown(AVAILABILITY), "operative Good");
    let why =
        "changed at the controller; the BMS ordered inoperative; Riser keeps the change until the BMS writes";
    assert_eq!(site.host.why(AVAILABILITY), why);
    let problem = site.host.problem("availability-changed").unwrap();
    assert!(problem.what.starts_with("EVSimu1, connector 1 was made operative"), "{problem:?}");
    status.stop();
    status = site.status();
    site.pass(POLL);
    assert_eq!(site.host.why(AVAILABILITY), why, "also after a restart");
    assert_eq!(site.host.problems(), [""; 0], "it is not reported again");
    let write = site.host.write(&[(AVAILABILITY, text("inoperative"))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    assert_eq!(site.host.why(AVAILABILITY), "");
    status.stop();
}

#[test]
fn where_the_bms_decides_it_is_ordered_again_and_the_third_time_given_up() {
    let rule = json!([{ "station": "EVSimu1", "connector": 1, "availability_owner": "bms" }]);
    for settings in [json!({ "availability_owner": "bms" }), json!({ "connectors": rule })] {
        let (site, status) = inoperative(settings);
        for _ in 0..2 {
            change(&site);
            site.pass(POLL * 2);
            assert_eq!(site.host.shown(AVAILABILITY), "inoperative Good");
            let problem = site.host.problem("availability-changed").unwrap();
            assert!(problem.what.contains("Riser orders it again"), "{problem:?}");
        }
        change(&site);
        site.pass(POLL * 2);
        assert_eq!(site.host.shown(AVAILABILITY), "operative Good");
        let problem = site.host.problem("availability-changed").unwrap();
        assert!(problem.what.contains("for the third time within 10 min"), "{problem:?}");
        status.stop();
    }
}

#[test]
fn a_change_during_a_session_is_ordered_once_and_waits_for_its_end() {
    let (site, status) = inoperative(json!({ "availability_owner": "bms" }));
    change(&site);
    site.controller.apply_event(&json!({ "kind": "plug_in", "station": 1, "connector": 1 }));
    site.controller.advance("1m");
    let puts = site.controller.requests("PUT", "/stations/1").len();
    site.pass(POLL * 4);
    assert_eq!(site.controller.requests("PUT", "/stations/1").len(), puts + 1);
    let why = site.host.why(AVAILABILITY);
    assert!(why.ends_with("the controller makes it so again when the charging session ends"), "{why}");
    site.controller.apply_event(&json!({ "kind": "unplug", "station": 1, "connector": 1 }));
    site.pass(POLL);
    assert_eq!(site.host.shown(AVAILABILITY), "inoperative Good");
    status.stop();
}

#[test]
fn a_station_without_a_link_is_no_conflict() {
    let (site, status) = inoperative(json!({ "availability_owner": "bms" }));
    change(&site);
    site.controller.apply_event(&json!({ "kind": "link_loss", "station": 1 }));
    let puts = site.controller.requests("PUT", "/stations/1").len();
    site.pass(POLL * 2);
    assert_eq!(site.controller.requests("PUT", "/stations/1").len(), puts);
    assert_eq!(site.host.problems(), ["station-offline"]);
    site.controller.apply_event(&json!({ "kind": "link_back", "station": 1 }));
    site.pass(POLL * 2);
    assert_eq!(site.host.shown(AVAILABILITY), "inoperative Good");
    status.stop();
}

#[test]
fn an_order_that_waits_for_a_session_longer_than_its_write_lives_stays_known() {
    let site = Site::set_up();
    site.controller.apply_event(&json!({ "kind": "plug_in", "station": 1, "connector": 1 }));
    site.controller.advance("1m");
    let mut status = site.status();
    let write = site.host.write(&[(AVAILABILITY, text("inoperative"))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Pending"]);
    // The host in memory lets a write live for 10 min.
    site.pass(Duration::from_mins(11));
    let why = "the controller accepted inoperative and will apply it when the charging session ends";
    for restarts in [false, true] {
        if restarts {
            status.stop();
            status = site.status();
        }
        site.pass(POLL);
        assert_eq!(site.host.shown(AVAILABILITY), "operative Good");
        assert_eq!(site.host.why(AVAILABILITY), why, "restarts {restarts}");
    }
    site.controller.apply_event(&json!({ "kind": "unplug", "station": 1, "connector": 1 }));
    site.pass(POLL);
    assert_eq!(site.host.shown(AVAILABILITY), "inoperative Good");
    assert_eq!((site.host.why(AVAILABILITY), site.host.problems()), (String::new(), Vec::new()));
    status.stop();
}
