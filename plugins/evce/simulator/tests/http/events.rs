use evce_simulator::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Site;

async fn connector(site: &Site, token: &str) -> Value {
    site.get(token, "/stations/1/connectors/1").await.body
}

#[tokio::test]
async fn a_car_that_is_plugged_in_charges_until_it_is_unplugged() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/event", json!({ "kind": "plug_in", "station": 1, "connector": 1 })).await;
    assert_eq!(connector(&site, &token).await["status"], "preparing");
    site.advance("2m").await;
    let charging = connector(&site, &token).await;
    assert_eq!(charging["status"], "charging");
    assert!(charging["measures"]["activePower"]["phase1"].as_u64().unwrap() > 1_000, "{charging}");
    assert_eq!(site.get(&token, "/zones/1").await.body["numberOfTransactions"], 1);

    site.post("/_sim/event", json!({ "kind": "unplug", "station": 1, "connector": 1 })).await;
    let idle = connector(&site, &token).await;
    assert_eq!((&idle["status"], &idle["setPoint"]["current"]), (&json!("available"), &json!(32)));
    let energy = |connector: &Value| connector["measures"]["activeEnergy"].as_u64().unwrap();
    assert!(energy(&idle) >= energy(&charging) && energy(&charging) > 12_345);
    let again = json!({ "kind": "unplug", "station": 1, "connector": 1 });
    assert_eq!(site.control(Method::POST, "/_sim/event", Some(again)).await.status, 409);
}

#[tokio::test]
async fn without_a_link_the_values_freeze_and_jump_when_it_is_back() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/event", json!({ "kind": "plug_in", "station": 1, "connector": 1 })).await;
    site.advance("2m").await;
    site.post("/_sim/event", json!({ "kind": "link_loss", "station": 1 })).await;
    let lost = connector(&site, &token).await;
    site.advance("10m").await;
    assert_eq!(connector(&site, &token).await, lost);
    assert_eq!(site.get(&token, "/stations/1").await.body["isConnected"], false);

    site.post("/_sim/event", json!({ "kind": "link_back", "station": 1 })).await;
    let back = connector(&site, &token).await;
    let energy = |connector: &Value| connector["measures"]["activeEnergy"].as_u64().unwrap();
    assert!(energy(&back) > energy(&lost));
}

#[tokio::test]
async fn a_fault_is_shown_with_its_code_until_it_is_cleared() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    let fault = json!({ "kind": "fault", "station": 1, "connector": 1, "error_code": "OverVoltage" });
    site.post("/_sim/event", fault).await;
    let faulted = connector(&site, &token).await;
    assert_eq!((&faulted["status"], &faulted["errorCode"]), (&json!("faulted"), &json!("OverVoltage")));
    site.post("/_sim/event", json!({ "kind": "clear_fault", "station": 1, "connector": 1 })).await;
    let cleared = connector(&site, &token).await;
    assert_eq!((&cleared["status"], &cleared["errorCode"]), (&json!("available"), &json!("NoError")));
}

#[tokio::test]
async fn stations_come_and_go_and_zones_are_renamed() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    let add = json!({ "kind": "add_station", "zone": 2, "template": "dc50", "connectors": 2 });
    assert_eq!(site.post("/_sim/event", add).await, json!({ "station": 2 }));
    let added = site.get(&token, "/stations?zoneId=2").await.body;
    assert_eq!((&added[0]["id"], &added[0]["connectors"][1]["isDC"]), (&json!(2), &json!(true)));
    assert_eq!(added[0]["connectors"][1]["setPoint"]["power"], 50);

    site.post("/_sim/event", json!({ "kind": "plug_in", "station": 2, "connector": 1 })).await;
    site.post("/_sim/event", json!({ "kind": "remove_station", "station": 1 })).await;
    site.advance("2m").await;
    assert_eq!(site.get(&token, "/stations/1").await.status, 404);
    assert_eq!(site.get(&token, "/stations/2/connectors/1").await.body["status"], "charging");

    site.post("/_sim/event", json!({ "kind": "rename_zone", "zone": 2, "name": "Ä/Ö \"x\" <&>" })).await;
    assert_eq!(site.get(&token, "/zones/2").await.body["name"], "Ä/Ö \"x\" <&>");
}

#[tokio::test]
async fn a_station_moves_and_a_register_is_set() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/event", json!({ "kind": "move_station", "station": 1, "zone": 3 })).await;
    assert_eq!(site.get(&token, "/stations/1").await.body["zoneId"], 3);
    assert_eq!(site.get(&token, "/zones/1").await.body["numberOfStations"], 0);
    let register = json!({ "kind": "set_register", "station": 1, "connector": 1, "energy_wh": 7 });
    site.post("/_sim/event", register).await;
    assert_eq!(connector(&site, &token).await["measures"]["activeEnergy"], 7);
    let elsewhere = json!({ "kind": "move_station", "station": 1, "zone": 9 });
    assert_eq!(site.control(Method::POST, "/_sim/event", Some(elsewhere)).await.status, 409);
}

#[tokio::test]
async fn orders_that_are_not_understood_are_explained() {
    let site = Site::with_fixed_clock(Options::default());
    for (path, body, hint) in [
        ("/_sim/event", json!({ "kind": "explode" }), "unknown variant"),
        ("/_sim/event", json!({ "kind": "link_loss", "station": 7 }), "no station 7"),
        ("/_sim/clock", json!({ "advance": "soon" }), "such as 15m"),
        ("/_sim/clock", json!({ "advance": "-1s" }), "between 0 and 7 days"),
        ("/_sim/clock", json!({ "speed": 1e9 }), "0 to 3600"),
        ("/_sim/faults", json!({ "kind": "fire" }), "unknown variant"),
        ("/_sim/faults", json!({ "kind": "500", "probability": 2 }), "between 0 and 1"),
    ] {
        let response = site.control(Method::POST, path, Some(body)).await;
        let error = response.body["error"].as_str().unwrap();
        assert!(response.status >= 400 && error.contains(hint), "{response:?}");
    }
}
