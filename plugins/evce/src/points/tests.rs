//! From the responses of a controller to the values of points.

use serde_json::{Value, json};

use super::row::{Row, Shown};
use super::sums::Sums;
use super::{connector, site, station, zone};
use crate::model::Site;
use crate::wire::{Profile, SiteDocuments};

/// Returns a site of one zone with these stations.
fn site_of(stations: &Value) -> Site {
    let zones = json!([{ "id": 1, "name": "Z1" }]);
    let (zones, stations) = (zones.to_string(), stations.to_string());
    let documents = SiteDocuments::of_lists(zones.as_bytes(), stations.as_bytes());
    Profile::built_in().decode_site(&documents).unwrap().0
}

/// Returns a station with these connectors; `measures` is power in W, current in A, energy in Wh.
fn station(id: u32, is_connected: bool, connectors: &[Value]) -> Value {
    json!({ "id": id, "zoneId": 1, "isConnected": is_connected, "connectors": connectors })
}

fn connector(number: u32, phases: &str, current_a: [f64; 3]) -> Value {
    let [one, two, three] = current_a;
    json!({
        "logicalConnector": number, "isDC": false, "phaseConnection": phases, "status": "charging",
        "setPoint": { "current": 16, "power": 11 },
        "measures": { "activeEnergy": 1000, "activePower": { "phase1": 1000, "phase2": 500, "phase3": 0 },
                      "rmsCurrent": { "phase1": one, "phase2": two, "phase3": three } },
    })
}

fn shown<T>(rows: &[Row<T>], name: &str, object: &T, sums: &Sums) -> Shown {
    (rows.iter().find(|row| row.name == name).unwrap().show)(object, sums)
}

fn of_connector(name: &str, sent: Value) -> Shown {
    let site = site_of(&json!([station(1, true, &[sent])]));
    shown(connector::ROWS, name, &site.zones[0].stations[0].connectors[0], &Sums::default())
}

fn of_station(name: &str, sent: &Value) -> Shown {
    let site = site_of(&json!([sent]));
    let station = &site.zones[0].stations[0];
    shown(station::ROWS, name, station, &Sums::of_station(station))
}

fn of_zone(name: &str, stations: &Value) -> Shown {
    let site = site_of(stations);
    let zone = &site.zones[0];
    let sums: Vec<Sums> = zone.stations.iter().map(Sums::of_station).collect();
    shown(zone::ROWS, name, zone, &Sums::over(&sums))
}

fn good(number: f64) -> Shown {
    Shown::Good(number.into())
}

#[test]
fn the_average_is_taken_over_the_phases_that_are_connected() {
    let average = |phases: &str| {
        of_connector("ConnectorOverallRmsCurrentAverage", connector(1, phases, [3.0, 6.0, 12.0]))
    };
    for (phases, expected) in [("mono1", 3.0), ("mono2", 6.0), ("Mono3", 12.0), ("mono", 3.0)] {
        assert_eq!(average(phases), good(expected), "{phases}");
    }
    for phases in ["tri", "Tri-Phase", ""] {
        assert_eq!(average(phases), good(7.0), "{phases}");
    }
    assert_eq!(average("four"), Shown::Missing);
}

#[test]
fn a_dc_connector_shows_only_values_that_the_controller_sends() {
    let mut sent = connector(1, "tri", [3.0, 6.0, 12.0]);
    sent["isDC"] = json!(true);
    assert_eq!(of_connector("ConnectorOverallRmsCurrentAverage", sent.clone()), good(7.0));
    sent["measures"] = json!({ "activeEnergy": 1000 });
    sent["setPoint"] = json!({ "power": 50 });
    for name in
        ["ConnectorOverallRmsCurrentPhase1", "ConnectorOverallRmsCurrentAverage", "ConnectorSetPointCurrent"]
    {
        assert!(matches!(of_connector(name, sent.clone()), Shown::Offline(_)), "{name}");
    }
    assert_eq!(of_connector("ConnectorSetPointPower", sent.clone()), good(50.0));
    // Kilowatts are not added to amperes.
    let both = station(1, true, &[sent, connector(2, "tri", [0.0; 3])]);
    assert_eq!(of_station("StationOverallSetPointCurrent", &both), good(16.0));
}

#[test]
fn an_absent_field_is_missing_and_an_empty_text_is_a_text() {
    let bare = || json!({ "logicalConnector": 1 });
    for name in
        ["ConnectorPhaseConnection", "ConnectorIsDC", "ConnectorState_Charging", "ConnectorAvailability"]
    {
        assert_eq!(of_connector(name, bare()), Shown::Missing, "{name}");
    }
    let sent = json!({ "id": 1, "zoneId": 1, "cpoUrl": "", "serialNumber": null, "status": 7 });
    assert_eq!(of_station("StationCpoUrl", &sent), Shown::Good("".into()));
    for name in ["StationSerialNumber", "StationModel", "IsAcceptedByCpo", "StationIsConnected"] {
        assert_eq!(of_station(name, &sent), Shown::Missing, "{name}");
    }
}

#[test]
fn a_sum_knows_whether_all_some_or_none_of_its_parts_are_known() {
    let name = "ZoneOverallRmsCurrentPhase1";
    let known = station(1, true, &[connector(1, "tri", [5.0; 3]), connector(2, "tri", [7.0; 3])]);
    let cut_off = station(2, false, &[connector(1, "tri", [9.0; 3])]);
    assert_eq!(of_zone(name, &json!([known])), good(12.0));
    assert_eq!(of_zone(name, &json!([known, cut_off])), Shown::Partly(12.0));
    assert!(matches!(of_zone(name, &json!([cut_off])), Shown::Offline(_)));
    assert_eq!(of_zone(name, &json!([])), good(0.0));
}

#[test]
fn station_and_site_sums_follow_the_guide() {
    let two = || station(1, true, &[connector(1, "mono2", [3.0, 6.0, 12.0]), connector(2, "tri", [3.0; 3])]);
    let sums = [
        ("StationOverallRmsCurrentPhase2", 9.0),
        ("StationOverallActivePowerPhase1", 2.0),
        ("StationOverallActivePowerTotal", 3.0),
        ("StationOverallRmsCurrentAverage", 9.0),
        ("StationOverallSetPointCurrent", 32.0),
        ("StationActiveEnergy", 2.0),
    ];
    for (name, expected) in sums {
        assert_eq!(of_station(name, &two()), good(expected), "{name}");
    }
    let site = site_of(&json!([two()]));
    let of_site = |name: &str| shown(site::ROWS, name, &site, &Sums::default());
    assert_eq!(of_site("SiteNumberOfConnectors"), Shown::Good(2.into()));
    assert!(matches!(of_site("SiteSetPointPower(kW)"), Shown::Offline(_)), "the zone gives none");
}
