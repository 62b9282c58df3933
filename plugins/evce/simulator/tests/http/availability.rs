use evce_simulator::Options;
use serde_json::{Value, json};

use crate::client::{Reply, Site};

async fn set(site: &Site, token: &str, availability: &str) -> Reply {
    site.put(token, "/stations/1/connectors/1/availability", json!({ "availability": availability })).await
}

async fn shown(site: &Site, token: &str) -> (Value, Value) {
    let mut connector = site.get(token, "/stations/1/connectors/1").await.body;
    (connector["availability"].take(), connector["status"].take())
}

#[tokio::test]
async fn an_idle_connector_changes_at_once_and_back() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    let accepted = set(&site, &token, "inoperative").await;
    assert_eq!((accepted.status, accepted.body), (200, json!({ "status": "accepted" })));
    assert_eq!(shown(&site, &token).await, (json!("inoperative"), json!("unavailable")));
    assert_eq!(site.get(&token, "/stations/1").await.body["status"], "unavailable");
    assert_eq!(set(&site, &token, "operative").await.status, 200);
    assert_eq!(shown(&site, &token).await, (json!("operative"), json!("available")));
}

#[tokio::test]
async fn during_a_transaction_the_change_waits_for_its_end() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/event", json!({ "kind": "plug_in", "station": 1, "connector": 1 })).await;
    site.advance("1m").await;
    let scheduled = set(&site, &token, "inoperative").await;
    assert_eq!((scheduled.status, scheduled.body), (202, json!({ "status": "scheduled" })));
    assert_eq!(shown(&site, &token).await, (json!("operative"), json!("charging")));
    site.post("/_sim/event", json!({ "kind": "unplug", "station": 1, "connector": 1 })).await;
    assert_eq!(shown(&site, &token).await, (json!("inoperative"), json!("unavailable")));
}

#[tokio::test]
async fn a_change_that_waits_can_be_taken_back() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/event", json!({ "kind": "plug_in", "station": 1, "connector": 1 })).await;
    site.advance("1m").await;
    set(&site, &token, "inoperative").await;
    assert_eq!(set(&site, &token, "operative").await.status, 200);
    site.post("/_sim/event", json!({ "kind": "unplug", "station": 1, "connector": 1 })).await;
    assert_eq!(shown(&site, &token).await, (json!("operative"), json!("available")));
}

#[tokio::test]
async fn a_change_that_the_station_cannot_make_is_refused_with_the_reason() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    assert_eq!(set(&site, &token, "broken").await.body["error"]["field"], "availability");
    site.post("/_sim/event", json!({ "kind": "reject_availability", "station": 1, "rejects": true })).await;
    assert_eq!(set(&site, &token, "inoperative").await.code(), "REJECTED_BY_STATION");
    site.post("/_sim/event", json!({ "kind": "link_loss", "station": 1 })).await;
    let offline = set(&site, &token, "inoperative").await;
    assert_eq!((offline.status, offline.code()), (424, "STATION_OFFLINE"));
    assert_eq!(shown(&site, &token).await, (json!("operative"), json!("available")));
}
