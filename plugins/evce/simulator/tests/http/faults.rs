use evce_simulator::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Site;

async fn last_request(site: &Site) -> Value {
    site.requests().await.pop().unwrap()
}

#[tokio::test]
async fn responses_of_faults_are_in_the_log() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    for (kind, status, code) in [
        ("401", 401, "TOKEN_EXPIRED"),
        ("429", 429, "TOO_MANY_REQUESTS"),
        ("500", 500, "INTERNAL_ERROR"),
        ("503", 503, "STARTING"),
    ] {
        let order = json!({ "kind": kind, "path": "/zones", "count": 1, "retry_after": "7s" });
        site.post("/_sim/faults", order).await;
        assert_eq!(site.get(&token, "/stations").await.status, 200);
        let response = site.raw(Method::GET, "/zones", &token).await.unwrap();
        let retry_after =
            response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(retry_after.as_deref(), [429, 503].contains(&status).then_some("7"));
        let response = crate::client::read_reply(response).await;
        assert_eq!((response.status, response.code()), (status, code));
        let seen = last_request(&site).await;
        assert_eq!((&seen["fault"], &seen["status"]), (&json!(kind), &json!(status)));
        assert_eq!(site.get(&token, "/zones").await.status, 200);
    }
}

#[tokio::test]
async fn a_truncated_response_ends_in_the_middle_of_the_document() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/faults", json!({ "kind": "truncated_json", "path": "/zones" })).await;
    let text = site.raw(Method::GET, "/zones", &token).await.unwrap().text().await.unwrap();
    assert!(text.starts_with("[{") && serde_json::from_str::<Value>(&text).is_err());
    assert_eq!(last_request(&site).await["fault"], "truncated_json");
}

#[tokio::test]
async fn a_login_page_replaces_the_json_and_the_write_has_no_effect() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/faults", json!({ "kind": "html", "method": "DELETE" })).await;
    let page = site.raw(Method::DELETE, "/zones/1/external-reduction", &token).await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(last_request(&site).await["fault"], "html");
    assert_eq!(site.get(&token, "/zones/1/external-reduction").await.status, 200);
}

#[tokio::test]
async fn a_write_takes_effect_although_its_response_is_lost() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/faults", json!({ "kind": "response_lost", "method": "DELETE" })).await;
    assert!(site.raw(Method::DELETE, "/zones/1/external-reduction", &token).await.is_err());
    let seen = last_request(&site).await;
    assert_eq!((&seen["fault"], &seen["status"]), (&json!("response_lost"), &Value::Null));
    assert_eq!(site.get(&token, "/zones/1/external-reduction").await.status, 404);
}

#[tokio::test]
async fn latency_holds_a_response_back_while_others_arrive() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/faults", json!({ "kind": "latency", "latency": "600s", "path": "/zones" })).await;
    // Of two requests under way, the one without latency completes.
    tokio::select! {
        zones = site.get(&token, "/zones") => panic!("a response in spite of the latency: {zones:?}"),
        stations = site.get(&token, "/stations") => assert_eq!(stations.status, 200),
    }
    site.post("/_sim/faults", json!({ "kind": "latency", "latency": "1ms", "path": "/version" })).await;
    assert_eq!(site.get(&token, "/version").await.status, 200);
    assert_eq!(last_request(&site).await["fault"], "latency");
}

#[tokio::test]
async fn down_closes_open_connections_and_refuses_new_ones_until_it_ends() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/faults", json!({ "kind": "down" })).await;
    // The first may still go over the open connection, which dies with it; the second needs a new one.
    for _ in 0..2 {
        assert!(site.raw(Method::GET, "/zones", &token).await.is_err());
    }
    let refused = last_request(&site).await;
    assert_eq!((&refused["method"], &refused["fault"]), (&json!("CONNECT"), &json!("down")));

    assert_eq!(site.control(Method::DELETE, "/_sim/faults", None).await.status, 204);
    assert_eq!(site.get(&token, "/zones").await.status, 200);
}

#[tokio::test]
async fn down_on_one_path_closes_the_connection_of_that_request() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    let added = site.post("/_sim/faults", json!({ "kind": "down", "path": "/zones" })).await;
    assert!(site.raw(Method::GET, "/zones", &token).await.is_err());
    assert_eq!(last_request(&site).await["fault"], "down");
    assert_eq!(site.get(&token, "/stations").await.status, 200);

    let listed = site.control(Method::GET, "/_sim/faults", None).await.body;
    assert_eq!((&listed[0]["id"], &listed[0]["kind"]), (&added["id"], &json!("down")));
    let fault = format!("/_sim/faults/{}", added["id"]);
    assert_eq!(site.control(Method::DELETE, &fault, None).await.status, 204);
    assert_eq!(site.get(&token, "/zones").await.status, 200);
    assert_eq!(site.control(Method::DELETE, &fault, None).await.status, 404);
}

#[tokio::test]
async fn a_fault_with_a_window_ends_by_the_controllers_clock() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/faults", json!({ "kind": "down", "for": "60s" })).await;
    assert!(site.raw(Method::GET, "/zones", &token).await.is_err());
    site.advance("60s").await;
    assert_eq!(site.get(&token, "/zones").await.status, 200);
}

#[tokio::test]
async fn lists_are_empty_or_short_and_fields_have_odd_values() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/faults", json!({ "kind": "short_list", "path": "/zones", "keep": 2, "count": 1 })).await;
    site.post("/_sim/faults", json!({ "kind": "empty_list", "path": "/zones", "count": 1 })).await;
    assert_eq!(site.get(&token, "/zones").await.body.as_array().unwrap().len(), 2);
    assert_eq!(site.get(&token, "/zones").await.body, json!([]));
    assert_eq!(site.get(&token, "/zones").await.body.as_array().unwrap().len(), 3);

    for change in [
        json!({ "kind": "set_field", "field": "rmsCurrent/phase1", "raw": "1e999" }),
        json!({ "kind": "remove_field", "field": "phase2" }),
        json!({ "kind": "rename_field", "field": "phaseConnection", "to": "phases" }),
    ] {
        site.post("/_sim/faults", change).await;
    }
    let text = site.raw(Method::GET, "/stations", &token).await.unwrap().text().await.unwrap();
    assert!(text.contains(r#""phase1":1e999"#) && text.contains(r#""phases":"mono1""#), "{text}");
    assert!(!text.contains("phase2"), "{text}");
    assert_eq!(last_request(&site).await["fault"], "set_field");
    let nameless = json!({ "kind": "remove_field" });
    assert_eq!(site.control(Method::POST, "/_sim/faults", Some(nameless)).await.status, 400);
}

#[tokio::test]
async fn a_connection_is_closed_when_it_is_used_again() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/faults", json!({ "kind": "close_on_reuse" })).await;
    // The login has used the connection.
    assert!(site.raw(Method::GET, "/zones", &token).await.is_err());
    assert_eq!(site.get(&token, "/zones").await.status, 200);
}

#[tokio::test]
async fn an_error_has_its_own_status_and_code() {
    let site = Site::with_fixed_clock(Options::default());
    let error = json!({ "kind": "error", "status": 403, "code": "TOO_MANY_SESSIONS", "path": "/login" });
    site.post("/_sim/faults", error).await;
    let response = site.try_log_in("bmsApi", &site.simulator.password).await;
    assert_eq!((response.status, response.code()), (403, "TOO_MANY_SESSIONS"));
}
