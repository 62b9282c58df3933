//! 202, 403, 409 and 424: each refusal of a controller has its outcome and its words.

use std::time::Duration;

use serde_json::{Value, json};

use super::{AVAILABILITY, REDUCTION, percent, text};
use crate::status::Status;
use crate::tests::Site;

fn error(status: u16, code: &str) -> Value {
    json!({ "kind": "error", "status": status, "code": code, "method": "PUT" })
}

#[test]
fn a_user_without_the_right_is_named_and_is_a_problem_until_a_write_succeeds() {
    let site = Site::set_up();
    let mut connection = site.controller.connection();
    connection["login"] = json!("viewer");
    let status = site.host.run(Status, json!({}), connection);
    let availability = site.host.write(&[(AVAILABILITY, text("inoperative"))])[0];
    let reduction = site.host.write(&[("z2/ZoneReduction", percent(20.0))])[0];
    for (write, kind) in [(availability, "availabilities"), (reduction, "reductions")] {
        assert_eq!(site.host.states(write), ["Sent", "Rejected"]);
        let reason = site.host.reason(write);
        assert!(reason.starts_with(&format!("the user viewer may not write {kind}")), "{reason}");
    }
    let problem = site.host.problem("no-right-to-write").unwrap();
    assert!(problem.what.contains("reductions and availabilities"), "{problem:?}");
    assert_eq!(problem.setting.as_deref(), Some("login"));
    status.stop();
    // The next run has the right.
    let status = site.status();
    let write = site.host.write(&[(AVAILABILITY, text("inoperative"))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    assert_eq!(site.host.problems(), [""; 0]);
    status.stop();
}

#[test]
fn a_right_that_comes_back_clears_the_problem() {
    let site = Site::set_up();
    let status = site.status();
    site.controller.fault(&error(403, "FORBIDDEN"));
    site.host.write(&[(AVAILABILITY, text("inoperative"))]);
    assert_eq!(site.host.problems(), ["no-right-to-write"]);
    site.controller.end_faults();
    site.host.write(&[(AVAILABILITY, text("inoperative"))]);
    assert_eq!(site.host.problems(), [""; 0]);
    status.stop();
}

#[test]
fn each_refusal_of_an_availability_has_its_own_state_and_words() {
    let cases = [
        (403, "FORBIDDEN", "Rejected", "may not write availabilities"),
        (404, "CONNECTOR_NOT_FOUND", "Rejected", "no longer has this connector"),
        (409, "REJECTED_BY_STATION", "Rejected", "the station rejected the change; write again to try again"),
        (
            424,
            "STATION_OFFLINE",
            "Pending",
            "is not connected to the charge controller; Riser sends the write",
        ),
        (400, "FIELD", "Rejected", "HTTP status 400"),
    ];
    for (status, code, state, words) in cases {
        let site = Site::set_up();
        let run = site.status();
        site.controller.fault(&error(status, code));
        let write = site.host.write(&[(AVAILABILITY, text("inoperative"))])[0];
        assert_eq!(site.host.states(write), ["Sent", state], "{status}");
        let reason = site.host.reason(write);
        assert!(reason.contains(words), "{status}: {reason}");
        assert_eq!(site.host.shown(AVAILABILITY), "operative Good", "{status}");
        // Only a write for which the station is not connected is sent again.
        site.controller.end_faults();
        site.pass(Duration::from_secs(30));
        let sent = site.controller.requests("PUT", "/stations").len();
        assert_eq!(sent, if status == 424 { 2 } else { 1 }, "{status}");
        run.stop();
    }
}

#[test]
fn each_refusal_of_a_reduction_has_its_own_words() {
    let cases = [
        (403, "FORBIDDEN", "may not write reductions"),
        (404, "ZONE_NOT_FOUND", "no longer has this zone"),
        (409, "OTHER_OWNER", "another user owns the reduction of this zone"),
    ];
    for (status, code, words) in cases {
        let site = Site::set_up();
        let run = site.status();
        site.controller.fault(&error(status, code));
        let write = site.host.write(&[(REDUCTION, percent(20.0))])[0];
        assert_eq!(site.host.states(write), ["Sent", "Rejected"], "{status}");
        let reason = site.host.reason(write);
        assert!(reason.contains(words), "{status}: {reason}");
        assert_eq!(site.host.shown(REDUCTION), "10 Good", "{status}");
        run.stop();
    }
}
