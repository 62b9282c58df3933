//! Somebody changes the reduction of the BMS at the controller: the rule of the zone decides.

use std::time::Duration;

use riser_plugin::PointValue;
use serde_json::{Value, json};

use super::{PUT_REDUCTION, REDUCTION, VALIDITY, percent};
use crate::status::Status;
use crate::tests::controller::START_MS;
use crate::tests::{Running, Site};

const POLL: Duration = Duration::from_secs(15);

/// Returns a site whose BMS has reduced zone 1 by 25 %.
fn reduced(settings: Value) -> (Site, Running) {
    let site = Site::set_up();
    let status = site.run(Status, settings);
    let write = site.host.write(&[(REDUCTION, percent(25.0))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    assert_eq!(site.host.why(REDUCTION), "by the BMS; Riser renews it");
    (site, status)
}

/// Another client with Riser's user sets the reduction of zone 1.
fn change(site: &Site, to: f64) {
    let (other, status) = site.other_client("bmsApi");
    let write = other.write(&[(REDUCTION, percent(to))])[0];
    assert_eq!(other.states(write).last().unwrap(), "Confirmed");
    status.stop();
}

#[test]
fn a_changed_reduction_is_set_again_at_once_and_the_third_time_given_up() {
    let (site, status) = reduced(json!({}));
    for count in 1..=2 {
        change(&site, 40.0 + f64::from(count));
        site.pass(POLL);
        let problem = site.host.problem("reduction-overridden").unwrap();
        assert!(problem.what.contains("which showed 4"), "{problem:?}");
        assert!(problem.what.contains("Riser sets 25 % again"), "{problem:?}");
        assert_eq!(problem.effect, "the reduction of the BMS is in effect again");
        site.pass(POLL);
        assert_eq!(site.host.shown(REDUCTION), "25 Good", "{count}");
    }
    change(&site, 43.0);
    site.pass(Duration::from_mins(2));
    assert_eq!(site.host.shown(REDUCTION), "43 Good");
    assert!(site.host.why(REDUCTION).contains("Riser does not renew it"), "{}", site.host.why(REDUCTION));
    let problem = site.host.problem("reduction-overridden").unwrap();
    assert!(problem.what.contains("three times within 10 min"), "{problem:?}");
    // The BMS can decide again.
    let write = site.host.write(&[(REDUCTION, percent(25.0))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    status.stop();
}

#[test]
fn a_removed_reduction_is_set_again_also_after_a_restart_of_riser() {
    let (site, status) = reduced(json!({}));
    site.controller.apply_event(&json!({ "kind": "reduce", "zone": 1 }));
    site.pass(POLL * 2);
    assert_eq!(site.host.shown(REDUCTION), "25 Good");
    status.stop();
    let status = site.status();
    site.controller.apply_event(&json!({ "kind": "reduce", "zone": 1 }));
    site.pass(POLL * 2);
    assert_eq!(site.host.shown(REDUCTION), "25 Good");
    assert_eq!(site.controller.put(PUT_REDUCTION).len(), 3);
    status.stop();
}

#[test]
fn another_users_reduction_is_named_stays_and_is_followed_by_that_of_the_bms() {
    let (site, mut status) = reduced(json!({}));
    site.controller.apply_event(&json!({ "kind": "reduce", "zone": 1, "percent": 40.0 }));
    site.pass(POLL);
    assert_eq!(site.host.shown(REDUCTION), "40 Good");
    let why = site.host.why(REDUCTION);
    site.pass(POLL);
    let who = "the reduction tariff@admin of 40 % until 2026-01-06 06:00 UTC";
    assert!(why.starts_with(&format!("{who} is another user's; Riser does not change it")), "{why}");
    let why = site.host.why(REDUCTION);
    assert!(why.ends_with("and sets the 25 % of the BMS again when it has ended"), "{why}");
    let problem = site.host.problem("reduction-foreign").unwrap();
    assert_eq!(problem.what, format!("zone 1 has {who} in place of the 25 % of the BMS"));
    site.pass(Duration::from_mins(20));
    status.stop();
    status = site.status();
    site.pass(POLL);
    assert_eq!(site.controller.put(PUT_REDUCTION).len(), 1, "nothing was written");
    site.controller.apply_event(&json!({ "kind": "reduce", "zone": 1 }));
    site.pass(POLL * 2);
    assert_eq!(site.host.shown(REDUCTION), "25 Good");
    assert_eq!(site.host.problems(), [""; 0]);
    status.stop();
}

#[test]
fn a_write_against_another_users_reduction_is_rejected_with_its_name_and_ends_the_older_one() {
    let (site, status) = reduced(json!({}));
    site.controller.apply_event(&json!({ "kind": "reduce", "zone": 1, "percent": 40.0 }));
    site.pass(POLL);
    let write = site.host.write(&[(REDUCTION, percent(0.0))])[0];
    assert_eq!(site.host.states(write), ["Rejected"]);
    assert!(site.host.reason(write).contains("tariff@admin of 40 % until"), "{}", site.host.reason(write));
    site.controller.apply_event(&json!({ "kind": "reduce", "zone": 1 }));
    site.pass(POLL * 2);
    assert_eq!(site.host.shown(REDUCTION), "0 Good");
    assert_eq!(site.controller.put(PUT_REDUCTION).len(), 1);
    status.stop();
}

#[test]
fn a_rule_for_one_zone_goes_before_the_rule_for_all() {
    let rule = json!([{ "zone": "Z1", "reduction_owner": "controller" }]);
    for settings in [json!({ "reduction_owner": "controller" }), json!({ "zones": rule })] {
        let (site, status) = reduced(settings);
        change(&site, 40.0);
        site.host.write(&[("z2/ZoneReduction", percent(30.0))]);
        site.pass(Duration::from_mins(6));
        assert_eq!(site.host.shown(REDUCTION), "40 Good");
        let problem = site.host.problem("reduction-ended").unwrap();
        assert!(problem.what.contains("now shows 40 %"), "{problem:?}");
        assert!(problem.what.contains("since the controller decides here"), "{problem:?}");
        status.stop();
    }
}

#[test]
fn a_validity_of_the_bms_is_defended_until_it_ends() {
    let site = Site::set_up();
    let status = site.status();
    let until = PointValue::DateTimeMs(START_MS + 20 * 60_000);
    site.host.write(&[(REDUCTION, percent(30.0)), (VALIDITY, until)]);
    assert_eq!(site.host.why(REDUCTION), "by the BMS, until its validity ends");
    site.controller.apply_event(&json!({ "kind": "reduce", "zone": 1 }));
    site.pass(POLL * 2);
    let put = site.controller.put(PUT_REDUCTION);
    assert_eq!(put.len(), 2);
    assert_eq!((&put[1]["value"], &put[1]["validity"]), (&json!(30.0), &json!("2026-01-05T06:20:15Z")));
    site.pass(Duration::from_mins(21));
    assert_eq!(site.controller.put(PUT_REDUCTION).len(), 2);
    assert_eq!(site.host.shown(REDUCTION), "0 Good");
    status.stop();
}

#[test]
fn a_rule_that_names_no_zone_is_a_problem() {
    let site = Site::set_up();
    let settings = json!({ "zones": [{ "zone": "Z9" }], "connectors": [{ "station": "EVSimu1" }] });
    let status = site.run(Status, settings);
    let problem = site.host.problem("rules-without-item").unwrap();
    assert!(problem.what.contains("has no zone Z9,"), "{problem:?}");
    status.stop();
}
