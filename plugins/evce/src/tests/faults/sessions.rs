//! Logins, sessions and connections.

use std::time::Duration;

use serde_json::json;

use super::{POLL, Site, ZONE_POWER};
use crate::setup::Setup;

fn logins(site: &Site) -> usize {
    site.controller.requests("POST", "/login").len()
}

#[test]
fn a_session_that_is_lost_with_any_code_is_replaced_at_once() {
    for (status_code, code) in
        [(401, "INVALID_SESSION"), (401, "BAD_CREDENTIALS"), (403, "SESSION_LOST"), (440, "LOGIN_TIMEOUT")]
    {
        let site = Site::set_up();
        let status = site.status();
        let before = logins(&site);
        let fault =
            json!({ "kind": "error", "status": status_code, "code": code, "path": "/stations", "count": 1 });
        site.controller.fault(&fault);
        site.pass(POLL);
        assert_eq!(site.host.shown(ZONE_POWER), "0.133 Good", "{code}");
        assert_eq!(site.host.problems(), [""; 0], "{code}");
        assert_eq!(logins(&site), before + 1, "{code}");
        status.stop();
    }
}

#[test]
fn two_401_in_a_row_are_no_wrong_password_and_end_within_a_minute() {
    let site = Site::set_up();
    let status = site.status();
    site.controller.fault(&json!({ "kind": "401", "path": "/zones", "count": 2 }));
    site.pass(POLL);
    assert_eq!(site.host.problems(), ["session-lost"]);
    assert_eq!(site.host.shown(ZONE_POWER), "0.133 Good");
    site.pass(Duration::from_secs(30));
    assert_eq!(site.host.shown(ZONE_POWER), "0.133 Good");
    assert_eq!(site.host.problems(), [""; 0]);
    status.stop();
}

#[test]
fn too_many_sessions_are_named_and_tried_again_with_pauses() {
    let site = Site::set_up();
    let fault = json!({ "kind": "error", "status": 403, "code": "TOO_MANY_SESSIONS", "path": "/login" });
    site.controller.fault(&fault);
    let before = logins(&site);
    let status = site.status();
    let problem = site.host.problem("too-many-sessions").unwrap();
    assert!(problem.what.contains("too many sessions") && problem.setting.is_none(), "{problem:?}");
    site.pass(Duration::from_mins(4));
    // At once, and after 30, 60 and 120 s.
    assert_eq!(logins(&site), before + 4);
    site.controller.end_faults();
    site.pass(Duration::from_mins(4));
    assert_eq!(site.host.shown(ZONE_POWER), "0.133 Good");
    assert_eq!(site.host.problems(), [""; 0]);
    status.stop();
}

#[test]
fn only_a_refused_login_calls_the_credentials_wrong() {
    let site = Site::set_up();
    let status = site.status();
    site.controller.revoke_tokens();
    site.controller.fault(&json!({ "kind": "401", "path": "/login" }));
    let before = logins(&site);
    site.pass(Duration::from_mins(4));
    assert_eq!(site.host.problems(), ["credentials-refused"]);
    assert_eq!(logins(&site), before + 1);
    status.stop();
}

#[test]
fn connections_that_the_controller_closes_on_reuse_are_opened_anew() {
    let site = Site::set_up();
    site.controller.fault(&json!({ "kind": "close_on_reuse" }));
    site.run(Setup, json!({})).ended_well();
    let status = site.status();
    assert_eq!(site.host.shown(ZONE_POWER), "0.133 Good");
    let write = site.host.write(&[("z1/ZoneReduction", 25.0.into())])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    site.pass(POLL * 4);
    assert_eq!(site.host.shown("z1/ZoneReduction"), "25 Good");
    assert_eq!(site.host.problems(), [""; 0]);
    status.stop();
}
