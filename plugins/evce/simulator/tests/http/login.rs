use std::time::Duration;

use evce_simulator::Options;
use reqwest::Method;
use serde_json::json;

use crate::client::Site;

#[tokio::test]
async fn five_wrong_logins_lock_the_account_until_the_controllers_clock_lets_go() {
    let site = Site::with_fixed_clock(Options::default());
    for _ in 0..5 {
        let response = site.try_log_in("bmsApi", "wrong").await;
        assert_eq!((response.status, response.code()), (401, "BAD_CREDENTIALS"));
    }
    let url = format!("{}/login", site.simulator.api_url);
    let right = json!({ "login": "bmsApi", "password": site.simulator.password });
    let locked = site.http.post(url).json(&right).send().await.unwrap();
    assert_eq!(locked.status(), 423);
    assert_eq!(locked.headers()["retry-after"], "900");

    site.advance("15m").await;
    site.token().await;
}

#[tokio::test]
async fn a_token_ends_after_its_life() {
    let site = Site::with_fixed_clock(Options { token_life: Duration::from_secs(5), ..Options::default() });
    let token = site.token().await;
    assert_eq!(site.get(&token, "/zones").await.status, 200);
    site.advance("5s").await;
    let response = site.get(&token, "/zones").await;
    assert_eq!((response.status, response.code()), (401, "TOKEN_EXPIRED"));
}

#[tokio::test]
async fn tokens_end_by_logout_revocation_and_one_session_too_many() {
    let site = Site::with_fixed_clock(Options { max_sessions: 2, ..Options::default() });
    let [first, second, third] = [site.token().await, site.token().await, site.token().await];
    assert_eq!(site.get(&first, "/zones").await.code(), "TOKEN_EXPIRED");
    let logout = site.raw(Method::POST, "/logout", &second).await.unwrap();
    assert_eq!(logout.status(), 204);
    assert_eq!(site.get(&second, "/zones").await.code(), "TOKEN_EXPIRED");
    assert_eq!(site.post("/_sim/auth/revoke", json!({})).await["revoked"], 1);
    assert_eq!(site.get(&third, "/zones").await.code(), "TOKEN_EXPIRED");
}

#[tokio::test]
async fn the_version_needs_no_token_and_all_responses_have_version_and_date() {
    let site = Site::with_fixed_clock(Options::default());
    site.post("/_sim/clock", json!({ "offset": "-3h" })).await;
    let version = site.raw(Method::GET, "/version", "none").await.unwrap();
    assert_eq!(version.headers()["x-api-version"], "6.0");
    assert_eq!(version.headers()["date"], "Wed, 12 Feb 2025 06:30:15 GMT");
    let body: serde_json::Value = version.json().await.unwrap();
    assert_eq!((&body["apiVersion"], &body["time"]), (&json!("6.0"), &json!("2025-02-12T06:30:15Z")));
}

#[tokio::test]
async fn a_viewer_reads_and_writes_nothing() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token_of("viewer").await;
    assert_eq!(site.get(&token, "/zones").await.status, 200);
    let body = json!({ "availability": "inoperative" });
    let refused = site.put(&token, "/stations/1/connectors/1/availability", body).await;
    assert_eq!((refused.status, refused.code()), (403, "FORBIDDEN"));
    assert_eq!(site.delete(&token, "/zones/1/external-reduction").await.status, 403);
}

#[tokio::test]
async fn the_request_log_shows_the_login_and_a_token_number_but_no_secret() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.get(&token, "/zones?limit=1").await;
    let requests = site.requests().await;
    assert_eq!(requests[0]["body"], r#"{"login":"bmsApi"}"#);
    assert_eq!(
        (&requests[1]["path"], &requests[1]["query"], &requests[1]["token_id"], &requests[1]["status"]),
        (&json!("/api/v2/zones"), &json!("limit=1"), &json!(1), &json!(200))
    );
    let all = json!(requests).to_string();
    assert!(!all.contains(&token) && !all.contains(&site.simulator.password));

    assert_eq!(site.control(Method::DELETE, "/_sim/requests", None).await.status, 204);
    assert!(site.requests().await.is_empty());
    site.get(&token, "/zones").await;
    assert_eq!(site.requests().await[0]["sequence"], 3);
}

#[tokio::test]
async fn one_login_too_many_is_refused_if_the_controller_is_strict() {
    let site = Site::with_fixed_clock(Options { max_sessions: 2, ..Options::default() });
    site.post("/_sim/event", json!({ "kind": "refuse_sessions", "refuses": true })).await;
    let first = site.token().await;
    site.token().await;
    let refused = site.try_log_in("bmsApi", &site.simulator.password).await;
    assert_eq!((refused.status, refused.code()), (403, "TOO_MANY_SESSIONS"));
    assert_eq!(site.get(&first, "/zones").await.status, 200);
    assert_eq!(site.raw(reqwest::Method::POST, "/logout", &first).await.unwrap().status(), 204);
    assert_eq!(site.try_log_in("bmsApi", &site.simulator.password).await.status, 200);
}
