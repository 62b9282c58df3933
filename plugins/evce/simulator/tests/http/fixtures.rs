//! The sites that ship with the simulator, each started and read.

use std::collections::BTreeSet;

use evce_simulator::{Dialect, Fixture, Options};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Reply, Site, read_reply};

async fn start(fixture: Fixture) -> (Site, String) {
    let site = Site::with_fixed_clock(Options { fixture, ..Options::default() });
    let token = site.token().await;
    (site, token)
}

fn length(reply: &Reply) -> usize {
    reply.body.as_array().unwrap().len()
}

#[tokio::test]
async fn f3_is_an_airport_with_odd_names_where_cars_stay_for_days() {
    let (site, token) = start(Fixture::F3).await;
    let zones = site.get(&token, "/zones").await;
    let stations = site.get(&token, "/stations").await;
    assert_eq!((length(&zones), length(&stations)), (20, 1_000));
    assert!(zones.body.to_string().contains(r#"Ä/Ö \"x\" <&>"#));
    let sessions = async || {
        let state = site.control(Method::GET, "/_sim/state?zone=140", None).await.body;
        let outlets = state["stations"].as_array().unwrap().clone().into_iter();
        let outlets = outlets.flat_map(|station| station["connectors"].as_array().unwrap().clone());
        outlets.filter(|outlet| !outlet["session"].is_null()).count()
    };
    let before = sessions().await;
    site.advance("2h").await;
    assert!(before > 10 && sessions().await > before);
}

#[tokio::test]
async fn f4_is_a_depot_that_is_full_at_night_and_keeps_its_limits() {
    let (site, token) = start(Fixture::F4).await;
    assert_eq!(
        (length(&site.get(&token, "/zones").await), length(&site.get(&token, "/stations").await)),
        (2, 109)
    );
    let connector = site.get(&token, "/stations/1/connectors/1").await.body;
    assert_eq!((&connector["isDC"], &connector["maxCurrentOrPower"]), (&json!(true), &json!(450)));
    let night = async || site.state().await["zones"][1].clone();
    assert_eq!(night().await["transactions"], 0, "at half past nine in the morning");
    site.advance("15h").await;
    let zone = night().await;
    assert!(zone["transactions"].as_u64().unwrap() > 150, "{zone}");
    assert!(zone["power_w"].as_u64().unwrap() > 500_000, "{zone}");
    let limit_ca = zone["set_point_a"].as_u64().unwrap() * 100 + 10_000;
    assert!(zone["current_ca"].as_array().unwrap().iter().all(|phase| phase.as_u64().unwrap() <= limit_ca));
}

#[tokio::test]
async fn f5_has_ten_thousand_stations() {
    let (site, token) = start(Fixture::F5).await;
    assert_eq!(length(&site.get(&token, "/zones").await), 200);
    let last = site.get(&token, "/stations?offset=9999").await;
    assert_eq!((length(&last), &last.body[0]["id"]), (1, &json!(10_000)));
    assert_eq!(length(&site.get(&token, "/stations").await), 10_000);
}

#[tokio::test]
async fn f6_has_every_kind_of_fault_in_a_day_and_recovers() {
    let (site, token) = start(Fixture::F6).await;
    assert_eq!(site.get(&token, "/zones").await.status, 200);
    let mut kinds = BTreeSet::new();
    site.advance("6m").await;
    for _ in 0..144 {
        for fault in site.control(Method::GET, "/_sim/faults", None).await.body.as_array().unwrap() {
            kinds.insert(fault["kind"].as_str().unwrap().to_owned());
        }
        site.advance("10m").await;
    }
    assert!(kinds.len() > 35, "{kinds:?}");
    site.post("/_sim/clock", json!({ "advance": "2h" })).await;
    let token = site.token().await;
    assert_eq!(length(&site.get(&token, "/stations").await), 50);
    assert_eq!(site.state().await["scheduled_events"], 0);
}

#[tokio::test]
async fn f7_has_the_same_values_in_each_dialect() {
    let mut seen = Vec::new();
    for dialect in [Dialect::V2A, Dialect::V2B, Dialect::V2C] {
        let site = Site::with_fixed_clock(Options { dialect, fixture: Fixture::F7, ..Options::default() });
        let password = &site.simulator.password;
        let (login, form, path) = match dialect {
            Dialect::V2A => ("/login", String::new(), "/stations/1/connectors/1"),
            Dialect::V2B => (
                "/oauth/token",
                format!("grant_type=password&username=bmsApi&password={password}"),
                "/Stations/1/Outlets/1",
            ),
            Dialect::V2C => ("/session", format!("user=bmsApi&pass={password}"), "/station/1/connector/1"),
        };
        let request = site.http.post(format!("{}{login}", site.simulator.api_url));
        let credentials = json!({ "login": "bmsApi", "password": password });
        let request = if form.is_empty() { request.json(&credentials) } else { request.body(form) };
        let response = request.send().await.unwrap();
        let cookie = response.headers().get("set-cookie").map(|cookie| cookie.to_str().unwrap().to_owned());
        let body = read_reply(response).await.body;
        let token =
            [&body["token"], &body["access_token"]].into_iter().find_map(Value::as_str).unwrap_or_default();
        let request = site.http.get(format!("{}{path}", site.simulator.api_url)).bearer_auth(token);
        let request = match cookie {
            Some(cookie) => site
                .http
                .get(format!("{}{path}", site.simulator.api_url))
                .header("cookie", cookie.split(';').next().unwrap()),
            None => request,
        };
        let connector = read_reply(request.send().await.unwrap()).await.body;
        let connector = if dialect == Dialect::V2B { connector["Data"].clone() } else { connector };
        let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap();
        seen.push(match dialect {
            Dialect::V2A => [
                number(&connector["measures"]["activePower"]["phase1"]),
                number(&connector["measures"]["rmsCurrent"]["phase1"]),
                number(&connector["measures"]["activeEnergy"]),
                number(&connector["setPoint"]["power"]),
            ],
            Dialect::V2B => [
                number(&connector["Power"]["L1"]) * 1000.0,
                number(&connector["Amps"]["L1"]),
                number(&connector["EnergyKiloWattHours"]) * 1000.0,
                number(&connector["Allowed"]["KiloWatts"]),
            ],
            Dialect::V2C => [
                number(&connector["p"][0]),
                number(&connector["i"][0]),
                number(&connector["wh"]),
                number(&connector["pset"]),
            ],
        });
    }
    assert_eq!(seen, [[133.0, 0.58, 12_345.0, 7.0]; 3]);
}

#[tokio::test]
async fn f8_adds_removes_renames_and_moves_stations_for_a_day() {
    let (site, token) = start(Fixture::F8).await;
    let before = site.get(&token, "/stations").await.body;
    site.advance("2m").await;
    assert_eq!(length(&site.get(&token, "/stations").await), 51);
    site.advance("1m").await;
    assert_eq!(length(&site.get(&token, "/stations").await), 50);
    site.advance("24h").await;
    let token = site.token().await;
    let after = site.get(&token, "/stations").await.body;
    let changed = |field: &str| {
        let pairs = before.as_array().unwrap().iter().zip(after.as_array().unwrap());
        pairs.filter(|(before, after)| before[field] != after[field]).count()
    };
    assert_eq!(changed("id"), 0);
    assert_eq!(changed("friendlyName"), 50);
    assert!(changed("zoneId") > 20);
}

#[tokio::test]
async fn f9_is_a_controller_of_any_version() {
    for version in [Some("5.0"), Some("6.0"), Some("7.0"), None] {
        let api_version = version.map(str::to_owned);
        let site =
            Site::with_fixed_clock(Options { fixture: Fixture::F9, api_version, ..Options::default() });
        let token = site.token().await;
        let response = site.raw(Method::GET, "/zones", &token).await.unwrap();
        let header = response.headers().get("x-api-version").map(|value| value.to_str().unwrap());
        assert_eq!(header, version);
    }
}
