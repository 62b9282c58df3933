//! Numbers that overflow, phases that are not sent, unknown words, and wrong units.

use serde_json::json;

use super::{POLL, Site, ZONE_POWER};
use crate::setup::Setup;

const POWER: &str = "z1/s1/c1/ConnectorOverallActivePowerTotal";
const AVERAGE: &str = "z1/s1/c1/ConnectorOverallRmsCurrentAverage";

#[test]
fn one_number_that_overflows_is_one_point_in_error() {
    for raw in ["1e999", "-1e999", "NaN", "\"Infinity\"", "1e300", "\"12,5\""] {
        let site = Site::with_stations(&["ac22"]);
        let status = site.status();
        let fault = json!({ "kind": "set_field", "field": "activePower/phase1", "raw": raw, "station": 1,
            "path": "/stations" });
        site.controller.fault(&fault);
        site.pass(POLL);
        let point = "z1/s1/c1/ConnectorOverallActivePower1";
        assert_eq!(site.host.shown(point), "0.133 Error", "{raw}");
        assert!(site.host.why(point).contains("power phase1"), "{}", site.host.why(point));
        assert!(site.host.shown(ZONE_POWER).ends_with(" Uncertain"), "{raw}");
        assert_eq!(site.host.shown("z1/s1/c1/ConnectorOverallRmsCurrentPhase1"), "0.58 Good", "{raw}");
        assert!(site.host.shown("z1/s2/StationOverallActivePowerTotal").ends_with(" Good"), "{raw}");
        assert_eq!(site.host.problems(), ["bad-numbers"], "{raw}");
        site.controller.end_faults();
        site.pass(POLL);
        assert_eq!((site.host.shown(point).as_str(), site.host.problems().len()), ("0.133 Good", 0), "{raw}");
        status.stop();
    }
}

#[test]
fn numbers_whose_sum_overflows_end_no_run() {
    let site = Site::with_stations(&["ac22"]);
    let status = site.status();
    for field in ["setPoint/current", "setPoint/power"] {
        site.controller.fault(&json!({ "kind": "set_field", "field": field, "raw": "1.7e308" }));
    }
    site.pass(POLL);
    assert!(site.host.shown("zones/SiteSetPointPower(kW)").ends_with(" Error"));
    assert!(site.host.shown(ZONE_POWER).ends_with(" Good"));
    status.stop();
}

#[test]
fn a_mono_phase_connector_that_sends_phase_1_only_has_its_total() {
    let site = Site::set_up();
    let status = site.status();
    for phase in ["phase2", "phase3"] {
        site.controller.fault(&json!({ "kind": "remove_field", "field": phase, "path": "/stations" }));
    }
    site.pass(POLL);
    for point in
        [POWER, "z1/s1/StationOverallActivePowerTotal", ZONE_POWER, "zones/SiteOverallActivePowerTotal"]
    {
        assert_eq!(site.host.shown(point), "0.133 Good", "{point}");
    }
    assert_eq!(site.host.shown("z1/s1/c1/ConnectorOverallActivePower2"), "0 Good");
    assert_eq!(site.host.shown("z1/ZoneOverallRmsCurrentPhase2"), "0 Good");
    assert_eq!(site.host.shown(AVERAGE), "0.58 Good");
    assert_eq!(site.host.problems(), [""; 0]);
    status.stop();
}

#[test]
fn the_only_value_of_a_connector_on_phase_2_is_its_total_whatever_its_name() {
    let site = Site::set_up();
    let status = site.status();
    site.controller.fault(&json!({ "kind": "set_field", "field": "phaseConnection", "raw": "\"mono2\"" }));
    for phase in ["phase2", "phase3"] {
        site.controller.fault(&json!({ "kind": "remove_field", "field": phase, "path": "/stations" }));
    }
    site.pass(POLL);
    assert_eq!(
        (site.host.shown(POWER).as_str(), site.host.shown(AVERAGE).as_str()),
        ("0.133 Good", "0.58 Good")
    );
    assert_eq!(site.host.shown(ZONE_POWER), "0.133 Good");
    assert!(site.host.shown("z1/s1/c1/ConnectorOverallActivePower2").ends_with(" Error"));
    status.stop();
}

#[test]
fn a_three_phase_connector_without_a_phase_is_not_summed_up_as_if_it_had_none() {
    let site = Site::with_stations(&["ac22"]);
    let status = site.status();
    site.controller.fault(&json!({ "kind": "remove_field", "field": "phase3", "station": 2 }));
    site.pass(POLL);
    assert!(site.host.shown("z1/s2/c1/ConnectorOverallActivePowerTotal").ends_with(" Error"));
    assert!(site.host.shown(ZONE_POWER).ends_with(" Uncertain"));
    status.stop();
}

#[test]
fn a_dc_connector_without_phases_has_its_own_total() {
    let site = Site::with_stations(&["dc50"]);
    let status = site.status();
    site.controller.fault(
        &json!({ "kind": "set_field", "field": "measures/activePower", "raw": "48000", "station": 2 }),
    );
    site.controller.fault(&json!({ "kind": "remove_field", "field": "measures/rmsCurrent", "station": 2 }));
    site.pass(POLL);
    assert_eq!(site.host.shown("z1/s2/c1/ConnectorOverallActivePowerTotal"), "48 Good");
    assert_eq!(site.host.shown("z1/s2/StationOverallActivePowerTotal"), "48 Good");
    assert_eq!(site.host.shown(ZONE_POWER), "48.133 Good");
    assert!(site.host.shown("z1/s2/c1/ConnectorOverallActivePower1").ends_with(" Offline"));
    status.stop();
}

#[test]
fn an_unknown_status_is_an_error_with_the_word_and_never_false() {
    let site = Site::set_up();
    let status = site.status();
    site.controller
        .fault(&json!({ "kind": "set_field", "field": "connectors/status", "raw": "\"occupied\"" }));
    site.pass(POLL);
    for state in ["Available", "Charging", "Faulted", "SuspendedEVSE", "Unavailable"] {
        let point = format!("z1/s1/c1/ConnectorState_{state}");
        assert!(site.host.shown(&point).ends_with(" Error"), "{state}");
        assert!(site.host.why(&point).contains("\"occupied\""), "{}", site.host.why(&point));
    }
    let problem = site.host.problem("unknown-words").unwrap();
    assert!(problem.what.contains("status \"occupied\" (1 time)"), "{problem:?}");
    assert!(problem.remedy.contains("[connector]"));
    site.controller.end_faults();
    site.pass(POLL);
    assert_eq!(site.host.shown("z1/s1/c1/ConnectorState_Available"), "true Good");
    assert_eq!(site.host.problems(), [""; 0]);
    status.stop();
}

#[test]
fn an_unknown_word_for_yes_or_no_is_an_error_with_the_word() {
    let site = Site::set_up();
    let status = site.status();
    for field in ["isConnected", "isDC"] {
        let fault = json!({ "kind": "set_field", "field": field, "raw": "\"perhaps\"", "path": "/stations" });
        site.controller.fault(&fault);
    }
    site.pass(POLL);
    assert_eq!(site.host.shown("z1/s1/StationIsConnected"), "true Error");
    assert!(site.host.why("z1/s1/StationIsConnected").contains("\"perhaps\""));
    let what = site.host.problem("unknown-words").unwrap().what;
    assert!(what.contains("is dc \"perhaps\"") && what.contains("is connected \"perhaps\""), "{what}");
    status.stop();
}

#[test]
fn an_unknown_phase_connection_leaves_the_average_in_error_and_the_total_good() {
    let site = Site::set_up();
    let status = site.status();
    site.controller.fault(&json!({ "kind": "set_field", "field": "phaseConnection", "raw": "\"split\"" }));
    site.pass(POLL);
    assert_eq!(site.host.shown(AVERAGE), "0.58 Error");
    assert!(site.host.why(AVERAGE).contains("\"split\""), "{}", site.host.why(AVERAGE));
    assert_eq!(site.host.shown(POWER), "0.133 Good");
    assert!(site.host.problem("unknown-words").unwrap().what.contains("phase connection \"split\""));
    status.stop();
}

#[test]
fn setup_finds_a_wrong_unit_of_power_before_anybody_uses_it() {
    let site = Site::set_up();
    site.controller.apply_event(&json!({ "kind": "plug_in", "station": 1, "connector": 1 }));
    site.controller.advance("2m");
    site.run(Setup, json!({})).ended_well();
    assert_eq!(site.host.problems(), [""; 0]);
    // The controller sends kW where the profile expects W.
    site.controller.fault(&json!({ "kind": "set_field", "field": "activePower/phase1", "raw": "7.2" }));
    site.run(Setup, json!({})).ended_well();
    let problem = site.host.problem("units").unwrap();
    assert!(
        problem.what.contains("1 of 1 charging connector") && problem.remedy.contains("per_unit"),
        "{problem:?}"
    );
    site.controller.end_faults();
    site.run(Setup, json!({})).ended_well();
    assert_eq!(site.host.problems(), [""; 0]);
}
