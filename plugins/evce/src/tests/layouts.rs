//! The settings of Setup: tables of names, and points beyond those of the incumbent.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use evce_simulator::Options;
use riser_plugin::PointValue;
use riser_plugin::abi::messages::{ItemMessage, NodeMessage};
use serde_json::{Value, json};

use super::Site;
use super::host::Running;
use crate::logs::Logs;
use crate::setup::Setup;

/// Returns site F1 after Setup with these settings.
fn set_up(settings: Value) -> Site {
    let site = Site::new(Options::default());
    site.run(Setup, settings).ended_well();
    site
}

fn names(site: &Site) -> BTreeMap<String, String> {
    site.host.tree().into_iter().map(|item| (item.id, item.name)).collect()
}

fn item(site: &Site, id: &str) -> Option<ItemMessage> {
    site.host.tree().into_iter().find(|item| item.id == id)
}

fn is_writable(site: &Site, id: &str) -> bool {
    matches!(item(site, id).unwrap().node, NodeMessage::Value { writes_handled_by: Some(_), .. })
}

/// Runs Status for two polls.
fn two_polls(site: &Site) -> Running {
    let status = site.status();
    site.pass(Duration::from_secs(15));
    status
}

#[test]
fn the_tables_of_names_differ_in_names_alone() {
    let incumbent = names(&set_up(json!({})));
    let clean = names(&set_up(json!({ "names": "clean" })));
    assert_eq!(incumbent.keys().collect::<Vec<_>>(), clean.keys().collect::<Vec<_>>(), "ids stay");
    let renamed: BTreeSet<(&str, &str)> = incumbent
        .iter()
        .map(|(id, name)| (name.as_str(), clean[id].as_str()))
        .filter(|(name, clean)| name != clean && !name.ends_with("-Readings"))
        .collect();
    let expected = BTreeSet::from([
        ("ConnectorMaxCurrentorPower", "ConnectorMaxCurrentOrPower"),
        ("ConnectorOverallActivePower1", "ConnectorOverallActivePowerPhase1"),
        ("ConnectorOverallActivePower2", "ConnectorOverallActivePowerPhase2"),
        ("ConnectorOverallActivePower3", "ConnectorOverallActivePowerPhase3"),
        ("IsAcceptedByCpo", "StationIsAcceptedByCpo"),
        ("LogicalConnector", "ConnectorNumber"),
        ("SiteSetPointPower(kW)", "SiteSetPointPower"),
        ("StationOverallRmsCurrentAverage", "StationOverallRmsCurrentSumOfAverages"),
        ("ZoneMaxCurrent(A)", "ZoneMaxCurrent"),
        ("ZoneOverallRmsCurrentAverage", "ZoneOverallRmsCurrentSumOfAverages"),
        ("ZoneReductionType(Percentage)", "ZoneReductionType"),
        ("ZoneSetPointCurrent(A)", "ZoneSetPointCurrent"),
        ("ZoneSetPointPower(kW)", "ZoneSetPointPower"),
        ("ZoneValidityMode(Absolute)", "ZoneValidityMode"),
    ]);
    assert_eq!(renamed, expected);
    let of_history = &clean["z1/ZoneOverallRmsCurrentAverage-Readings"];
    assert_eq!(of_history, "ZoneOverallRmsCurrentSumOfAverages-Readings");
    // No two items of a container have the same name.
    let site = set_up(json!({ "names": "clean", "connector_status": true, "reduction_details": true,
        "parts_missing": true, "more_histories": true }));
    let mut seen = BTreeSet::new();
    for item in site.host.tree() {
        assert!(seen.insert((item.parent.clone(), item.name.clone())), "{item:?}");
    }
}

#[test]
fn another_table_of_names_keeps_values_writes_and_histories() {
    let site = set_up(json!({}));
    let status = two_polls(&site);
    site.run(Setup, json!({ "names": "clean", "connector_containers": "EVSE-" })).ended_well();
    site.pass(Duration::from_secs(15));
    assert_eq!(names(&site)["z1/s1/c1"], "EVSE-1");
    assert_eq!(site.host.shown("z1/s1/c1/ConnectorOverallActivePower1"), "0.133 Good");
    let write = site.host.write(&[("z1/ZoneReduction", PointValue::Double(25.0))])[0];
    assert_eq!(site.host.states(write), ["Sent", "Confirmed"]);
    status.stop();
}

#[test]
fn more_points_exist_only_where_they_are_wanted_and_can_come_and_go() {
    let more = [
        "z1/s1/c1/ConnectorStatus",
        "z1/s1/c1/ConnectorStatusAge",
        "z1/ZoneReductionActive",
        "z1/ZoneReduction_Actual",
        "z1/ZoneReductionRemark",
        "zones/SiteOverallActivePowerTotal_PartsMissing",
        "z1/ZoneOverallActivePowerTotal_PartsMissing",
        "z1/s1/StationOverallActivePowerTotal_PartsMissing",
        "zones/SiteOverallActivePowerTotal-Readings",
        "zones/SiteSetPointPower(kW)-Readings",
        "z1/ZoneReduction-Readings",
        "z1/ZoneSetPointCurrent(A)-Readings",
        "z1/ZoneSetPointPower(kW)-Readings",
    ];
    let site = set_up(json!({}));
    let status = two_polls(&site);
    let usual = site.host.items();
    assert!(more.iter().all(|id| item(&site, id).is_none()));
    let wanted = json!({ "connector_status": true, "reduction_details": true, "parts_missing": true,
        "more_histories": true });
    site.run(Setup, wanted).ended_well();
    for id in more {
        assert!(item(&site, id).is_some(), "{id}");
    }
    site.pass(Duration::from_secs(15));
    let logs = site.run(Logs, json!({}));
    let shown = |id: &str| site.host.shown(id);
    assert_eq!(shown("z1/s1/c1/ConnectorStatus"), "available Good");
    assert_eq!(shown("z1/ZoneReductionActive"), "true Good");
    assert_eq!(shown("z2/ZoneReductionActive"), "false Good");
    assert_eq!(shown("z1/ZoneReduction_Actual"), "10 Good");
    assert!(shown("z1/ZoneReductionRemark").starts_with("found at the controller"));
    assert_eq!(shown("zones/SiteOverallActivePowerTotal_PartsMissing"), "0 Good");
    assert_eq!(site.host.samples("z1/ZoneReduction-Readings").len(), 1);
    logs.stop();
    site.run(Setup, json!({})).ended_well();
    assert_eq!(site.host.items(), usual);
    site.pass(Duration::from_secs(30));
    assert_eq!(site.host.requested_runs(), [""; 0], "Status is content with both");
    status.stop();
}

#[test]
fn parts_of_a_sum_that_are_unknown_are_counted() {
    let site = set_up(json!({ "parts_missing": true }));
    site.controller.apply_event(&json!({ "kind": "link_loss", "station": 1 }));
    let status = two_polls(&site);
    assert_eq!(site.host.shown("z1/ZoneOverallActivePowerTotal_PartsMissing"), "1 Good");
    assert_eq!(site.host.shown("z2/ZoneOverallActivePowerTotal_PartsMissing"), "0 Good");
    assert_eq!(site.host.shown("zones/SiteOverallActivePowerTotal_PartsMissing"), "1 Good");
    status.stop();
}

#[test]
fn the_age_of_a_status_counts_minutes_since_its_change() {
    let site = set_up(json!({ "connector_status": true }));
    let status = site.status();
    let age = "z1/s1/c1/ConnectorStatusAge";
    site.pass(Duration::from_mins(3));
    assert_eq!(site.host.shown(age), "2 Good", "since the first poll that knew the point");
    site.controller.apply_event(&json!({ "kind": "fault", "station": 1, "connector": 1 }));
    site.pass(Duration::from_secs(15));
    assert_eq!(
        (site.host.shown(age).as_str(), site.host.shown("z1/s1/c1/ConnectorStatus").as_str()),
        ("0 Good", "faulted Good")
    );
    status.stop();
}

#[test]
fn the_points_for_writing_an_availability_can_be_chosen() {
    let (availability, state) = ("z1/s1/c1/ConnectorAvailability", "z1/s1/c1/ConnectorState_Available");
    for (setting, expected) in [
        ("both", [true, true]),
        ("ConnectorAvailability", [true, false]),
        ("ConnectorState_Available", [false, true]),
    ] {
        let site = set_up(json!({ "availability_write_points": setting }));
        assert_eq!([availability, state].map(|id| is_writable(&site, id)), expected, "{setting}");
    }
}

#[test]
fn every_point_says_its_source() {
    let site = set_up(json!({ "connector_status": true, "reduction_details": true, "parts_missing": true,
        "more_histories": true }));
    let sources = [
        "Sent by the controller",
        "Calculated by Riser",
        "Counted by Riser",
        "From the controller's",
        "By Riser",
        "by Riser",
    ];
    for item in site.host.tree() {
        if !matches!(item.node, NodeMessage::Container { .. }) {
            assert!(sources.iter().any(|source| item.description.contains(source)), "{item:?}");
        }
    }
}

#[test]
fn by_default_a_site_has_the_points_of_the_incumbent_and_the_two_that_it_lacks() {
    let site = set_up(json!({}));
    let tree = site.host.tree();
    let count = |container: &str, is_history: bool| {
        let of_kind = |item: &&ItemMessage| match item.node {
            NodeMessage::Container { .. } => false,
            NodeMessage::Value { .. } => !is_history,
            NodeMessage::History { .. } => is_history,
        };
        let here = tree.iter().filter(|item| item.parent.as_deref() == Some(container));
        here.filter(of_kind).count()
    };
    let values = ["zones", "z1", "z1/s1", "z1/s1/c1"].map(|container| count(container, false));
    assert_eq!(values, [5, 24, 25, 26]);
    let logs = ["z1/OverallConsumptionLogs", "z1/s1/OverallConsumptionLogs"];
    assert_eq!(logs.map(|container| count(container, true)), [9, 9]);
}
