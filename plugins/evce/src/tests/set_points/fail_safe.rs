//! The BMS is silent: hold, release or fall back, by the rule of the zone.

use std::time::Duration;

use riser_plugin::PointValue;
use serde_json::{Value, json};

use super::{PUT_REDUCTION, REDUCTION, VALIDITY, percent};
use crate::status::Status;
use crate::tests::controller::START_MS;
use crate::tests::{Running, Site};

const MINUTE: Duration = Duration::from_mins(1);

/// Returns a site whose BMS has reduced zone 1 by 25 %, and the remark about the fail-safe.
fn reduced(settings: Value) -> (Site, Running, String) {
    let site = Site::set_up();
    let status = site.run(Status, settings);
    let write = site.host.write(&[(REDUCTION, percent(25.0))])[0];
    let remark = site.host.reason(write);
    (site, status, remark)
}

#[test]
fn hold_keeps_the_reduction_however_long_the_bms_is_silent() {
    let (site, status, remark) = reduced(json!({}));
    assert!(!remark.contains("writes nothing"), "{remark}");
    site.pass(Duration::from_hours(2));
    assert_eq!(site.host.shown(REDUCTION), "25 Good");
    assert_eq!(site.host.problems(), [""; 0]);
    status.stop();
}

#[test]
fn release_removes_the_reduction_says_so_and_ends_with_the_next_write() {
    let (site, status, remark) = reduced(json!({ "when_silent": "release", "silent_after": "10 min" }));
    let sentence = "if the BMS writes nothing until 2026-01-05 06:10 UTC, Riser removes the reduction";
    assert!(remark.ends_with(sentence), "{remark}");
    site.pass(MINUTE * 9);
    assert_eq!(site.host.shown(REDUCTION), "25 Good");
    site.pass(MINUTE * 2);
    assert_eq!(site.host.shown(REDUCTION), "0 Good");
    assert_eq!(site.host.why(REDUCTION), "the BMS is silent; Riser removed the reduction");
    let problem = site.host.problem("bms-silent").unwrap();
    let what =
        "the BMS has written no set point of zone 1 since 2026-01-05 06:00 UTC: Riser removed the reduction";
    assert_eq!(problem.what, what);
    site.pass(MINUTE * 30);
    assert_eq!(site.controller.requests("DELETE", PUT_REDUCTION).len(), 1);
    let write = site.host.write(&[(REDUCTION, percent(25.0))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    assert_eq!(site.host.shown(REDUCTION), "25 Good");
    assert_eq!(site.host.problems(), [""; 0]);
    status.stop();
}

#[test]
fn fallback_sets_its_percentage_and_renews_it_across_restarts_until_the_bms_writes() {
    let settings = json!({ "when_silent": "fallback", "fallback": 50, "silent_after": "10 min" });
    let (site, mut status, remark) = reduced(settings.clone());
    assert!(remark.ends_with("Riser sets 50 %"), "{remark}");
    site.pass(MINUTE * 11);
    assert_eq!(site.host.shown(REDUCTION), "50 Good");
    let why = "the BMS is silent; Riser set this fallback, and renews it until the BMS writes";
    assert_eq!(site.host.why(REDUCTION), why);
    status.stop();
    status = site.run(Status, settings);
    site.pass(MINUTE * 60);
    assert_eq!((site.host.shown(REDUCTION).as_str(), site.host.why(REDUCTION).as_str()), ("50 Good", why));
    assert!(site.host.problem("bms-silent").unwrap().what.ends_with("Riser set the fallback of 50 %"));
    let write = site.host.write(&[(REDUCTION, percent(0.0))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    assert_eq!(site.host.problems(), [""; 0]);
    // A zone whose reduction the BMS has removed falls back as well.
    site.pass(MINUTE * 11);
    assert_eq!(site.host.shown(REDUCTION), "50 Good");
    status.stop();
}

#[test]
fn a_bms_that_writes_the_same_value_again_is_not_silent() {
    let (site, status, _) = reduced(json!({ "when_silent": "release", "silent_after": "2 min" }));
    for _ in 0..10 {
        site.pass(MINUTE);
        site.host.write(&[(REDUCTION, percent(25.0))]);
    }
    assert_eq!(site.host.shown(REDUCTION), "25 Good");
    assert_eq!(site.host.problems(), [""; 0]);
    status.stop();
}

#[test]
fn the_time_while_riser_was_stopped_counts_as_silence() {
    let settings = json!({ "when_silent": "release", "silent_after": "10 min" });
    let (site, status, _) = reduced(settings.clone());
    status.stop();
    site.pass(MINUTE * 11);
    let status = site.run(Status, settings);
    site.pass(Duration::from_secs(15));
    assert_eq!(site.host.shown(REDUCTION), "0 Good");
    assert!(site.host.problem("bms-silent").is_some());
    status.stop();
}

#[test]
fn a_validity_of_the_bms_goes_before_the_fail_safe() {
    let site = Site::set_up();
    let settings = json!({ "when_silent": "fallback", "fallback": 50, "silent_after": "10 min" });
    let status = site.run(Status, settings);
    let until = PointValue::DateTimeMs(START_MS + 20 * 60_000);
    site.host.write(&[(REDUCTION, percent(30.0)), (VALIDITY, until)]);
    site.pass(MINUTE * 19);
    assert_eq!(site.host.shown(REDUCTION), "30 Good");
    site.pass(MINUTE * 2);
    assert_eq!(site.host.shown(REDUCTION), "50 Good");
    status.stop();
}

#[test]
fn zones_have_their_own_rules_and_a_zone_that_the_bms_never_wrote_is_left_alone() {
    let rules = json!([
        { "zone": "Z1", "when_silent": "release", "silent_after": "5 min" },
        { "zone": "2", "when_silent": "fallback", "fallback": 60 },
    ]);
    let (site, status, _) = reduced(json!({ "zones": rules }));
    site.host.write(&[("z2/ZoneReduction", percent(20.0))]);
    site.pass(MINUTE * 6);
    assert_eq!(site.host.shown(REDUCTION), "0 Good");
    assert_eq!(site.host.shown("z2/ZoneReduction"), "20 Good");
    site.pass(MINUTE * 10);
    assert_eq!(site.host.shown("z2/ZoneReduction"), "60 Good");
    assert_eq!(site.host.shown("z3/ZoneReduction"), "0 Good");
    assert!(site.controller.put("/zones/3").is_empty());
    status.stop();
}

#[test]
fn another_users_reduction_is_left_alone_and_the_fallback_follows_it() {
    let (site, status, _) =
        reduced(json!({ "when_silent": "fallback", "fallback": 50, "silent_after": "10 min" }));
    site.controller.apply_event(&json!({ "kind": "reduce", "zone": 1, "percent": 40.0 }));
    site.pass(MINUTE * 11);
    assert_eq!(site.host.shown(REDUCTION), "40 Good");
    let why = site.host.why(REDUCTION);
    assert!(why.ends_with("and sets the fallback of 50 % when it has ended"), "{why}");
    site.controller.apply_event(&json!({ "kind": "reduce", "zone": 1 }));
    site.pass(MINUTE);
    assert_eq!(site.host.shown(REDUCTION), "50 Good");
    status.stop();
}

#[test]
fn a_controller_that_fails_delays_the_fail_safe_and_is_a_problem() {
    let (site, status, _) = reduced(json!({ "when_silent": "release", "silent_after": "5 min" }));
    site.controller.fault(&json!({ "kind": "500", "method": "DELETE" }));
    site.pass(MINUTE * 8);
    assert_eq!(site.host.shown(REDUCTION), "25 Good");
    assert!(site.host.problem("writes-fail").unwrap().what.contains("zone 1"));
    site.controller.end_faults();
    site.pass(MINUTE * 2);
    assert_eq!(site.host.shown(REDUCTION), "0 Good");
    assert_eq!(site.host.problems(), ["bms-silent"]);
    status.stop();
}

#[test]
fn a_fallback_without_a_percentage_is_refused_with_the_setting() {
    let site = Site::set_up();
    for (settings, setting) in [
        (json!({ "when_silent": "fallback" }), "fallback"),
        (json!({ "zones": [{ "zone": "Z1", "when_silent": "fallback" }] }), "zones[0].fallback"),
    ] {
        let failure = site.run(Status, settings).failure();
        let failure = format!("{failure:?}");
        assert!(failure.contains("is needed to fall back") && failure.contains(setting), "{failure}");
    }
}
