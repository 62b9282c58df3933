//! The dialects `v2-b` and `v2-c` as a client sees them.

use evce_simulator::{Dialect, Fixture, Options};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::client::{Reply, Site, read_reply};

fn request(site: &Site, method: Method, path: &str) -> RequestBuilder {
    site.http.request(method, format!("{}{path}", site.simulator.api_url))
}

async fn send(request: RequestBuilder) -> Reply {
    read_reply(request.send().await.unwrap()).await
}

async fn log_in_to_b(site: &Site, password: &str) -> Reply {
    let form = format!("grant_type=password&username=bmsApi&password={password}");
    let login = request(site, Method::POST, "/oauth/token");
    send(login.header("content-type", "application/x-www-form-urlencoded").body(form)).await
}

#[tokio::test]
async fn v2_b_has_pages_in_an_envelope_behind_oauth_2() {
    let dialect = Dialect::V2B;
    let site = Site::with_fixed_clock(Options { dialect, fixture: Fixture::F2, ..Options::default() });
    let wrong = log_in_to_b(&site, "wrong").await;
    assert_eq!((wrong.status, &wrong.body["error"]), (400, &json!("invalid_grant")));
    let login = log_in_to_b(&site, &site.simulator.password).await;
    let token = login.body["access_token"].as_str().unwrap();
    let page = site.get(token, "/Stations?Page=3&PageSize=20").await;
    let stations = page.body["Data"].as_array().unwrap();
    assert_eq!((stations.len(), &page.body["Total"], &page.body["Page"]), (10, &json!(50), &json!(3)));
    assert_eq!(stations[0]["StationNumber"], 41);
    let refused = site.get("none", "/Zones").await;
    assert_eq!((refused.status, &refused.body["Fault"]["Code"]), (401, &json!("TOKEN_EXPIRED")));
    let all = json!(site.requests().await).to_string();
    assert!(!all.contains(&site.simulator.password) && !all.contains(token));
}

#[tokio::test]
async fn v2_b_takes_the_rest_of_a_limit_for_seconds_and_100_percent_remove_it() {
    let site = Site::with_fixed_clock(Options { dialect: Dialect::V2B, ..Options::default() });
    let login = log_in_to_b(&site, &site.simulator.password).await;
    let token = login.body["access_token"].as_str().unwrap();
    let limit =
        |percent: f64, seconds: u32| json!({ "RemainingPercent": percent, "ValidForSeconds": seconds });
    assert_eq!(site.put(token, "/Zones/1/Limit", limit(75.0, 60)).await.status, 200);
    let zone = site.get(token, "/Zones/1").await.body;
    let shown = &zone["Data"]["Limit"];
    assert_eq!(
        (&shown["RemainingPercent"], &shown["ValidUntil"]),
        (&json!(75.0), &json!("2025-02-12T09:31:15Z"))
    );
    assert_eq!(site.put(token, "/Zones/1/Limit", limit(75.0, 0)).await.status, 400);
    assert_eq!(site.put(token, "/Zones/1/Limit", limit(100.0, 60)).await.status, 200);
    assert_eq!(site.get(token, "/Zones/1").await.body["Data"]["Limit"], json!({ "Active": false }));
}

#[tokio::test]
async fn v2_c_has_a_cookie_one_call_for_each_object_and_texts_for_numbers() {
    let site = Site::with_fixed_clock(Options { dialect: Dialect::V2C, ..Options::default() });
    let form = format!("user=bmsApi&pass={}", site.simulator.password);
    let login = request(&site, Method::POST, "/session").body(form).send().await.unwrap();
    let cookie = login.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let get = async |path: &str| send(request(&site, Method::GET, path).header("cookie", &cookie)).await;
    assert_eq!(get("/zone").await.body, json!({ "ids": ["1", "2", "3"] }));
    let connector = get("/station/1/connector/1").await.body;
    assert_eq!(
        (&connector["p"], &connector["i"], &connector["state"]),
        (&json!(["133", "0", "0"]), &json!(["0.58", "0.00", "0.00"]), &json!("1"))
    );
    assert_eq!(connector["ts"], "1739352615000");
    let missing = get("/zone/2/reduction").await;
    assert_eq!((missing.status, &missing.body["errno"]), (404, &json!("REDUCTION_NOT_FOUND")));
    let disable = request(&site, Method::POST, "/station/1/connector/1/disable");
    assert_eq!(send(disable.header("cookie", &cookie)).await.body, json!({ "result": "ok" }));
    assert_eq!(get("/station/1/connector/1").await.body["blocked"], "1");
    let other = request(&site, Method::GET, "/zones").header("cookie", &cookie);
    assert_eq!(send(other).await.body["errno"], Value::from("NOT_FOUND"));
}
