//! Stations that restart, change, are replaced, or send other phases.

use evce_simulator::{Dialect, Options};
use serde_json::{Value, json};

use crate::client::Site;

#[tokio::test]
async fn a_station_restarts_with_another_firmware_and_is_replaced_by_another_device() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    let update =
        json!({ "kind": "update_firmware", "station": 1, "version": "2.0", "ip_address": "10.9.9.9" });
    site.post("/_sim/event", update).await;
    let station = site.get(&token, "/stations/1").await.body;
    assert_eq!(
        (&station["isConnected"], &station["version"], &station["ipAddress"]),
        (&json!(false), &json!("2.0"), &json!("10.9.9.9"))
    );
    site.advance("60s").await;
    site.post("/_sim/event", json!({ "kind": "replace_station", "station": 1, "serial_number": "NEW" }))
        .await;
    site.advance("60s").await;
    let station = site.get(&token, "/stations/1").await.body;
    assert_eq!(
        (&station["isConnected"], &station["serialNumber"], &station["ocppIdentifier"]),
        (&json!(true), &json!("NEW"), &json!("EVSimu1"))
    );
    assert_eq!(station["connectors"][0]["measures"]["activeEnergy"], 0);
}

#[tokio::test]
async fn a_restart_ends_transactions_and_may_forget_the_availability() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    let path = "/stations/1/connectors/1";
    for (forgets, availability) in [(false, "inoperative"), (true, "operative")] {
        let body = json!({ "availability": "inoperative" });
        assert_eq!(site.put(&token, &format!("{path}/availability"), body).await.status, 200);
        let reboot = json!({ "kind": "reboot_station", "station": 1, "forgets_availability": forgets });
        site.post("/_sim/event", reboot).await;
        site.advance("60s").await;
        assert_eq!(site.get(&token, path).await.body["availability"], availability);
    }
    site.post("/_sim/event", json!({ "kind": "plug_in", "station": 1, "connector": 1 })).await;
    site.advance("60s").await;
    site.post("/_sim/event", json!({ "kind": "reboot_station", "station": 1 })).await;
    site.advance("60s").await;
    assert_eq!(site.get(&token, path).await.body["status"], "available");
}

#[tokio::test]
async fn a_station_has_more_and_fewer_connectors() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    for count in [3, 1, 0, 2] {
        site.post("/_sim/event", json!({ "kind": "set_connectors", "station": 1, "connectors": count }))
            .await;
        let connectors = site.get(&token, "/stations/1/connectors").await.body;
        assert_eq!(connectors.as_array().unwrap().len(), count);
        site.advance("30s").await;
    }
    site.post("/_sim/event", json!({ "kind": "plug_in", "station": 1, "connector": 2 })).await;
    site.post("/_sim/event", json!({ "kind": "set_connectors", "station": 1, "connectors": 1 })).await;
    site.advance("5m").await;
    assert_eq!(site.get(&token, "/zones/1").await.body["numberOfTransactions"], 0);
}

#[tokio::test]
async fn a_fault_with_a_time_ends_by_itself() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/event", json!({ "kind": "fault", "station": 1, "connector": 1, "for": "5s" })).await;
    let status = async || site.get(&token, "/stations/1/connectors/1").await.body["status"].clone();
    assert_eq!(status().await, "faulted");
    site.advance("5s").await;
    assert_eq!(status().await, "available");
}

async fn measures(phases: &str) -> Value {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/event", json!({ "kind": "report_phases", "station": 1, "phases": phases })).await;
    site.get(&token, "/stations/1/connectors/1").await.body["measures"].clone()
}

#[tokio::test]
async fn a_station_sends_all_phases_its_own_or_a_total() {
    assert_eq!(measures("all").await["activePower"], json!({ "phase1": 133, "phase2": 0, "phase3": 0 }));
    let connected = measures("connected").await;
    assert_eq!(
        (&connected["activePower"], &connected["rmsCurrent"]),
        (&json!({ "phase1": 133 }), &json!({ "phase1": 0.58 }))
    );
    let total = measures("total").await;
    assert_eq!((&total["activePower"], total.get("rmsCurrent")), (&json!({ "total": 133 }), None));
}

#[tokio::test]
async fn the_other_dialects_send_a_total_as_well() {
    let event = json!({ "kind": "report_phases", "station": 1, "phases": "total" });
    let site = Site::with_fixed_clock(Options { dialect: Dialect::V2B, ..Options::default() });
    site.post("/_sim/event", event.clone()).await;
    let form = format!("grant_type=password&username=bmsApi&password={}", site.simulator.password);
    let login =
        site.http.post(format!("{}/oauth/token", site.simulator.api_url)).body(form).send().await.unwrap();
    let login = crate::client::read_reply(login).await;
    let outlet = site.get(login.body["access_token"].as_str().unwrap(), "/Stations/1/Outlets/1").await.body;
    assert_eq!((&outlet["Data"]["Power"], &outlet["Data"]["Amps"]), (&json!({ "Sum": 0.133 }), &Value::Null));
}
