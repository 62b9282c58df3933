use evce_simulator::{Fixture, Options};
use serde_json::{Value, json};

use crate::client::Site;

const PATH: &str = "/zones/1/external-reduction";

fn reduction(value: f64, validity: &str) -> Value {
    json!({
        "type": "percentage", "value": value, "validityMode": "absolute", "validity": validity,
        "description": "external-reduction@bmsApi-1-Office"
    })
}

#[tokio::test]
async fn a_reduction_is_kept_as_sent_lowers_the_set_point_and_ends_by_the_controllers_clock() {
    let site = Site::with_fixed_clock(Options { fixture: Fixture::F2, ..Options::default() });
    let token = site.token().await;
    let sent = reduction(25.5, "2025-02-12T09:45:00Z");
    let saved = site.put(&token, PATH, sent.clone()).await;
    assert_eq!((saved.status, &saved.body), (200, &sent));
    assert_eq!(site.get(&token, PATH).await.body, sent);
    let zone = site.get(&token, "/zones/1").await.body;
    assert_eq!((&zone["externalReduction"], &zone["setPoint"]["current"]), (&sent, &json!(119)));

    site.advance("884s").await;
    assert_eq!(site.get(&token, PATH).await.status, 200);
    site.advance("1s").await;
    assert_eq!(site.get(&token, PATH).await.code(), "REDUCTION_NOT_FOUND");
    assert_eq!(site.get(&token, "/zones/1").await.body["setPoint"]["current"], 160);
}

#[tokio::test]
async fn a_controller_that_rounds_stores_whole_percent() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.post("/_sim/event", json!({ "kind": "round_reductions", "rounds": true })).await;
    let saved = site.put(&token, PATH, reduction(33.3, "2025-02-12T09:45:00Z")).await;
    assert_eq!((saved.status, saved.body["value"].as_f64()), (200, Some(33.0)));
}

#[tokio::test]
async fn a_relative_validity_counts_from_its_arrival() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    let mut sent = reduction(50.0, "");
    sent["validityMode"] = "relative".into();
    sent["validity"] = 60.into();
    assert_eq!(site.put(&token, PATH, sent.clone()).await.body, sent);
    site.advance("60s").await;
    assert_eq!(site.get(&token, PATH).await.status, 404);
}

#[tokio::test]
async fn deleting_a_missing_reduction_succeeds() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    for _ in 0..2 {
        assert_eq!(site.delete(&token, PATH).await.status, 204);
        assert_eq!(site.get(&token, "/zones/1").await.body["externalReduction"], Value::Null);
    }
}

#[tokio::test]
async fn wrong_fields_are_named_and_change_nothing() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    let before = site.get(&token, PATH).await;
    let good = reduction(10.0, "2025-02-12T09:45:00Z");
    for (field, wrong, code) in [
        ("type", json!("ampere"), "INVALID_FIELD"),
        ("value", json!(100.5), "INVALID_FIELD"),
        ("value", json!("10"), "INVALID_FIELD"),
        ("validityMode", json!("forever"), "INVALID_FIELD"),
        ("validity", json!("tomorrow"), "INVALID_FIELD"),
        ("validity", Value::Null, "INVALID_FIELD"),
        ("validity", json!("2025-02-12T09:30:15Z"), "VALIDITY_IN_PAST"),
        ("description", json!(7), "INVALID_FIELD"),
    ] {
        let mut body = good.clone();
        body[field] = wrong;
        let response = site.put(&token, PATH, body).await;
        assert_eq!((response.status, response.code()), (400, code), "{field}");
        assert_eq!(response.body["error"]["field"], field);
    }
    assert_eq!(site.put(&token, PATH, json!("ten percent")).await.code(), "INVALID_JSON");
    assert_eq!(site.get(&token, PATH).await, before);
}

#[tokio::test]
async fn the_administrators_reduction_is_not_replaced_by_another_role() {
    let site = Site::with_fixed_clock(Options::default());
    let (admin, token) = (site.token_of("admin").await, site.token().await);
    let body = reduction(30.0, "2025-02-12T09:45:00Z");
    assert_eq!(site.put(&admin, PATH, body.clone()).await.status, 200);
    let refused = site.put(&token, PATH, body).await;
    assert_eq!((refused.status, refused.code()), (409, "OTHER_OWNER"));
}

#[tokio::test]
async fn a_static_zone_of_the_guides_site_keeps_its_set_point_under_a_reduction() {
    let site = Site::with_fixed_clock(Options::default());
    let token = site.token().await;
    site.put(&token, PATH, reduction(40.0, "2025-02-12T09:45:00Z")).await;
    let zone = site.get(&token, "/zones/1").await.body;
    assert_eq!(
        (&zone["externalReduction"]["value"], &zone["setPoint"]["current"]),
        (&json!(40.0), &json!(100))
    );
}
