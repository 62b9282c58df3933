use std::time::Duration;

use evce_simulator::Options;
use riser_plugin::PointValue;
use serde_json::json;

use super::Site;
use super::controller::Controller;
use crate::setup::Setup;
use crate::status::Status;

const POWER: &str = "z1/s1/c1/ConnectorOverallActivePowerTotal";
const SITE_POWER: &str = "zones/SiteOverallActivePowerTotal";
const REDUCTION: &str = "z1/ZoneReduction";

#[test]
fn setup_publishes_settings_status_adds_live_values_and_both_log_out() {
    let site = Site::set_up();
    assert_eq!(site.host.shown(REDUCTION), "10 Good");
    assert_eq!(site.host.shown(POWER), "never");
    let status = site.status();
    assert_eq!(site.host.shown(POWER), "0.133 Good");
    assert_eq!(site.host.shown(SITE_POWER), "0.133 Good");
    assert!(site.host.problems().is_empty());
    status.stop();
    assert_eq!(site.controller.requests("POST", "/login").len(), 2);
    assert_eq!(site.controller.requests("POST", "/logout").len(), 2);
    assert_eq!(site.controller.sessions(), 0);
}

#[test]
fn a_dry_run_changes_nothing() {
    let site = Site::new(Options::default());
    site.run(Setup, json!({ "dry_run": true })).ended_well();
    assert_eq!(site.host.logged("dry run: 3 zones, 1 station, 1 connector").len(), 1);
    assert_eq!(site.host.items(), 0);
}

#[test]
fn an_expired_token_is_replaced_once_without_a_problem() {
    let site = Site::set_up();
    let status = site.status();
    site.controller.revoke_tokens();
    site.pass(Duration::from_secs(15));
    assert_eq!(site.host.shown(POWER), "0.133 Good");
    assert!(site.host.problems().is_empty());
    assert_eq!(site.controller.requests("POST", "/login").len(), 3);
    status.stop();
}

#[test]
fn refused_credentials_are_tried_once_and_all_values_are_offline_with_a_reason() {
    let site = Site::set_up();
    site.controller.fault(&json!({ "kind": "401" }));
    let status = site.status();
    site.pass(Duration::from_mins(2));
    // One of Setup, one refused.
    assert_eq!(site.controller.requests("POST", "/login").len(), 2);
    assert_eq!(site.host.shown(REDUCTION), "10 Offline");
    assert!(site.host.why(REDUCTION).contains("credentials"), "{}", site.host.why(REDUCTION));
    let problem = site.host.problem("credentials-refused").unwrap();
    assert_eq!(problem.setting.as_deref(), Some("password"));
    assert!(!problem.remedy.is_empty() && !problem.effect.is_empty());
    status.stop();
}

#[test]
fn a_wrong_password_fails_setup_permanently_and_is_in_no_text() {
    let site = Site::new(Options::default());
    let mut connection = site.controller.connection();
    connection["password"] = json!("not the password");
    let failure = site.host.run(Setup, json!({}), connection).failure();
    assert!(!failure.is_retryable && failure.what.contains("refused login and password"), "{failure:?}");
    let problem = site.host.problem("credentials-refused").unwrap();
    let texts = format!("{failure:?}{:?}{problem:?}", site.host.logged(""));
    assert!(!texts.contains("not the password"), "{texts}");
}

#[test]
fn every_fault_keeps_the_values_and_raises_a_problem_until_the_controller_recovers() {
    let faults = [
        ("down", "unreachable"),
        ("500", "unwell"),
        ("503", "unwell"),
        ("html", "not-understood"),
        ("truncated_json", "not-understood"),
    ];
    for (kind, code) in faults {
        let site = Site::set_up();
        let status = site.status();
        site.controller.fault(&json!({ "kind": kind, "path": "/stations" }));
        site.pass(Duration::from_secs(15));
        assert_eq!(site.host.shown(POWER), "0.133 Good", "{kind}");
        let problem = site.host.problem(code).expect(kind);
        assert!(
            !problem.what.is_empty() && !problem.effect.is_empty() && !problem.remedy.is_empty(),
            "{kind}"
        );
        site.pass(Duration::from_mins(1));
        assert_eq!(site.host.shown(POWER), "0.133 Offline", "{kind}");
        assert!(!site.host.why(POWER).is_empty(), "{kind}");
        site.controller.end_faults();
        site.pass(Duration::from_secs(15));
        assert_eq!(site.host.shown(POWER), "0.133 Good", "{kind}");
        assert!(site.host.problems().is_empty(), "{kind}");
        status.stop();
    }
}

#[test]
fn a_controller_that_asks_for_a_pause_is_offline_only_after_a_minute() {
    let site = Site::set_up();
    let status = site.status();
    site.controller.fault(&json!({ "kind": "429", "path": "/zones" }));
    site.pass(Duration::from_secs(45));
    assert_eq!(site.host.shown(POWER), "0.133 Good");
    assert!(site.host.problem("unwell").unwrap().what.contains("429"));
    site.pass(Duration::from_secs(45));
    assert_eq!(site.host.shown(POWER), "0.133 Offline");
    status.stop();
}

#[test]
fn without_a_link_only_the_live_values_of_that_station_are_offline() {
    let site = Site::set_up();
    let status = site.status();
    site.controller.apply_event(&json!({ "kind": "link_loss", "station": 1 }));
    site.pass(Duration::from_secs(15));
    assert_eq!(site.host.shown(POWER), "0.133 Offline");
    assert_eq!(site.host.shown("z1/s1/StationIsConnected"), "false Good");
    assert_eq!(site.host.shown("z1/ZoneMaxCurrent(A)"), "100 Good");
    assert_eq!(site.host.shown("z1/s1/c1/ConnectorSetPointCurrent"), "32 Good");
    status.stop();
}

#[test]
fn a_new_station_makes_status_request_setup_and_appears_after_it() {
    let site = Site::set_up();
    let status = site.status();
    let added = site.controller.apply_event(&json!({ "kind": "add_station", "zone": 2 }));
    site.pass(Duration::from_secs(30));
    assert_eq!(site.host.requested_runs(), ["setup"]);
    // Status still runs.
    site.run(Setup, json!({})).ended_well();
    let connected = format!("z2/s{}/StationIsConnected", added["station"]);
    assert_eq!(site.host.shown(&connected), "true Good");
    status.stop();
}

#[test]
fn a_controller_with_an_unsupported_version_is_uncertain_and_never_written() {
    let site = Site::new(Options { api_version: Some("7.1".to_owned()), ..Options::default() });
    site.run(Setup, json!({})).ended_well();
    let status = site.status();
    assert_eq!(site.host.shown(POWER), "0.133 Uncertain");
    assert_eq!(site.host.shown("z1/ZoneName"), "Z1 Uncertain");
    assert!(site.host.problem("unsupported-version").unwrap().what.contains("7.1"));
    let write = site.host.write(&[(REDUCTION, PointValue::Double(25.0))])[0];
    assert_eq!(site.host.states(write), ["Rejected"]);
    assert!(site.controller.requests("PUT", "/").is_empty());
    status.stop();
}

#[test]
fn a_controller_with_an_unsupported_version_is_not_written_after_an_outage() {
    let site = Site::new(Options { api_version: Some("7.1".to_owned()), ..Options::default() });
    site.run(Setup, json!({})).ended_well();
    let status = site.status();
    site.controller.fault(&json!({ "kind": "500", "path": "/zones" }));
    site.pass(Duration::from_secs(15));
    site.controller.end_faults();
    let write = site.host.write(&[(REDUCTION, PointValue::Double(25.0))])[0];
    assert_eq!(site.host.states(write), ["Rejected"]);
    assert!(site.controller.requests("PUT", "/").is_empty());
    status.stop();
}

#[test]
fn a_reduction_is_not_renewed_after_an_update_to_an_unsupported_version() {
    let before = Site::set_up();
    let status = before.status();
    before.host.write(&[(REDUCTION, PointValue::Double(25.0))]);
    status.stop();
    let site = Site {
        controller: Controller::with_fixed_clock(Options {
            api_version: Some("7.1".to_owned()),
            ..Options::default()
        }),
        host: before.host,
    };
    let ours = json!({ "kind": "reduce", "zone": 1, "percent": 25.0, "description": "external-reduction@bmsApi-1-Z1" });
    site.controller.apply_event(&ours);
    let status = site.run(Status, json!({ "validity": "24 h" }));
    site.controller.advance("10h");
    site.pass(Duration::from_secs(15));
    assert_eq!(site.host.shown(REDUCTION), "25 Uncertain");
    assert!(site.controller.requests("PUT", "/").is_empty());
    status.stop();
}

#[test]
fn a_clock_that_is_set_neither_hastens_nor_delays_offline() {
    for set in [super::host::TestHost::set_ahead, super::host::TestHost::set_back] {
        let site = Site::set_up();
        let status = site.status();
        site.controller.fault(&json!({ "kind": "500", "path": "/zones" }));
        site.pass(Duration::from_secs(15));
        set(&site.host, Duration::from_hours(1));
        site.pass(Duration::from_secs(45));
        assert_eq!(site.host.shown(POWER), "0.133 Good");
        site.pass(Duration::from_secs(15));
        assert_eq!(site.host.shown(POWER), "0.133 Offline");
        status.stop();
    }
}

#[test]
fn a_clock_that_is_set_back_does_not_put_off_the_next_poll() {
    let site = Site::set_up();
    let status = site.status();
    site.host.set_back(Duration::from_hours(1));
    site.controller.apply_event(&json!({ "kind": "link_loss", "station": 1 }));
    site.host.advance(Duration::from_secs(15));
    assert_eq!(site.host.shown(POWER), "0.133 Offline");
    status.stop();
}

#[test]
fn the_first_response_after_an_outage_at_start_is_logged_once() {
    let site = Site::set_up();
    site.controller.fault(&json!({ "kind": "500", "path": "/zones" }));
    let status = site.status();
    site.controller.end_faults();
    site.pass(Duration::from_mins(1));
    assert_eq!(site.host.logged("the charge controller responds").len(), 1);
    status.stop();
}

#[test]
fn a_station_that_moves_to_another_zone_makes_status_request_setup() {
    let site = Site::set_up();
    let status = site.status();
    site.controller.apply_event(&json!({ "kind": "remove_station", "station": 1 }));
    // The id of the only station is free again.
    let added = site.controller.apply_event(&json!({ "kind": "add_station", "zone": 2 }));
    assert_eq!(added["station"], 1);
    site.pass(Duration::from_secs(15));
    assert_eq!(site.host.requested_runs(), ["setup"]);
    status.stop();
}

#[test]
fn setup_that_cannot_read_the_site_logs_out_and_raises_a_problem_with_a_remedy() {
    let site = Site::new(Options::default());
    site.controller.fault(&json!({ "kind": "html", "path": "/stations" }));
    let failure = site.run(Setup, json!({})).failure();
    assert!(failure.is_retryable, "{failure:?}");
    assert!(site.host.problem("not-understood").unwrap().remedy.contains("/api/v2"));
    assert_eq!(site.controller.requests("POST", "/logout").len(), 1);
}

#[test]
fn an_invalid_profile_file_is_named_with_its_remedy() {
    let site = Site::set_up();
    let mut connection = site.controller.connection();
    connection["profile"] = json!("/nowhere/own.toml");
    for failure in [
        site.host.run(Setup, json!({}), connection.clone()).failure(),
        site.host.run(Status, json!({}), connection.clone()).failure(),
    ] {
        assert!(!failure.is_retryable && failure.what.contains("/nowhere/own.toml"), "{failure:?}");
        assert!(failure.problem.as_ref().unwrap().remedy.contains("profile file"), "{failure:?}");
    }
}

#[test]
fn a_controller_that_rejects_each_token_gets_few_logins() {
    let site = Site::set_up();
    site.controller.fault(&json!({ "kind": "401", "path": "/zones" }));
    let status = site.status();
    site.pass(Duration::from_mins(4));
    // One of Setup, one at the start, one at once after the token was called ended, and then after 30, 60 and 120 s.
    assert_eq!(site.controller.requests("POST", "/login").len(), 6);
    assert_eq!(site.host.shown(POWER), "- Offline");
    assert_eq!(site.host.problems(), ["session-lost"]);
    status.stop();
}

#[test]
fn a_validity_that_ends_before_the_next_renewal_is_refused_with_the_settings() {
    let site = Site::set_up();
    let settings = json!({ "interval": "300 s", "validity": "2 min" });
    let failure = site.run(Status, settings).failure();
    assert!(failure.what.contains("before they are renewed"), "{failure:?}");
}

#[test]
fn an_energy_sum_does_not_fall_without_a_link_and_a_new_meter_is_logged() {
    const ENERGY: &str = "z1/ZoneActiveEnergy";
    let site = Site::new(Options::default());
    site.controller.apply_event(&json!({ "kind": "add_station", "zone": 1 }));
    site.run(Setup, json!({})).ended_well();
    let status = site.status();
    let before = site.host.shown(ENERGY);
    let kwh: f64 = before.strip_suffix(" Good").unwrap().parse().unwrap();
    assert!(kwh > 12.345, "{before}");
    site.controller.apply_event(&json!({ "kind": "link_loss", "station": 1 }));
    site.pass(Duration::from_secs(15));
    assert_eq!(site.host.shown(ENERGY), format!("{kwh} Uncertain"));
    site.controller.apply_event(&json!({ "kind": "link_back", "station": 1 }));
    site.controller.apply_event(&json!({ "kind": "swap_meter", "station": 1, "connector": 1 }));
    site.pass(Duration::from_secs(15));
    assert_eq!(site.host.shown(ENERGY), format!("{kwh} Uncertain"));
    site.pass(Duration::from_secs(15));
    assert_eq!(site.host.shown(ENERGY), before);
    let logged = site.host.logged("station 1, connector 1: the energy register fell from 12.345 to 0");
    assert_eq!(logged.len(), 1, "{logged:?}");
    status.stop();
}

#[test]
fn a_new_problem_replaces_the_previous_one() {
    let site = Site::set_up();
    let status = site.status();
    for (kind, code) in [("500", "unwell"), ("html", "not-understood")] {
        site.controller.fault(&json!({ "kind": kind, "path": "/stations" }));
        site.pass(Duration::from_secs(15));
        assert_eq!(site.host.problems(), [code]);
        site.controller.end_faults();
    }
    status.stop();
}
