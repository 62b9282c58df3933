//! Writes that succeed and do not keep their effect.

use evce_simulator::Options;
use serde_json::{Value, json};

use crate::client::Site;

const PATH: &str = "/zones/2/external-reduction";
const CONNECTOR: &str = "/stations/1/connectors/1";

async fn site_with(kind: &str) -> (Site, String) {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/faults", json!({ "kind": kind, "method": "PUT" })).await;
    (site, token)
}

async fn write(site: &Site, token: &str) {
    let body = json!({
        "type": "percentage", "value": 20.0, "validityMode": "relative", "validity": 600, "description": "me"
    });
    assert_eq!(site.put(token, PATH, body).await.status, 200);
    let body = json!({ "availability": "inoperative" });
    assert_eq!(site.put(token, &format!("{CONNECTOR}/availability"), body).await.status, 200);
}

async fn shown(site: &Site, token: &str) -> (Value, Value) {
    let zone = site.get(token, "/zones/2").await.body;
    let connector = site.get(token, CONNECTOR).await.body;
    (zone["externalReduction"]["value"].clone(), connector["availability"].clone())
}

#[tokio::test]
async fn an_ignored_write_succeeds_and_changes_nothing() {
    let (site, token) = site_with("write_ignored").await;
    write(&site, &token).await;
    assert_eq!(shown(&site, &token).await, (Value::Null, json!("operative")));
    assert_eq!(site.get(&token, "/zones/1").await.body["externalReduction"]["value"], 10.0);
}

#[tokio::test]
async fn a_late_write_takes_effect_a_minute_after_its_response() {
    let (site, token) = site_with("write_late").await;
    write(&site, &token).await;
    site.advance("59s").await;
    assert_eq!(shown(&site, &token).await, (Value::Null, json!("operative")));
    site.advance("1s").await;
    assert_eq!(shown(&site, &token).await, (json!(20.0), json!("inoperative")));
}

#[tokio::test]
async fn another_user_overwrites_a_reduction_at_once() {
    let (site, token) = site_with("overwritten").await;
    write(&site, &token).await;
    assert_eq!(shown(&site, &token).await, (json!(50.0), json!("inoperative")));
    let state = site.state().await;
    assert_eq!(state["zones"][1]["reduction"]["owner"], "Admin");
    assert_eq!(state["zones"][0]["reduction"]["percent"], 10.0);
}
