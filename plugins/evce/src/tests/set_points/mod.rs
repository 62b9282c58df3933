mod availability_conflicts;
mod conflicts;
mod fail_safe;
mod groups;
mod refusals;

use std::time::Duration;

use riser_plugin::PointValue;
use serde_json::json;

use super::Site;
use super::controller::START_MS;
use crate::status::Status;

const REDUCTION: &str = "z1/ZoneReduction";
const VALIDITY: &str = "z1/ZoneValidity";
const AVAILABILITY: &str = "z1/s1/c1/ConnectorAvailability";
const IS_AVAILABLE: &str = "z1/s1/c1/ConnectorState_Available";
const PUT_REDUCTION: &str = "/zones/1/external-reduction";

fn percent(percent: f64) -> PointValue {
    PointValue::Double(percent)
}

fn text(text: &str) -> PointValue {
    text.into()
}

#[test]
fn a_reduction_is_sent_once_with_the_default_validity_and_confirmed_by_reading() {
    let site = Site::set_up();
    let status = site.status();
    let write = site.host.write(&[(REDUCTION, percent(25.0))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    let put = site.controller.put(PUT_REDUCTION);
    let whole = json!({ "type": "percentage", "value": 25.0, "validityMode": "absolute",
        "validity": "2026-01-05T06:15:15Z", "description": "external-reduction@bmsApi-1-Z1" });
    assert_eq!(put, [whole]);
    assert_eq!(site.host.shown(REDUCTION), "25 Good");
    assert_eq!(site.host.shown(VALIDITY), format!("{} Good", START_MS + 15 * 60_000));
    status.stop();
}

#[test]
fn a_write_of_an_earlier_run_is_confirmed_without_another_put() {
    let site = Site::set_up();
    let status = site.status();
    site.controller.fault(&json!({ "kind": "response_lost", "method": "PUT", "count": 1 }));
    let write = site.host.write(&[(REDUCTION, percent(25.0))])[0];
    status.stop();
    // The first run did not learn the result, so the next one gets the write again.
    let status = site.status();
    assert_eq!(site.host.states(write), ["Sent", "Unknown", "Confirmed"]);
    assert_eq!(site.controller.put(PUT_REDUCTION).len(), 1);
    status.stop();
}

#[test]
fn a_reduction_is_renewed_every_third_of_its_validity_across_runs_until_0_removes_it() {
    let site = Site::set_up();
    let status = site.status();
    site.host.write(&[(REDUCTION, percent(25.0))]);
    site.pass(Duration::from_mins(4));
    assert_eq!(site.controller.put(PUT_REDUCTION).len(), 1);
    status.stop();
    let status = site.status();
    site.pass(Duration::from_mins(2));
    let put = site.controller.put(PUT_REDUCTION);
    assert_eq!(put.len(), 2);
    assert_eq!((&put[1]["value"], &put[1]["validity"]), (&json!(25.0), &json!("2026-01-05T06:20:15Z")));

    let write = site.host.write(&[(REDUCTION, percent(0.0))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    assert_eq!(site.controller.requests("DELETE", PUT_REDUCTION).len(), 1);
    assert_eq!(site.host.shown(REDUCTION), "0 Good");
    site.pass(Duration::from_mins(10));
    assert_eq!(site.controller.put(PUT_REDUCTION).len(), 2);
    status.stop();
}

#[test]
fn a_validity_of_the_bms_is_sent_unchanged_and_not_renewed() {
    let site = Site::set_up();
    let status = site.status();
    let until = PointValue::DateTimeMs(START_MS + 20 * 60_000);
    let writes = site.host.write(&[(REDUCTION, percent(30.0)), (VALIDITY, until)]);
    for write in writes {
        assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    }
    assert_eq!(site.controller.put(PUT_REDUCTION)[0]["validity"], "2026-01-05T06:20:15Z");
    site.pass(Duration::from_mins(21));
    assert_eq!(site.controller.put(PUT_REDUCTION).len(), 1);
    assert_eq!(site.host.shown(REDUCTION), "0 Good");
    status.stop();
}

#[test]
fn a_reduction_written_again_without_a_validity_outlives_the_validity_it_had() {
    // In the second case the first validity ends before the next look.
    for written_again_after_secs in [35, 95] {
        let site = Site::set_up();
        let status = site.status();
        let until = PointValue::DateTimeMs(START_MS + 100_000);
        site.host.write(&[(REDUCTION, percent(50.0)), (VALIDITY, until)]);
        let looks = Duration::from_secs(written_again_after_secs / 15 * 15);
        site.pass(looks);
        site.controller.advance("5s");
        site.host.advance(Duration::from_secs(5));
        let write = site.host.write(&[(REDUCTION, percent(50.0))])[0];
        assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
        site.pass(Duration::from_secs(105));
        assert_eq!(site.host.shown(REDUCTION), "50 Good", "after {written_again_after_secs} s");
        assert_eq!(site.controller.put(PUT_REDUCTION).len(), 2);
        status.stop();
    }
}

#[test]
fn a_reduction_written_again_while_it_lasts_costs_one_read_and_no_write() {
    let site = Site::set_up();
    let status = site.status();
    site.host.write(&[(REDUCTION, percent(50.0))]);
    let reads = || site.controller.requests("GET", PUT_REDUCTION).len();
    let before = reads();
    let write = site.host.write(&[(REDUCTION, percent(50.0))])[0];
    assert_eq!(site.host.states(write), ["Confirmed"]);
    assert_eq!((reads(), site.controller.put(PUT_REDUCTION).len()), (before + 1, 1));
    status.stop();
}

#[test]
fn a_validity_that_the_controllers_clock_has_passed_is_rejected_and_nothing_is_sent() {
    let site = Site::set_up();
    site.controller.advance("1h");
    let status = site.status();
    let until = PointValue::DateTimeMs(START_MS + 20 * 60_000);
    let writes = site.host.write(&[(REDUCTION, percent(30.0)), (VALIDITY, until)]);
    for write in writes {
        assert_eq!(site.host.states(write), ["Rejected"]);
        assert!(site.host.reason(write).contains("by the controller's clock"), "{}", site.host.reason(write));
    }
    assert!(site.controller.put(PUT_REDUCTION).is_empty());
    status.stop();
}

#[test]
fn a_validity_alone_is_completed_from_the_present_reduction() {
    let site = Site::set_up();
    let status = site.status();
    let until = || PointValue::DateTimeMs(START_MS + 20 * 60_000);
    let write = site.host.write(&[(VALIDITY, until())])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    assert_eq!(site.controller.put(PUT_REDUCTION)[0]["value"], 10.0);
    // Z2 has none, so there is nothing to limit in time.
    let write = site.host.write(&[("z2/ZoneValidity", until())])[0];
    assert_eq!(site.host.states(write), ["Rejected"]);
    assert!(site.host.reason(write).contains("ZoneReduction"), "{}", site.host.reason(write));
    status.stop();
}

#[test]
fn after_a_lost_response_the_next_poll_decides_and_nothing_is_sent_twice() {
    let site = Site::set_up();
    let status = site.status();
    site.controller.fault(&json!({ "kind": "response_lost", "method": "PUT", "count": 1 }));
    let write = site.host.write(&[(REDUCTION, percent(25.0))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Unknown"]);
    site.host.advance(Duration::from_secs(5));
    assert_eq!(site.host.states(write), ["Sent", "Unknown", "Confirmed"]);
    assert_eq!(site.controller.put(PUT_REDUCTION).len(), 1);
    status.stop();
}

#[test]
fn a_write_during_an_outage_is_sent_afterwards() {
    let site = Site::set_up();
    let status = site.status();
    site.controller.fault(&json!({ "kind": "down" }));
    let write = site.host.write(&[(REDUCTION, percent(25.0))])[0];
    site.host.advance(Duration::from_secs(5));
    assert!(site.host.states(write).is_empty());
    site.controller.end_faults();
    site.host.advance(Duration::from_secs(5));
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    assert_eq!(site.controller.put(PUT_REDUCTION).len(), 1);
    status.stop();
}

#[test]
fn an_expired_set_point_is_never_sent() {
    let site = Site::set_up();
    let status = site.status();
    site.controller.fault(&json!({ "kind": "500" }));
    let write = site.host.write(&[(REDUCTION, percent(25.0))])[0];
    site.host.advance(Duration::from_mins(16));
    site.controller.end_faults();
    site.host.advance(Duration::from_mins(1));
    assert_eq!(site.host.shown(REDUCTION), "10 Good");
    assert!(!site.host.states(write).contains(&"Sent".to_owned()));
    assert!(site.controller.put(PUT_REDUCTION).is_empty());
    status.stop();
}

#[test]
fn a_set_point_is_sent_until_it_expires_whatever_the_clock_shows() {
    let hour = Duration::from_hours(1);
    // The host in memory lets a set point live for 10 min.
    for (is_ahead, minutes, puts) in [(false, 9, 1), (false, 10, 0), (true, 9, 1), (true, 10, 0)] {
        let site = Site::set_up();
        let status = site.status();
        site.controller.fault(&json!({ "kind": "500" }));
        site.host.write(&[(REDUCTION, percent(25.0))]);
        if is_ahead {
            site.host.set_ahead(hour);
        } else {
            site.host.set_back(hour);
        }
        site.host.advance(Duration::from_mins(minutes));
        site.controller.end_faults();
        site.host.advance(Duration::from_secs(30));
        assert_eq!(site.controller.put(PUT_REDUCTION).len(), puts, "ahead {is_ahead}, {minutes} min");
        status.stop();
    }
}

#[test]
fn availability_is_written_through_both_points() {
    let site = Site::set_up();
    let status = site.status();
    let write = site.host.write(&[(AVAILABILITY, text("inoperative"))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    assert_eq!(site.host.shown(AVAILABILITY), "inoperative Good");
    assert_eq!(site.host.shown(IS_AVAILABLE), "false Good");
    let write = site.host.write(&[(IS_AVAILABLE, PointValue::Boolean(true))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    assert_eq!(site.host.shown(AVAILABILITY), "operative Good");
    let writes =
        site.host.write(&[(AVAILABILITY, text("inoperative")), (IS_AVAILABLE, PointValue::Boolean(true))]);
    assert_eq!(site.host.states(writes[0]), ["Rejected"]);
    assert_eq!(site.host.states(writes[1]), ["Confirmed"]);
    status.stop();
}

#[test]
fn during_a_charging_session_a_change_of_availability_is_pending_until_it_ends() {
    let site = Site::set_up();
    site.controller.apply_event(&json!({ "kind": "plug_in", "station": 1, "connector": 1 }));
    site.controller.advance("1m");
    let status = site.status();
    let write = site.host.write(&[(AVAILABILITY, text("inoperative"))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Pending"]);
    site.pass(Duration::from_mins(1));
    assert_eq!(site.host.states(write), ["Sent", "Pending"]);
    site.controller.apply_event(&json!({ "kind": "unplug", "station": 1, "connector": 1 }));
    site.pass(Duration::from_secs(15));
    assert_eq!(site.host.states(write), ["Sent", "Pending", "Confirmed"]);
    assert_eq!(site.controller.requests("PUT", "/stations").len(), 1);
    status.stop();
}

#[test]
fn a_rejection_by_a_station_has_its_message() {
    let site = Site::set_up();
    site.controller.apply_event(&json!({ "kind": "reject_availability", "station": 1, "rejects": true }));
    let status = site.status();
    let write = site.host.write(&[(AVAILABILITY, text("inoperative"))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Rejected"]);
    assert!(
        site.host.reason(write).contains("the station rejected the change"),
        "{}",
        site.host.reason(write)
    );
    status.stop();
}

#[test]
fn a_reduction_of_another_user_is_not_changed() {
    let site = Site::set_up();
    // An administrator may replace the reduction of bmsApi on Z1; only Riser prevents it.
    let mut connection = site.controller.connection();
    connection["login"] = json!("admin");
    let status = site.host.run(Status, json!({}), connection);
    let until = PointValue::DateTimeMs(START_MS + 20 * 60_000);
    for (item, value) in [(REDUCTION, percent(0.0)), (REDUCTION, percent(30.0)), (VALIDITY, until)] {
        let write = site.host.write(&[(item, value)])[0];
        assert_eq!(site.host.states(write), ["Rejected"]);
        assert!(
            site.host.reason(write).contains("external-reduction@bmsApi-1-Z1"),
            "{}",
            site.host.reason(write)
        );
    }
    assert!(site.controller.requests("DELETE", PUT_REDUCTION).is_empty());
    assert!(site.controller.put(PUT_REDUCTION).is_empty());
    status.stop();
}

#[test]
fn our_reduction_stays_ours_after_renaming_the_zone() {
    let site = Site::set_up();
    let status = site.status();
    site.host.write(&[(REDUCTION, percent(25.0))]);
    site.controller.apply_event(&json!({ "kind": "rename_zone", "zone": 1, "name": "Yard" }));
    site.pass(Duration::from_secs(15));
    let write = site.host.write(&[(REDUCTION, percent(0.0))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    status.stop();
}

#[test]
fn where_the_controller_decides_a_reduction_that_is_replaced_or_removed_is_not_set_again() {
    for percent_now in [json!(25.0), json!(40.0), json!(null)] {
        let site = Site::set_up();
        let status = site.run(Status, json!({ "reduction_owner": "controller" }));
        site.host.write(&[(REDUCTION, percent(25.0))]);
        site.controller.apply_event(&json!({ "kind": "reduce", "zone": 1, "percent": percent_now }));
        site.pass(Duration::from_mins(6));
        assert_eq!(site.controller.put(PUT_REDUCTION).len(), 1, "{percent_now}");
        assert_eq!(site.host.logged("does not set it again").len(), 1, "{percent_now}");
        assert!(site.host.problem("reduction-ended").unwrap().what.contains("zone 1"), "{percent_now}");
        status.stop();
    }
}

#[test]
fn an_equal_percentage_at_two_decimals_is_not_sent_again() {
    let site = Site::set_up();
    let status = site.status();
    site.host.write(&[(REDUCTION, percent(33.33))]);
    let write = site.host.write(&[(REDUCTION, percent(33.333))])[0];
    assert_eq!(site.host.states(write), ["Confirmed"]);
    site.pass(Duration::from_mins(6));
    assert_eq!(site.controller.put(PUT_REDUCTION).len(), 2, "it is renewed");
    status.stop();
}

#[test]
fn a_write_to_a_disconnected_station_is_sent_again_when_it_is_back() {
    let site = Site::set_up();
    site.controller.apply_event(&json!({ "kind": "link_loss", "station": 1 }));
    let status = site.status();
    let write = site.host.write(&[(AVAILABILITY, text("inoperative"))])[0];
    site.pass(Duration::from_mins(1));
    assert_eq!(site.host.states(write), ["Sent", "Pending"]);
    assert!(site.host.reason(write).contains("no link"), "{}", site.host.reason(write));
    assert_eq!(site.controller.requests("PUT", "/stations").len(), 1);
    site.controller.apply_event(&json!({ "kind": "link_back", "station": 1 }));
    site.pass(Duration::from_secs(15));
    assert_eq!(site.host.states(write), ["Sent", "Pending", "Sent", "Confirmed"]);
    status.stop();
}

#[test]
fn a_reduction_is_renewed_while_the_stations_are_unreadable() {
    let site = Site::set_up();
    let status = site.status();
    site.host.write(&[(REDUCTION, percent(25.0))]);
    site.controller.fault(&json!({ "kind": "html", "path": "/stations" }));
    site.pass(Duration::from_mins(11));
    assert_eq!(site.controller.put(PUT_REDUCTION).len(), 3);
    status.stop();
}

#[test]
fn the_default_validity_uses_the_controllers_clock() {
    let site = Site::set_up();
    site.controller.advance("3h");
    let status = site.status();
    site.host.write(&[(REDUCTION, percent(25.0))]);
    assert_eq!(site.controller.put(PUT_REDUCTION)[0]["validity"], "2026-01-05T09:15:15Z");
    site.pass(Duration::from_mins(6));
    assert_eq!(site.controller.put(PUT_REDUCTION).len(), 2, "it is renewed by the same clock");
    status.stop();
}

#[test]
fn an_endless_reduction_is_125_years_long_and_not_renewed() {
    let site = Site::set_up();
    let status = site.run(Status, json!({ "forever": true }));
    let write = site.host.write(&[(REDUCTION, percent(25.0))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    site.pass(Duration::from_mins(20));
    let put = site.controller.put(PUT_REDUCTION);
    assert_eq!(put.len(), 1);
    assert!(put[0]["validity"].as_str().unwrap().starts_with("2150-12-"), "{put:?}");
    status.stop();
}

#[test]
fn a_refusal_by_the_controller_for_another_users_reduction_has_its_message() {
    let site = Site::set_up();
    // It has our description, so only the controller detects the owner.
    let guarded = json!({ "kind": "reduce", "zone": 1, "percent": 40.0,
        "description": "external-reduction@bmsApi-1-Z1" });
    site.controller.apply_event(&guarded);
    let status = site.status();
    let write = site.host.write(&[(REDUCTION, percent(0.0))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Rejected"]);
    assert!(site.host.reason(write).contains("another role"), "{}", site.host.reason(write));
    status.stop();
}
