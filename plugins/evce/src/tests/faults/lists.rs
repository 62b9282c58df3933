//! Lists that are empty, short or odd, stations that move or are removed, and connectors in trouble.

use std::time::Duration;

use evce_simulator::Options;
use serde_json::{Value, json};

use super::{POLL, Site, ZONE_ENERGY, ZONE_POWER};
use crate::logs::Logs;
use crate::setup::Setup;
use crate::status::Status;

const STATION_POWER: &str = "z1/s1/StationOverallActivePowerTotal";
const ENERGY_HISTORY: &str = "z1/ZoneActiveEnergy-Readings";

/// A site of five stations whose lists have a fault.
fn lists_with(fault: &Value) -> (Site, String) {
    let site = Site::with_stations(&["ac22", "ac22", "ac11", "ac7_mono"]);
    site.status().stop();
    let energy = site.host.shown(ZONE_ENERGY);
    assert!(energy.ends_with(" Good"), "{energy}");
    site.controller.fault(fault);
    (site, energy.replace(" Good", " Uncertain"))
}

#[test]
fn an_empty_short_or_renamed_list_keeps_the_last_values_as_uncertain() {
    for fault in [
        json!({ "kind": "empty_list", "path": "/stations", "method": "GET", "count": 4 }),
        json!({ "kind": "short_list", "path": "/stations", "keep": 2, "count": 4 }),
        json!({ "kind": "empty_list", "path": "/zones", "count": 4 }),
        json!({ "kind": "rename_field", "field": "connectors", "to": "outlets", "path": "/stations", "count": 4 }),
    ] {
        let site = Site::with_stations(&["ac22", "ac22", "ac11", "ac7_mono"]);
        let status = site.status();
        let good = site.host.shown(ZONE_ENERGY);
        let items = site.host.items();
        site.controller.fault(&fault);
        site.pass(POLL);
        assert_eq!(site.host.shown(ZONE_ENERGY), good.replace("Good", "Uncertain"), "{fault}");
        assert!(site.host.shown(ZONE_POWER).ends_with(" Uncertain"), "{fault}");
        let problem = site.host.problem("missing-objects").expect("the lists are doubted");
        assert!(problem.what.contains("of 5 ") || problem.what.contains("of 3 zones"), "{problem:?}");
        // Nothing vanishes.
        assert!(site.host.requested_runs().is_empty(), "{fault}");
        site.pass(POLL * 6);
        assert_eq!(site.host.shown(ZONE_ENERGY), good, "{fault}");
        assert_eq!(site.host.problems(), [""; 0], "{fault}");
        assert_eq!(site.host.items(), items, "{fault}");
        status.stop();
    }
}

#[test]
fn nothing_is_recorded_while_the_lists_are_short() {
    let site = Site::with_stations(&["ac22", "ac22", "ac11", "ac7_mono"]);
    let status = site.status();
    let logs = site.run(Logs, json!({ "interval": "1 min" }));
    site.pass(Duration::from_mins(2));
    let before = site.host.samples(ENERGY_HISTORY);
    site.controller.fault(&json!({ "kind": "empty_list", "path": "/stations", "for": "3m" }));
    site.pass(Duration::from_mins(3));
    assert_eq!(site.host.samples(ENERGY_HISTORY), before);
    // Nor after a restart, when Status has no values of its own.
    status.stop();
    site.controller.fault(&json!({ "kind": "empty_list", "path": "/stations", "for": "2m" }));
    let status = site.status();
    site.pass(Duration::from_mins(2));
    assert_eq!(site.host.samples(ENERGY_HISTORY), before);
    site.pass(Duration::from_mins(2));
    let after = site.host.samples(ENERGY_HISTORY);
    assert!(after.len() > before.len(), "{after:?}");
    assert!(after.iter().all(|(value, _)| *value == before[0].0), "{after:?}");
    logs.stop();
    status.stop();
}

#[test]
fn a_list_that_is_short_when_status_starts_changes_no_sum() {
    let (site, uncertain) =
        lists_with(&json!({ "kind": "short_list", "path": "/stations", "keep": 1, "for": "1m" }));
    let status = site.status();
    assert_eq!(site.host.shown(ZONE_ENERGY), uncertain);
    assert!(site.host.problem("missing-objects").is_some());
    site.pass(Duration::from_mins(2));
    assert_eq!(site.host.shown(ZONE_ENERGY), uncertain.replace("Uncertain", "Good"));
    assert_eq!(site.host.problems(), [""; 0]);
    status.stop();
}

#[test]
fn a_reduction_that_the_list_lacks_is_read_by_itself() {
    let site = Site::set_up();
    let status = site.run(Status, json!({ "reduction_owner": "controller" }));
    site.host.write(&[("z1/ZoneReduction", 25.0.into())]);
    let fault = json!({ "kind": "rename_field", "field": "externalReduction", "to": "limit" });
    site.controller.fault(&fault);
    site.pass(Duration::from_mins(20));
    assert_eq!(site.host.shown("z1/ZoneReduction"), "25 Good");
    assert_eq!(site.host.problems(), [""; 0]);
    site.controller.end_faults();
    site.controller.apply_event(&json!({ "kind": "reduce", "zone": 1 }));
    site.pass(POLL);
    assert_eq!(site.host.shown("z1/ZoneReduction"), "0 Good");
    assert_eq!(site.host.problems(), ["reduction-ended"]);
    status.stop();
}

#[test]
fn a_write_to_a_zone_that_a_short_list_lacks_waits_for_it() {
    let site = Site::with_stations(&["ac22"]);
    site.controller.fault(&json!({ "kind": "short_list", "path": "/zones", "keep": 1, "method": "GET" }));
    let status = site.status();
    let write = site.host.write(&[("z2/ZoneReduction", 20.0.into())])[0];
    site.host.advance(POLL);
    assert_eq!(site.host.states(write), [""; 0]);
    site.controller.end_faults();
    site.pass(POLL);
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    // In a later poll the zone is still known.
    site.controller.fault(&json!({ "kind": "short_list", "path": "/zones", "keep": 1, "count": 1 }));
    site.pass(POLL);
    let write = site.host.write(&[("z2/ZoneReduction", 30.0.into())])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    status.stop();
}

#[test]
fn setup_with_a_short_list_changes_nothing_and_fails_with_the_problem() {
    let (site, _) = lists_with(&json!({ "kind": "empty_list", "path": "/stations", "for": "5m" }));
    let items = site.host.items();
    let setup = site.run(Setup, json!({}));
    site.pass(POLL * 2);
    let failure = setup.failure();
    assert!(failure.is_retryable && failure.what.contains("lack 5 of 5 stations"), "{failure:?}");
    assert_eq!(site.host.items(), items);
    site.controller.end_faults();
    site.run(Setup, json!({})).ended_well();
    assert_eq!(site.host.problems(), [""; 0]);
}

#[test]
fn one_removed_station_is_confirmed_by_a_request_within_one_poll() {
    let site = Site::with_stations(&["ac22", "ac22"]);
    let status = site.status();
    site.controller.apply_event(&json!({ "kind": "remove_station", "station": 2 }));
    site.pass(POLL);
    assert!(site.host.shown("z1/s2/StationIsConnected").ends_with(" Error"));
    assert!(site.host.why("z1/s2/c1/ConnectorActiveEnergy").contains("no longer at source"));
    assert!(site.host.shown(ZONE_ENERGY).ends_with(" Good"));
    assert!(site.host.problem("removed-objects").unwrap().what.contains("station 2"));
    assert_eq!(site.host.requested_runs(), ["setup"]);
    let items = site.host.items();
    site.run(Setup, json!({})).ended_well();
    assert!(site.host.items() < items);
    status.stop();
}

#[test]
fn many_removed_stations_are_uncertain_until_the_next_two_polls_confirm_it() {
    let site = Site::with_stations(&["ac22", "ac22", "ac22"]);
    let status = site.status();
    for station in [2, 3, 4] {
        site.controller.apply_event(&json!({ "kind": "remove_station", "station": station }));
    }
    for _ in 0..2 {
        site.pass(POLL);
        assert!(site.host.shown("z1/s2/StationIsConnected").ends_with(" Uncertain"));
        assert!(site.host.shown(ZONE_ENERGY).ends_with(" Uncertain"));
    }
    site.pass(POLL);
    assert!(site.host.shown("z1/s2/StationIsConnected").ends_with(" Error"));
    assert_eq!(site.host.shown(ZONE_ENERGY), "12.345 Good");
    assert_eq!(site.host.problems(), ["removed-objects"]);
    assert_eq!(site.host.requested_runs(), ["setup"]);
    let setup = site.run(Setup, json!({}));
    site.pass(POLL * 2);
    setup.ended_well();
    assert_eq!(site.host.parent("z1/s2"), None);
    status.stop();
}

#[test]
fn ids_and_histories_follow_a_station_to_another_zone() {
    let site = Site::with_stations(&["ac22"]);
    let status = site.status();
    let items = site.host.items();
    site.controller.apply_event(&json!({ "kind": "move_station", "station": 1, "zone": 2 }));
    site.pass(POLL);
    // The values go on before Setup has moved the items.
    assert_eq!(site.host.shown(STATION_POWER), "0.133 Good");
    assert_eq!(site.host.shown("z2/ZoneOverallActivePowerTotal"), "0.133 Good");
    assert_eq!(site.host.requested_runs(), ["setup"]);
    assert_eq!(site.host.problems(), [""; 0]);

    site.run(Setup, json!({})).ended_well();
    assert_eq!(site.host.items(), items);
    assert_eq!(site.host.parent("z1/s1").as_deref(), Some("z2"));
    assert_eq!(
        site.host.parent("z1/s1/StationActiveEnergy-Readings").as_deref(),
        Some("z1/s1/OverallConsumptionLogs")
    );
    assert_eq!(site.host.logged("moved, with its ids: EVSimu1 from zone Z1 to zone Z2").len(), 1);
    assert_eq!(site.host.logged("1 station moved").len(), 1);
    site.pass(POLL);
    assert_eq!(site.host.shown(STATION_POWER), "0.133 Good");
    // The next run has nothing to report, and the way back is reported again.
    site.run(Setup, json!({})).ended_well();
    assert_eq!(site.host.logged("moved").len(), 2);
    site.controller.apply_event(&json!({ "kind": "move_station", "station": 1, "zone": 1 }));
    site.run(Setup, json!({})).ended_well();
    assert_eq!(site.host.logged("moved, with its ids: EVSimu1 from zone Z2 to zone Z1").len(), 1);
    assert_eq!(site.host.parent("z1/s1").as_deref(), Some("z1"));
    status.stop();
}

#[test]
fn a_lost_link_and_a_faulted_connector_are_problems_within_one_poll() {
    let site = Site::set_up();
    let status = site.status();
    site.controller
        .apply_event(&json!({ "kind": "fault", "station": 1, "connector": 1, "error_code": "OverVoltage" }));
    site.pass(POLL);
    assert_eq!(site.host.shown("z1/s1/c1/ConnectorState_Faulted"), "true Good");
    let problem = site.host.problem("connector-faulted").unwrap();
    assert_eq!(problem.what, "EVSimu1, connector 1 (OverVoltage) is faulted");
    site.controller.apply_event(&json!({ "kind": "clear_fault", "station": 1, "connector": 1 }));
    site.pass(POLL);
    site.controller.apply_event(&json!({ "kind": "link_loss", "station": 1 }));
    site.pass(POLL);
    assert_eq!(site.host.shown("z1/s1/StationStatus"), "available Offline");
    assert_eq!(site.host.shown("z1/s1/StationIsConnected"), "false Good");
    assert_eq!(site.host.problems(), ["station-offline"]);
    site.controller.apply_event(&json!({ "kind": "link_back", "station": 1 }));
    site.pass(POLL);
    assert_eq!(site.host.shown("z1/s1/StationStatus"), "available Good");
    assert_eq!(site.host.problems(), [""; 0]);
    status.stop();
}

#[test]
fn html_and_truncated_json_with_status_200_are_named_in_the_problem() {
    for (kind, words) in [("html", "web page"), ("truncated_json", "ends in the middle")] {
        let site = Site::set_up();
        let status = site.status();
        site.controller.fault(&json!({ "kind": kind, "path": "/stations" }));
        site.pass(POLL);
        let problem = site.host.problem("not-understood").unwrap();
        assert!(problem.what.contains(words) && problem.what.contains("stations"), "{problem:?}");
        site.controller.end_faults();
        site.pass(POLL);
        assert_eq!(site.host.problems(), [""; 0]);
        status.stop();
    }
}

#[test]
fn a_site_whose_only_station_is_removed_needs_three_polls() {
    let site = Site::new(Options::default());
    site.run(Setup, json!({})).ended_well();
    let status = site.status();
    site.controller.apply_event(&json!({ "kind": "remove_station", "station": 1 }));
    site.pass(POLL * 2);
    assert_eq!(site.host.shown(ZONE_POWER), "0.133 Uncertain");
    site.pass(POLL);
    assert_eq!(site.host.shown(ZONE_POWER), "0 Good");
    status.stop();
}
