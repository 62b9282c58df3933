//! Site F1 is the guide's, value for value, and stays so.

use evce_simulator::{Options, Speed};
use serde_json::json;

use crate::client::Site;

#[tokio::test]
async fn zones_are_those_of_the_guides_screen() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    let zones = site.get(&token, "/zones").await.body;
    assert_eq!(
        zones[0],
        json!({
            "id": 1, "name": "Z1", "type": "static", "maxCurrent": 100, "numberOfStations": 1,
            "numberOfTransactions": 0, "setPoint": {"current": 100, "power": 39},
            "externalReduction": {
                "type": "percentage", "value": 10.0, "validityMode": "absolute",
                "validity": "2149-12-16T08:27:56Z", "description": "external-reduction@bmsApi-1-Z1"
            }
        })
    );
    let others: Vec<_> =
        [1, 2].map(|index| (zones[index]["name"].clone(), zones[index]["setPoint"].clone())).into();
    assert_eq!(
        json!(others),
        json!([["Z2", {"current": 63, "power": 25}], ["Z3", {"current": 32, "power": 12}]])
    );
    assert_eq!(site.get(&token, "/zones/1").await.body, zones[0]);
}

#[tokio::test]
async fn the_station_is_that_of_the_guides_screen() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    let stations = site.get(&token, "/stations").await.body;
    assert_eq!(
        stations,
        json!([{
            "id": 1, "zoneId": 1, "type": "ocpp1.6", "ocppIdentifier": "EVSimu1", "friendlyName": "EVSimu1",
            "serialNumber": "EVSimu1", "model": "Open OCPP Simulated", "version": "1.1.0",
            "ipAddress": "192.168.0.194", "cpoUrl": "", "isAcceptedByCpo": false, "isConnected": true,
            "status": "available", "authenticationMode": "allow_all",
            "disconnectedAuthenticationMode": "allow_all",
            "connectors": [{
                "id": 1, "logicalConnector": 1, "isDC": false, "isFixedSetPoint": false,
                "maxCurrentOrPower": 32, "phaseConnection": "mono1", "status": "available",
                "errorCode": "NoError", "availability": "operative", "setPoint": {"current": 32, "power": 7},
                "measures": {
                    "timestamp": "2025-02-12T09:30:15Z", "activeEnergy": 12345,
                    "activePower": {"phase1": 133, "phase2": 0, "phase3": 0},
                    "rmsCurrent": {"phase1": 0.58, "phase2": 0.0, "phase3": 0.0}
                }
            }]
        }])
    );
    assert_eq!(site.get(&token, "/stations/1/connectors/1").await.body, stations[0]["connectors"][0]);
}

#[tokio::test]
async fn no_value_moves_in_a_week() {
    let site = Site::with_fixed_clock(Options { speed: Speed::PAUSED, ..Options::default() });
    let token = site.token().await;
    let before = site.get(&token, "/stations").await.body;
    site.advance("7d").await;
    let token = site.token().await;
    let mut after = site.get(&token, "/stations").await.body;
    assert_eq!(after[0]["connectors"][0]["measures"]["timestamp"], "2025-02-19T09:30:15Z");
    after[0]["connectors"][0]["measures"]["timestamp"] = "2025-02-12T09:30:15Z".into();
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_missing_object_is_404_with_its_kind() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    for (path, code) in [
        ("/zones/9", "ZONE_NOT_FOUND"),
        ("/zones/Z1", "ZONE_NOT_FOUND"),
        ("/stations/9", "STATION_NOT_FOUND"),
        ("/stations/1/connectors/2", "CONNECTOR_NOT_FOUND"),
        ("/zones/2/external-reduction", "REDUCTION_NOT_FOUND"),
        ("/tariffs", "NOT_FOUND"),
    ] {
        let response = site.get(&token, path).await;
        assert_eq!((response.status, response.code()), (404, code), "{path}");
    }
    let wrong_method = site.delete(&token, "/zones").await;
    assert_eq!((wrong_method.status, wrong_method.code()), (405, "METHOD_NOT_ALLOWED"));
}

#[tokio::test]
async fn lists_can_be_read_in_parts() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    let part = site.get(&token, "/zones?offset=1&limit=1").await.body;
    assert_eq!((part.as_array().unwrap().len(), &part[0]["name"]), (1, &json!("Z2")));
    assert_eq!(site.get(&token, "/stations?zoneId=2").await.body, json!([]));
    assert_eq!(site.get(&token, "/zones?limit=many").await.status, 400);
}
