//! Set points: failing objects, newer writes, equal values, rounding, and a controller's clock.

use std::time::Duration;

use riser_plugin::PointValue;
use serde_json::json;

use super::{POLL, Site};
use crate::status::Status;
use crate::tests::controller::START_MS;

const REDUCTION: &str = "z1/ZoneReduction";
const VALIDITY: &str = "z1/ZoneValidity";
const AVAILABILITY: &str = "z1/s1/c1/ConnectorAvailability";
const PUT_REDUCTION: &str = "/zones/1/external-reduction";

fn percent(percent: f64) -> PointValue {
    PointValue::Double(percent)
}

#[test]
fn a_zone_that_fails_for_ever_delays_no_other_write_and_is_a_problem_from_the_second_time_on() {
    let site = Site::set_up();
    let status = site.status();
    site.controller.fault(&json!({ "kind": "500", "method": "PUT", "path": "/zones/2/external-reduction" }));
    let failing = site.host.write(&[("z2/ZoneReduction", percent(20.0))])[0];
    assert_eq!(site.host.problems(), [""; 0]);
    let others = site.host.write(&[
        ("z1/ZoneReduction", percent(21.0)),
        ("z3/ZoneReduction", percent(22.0)),
        (AVAILABILITY, "inoperative".into()),
    ]);
    for other in others {
        assert_eq!(site.host.states(other), ["Sent", "Confirmed"]);
    }
    site.host.advance(Duration::from_secs(5));
    let problem = site.host.problem("writes-fail").unwrap();
    assert!(problem.what.contains("zone 2") && problem.what.contains("500"), "{problem:?}");
    let reason = site.host.reason(failing);
    assert!(reason.contains("tried 2 times"), "{reason}");
    // After 5, 10, 20, 40 and 60 s.
    site.host.advance(Duration::from_mins(4));
    let puts = site.controller.requests("PUT", "/zones/2").len();
    assert!((6..=9).contains(&puts), "{puts} attempts");
    site.controller.end_faults();
    site.host.advance(Duration::from_mins(1));
    assert_eq!(site.host.states(failing).last().unwrap(), "Confirmed");
    assert_eq!(site.host.problems(), [""; 0]);
    status.stop();
}

#[test]
fn a_zone_that_is_slow_to_start_or_drops_connections_delays_no_other_write_either() {
    for fault in [
        json!({ "kind": "503", "method": "PUT", "path": "/zones/1/external-reduction" }),
        json!({ "kind": "error", "status": 504, "code": "TIMEOUT", "method": "PUT", "path": "/zones/1/external-reduction" }),
        json!({ "kind": "down", "method": "PUT", "path": "/zones/1/external-reduction" }),
        json!({ "kind": "html", "method": "GET", "path": "/zones/1/external-reduction" }),
    ] {
        let site = Site::set_up();
        let status = site.status();
        site.controller.fault(&fault);
        let writes =
            site.host.write(&[("z1/ZoneReduction", percent(20.0)), ("z3/ZoneReduction", percent(22.0))]);
        site.host.advance(Duration::from_secs(30));
        assert_eq!(site.host.states(writes[1]).last().unwrap(), "Confirmed", "{fault}");
        assert!(site.host.problem("writes-fail").unwrap().what.contains("zone 1"), "{fault}");
        site.controller.end_faults();
        site.host.advance(Duration::from_mins(1));
        assert_eq!(site.host.states(writes[0]).last().unwrap(), "Confirmed", "{fault}");
        status.stop();
    }
}

#[test]
fn a_renewal_that_fails_delays_no_other_zone_and_is_a_problem() {
    let site = Site::set_up();
    let status = site.status();
    site.host.write(&[("z1/ZoneReduction", percent(20.0)), ("z3/ZoneReduction", percent(30.0))]);
    site.controller.fault(&json!({ "kind": "500", "method": "PUT", "path": PUT_REDUCTION }));
    site.pass(Duration::from_mins(7));
    assert!(site.host.problem("writes-fail").unwrap().what.contains("zone 1"));
    assert_eq!(site.controller.put("/zones/3/external-reduction").len(), 2);
    site.controller.end_faults();
    site.pass(Duration::from_mins(2));
    assert_eq!(site.host.problems(), [""; 0]);
    assert_eq!(site.host.shown(REDUCTION), "20 Good");
    status.stop();
}

#[test]
fn operative_after_a_pending_inoperative_reaches_the_controller() {
    for restarts in [false, true] {
        let site = Site::set_up();
        site.controller.apply_event(&json!({ "kind": "plug_in", "station": 1, "connector": 1 }));
        site.controller.advance("1m");
        let mut status = site.status();
        let first = site.host.write(&[(AVAILABILITY, "inoperative".into())])[0];
        assert_eq!(site.host.states(first), ["Sent", "Pending"]);
        if restarts {
            status.stop();
            status = site.status();
        }
        // The controller still shows operative.
        let second = site.host.write(&[(AVAILABILITY, "operative".into())])[0];
        assert_eq!(site.host.states(second), ["Sent", "Confirmed"], "restarts {restarts}");
        assert_eq!(site.controller.put("/stations/1").pop().unwrap(), json!({ "availability": "operative" }));
        site.controller.apply_event(&json!({ "kind": "unplug", "station": 1, "connector": 1 }));
        site.pass(POLL);
        assert_eq!(site.host.shown(AVAILABILITY), "operative Good");
        assert_eq!(site.host.shown("z1/s1/c1/ConnectorState_Available"), "true Good");
        status.stop();
    }
}

#[test]
fn a_write_through_the_other_point_reaches_the_controller_as_well() {
    let site = Site::set_up();
    site.controller.apply_event(&json!({ "kind": "plug_in", "station": 1, "connector": 1 }));
    site.controller.advance("1m");
    let status = site.status();
    let first = site.host.write(&[(AVAILABILITY, "inoperative".into())])[0];
    let second = site.host.write(&[("z1/s1/c1/ConnectorState_Available", true.into())])[0];
    assert_eq!(site.host.states(first).last().unwrap(), "Rejected");
    assert_eq!(site.host.states(second), ["Sent", "Confirmed"]);
    site.controller.apply_event(&json!({ "kind": "unplug", "station": 1, "connector": 1 }));
    site.pass(POLL);
    assert_eq!(site.host.shown(AVAILABILITY), "operative Good");
    status.stop();
}

#[test]
fn a_write_of_the_shown_value_renews_its_validity_and_makes_it_ours() {
    let site = Site::set_up();
    let status = site.status();
    // The reduction of the fixture has our name and ends in 2149.
    let write = site.host.write(&[(REDUCTION, percent(10.0))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    assert_eq!(site.host.shown(VALIDITY), format!("{} Good", START_MS + 15 * 60_000));
    site.pass(Duration::from_mins(2));
    let write = site.host.write(&[(REDUCTION, percent(10.0))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    assert_eq!(site.host.shown(VALIDITY), format!("{} Good", START_MS + 17 * 60_000));
    site.pass(Duration::from_mins(30));
    assert_eq!(site.host.shown(REDUCTION), "10 Good");
    status.stop();
}

#[test]
fn a_controller_that_rounds_confirms_with_a_remark_and_is_renewed() {
    let site = Site::set_up();
    site.controller.apply_event(&json!({ "kind": "round_reductions", "rounds": true }));
    let mut status = site.status();
    let write = site.host.write(&[(REDUCTION, percent(33.3))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    let reason = site.host.reason(write);
    assert!(reason.starts_with("the controller rounds 33.3 % to 33 %; Riser renews it"), "{reason}");
    assert_eq!(site.host.shown(REDUCTION), "33 Good");
    site.pass(Duration::from_mins(6));
    status.stop();
    status = site.status();
    site.pass(Duration::from_mins(20));
    assert_eq!(site.host.shown(REDUCTION), "33 Good");
    assert!(site.controller.put(PUT_REDUCTION).iter().all(|put| put["value"] == 33.3));
    let write = site.host.write(&[(REDUCTION, percent(33.3))])[0];
    assert_eq!(site.host.states(write).last().unwrap(), "Confirmed");
    status.stop();
}

#[test]
fn a_reduction_that_the_controllers_clock_ended_is_set_again_by_this_clock() {
    let site = Site::set_up();
    let status = site.run(Status, json!({}));
    site.host.write(&[(REDUCTION, percent(25.0))]);
    site.pass(POLL);
    let offset = |by: &str| site.controller.set_offset(by);
    offset("3h");
    site.pass(POLL);
    assert!(
        site.host.problem("controller-clock").unwrap().what.contains("ahead by"),
        "{:?}",
        site.host.problems()
    );
    assert_eq!(site.controller.put(PUT_REDUCTION).len(), 2);
    site.pass(POLL);
    assert_eq!(site.host.shown(REDUCTION), "25 Good");
    // Back again: the validity would last for hours after Riser has stopped.
    offset("30s");
    site.pass(POLL);
    let put = site.controller.put(PUT_REDUCTION);
    assert_eq!(put.len(), 3, "{put:?}");
    assert!(put[2]["validity"].as_str().unwrap().starts_with("2026-01-05T06:1"), "{put:?}");
    assert!(site.host.problem("controller-clock").unwrap().what.contains("back by"));
    status.stop();
}
