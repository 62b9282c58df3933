//! Rules of load management that nobody knows of the real controller.

use evce_simulator::{Fixture, Options};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Site;

async fn site(fixture: Fixture) -> (Site, String) {
    let site = Site::with_fixed_clock(Options { fixture, ..Options::default() });
    let token = site.token().await;
    (site, token)
}

async fn set(site: &Site, rules: Value) {
    site.post("/_sim/event", json!({ "kind": "set_rules", "rules": rules })).await;
}

async fn set_point(site: &Site, token: &str, zone: u64) -> Value {
    site.get(token, &format!("/zones/{zone}")).await.body["setPoint"].clone()
}

#[tokio::test]
async fn a_reduction_lowers_by_to_or_not_at_all() {
    let (site, token) = site(Fixture::F2).await;
    let body = json!({
        "type": "percentage", "value": 25.0, "validityMode": "relative", "validity": 600, "description": "me"
    });
    site.put(&token, "/zones/1/external-reduction", body).await;
    for (reduction, current) in [("reduce_by", 120), ("reduce_to", 40), ("ignored_when_static", 160)] {
        set(&site, json!({ "reduction": reduction })).await;
        assert_eq!(set_point(&site, &token, 1).await["current"], current, "{reduction}");
    }
    set(&site, json!({ "reduction": "reduce_by", "expiry": "keep_forever" })).await;
    site.advance("1h").await;
    assert_eq!(set_point(&site, &site.token().await, 1).await["current"], 120);
}

#[tokio::test]
async fn a_zones_power_is_that_of_the_guide_or_of_three_phases() {
    let (site, token) = site(Fixture::F1).await;
    set(&site, json!({ "zone_power": "three_phase" })).await;
    assert_eq!(set_point(&site, &token, 1).await, json!({ "current": 100, "power": 69 }));
    set(&site, json!({ "zone_power": "sqrt3" })).await;
    assert_eq!(set_point(&site, &token, 1).await, json!({ "current": 100, "power": 39 }));
}

#[tokio::test]
async fn the_limit_of_the_site_is_shared_by_its_zones() {
    let (site, token) = site(Fixture::F1).await;
    set(&site, json!({ "site_max_current_a": 100 })).await;
    let mut sum = 0;
    for zone in 1..=3 {
        sum += set_point(&site, &token, zone).await["current"].as_u64().unwrap();
    }
    assert!((98..=100).contains(&sum), "{sum} A");
    set(&site, json!({ "site_max_current_a": 0 })).await;
    assert_eq!(set_point(&site, &token, 1).await["current"], 100);
}

#[tokio::test]
async fn an_idle_connector_shows_its_rating_or_nothing() {
    let (site, token) = site(Fixture::F1).await;
    let shown =
        async || site.get(&token, "/stations/1/connectors/1").await.body["setPoint"]["current"].clone();
    set(&site, json!({ "idle_set_point": "zero" })).await;
    assert_eq!(shown().await, 0);
    site.post("/_sim/event", json!({ "kind": "plug_in", "station": 1, "connector": 1 })).await;
    site.advance("2m").await;
    assert!(shown().await.as_u64().unwrap() >= 6);
    site.post("/_sim/event", json!({ "kind": "unplug", "station": 1, "connector": 1 })).await;
    assert_eq!(shown().await, 0);
}

#[tokio::test]
async fn without_a_link_values_may_be_zero_and_charging_may_pause() {
    let (site, token) = site(Fixture::F1).await;
    set(&site, json!({ "values_without_link": "zero", "fallback_a": 0 })).await;
    site.post("/_sim/event", json!({ "kind": "plug_in", "station": 1, "connector": 1 })).await;
    site.advance("2m").await;
    site.post("/_sim/event", json!({ "kind": "link_loss", "station": 1 })).await;
    let connector = site.get(&token, "/stations/1/connectors/1").await.body;
    assert_eq!(connector["measures"]["activePower"]["phase1"], 0);
    let energy = async || site.state().await["stations"][0]["connectors"][0]["energy_wh"].clone();
    let before = energy().await;
    site.advance("10m").await;
    assert_eq!(energy().await, before);
    let wrong = json!({ "kind": "set_rules", "rules": { "fallback_a": 3 } });
    assert_eq!(site.control(Method::POST, "/_sim/event", Some(wrong)).await.status, 409);
}
