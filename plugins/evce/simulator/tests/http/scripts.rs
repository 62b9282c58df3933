//! Scripts, and events that happen outside of the site.

use evce_simulator::{Fixture, Options};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Site;

async fn start(site: &Site, script: &'static str) -> Value {
    let url = format!("{}/_sim/script", site.simulator.control_url);
    let response = site.http.post(url).body(script).send().await.unwrap();
    assert_eq!(response.status(), 201);
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_script_lets_events_happen_at_their_time_and_again() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    let started = start(
        &site,
        r#"
        [[step]]
        at = "1m"
        event = { kind = "link_loss", station = 1, for = "30s" }
        [[step]]
        at = "2m"
        event = { kind = "add_fault", fault = { kind = "500", path = "/zones", for = "10s" } }
        [[step]]
        at = "3m"
        every = "1m"
        times = 2
        event = { kind = "rename_station", station = 1, name = "Renamed" }
        "#,
    )
    .await;
    assert_eq!(started, json!({ "events": 4 }));
    let is_connected = async || site.get(&token, "/stations/1").await.body["isConnected"].clone();
    assert_eq!(is_connected().await, true);
    site.advance("1m").await;
    assert_eq!(is_connected().await, false);
    site.advance("30s").await;
    assert_eq!(is_connected().await, true);
    site.advance("30s").await;
    assert_eq!(site.get(&token, "/zones").await.status, 500);
    site.advance("10s").await;
    assert_eq!(site.get(&token, "/zones").await.status, 200);
    assert_eq!(site.state().await["scheduled_events"], 2);
    site.advance("50s").await;
    assert_eq!(site.get(&token, "/stations/1").await.body["friendlyName"], "Renamed");
}

#[tokio::test]
async fn a_mistake_in_a_script_starts_nothing() {
    let site = Site::with_fixed_clock(Options::default());
    let url = format!("{}/_sim/script", site.simulator.control_url);
    let response = site.http.post(url).body("[[step]]\nat = 'soon'").send().await.unwrap();
    let response = crate::client::read_reply(response).await;
    assert!(response.status == 400 && response.body["error"].as_str().unwrap().contains("such as 15m"));
    assert_eq!(site.state().await["scheduled_events"], 0);
}

#[tokio::test]
async fn a_restart_ends_logins_is_503_for_a_while_and_stations_come_back_one_by_one() {
    let site = Site::with_fixed_clock(Options { fixture: Fixture::F2, ..Options::default() });
    let token = site.token().await;
    site.post("/_sim/event", json!({ "kind": "restart" })).await;
    let starting = site.get(&token, "/stations").await;
    assert_eq!((starting.status, starting.code()), (503, "STARTING"));
    site.advance("90s").await;
    assert_eq!(site.get(&token, "/stations").await.code(), "TOKEN_EXPIRED");
    let linked = async || {
        let token = site.token().await;
        let stations = site.get(&token, "/stations").await.body;
        stations.as_array().unwrap().iter().filter(|station| station["isConnected"] == true).count()
    };
    assert_eq!(linked().await, 0);
    site.advance("150s").await;
    assert!((10..40).contains(&linked().await));
    site.advance("150s").await;
    assert_eq!(linked().await, 50);
}

#[tokio::test]
async fn the_version_and_the_password_change_at_run_time() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    for version in [json!("5.0"), json!("7.2"), Value::Null] {
        site.post("/_sim/event", json!({ "kind": "set_api_version", "version": version })).await;
        let response = site.raw(Method::GET, "/version", &token).await.unwrap();
        let header = response.headers().get("x-api-version").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(json!(header), version);
        assert_eq!(
            site.get(&token, "/version").await.body.get("apiVersion"),
            version.as_str().map(|_| &version)
        );
    }
    site.post("/_sim/event", json!({ "kind": "set_password", "password": "another" })).await;
    assert_eq!(site.get(&token, "/zones").await.status, 200);
    assert_eq!(site.try_log_in("bmsApi", &site.simulator.password).await.code(), "BAD_CREDENTIALS");
    assert_eq!(site.try_log_in("bmsApi", "another").await.status, 200);
}

#[tokio::test]
async fn the_clock_steps_and_validities_follow_it() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    let body = json!({
        "type": "percentage", "value": 20.0, "validityMode": "relative", "validity": 600, "description": "me"
    });
    assert_eq!(site.put(&token, "/zones/2/external-reduction", body).await.status, 200);
    site.post("/_sim/event", json!({ "kind": "set_clock_offset", "offset": "3h" })).await;
    let token = site.token().await;
    assert_eq!(site.get(&token, "/zones/2/external-reduction").await.status, 404);
}

#[tokio::test]
async fn a_wrong_fault_in_an_event_is_refused() {
    let site = Site::with_fixed_clock(Options::default());
    let event = json!({ "kind": "add_fault", "fault": { "kind": "remove_field" } });
    let refused = site.control(Method::POST, "/_sim/event", Some(event)).await;
    assert_eq!((refused.status, &refused.body["error"]), (409, &json!("the name of the field is missing")));
}
